"""Of a group of exposures all are moved or none, whoever speaks against one of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, FileLocation
from skydb.domain.trust import FitCheck, TrustReport
from skydb.domain.vocabulary import SolutionStatus, TrustComponent
from skydb.errors import StateError
from skydb.services.alignment import exposure_accept
from tests.services.alignment.group_fields import GroupField, newest_file, run_of

RUN = 3
SAID = "it was seen to be wrong"


@pytest.fixture(scope="module")
def fitted(
    field: GroupField, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Path:
    """Two groups of three exposures whose fits wait for review."""
    home = tmp_path_factory.mktemp("fitted") / "home"
    shutil.copytree(field.directory, home / "field")
    shutil.copyfile(sqlite_template, home / "skydb.sqlite")
    services = _opened(home)
    services.ingest.ingest([home / "field"])
    services.refcat.import_file(field.catalog(home / "gaia.ecsv"), 2016.0, "gaia")
    assert services.align_groups.run("gaia") == RUN
    services.close()
    return home


def _opened(home: Path) -> Services:
    return Services.open(f"sqlite:///{home / 'skydb.sqlite'}", home / "data")


@pytest.fixture
def home(fitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted, tmp_path / "home"))


@pytest.fixture
def ledger(home: Path, fitted: Path) -> Iterator[Services]:
    services = _opened(home)
    with services.context.store.writing() as session:
        for place in session.scalars(select(FileLocation)):
            place.path = place.path.replace(str(fitted), str(home))
        session.commit()
    yield services
    services.close()


def doubt(services: Services, *rootnames: str) -> None:
    """Let a witness speak against the fits of some exposures."""
    with services.context.store.writing() as session:
        for one in session.get_one(AlignmentRun, RUN).solutions:
            if one.version.subject in rootnames:
                one.record_trust(TrustReport((FitCheck(TrustComponent.CLIPPED, 0.1, SAID),)))
        session.commit()


def standing(services: Services, field: GroupField) -> dict[str, bytes]:
    names = [*field.rootnames("50"), *field.rootnames("51")]
    return {name: newest_file(services, name).read_bytes() for name in names}


def moved(services: Services, field: GroupField, before: dict[str, bytes]) -> set[str]:
    return {name for name, now in standing(services, field).items() if now != before[name]}


def test_of_a_group_with_a_member_that_is_not_trusted_nothing_is_moved(
    ledger: Services, field: GroupField
) -> None:
    refused, *others = field.rootnames("50")
    doubt(ledger, refused)
    before = standing(ledger, field)

    outcomes = {one.rootname: one for one in ledger.accept.accept(RUN)}

    assert moved(ledger, field, before) == set(field.rootnames("51"))
    assert {outcomes[name].status for name in (refused, *others)} == {SolutionStatus.PROPOSED}
    assert {outcomes[name].reason for name in others} == {
        f"{refused}, fitted with it as one group, is not moved."
    }
    statuses = {one.version.subject: one.status for one in run_of(ledger, RUN).solutions}
    assert {statuses[name] for name in (refused, *others)} == {SolutionStatus.PROPOSED}
    found = [row for row in ledger.plain.findings() if row["kind"] == "low-trust"]
    assert [row["subject"] for row in found] == [f"{refused}_flc.fits"]


def test_where_one_member_of_every_group_is_not_trusted_the_acceptance_is_refused(
    ledger: Services, field: GroupField
) -> None:
    refused = [field.rootnames(visit)[1] for visit in ("50", "51")]
    doubt(ledger, *refused)
    before = standing(ledger, field)

    with pytest.raises(StateError, match=f"No fit was accepted.*{refused[0]}.*{SAID}"):
        ledger.accept.accept(RUN)

    assert moved(ledger, field, before) == set()
    outcomes = ledger.accept.accept(RUN, force_why="I have looked at it")
    assert {one.status for one in outcomes} == {SolutionStatus.APPLIED}
    assert len(moved(ledger, field, before)) == 6


def test_of_a_group_with_a_member_that_does_not_move_as_predicted_nothing_is_moved(
    ledger: Services, field: GroupField, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = field.rootnames("51")[2]
    before, install = standing(ledger, field), exposure_accept.install_solution

    def askew(path: Path, *rest: object, **more: object) -> None:
        install(path, *rest, **more)
        if path.name.startswith(stray):
            with fits.open(path, "update") as hdus:
                hdus["SCI", 1].header["CRPIX1"] += 0.2

    monkeypatch.setattr(exposure_accept, "install_solution", askew)
    outcomes = {one.rootname: one for one in ledger.accept.accept(RUN)}

    assert moved(ledger, field, before) == set(field.rootnames("50"))
    assert outcomes[stray].status is SolutionStatus.FAILED
    assert {outcomes[name].status for name in field.rootnames("51")[:2]} == {
        SolutionStatus.PROPOSED
    }


def test_of_a_group_with_a_redelivered_member_nothing_is_moved(
    ledger: Services, field: GroupField, home: Path
) -> None:
    anew, *others = field.rootnames("50")
    file = home / "field" / f"{anew}_flc.fits"
    fits.setval(file, "DATE", value="2026-01-01")
    fits.setval(file, "CAL_VER", value="9.9.9")
    ledger.ingest.ingest([file])
    before = standing(ledger, field)

    outcomes = {one.rootname: one for one in ledger.accept.accept(RUN)}

    assert moved(ledger, field, before) == set(field.rootnames("51"))
    assert "is of a newer archive version than" in outcomes[anew].reason
    assert {outcomes[name].reason for name in others} == {
        f"{anew}, fitted with it as one group, is not moved."
    }


def test_headers_of_a_group_are_written_where_all_of_it_was_moved(
    ledger: Services, field: GroupField, home: Path
) -> None:
    doubt(ledger, field.rootnames("50")[0])
    files = sorted((home / "field").glob("*_flc.fits"))
    before = {path.name: path.read_bytes() for path in files}

    _, written = ledger.headers.accept(RUN)

    assert [one.filename[:9] for one in written] == field.rootnames("51")
    changed = {path.name[:9] for path in files if path.read_bytes() != before[path.name]}
    assert changed == set(field.rootnames("51"))
    ledger.headers.restore(written[0].activity)
    assert {path.name: path.read_bytes() for path in files} == before
