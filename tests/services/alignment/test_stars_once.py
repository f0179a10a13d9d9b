"""Stars of an exposure are found once in a run, however often they are asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import AlignmentRoad
from skydb.drizzle import starlists
from skydb.drizzle.starlists import ChipStars, StarFinder
from skydb.services.alignment import GroupAlignment
from skydb.services.alignment.align import AlignService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.services.alignment.group_fields import GroupField
from tests.services.tools import Toolbox

CATALOGS = ["mirrored", "gaia"]

#: One exposure, of one chip.
PLAN = FieldPlan(
    SimDetector.IR, tiles=(1, 1), dithers=1, size=128, seed=5, stars=120, products=False,
    pointing_error_arcsec=(0.5, 1.0), roll_error_deg=0.01, jitter_mas=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> GroupField:
    directory = tmp_path_factory.mktemp("once")
    return GroupField(directory, simulate_field(directory, PLAN))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often the stars of each file are looked for."""
    counts: Counter[str] = Counter()

    def counted(path: Path, **how: object) -> dict[int, ChipStars]:
        counts[path.name] += 1
        return find(path, **how)

    find = starlists.chip_stars
    monkeypatch.setattr(starlists, "chip_stars", counted)
    return counts


@pytest.fixture
def ledger(services: Services, field: GroupField, tmp_path: Path) -> Services:
    """The exposure in a ledger with two catalogues, of which the first gives no trusted fit."""
    services.ingest.ingest(field.exposures)
    for name in CATALOGS:
        file = field.catalog(tmp_path / f"{name}.ecsv", mirrored=name == "mirrored")
        services.refcat.import_file(file, 2016.0, name)
    return services


def test_the_stars_of_an_exposure_are_given_to_tweakreg_and_to_every_witness(
    ledger: Services, field: GroupField, found: Counter[str]
) -> None:
    tools = Toolbox()
    AlignService(ledger.context, tools).run(CATALOGS, what=AlignmentRoad.EXPOSURES)

    assert tools.ran.count("tweakreg") >= len(CATALOGS)
    assert found == {field.exposures[0].name: 1}


def test_the_stars_of_a_group_serve_for_all_its_catalogues(
    ledger: Services, field: GroupField, found: Counter[str]
) -> None:
    tools = Toolbox(crashes={"rigid"})
    GroupAlignment(ledger.context, tools).run(CATALOGS)

    # The first catalogue is matched to them in vain, the second comes to the fit.
    assert tools.ran == ["rigid"]
    assert found == {field.exposures[0].name: 1}


def test_what_is_kept_is_what_was_found(field: GroupField) -> None:
    (path,) = field.exposures
    finder = StarFinder()
    (first,), (again,) = finder.chips(path).values(), finder.chips(path).values()
    (anew,) = starlists.chip_stars(path).values()

    assert again is first
    assert first.clear.shape == (128, 128)
    assert 0 < first.clear.sum() < first.clear.size
    np.testing.assert_array_equal(first.clear, anew.clear)
    np.testing.assert_array_equal(first.stars.xy_pix, anew.stars.xy_pix)
    np.testing.assert_array_equal(finder.lists(path)[1].flux, anew.stars.flux)


def test_another_threshold_is_another_search(field: GroupField) -> None:
    (path,) = field.exposures
    few = StarFinder(least_snr=200.0).lists(path)[1]

    assert 0 < len(few) < len(StarFinder().lists(path)[1])
