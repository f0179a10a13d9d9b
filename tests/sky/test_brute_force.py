"""The engine skydb and skypac against every pixel taken through the full WCS."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from skydb.sky.methods import sky_of
from tests.sky import brute_force
from tests.sky.test_against_skypac import measured, run_skypac

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[SimDetector.IR, SimDetector.WFC], ids=str)
def field(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp(f"brute_{request.param}")
    plan = FieldPlan(
        request.param, (2, 1), dithers=1, size=128, seed=3, kind=FieldKind.NEBULA, products=False
    )
    simulate_field(directory, plan)
    return directory


def _exposures(directory: Path) -> list[Path]:
    return sorted(directory.glob("*_fl[tc].fits"))


def test_match_is_what_every_pixel_through_the_wcs_says(field: Path) -> None:
    expected = brute_force.match(brute_force.chips_of(_exposures(field)))
    found = sky_of(SkyMethod.MATCH, measured(field)).skies
    values = {name: sky.value for name, sky in found.items() if sky}
    sigma = max(sky.sigma for sky in found.values() if sky)
    assert values == pytest.approx(expected, abs=0.2 * sigma)


def test_skypac_is_within_the_noise_of_its_edges(field: Path) -> None:
    measures = measured(field)
    expected = brute_force.match(brute_force.chips_of(_exposures(field)))
    skypac = run_skypac(field, field / "skypac.json")[SkyMethod.MATCH.value]
    sigma = max(sky.sigma for sky in sky_of(SkyMethod.MATCH, measures).skies.values() if sky)
    off = [
        abs(skypac[chip.key] * chip.brightness_per_unit - expected[chip.rootname]) / sigma
        for chip in measures.chips
    ]
    assert max(off) < 3.0
