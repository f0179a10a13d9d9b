"""A WCS that was changed under its name is told of; what pipelines and tools write is not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from skydb.api.composition import Services
from skydb.domain.vocabulary import FindingKind, IngestStatus
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from tests.files.builders import chip_cards
from tests.files.headerlet_builder import NAME, headerlet_bytes
from tests.services.tools import CENTRE_DEG, MEMBERS, Toolbox, write_exposure

RUN_OF_PIPELINE = {"DATE": "2024-03-02", "CAL_VER": "3.7.2 (Apr-15-2024)"}
FIT = "IDC_w3m18525i-FIT_REL_GAIAeDR3"


def exposure(directory: Path, wcs_name: str = FIT, **primary: Any) -> Path:
    return write_exposure(
        directory, MEMBERS[0], wcs_name=wcs_name, **{**RUN_OF_PIPELINE, **primary}
    )


def changed(path: Path, directory: Path, sci: dict[str, Any], **primary: Any) -> Path:
    """A copy with other cards: a number is added to what is there."""
    directory.mkdir()
    copy = Path(shutil.copy(path, directory))
    with fits.open(copy, "update") as hdus:
        hdus[0].header.update(primary)
        header = hdus["SCI"].header
        for card, value in sci.items():
            header[card] = value if isinstance(value, str) else header[card] + value
    return copy


def told(services: Services) -> list[str]:
    kind = FindingKind.CONTRADICTION.value
    return [row["message"] for row in services.plain.findings() if row["kind"] == kind]


def test_a_proposal_that_is_not_that_of_the_visit_is_a_finding(
    services: Services, tmp_path: Path
) -> None:
    files = [write_exposure(tmp_path, MEMBERS[0]), write_exposure(tmp_path, "ibxm51iaq")]
    odd = write_exposure(tmp_path, MEMBERS[1], PROPOSID=4711)
    rows = services.ingest.ingest([*files, odd])
    assert [row.reason for row in rows[:2]] == [None, None]
    assert "PROPOSID is 4711" in str(rows[2].reason)
    (found,) = told(services)
    assert "PROPOSID is 4711" in found


@pytest.mark.parametrize("kind", ["flt", "flc"])
@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("card", ["FILTER", "TARGNAME"])
def test_another_filter_of_an_exposure_is_a_finding_and_a_renamed_target_is_none(
    services: Services, tmp_path: Path, kind: str, is_later: bool, card: str
) -> None:
    first = write_exposure(tmp_path / "first", MEMBERS[0])
    other = {"DATE": "2024-03-02", card: "F110W"}
    second = write_exposure(tmp_path / "second", MEMBERS[0], kind=kind, **other)
    batches = [[first], [second]] if is_later else [[first, second]]
    *_, row = [row for batch in batches for row in services.ingest.ingest(batch)]
    is_odd = card == "FILTER"
    said = f"its filter is F110W, and earlier files of {MEMBERS[0]} have F160W, which is used."
    assert (row.reason, told(services)) == ((said, [said]) if is_odd else (None, []))
    assert row.status is (IngestStatus.NEW_VERSION if kind == "flt" else IngestStatus.NEW)


def test_a_headerlet_far_off_its_exposure_is_doubted(services: Services, tmp_path: Path) -> None:
    first = write_exposure(tmp_path, MEMBERS[0])
    for number, off_deg in enumerate((0.001, 1.0)):
        chips = [chip_cards((CENTRE_DEG[0], CENTRE_DEG[1] + off_deg), name=NAME)]
        path = tmp_path / f"{number}_hlet.fits"
        path.write_bytes(headerlet_bytes(chips, destination=MEMBERS[0]))
    rows = services.ingest.ingest([first, *sorted(tmp_path.glob("*_hlet.fits"))])
    assert [row.reason for row in rows[:2]] == [None, None]
    assert rows[2].is_flawed
    assert rows[2].reason == (
        f"its headerlet {MEMBERS[0]}_{NAME} is 60 arcmin away from the WCS of {MEMBERS[0]}: "
        "it is of another exposure."
    )


@pytest.mark.parametrize(
    ("cards", "moved"),
    [
        ({"CRVAL2": 40.0 / 3_600_000}, "40.0 mas"),
        ({"CRVAL1": 40.0 / 3_600_000}, "40.0 mas"),
        ({"CRPIX1": 0.5}, "mas"),
        ({"CD1_1": 1e-7}, "mas"),
    ],
)
@pytest.mark.parametrize("name", [FIT, "IDC_w3m18525i", "IDC_w3m18525i-GSC240"])
def test_a_wcs_that_moved_under_its_name_is_a_finding(
    services: Services, tmp_path: Path, cards: dict[str, float], moved: str, name: str
) -> None:
    first = exposure(tmp_path / "first", name)
    services.ingest.ingest([first])

    (outcome,) = services.ingest.ingest([changed(first, tmp_path / "second", cards)])

    assert outcome.status is IngestStatus.NEW_VERSION
    assert outcome.is_flawed
    (message,) = told(services)
    assert message == outcome.reason
    assert f"WCSNAME {name}, DATE 2024-03-02 and CAL_VER 3.7.2" in message
    assert f"of version 1, but its WCS moved by {moved}" in message or moved == "mas"


@pytest.mark.parametrize(
    ("cards", "primary"),
    [
        ({"CRVAL2": 1e-5}, {"DATE": "2026-01-01"}),
        ({"CRVAL2": 1e-5}, {"CAL_VER": "3.8.0"}),
        ({"CRVAL2": 1e-5}, {"IDCTAB": "iref$other_idc.fits"}),
        ({"CRVAL2": 1e-5, "WCSNAME": "TWEAK"}, {}),
        ({"CRVAL2": 1e-5, "WCSNAME": "IDC_w3m18525i-FIT_SKYDB_gaia"}, {}),
        ({"CRVAL2": 1e-5, "WCSNAME": "IDC_w3m18525i-FIT_REL_GAIADR3"}, {}),
        ({"CRVAL2": 1e-12}, {}),
        ({}, {"OBSERVER": "me"}),
    ],
)  # fmt: skip
def test_redeliveries_new_names_and_roundings_are_ordinary_versions(
    services: Services, tmp_path: Path, cards: dict[str, Any], primary: dict[str, Any]
) -> None:
    first = exposure(tmp_path / "first")
    services.ingest.ingest([first])

    (outcome,) = services.ingest.ingest([changed(first, tmp_path / "second", cards, **primary)])

    # A WCS of the user's or of skydb makes it another product.
    assert outcome.status in (IngestStatus.NEW_VERSION, IngestStatus.NEW)
    assert outcome.reason is None
    assert told(services) == []


@pytest.mark.parametrize("name", ["TWEAK", "IDC_w3m18525i-FIT_SKYDB_gaia"])
def test_what_tweakback_or_another_ledger_has_written_twice_is_no_finding(
    services: Services, tmp_path: Path, name: str
) -> None:
    first = exposure(tmp_path / "first", name)
    services.ingest.ingest([first])
    (outcome,) = services.ingest.ingest([changed(first, tmp_path / "second", {"CRVAL2": 1e-5})])
    assert (outcome.reason, told(services)) == (None, [])


def test_files_without_a_date_of_the_pipeline_are_not_compared(
    services: Services, tmp_path: Path
) -> None:
    first = write_exposure(tmp_path / "first", MEMBERS[0], wcs_name=FIT)
    with fits.open(first, "update") as hdus:
        hdus[0].header.remove("DATE", ignore_missing=True)
    services.ingest.ingest([first])
    services.ingest.ingest([changed(first, tmp_path / "second", {"CRVAL2": 1e-5})])
    assert told(services) == []


def test_headers_that_skydb_has_written_and_put_back_are_no_finding(
    services: Services, visit: list[Path], catalog_file: Path
) -> None:
    for path in visit:
        with fits.open(path, "update") as hdus:
            hdus[0].header.update(RUN_OF_PIPELINE)
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    run = AlignService(services.context, Toolbox()).run("gaia")
    AcceptService(services.context, Toolbox()).accept(run, force_why="a test")
    headers = HeaderService(services.context)
    written = headers.accept(run)[1]
    assert {one.status for one in services.ingest.ingest(visit)} == {IngestStatus.KNOWN}
    with fits.open(visit[0], "update") as hdus:
        hdus[0].header["OBSERVER"] = "me"
    services.ingest.ingest(visit)
    headers.restore(written[0].activity)
    services.ingest.ingest(visit)
    assert told(services) == []
