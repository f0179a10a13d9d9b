"""One bad file is one bad file: it is rejected or flagged, and its neighbours are recorded."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import Finding, Product
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, IngestStatus
from skydb.services.intake import readworker
from tests.services.intake import bad_files, odd_cards
from tests.services.intake.bad_files import (
    BLOCK,
    TABLES,
    Make,
    changed,
    named,
    template,
)
from tests.services.tools import MEMBERS, write_exposure

NEW = IngestStatus.NEW
REJECTED = {**bad_files.REJECTED, **odd_cards.REJECTED}
RECORDED = {**bad_files.RECORDED, **odd_cards.RECORDED}


CASES = {**REJECTED, **TABLES, **RECORDED}


class Told:
    """Results of every case, and of the good exposures before and after it."""

    def __init__(self, services: Services, files: list[Path]) -> None:
        outcomes = services.ingest.ingest(files, jobs=1)
        self.good = outcomes[::2]
        self.outcomes = dict(zip(CASES, outcomes[1::2], strict=True))
        with services.context.store.reading() as session:
            found = session.scalars(select(Finding)).all()
            self.findings = {Path(one.subject).name: one.kind for one in found}
            self.products = session.scalar(select(func.count()).select_from(Product))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A sound exposure, the first case, a sound exposure, the second case ..."""
    directory, numbers = tmp_path_factory.mktemp("bad"), count(1)
    sound = template(directory / "template")

    def written(make: Make, kind: str = "flt") -> Path:
        rootname = f"ibx{next(numbers):04d}iq"
        path = directory / f"{rootname}_{kind}.fits"
        make(path, named(sound.replace(b"_flt.fits", f"_{kind}.fits".encode()), rootname))
        return path

    made = [written(changed(lambda content: content))]
    for name, (make, _) in CASES.items():
        made.append(written(make, "drz" if name in TABLES else "flt"))
        made.append(written(changed(lambda content: content)))
    return made


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, files: list[Path]
) -> Told:
    """One ingest of all cases, on a ledger of its own."""
    directory = tmp_path_factory.mktemp("ledger")
    with closing(Services.open(_url(request, directory), directory / "data")) as services:
        return Told(services, files)


def _url(request: pytest.FixtureRequest, directory: Path) -> str:
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        return f"sqlite:///{shutil.copy(template, directory)}"
    server = request.getfixturevalue("postgres_server")
    name = server.create_database(request.getfixturevalue("postgres_template"))
    request.addfinalizer(lambda: server.drop_database(name))
    url: str = server.url(name)
    return url


def test_there_are_enough_cases() -> None:
    assert len(CASES) == len(REJECTED) + len(TABLES) + len(RECORDED) >= 200


@pytest.mark.parametrize("name", [*REJECTED, *TABLES])
def test_what_cannot_be_used_is_rejected_with_its_reason(told: Told, name: str) -> None:
    outcome = told.outcomes[name]
    assert outcome.status is IngestStatus.REJECTED
    assert outcome.reason and outcome.reason.isprintable()
    assert CASES[name][1] in outcome.reason
    assert told.findings[Path(outcome.path).name] is FindingKind.REJECTED_FILE


@pytest.mark.parametrize("name", RECORDED)
def test_what_can_be_used_is_recorded_with_what_is_doubtful(told: Told, name: str) -> None:
    outcome, words = told.outcomes[name], RECORDED[name][1]
    assert outcome.status is NEW
    assert outcome.is_flawed is (words is not None)
    assert (words or "") in (outcome.reason or "")
    kinds = (FindingKind.DOUBTFUL_FILE, FindingKind.REJECTED_FILE)
    assert (told.findings.get(Path(outcome.path).name) in kinds) is (words is not None)


def test_the_sound_neighbours_of_every_bad_file_are_recorded(told: Told) -> None:
    assert [(one.status, one.reason) for one in told.good] == [(NEW, None)] * len(told.good)
    assert told.products == len(told.good) + len(RECORDED)


def test_a_path_that_no_index_takes_is_rejected_alike_on_both_databases(
    services_anywhere: Services, tmp_path: Path
) -> None:
    deep = tmp_path
    while len(os.fsencode(deep)) < 2700:
        deep /= "".join(chr(0x4E00 + len(str(deep)) * 7919 % 20000 + i) for i in range(60))
    deep.mkdir(parents=True)
    good, other = (write_exposure(tmp_path / "good", name) for name in MEMBERS)
    bad = write_exposure(tmp_path / "bad", "ibxl50icq").rename(deep / "ibxl50icq_flt.fits")
    first, second, third = services_anywhere.ingest.ingest([good, bad, other])
    assert (first.status, third.status) == (NEW, NEW)
    assert second.status is IngestStatus.REJECTED
    assert "path of file_locations has" in str(second.reason)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_changes_while_it_is_read_is_rejected(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    growing, good = (write_exposure(tmp_path, name) for name in MEMBERS)
    read_facts = readworker.read_facts

    def slowly(path: Path) -> FileFacts:
        facts = read_facts(path)
        if path == growing:
            path.write_bytes(path.read_bytes().ljust(BLOCK * 20, b"x"))
        return facts

    monkeypatch.setattr(readworker, "read_facts", slowly)
    first, second = services.ingest.ingest([growing, good], jobs=jobs)
    assert (first.status, first.reason) == (
        IngestStatus.REJECTED,
        "it changed while it was read",
    )
    assert second.status is NEW


def test_what_a_library_raises_of_one_file_is_a_rejection_of_it(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (write_exposure(tmp_path, name) for name in MEMBERS)
    read_facts = readworker.read_facts

    def broken(path: Path) -> FileFacts:
        if path == bad:
            raise RecursionError("too\n deep")
        return read_facts(path)

    monkeypatch.setattr(readworker, "read_facts", broken)
    first, second = services.ingest.ingest([bad, good])
    assert first.reason == "cannot be understood (RecursionError: too deep)"
    assert second.status is NEW


def test_one_content_under_many_names_is_one_version(
    services_anywhere: Services, tmp_path: Path
) -> None:
    one = write_exposure(tmp_path, MEMBERS[0])
    link = tmp_path / "linked" / one.name.upper()
    link.parent.mkdir()
    os.link(one, link)
    (link.parent / f"-{one.name}").symlink_to(one)
    (link.parent / f"new\nline\x1b[31m_{one.name}").symlink_to(one)
    (link.parent / "x.fits").mkdir()
    (link.parent / "x.fits" / "loop").symlink_to(link.parent)
    outcomes = services_anywhere.ingest.ingest([tmp_path])
    assert sorted(one.status for one in outcomes) == [IngestStatus.KNOWN] * 3 + [NEW]


def test_a_name_with_a_character_of_code_0_costs_no_batch(
    services_anywhere: Services, tmp_path: Path
) -> None:
    good = write_exposure(tmp_path, MEMBERS[0])
    odd, _ = outcomes = services_anywhere.ingest.ingest([tmp_path / "a\0b.fits", good])
    assert [one.status for one in outcomes] == [IngestStatus.REJECTED, NEW]
    assert odd.path.endswith(r"a\x00b.fits")
