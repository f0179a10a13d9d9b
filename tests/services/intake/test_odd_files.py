"""Names, kinds of files and values that break programs: one file is rejected, never a batch."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentSolution, Finding
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, IngestStatus
from skydb.services.intake import ingest as ingest_module
from skydb.services.intake import readworker
from tests.services.tools import MEMBERS, write_exposure

NEW, REJECTED = IngestStatus.NEW, IngestStatus.REJECTED


def told(services: Services, *paths: Path) -> dict[str, tuple[IngestStatus, str | None]]:
    """Status and reason of every file, by its name."""
    outcomes = services.ingest.ingest(paths)
    return {Path(one.path).name: (one.status, one.reason) for one in outcomes}


def findings(services: Services) -> list[tuple[FindingKind, str]]:
    with services.context.store.reading() as session:
        found = session.scalars(select(Finding).order_by(Finding.id))
        return [(one.kind, one.message) for one in found]


def test_a_name_that_is_no_utf8_is_rejected_and_the_batch_goes_on(
    services_anywhere: Services, tmp_path: Path
) -> None:
    field = tmp_path / "field"
    good = write_exposure(field, MEMBERS[1])
    odd = Path(os.fsdecode(os.fsencode(field) + b"/\xff\xfe_flt.fits"))
    write_exposure(field, MEMBERS[0]).rename(odd)
    reason = "its path is not UTF-8"
    expected = {good.name: (NEW, None), r"\xff\xfe_flt.fits": (REJECTED, reason)}
    assert told(services_anywhere, field) == expected
    assert told(services_anywhere, odd) == {r"\xff\xfe_flt.fits": (REJECTED, reason)}
    assert findings(services_anywhere) == [(FindingKind.REJECTED_FILE, reason)] * 2


@pytest.mark.parametrize("is_named", [True, False])
def test_what_is_no_file_is_rejected_and_never_waited_for(
    services_anywhere: Services, tmp_path: Path, is_named: bool
) -> None:
    field = tmp_path / "field"
    good = write_exposure(field, MEMBERS[0])
    os.mkfifo(field / "pipe_flt.fits")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(field / "socket_flt.fits"))
    (field / "device_flt.fits").symlink_to("/dev/urandom")
    (field / "nowhere_flt.fits").symlink_to(field / "gone")
    with listener:
        found = told(services_anywhere, *(sorted(field.iterdir()) if is_named else [field]))
    assert found == {
        good.name: (NEW, None),
        "pipe_flt.fits": (REJECTED, "not a file but a named pipe"),
        "socket_flt.fits": (REJECTED, "not a file but a socket"),
        "device_flt.fits": (REJECTED, "not a file but a device"),
        "nowhere_flt.fits": (REJECTED, "cannot be read (No such file or directory)"),
    }


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_directory_that_vanishes_while_it_is_searched_is_told(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    good = write_exposure(tmp_path / "field", MEMBERS[0])
    gone = tmp_path / "field" / "gone"
    gone.mkdir()
    walk = os.walk

    def vanishing(top, onerror):
        for home, directories, names in walk(top, onerror=onerror):
            if gone.exists():
                gone.rmdir()
            yield home, directories, names

    monkeypatch.setattr(ingest_module.os, "walk", vanishing)
    outcomes = services.ingest.ingest([tmp_path / "field"], jobs=jobs)
    assert [(Path(one.path).name, one.status, one.reason) for one in outcomes] == [
        ("gone", REJECTED, "cannot be read (No such file or directory)"),
        (good.name, NEW, None),
    ]


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"CCDCHIP": 2**31}, "its ccdchip is 2147483648, which is out of range"),
        ({"NGOODPIX": 2**70}, f"its ngoodpix is {2**70}, which is out of range"),
        ({"EXTVER": 2**31}, "a SCI extension has EXTVER 2147483648"),
    ],
)
def test_a_number_that_a_column_cannot_hold_is_rejected_alike_on_both_databases(
    services_anywhere: Services, tmp_path: Path, cards: dict[str, int], reason: str
) -> None:
    good, bad = (write_exposure(tmp_path, name) for name in MEMBERS)
    with fits.open(bad, mode="update") as hdus:
        hdus["SCI"].header.update(cards)
    assert told(services_anywhere, bad, good) == {
        bad.name: (REJECTED, reason),
        good.name: (NEW, None),
    }


def test_a_text_with_a_code_that_no_database_takes_is_rejected(
    services_anywhere: Services, tmp_path: Path
) -> None:
    good, bad = (write_exposure(tmp_path, name, TARGNAME="ABC") for name in MEMBERS)
    bad.write_bytes(bad.read_bytes().replace(b"'ABC", b"'A\0C"))
    found = told(services_anywhere, bad, good)
    assert found[good.name] == (NEW, None)
    assert found[bad.name][0] is REJECTED


@pytest.mark.parametrize(("length", "is_good"), [(80, True), (81, False), (300, False)])
def test_a_wcs_name_is_kept_whole_or_rejected_alike_on_both_databases(
    services_anywhere: Services, tmp_path: Path, length: int, is_good: bool
) -> None:
    odd, good = (write_exposure(tmp_path, name) for name in MEMBERS)
    name = "TWEAK_".ljust(length, "x")
    with fits.open(odd, mode="update") as hdus:
        hdus["SCI"].header["WCSNAME"] = name
    found = told(services_anywhere, odd, good)
    assert found[good.name] == (NEW, None)
    reason = f"its WCSNAME has {length} characters, there is room for 80"
    assert found[odd.name] == ((NEW, None) if is_good else (REJECTED, reason))
    with services_anywhere.context.store.reading() as session:
        names = session.scalars(select(AlignmentSolution.wcs_name)).all()
    assert (name in names) is is_good


def test_a_proposal_that_no_integer_holds_costs_one_file(
    services_anywhere: Services, tmp_path: Path
) -> None:
    bad = write_exposure(tmp_path, MEMBERS[0], PROPOSID=10**25)
    good = write_exposure(tmp_path, MEMBERS[1])
    found = told(services_anywhere, bad, good)
    assert found[good.name] == (NEW, None)
    assert found[bad.name][0] is REJECTED and "PROPOSID" in str(found[bad.name][1])


def test_a_damaged_file_is_recorded_with_a_finding(services: Services, tmp_path: Path) -> None:
    path = write_exposure(tmp_path, MEMBERS[0])
    with fits.open(path) as hdus:
        hdus.writeto(path, overwrite=True, checksum=True)
    content = bytearray(path.read_bytes())
    content[-2880] ^= 1
    path.write_bytes(content)
    (outcome,) = services.ingest.ingest([path])
    assert (outcome.status, outcome.is_flawed) == (NEW, True)
    ((kind, message),) = findings(services)
    assert kind is FindingKind.DOUBTFUL_FILE
    assert message.startswith("DATASUM of HDU 3 (DQ) does not hold: ")
    (again,) = services.ingest.ingest([path])
    assert (again.status, again.is_flawed) == (IngestStatus.KNOWN, False)


def test_directories_that_are_linked_in_a_ring_are_searched_once(
    services_anywhere: Services, tmp_path: Path
) -> None:
    good = write_exposure(tmp_path / "a" / "b", MEMBERS[0])
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "ring1").symlink_to(tmp_path / "ring2")
    (tmp_path / "ring2").symlink_to(tmp_path / "ring1")
    (tmp_path / "a" / "self").symlink_to("self")
    assert told(services_anywhere, tmp_path) == {good.name: (NEW, None)}


@pytest.mark.parametrize("becomes", ["another name", "a named pipe", "a directory", "half of it"])
def test_a_file_that_is_taken_away_while_it_is_read_is_rejected_alone(
    services_anywhere: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    taken, good = (write_exposure(tmp_path, name) for name in MEMBERS)
    read_facts = readworker.read_facts

    def reading(path: Path) -> FileFacts:
        facts = read_facts(path)
        if path == taken:
            path.rename(path.with_suffix(".old"))
            if becomes == "a named pipe":
                os.mkfifo(path)
            elif becomes == "a directory":
                path.mkdir()
            elif becomes == "half of it":
                path.write_bytes(path.with_suffix(".old").read_bytes()[:4000])
        return facts

    monkeypatch.setattr(readworker, "read_facts", reading)
    found = told(services_anywhere, taken, good)
    assert found[good.name] == (NEW, None)
    assert found[taken.name][0] is REJECTED and found[taken.name][1]
