"""The files of single exposures that are fitted, of which there may be several kinds."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import AlignmentRoad
from skydb.services.alignment.exposures import choose_exposures
from tests.services.tools import MEMBERS, write_exposure

FLT, FLC = (f"{MEMBERS[0]}_{kind}.fits" for kind in ("flt", "flc"))


@pytest.fixture
def both(services: Services, tmp_path: Path) -> Services:
    """An exposure as FLT and FLC, and another one as FLT."""
    files = [
        write_exposure(tmp_path / kind, rootname, kind=kind, DETECTOR="UVIS")
        for rootname, kind in ((MEMBERS[0], "flt"), (MEMBERS[0], "flc"), (MEMBERS[1], "flt"))
    ]
    services.ingest.ingest(files)
    return services


def chosen(services: Services, *names: str) -> list[tuple[str, tuple[str, ...]]]:
    with services.context.store.reading() as session:
        found = choose_exposures(session, names)
        return [(one.version.filename, one.passed_over) for one in found]


@pytest.mark.parametrize("names", [(), (MEMBERS[0],), ("*_fl?.fits",), ("bxl50",)])
def test_of_flt_and_flc_of_an_exposure_the_flc_is_fitted(
    both: Services, names: tuple[str, ...]
) -> None:
    files = [name for name, _ in chosen(both, *names)]
    assert files[0] == FLC
    assert FLT not in files


@pytest.mark.parametrize("names", list(permutations((FLT, FLC))))
def test_of_both_that_are_named_the_flc_is_fitted_and_it_is_said(
    both: Services, names: tuple[str, str]
) -> None:
    ((name, passed_over),) = chosen(both, *names)
    assert (name, FLT in passed_over) == (FLC, True)
    for road in (AlignmentRoad.EXPOSURES, AlignmentRoad.GROUP):
        rows = (
            both.align_groups.explain("gaia", names)
            if road is AlignmentRoad.GROUP
            else both.align.explain(names, what=road)
        )
        assert [row["rootname"] for row in rows] == [MEMBERS[0]]
        assert f"taken before {FLT}, also named" in rows[0]["reason"]


def test_the_flt_alone_can_be_named(both: Services) -> None:
    assert [name for name, _ in chosen(both, FLT)] == [FLT]
