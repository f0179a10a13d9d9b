from __future__ import annotations

from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.errors import NotFoundError, UsageError
from skydb.services.intake.selection import Selection
from tests.services.tools import write_exposure, write_product

FIRST, SECOND, OTHER_VISIT = "ibxl50iaq", "ibxl50ibq", "ibxl51iaq"


@pytest.fixture
def ledger(services: Services, tmp_path: Path) -> Services:
    """Three exposures of two visits, and a product that is none."""
    files = [write_exposure(tmp_path / "in", name) for name in (FIRST, SECOND, OTHER_VISIT)]
    services.ingest.ingest([*files, write_product(tmp_path / "in", members=(FIRST, SECOND))])
    return services


def chosen(services: Services, **wanted: object) -> list[str]:
    return list(services.exposure_paths(Selection(**wanted)))  # type: ignore[arg-type]


def add(services: Services, directory: Path, rootname: str, **more: object) -> Path:
    path = write_exposure(directory, rootname, **more)  # type: ignore[arg-type]
    services.ingest.ingest([path])
    return path


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [FIRST, SECOND, OTHER_VISIT]),
        ({"rootnames": (SECOND,)}, [SECOND]),
        ({"rootnames": (OTHER_VISIT, FIRST)}, [FIRST, OTHER_VISIT]),
        ({"visits": ("bxl50",)}, [FIRST, SECOND]),
        ({"visits": ("bxl50", "bxl51")}, [FIRST, SECOND, OTHER_VISIT]),
        ({"proposal_id": 12812, "filter": "F160W", "detector": "IR"}, [FIRST, SECOND, OTHER_VISIT]),
        ({"target": "HORSEHEAD", "visits": ("bxl51",)}, [OTHER_VISIT]),
    ],
)
def test_exposures_are_chosen_by_what_is_named(ledger: Services, wanted, expected) -> None:
    assert chosen(ledger, **wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"rootnames": (FIRST, "ibxl99zzq")}, "no ibxl99zzq"),
        ({"rootnames": (FIRST,), "visits": ("bxl51",)}, f"no {FIRST}"),
        ({"visits": ("bxl99",)}, r"Unknown visit 'bxl99' \(visits here: bxl50, bxl51\)"),
        ({"proposal_id": 1}, "no exposures of this selection"),
        ({"filter": "F606W"}, "no exposures of this selection"),
        ({"target": "ORION"}, "no exposures of this selection"),
    ],
)
def test_what_is_not_in_the_ledger_is_said_by_name(ledger: Services, wanted, what) -> None:
    with pytest.raises(NotFoundError, match=what):
        chosen(ledger, **wanted)


@pytest.mark.parametrize("card", [{"FILTER": "F110W"}, {"DETECTOR": "UVIS"}])
def test_a_mix_of_filters_or_detectors_is_refused_until_one_is_chosen(
    ledger: Services, tmp_path: Path, card: dict[str, str]
) -> None:
    add(ledger, tmp_path / "other", "ibxl52iaq", **card)
    with pytest.raises(UsageError, match=r"mixes WFC3/.*F1.*--detector and --filter"):
        chosen(ledger)
    assert len(chosen(ledger, detector="IR", filter="F160W")) == 3


def test_an_flc_is_preferred_to_the_flt_of_the_same_exposure(
    services: Services, tmp_path: Path
) -> None:
    for kind in ("flc", "flt"):
        add(services, tmp_path, FIRST, kind=kind)
    add(services, tmp_path, SECOND)
    paths = services.exposure_paths(Selection())
    assert [path.name for path in paths.values()] == [f"{FIRST}_flc.fits", f"{SECOND}_flt.fits"]


def test_the_newest_content_of_an_exposure_is_taken(ledger: Services, tmp_path: Path) -> None:
    newer = add(ledger, tmp_path / "newer", FIRST, CAL_VER="4.0")
    assert ledger.exposure_paths(Selection(rootnames=(FIRST,)))[FIRST] == newer


def test_combinations_are_not_exposures(services: Services, tmp_path: Path) -> None:
    services.ingest.ingest([write_product(tmp_path)])
    add(services, tmp_path, "ibxl50011", kind="crj")
    with pytest.raises(NotFoundError, match="no exposures"):
        chosen(services)


def test_a_selection_as_parameters_has_only_what_was_said() -> None:
    assert Selection(visits=("bxl50",), filter="F160W").as_parameters() == {
        "visits": ("bxl50",),
        "filter": "F160W",
    }
    assert Selection().as_parameters() == {}
