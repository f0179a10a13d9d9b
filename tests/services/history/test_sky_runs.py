"""Sky runs from made-up logs: what is recorded, and what is only reported."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Exposure, Finding, HistoryImport, SkyRun
from skydb.domain.vocabulary import (
    COMPUTED_METHODS,
    ActivityStatus,
    FindingKind,
    KnownFrom,
    SkyMethod,
    SkyUnit,
)
from skydb.errors import NotFoundError
from skydb.files.drafts import draft_of
from skydb.services.history.outcome import HistoryOutcome, HistoryStatus
from skydb.services.history.recorder import Recorder
from tests.files.loglines import DrizzleLog, write_log
from tests.services.tools import write_exposure

Import = Callable[..., list[HistoryOutcome]]
UVIS = {("ib1101abq_flc.fits", 1): "12.500000", ("ib1101abq_flc.fits", 2): "13.250000"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "old"


@pytest.fixture
def take(services: Services, home: Path) -> Import:
    """Import a log of these runs."""

    def these(*runs: DrizzleLog, name: str = "astrodrizzle.log") -> list[HistoryOutcome]:
        write_log(home / name, *(run.lines() for run in runs))
        return services.history.import_dirs([home])

    return these


def recorded(services: Services, run: int | None) -> SkyRun:
    with services.context.store.reading() as session:
        found = session.get_one(SkyRun, run)
        _ = [(value.exposure, value.unit) for value in found.values], found.findings, found.group
        return found


def kinds(services: Services) -> list[FindingKind]:
    with services.context.store.reading() as session:
        return list(session.scalars(select(Finding.kind).order_by(Finding.id)))


def test_chips_and_units_of_a_two_chip_camera(services, take):
    (outcome,) = take(DrizzleLog(skies=UVIS, units="COUNTS", new=True))
    run = recorded(services, outcome.run)
    assert {(v.extver, v.mdrizsky, v.unit) for v in run.values} == {
        (1, 12.5, SkyUnit.ELECTRON),
        (2, 13.25, SkyUnit.ELECTRON),
    }
    assert (outcome.exposures, outcome.skipped, run.tool_version) == (1, 0, "AstroDrizzle 3.11.0")


def test_a_downgrade_is_seen_and_flagged(services, take):
    (outcome,) = take(DrizzleLog(method="match", ran=SkyMethod.LOCALMIN))
    run = recorded(services, outcome.run)
    assert (run.requested_method, run.effective_method, run.downgraded) == (
        SkyMethod.MATCH,
        SkyMethod.LOCALMIN,
        True,
    )
    assert kinds(services) == [FindingKind.DOWNGRADED]
    with services.context.store.reading() as session:
        finding = session.scalars(select(Finding)).one()
    assert finding.subject == f"run {outcome.run}"
    assert finding.message == "match was asked for, localmin ran."
    assert outcome.downgraded and outcome.is_flagged


def test_a_run_without_an_end_has_failed_and_has_no_values(services, take):
    (outcome,) = take(DrizzleLog(ends=False))
    run = recorded(services, outcome.run)
    assert run.status is ActivityStatus.FAILED
    assert "ends in step Final Drizzle" in (run.error or "")
    assert run.values == []
    assert len(run.parameters["applied_before_the_end"]) == 2


def test_a_run_without_sky_subtraction_has_no_values(services, take):
    log = DrizzleLog(sky={"skysub": "False"}, skies={("ibxl50clq_flt.fits", 1): "0.000000"})
    (outcome,) = take(log)
    run = recorded(services, outcome.run)
    assert (run.values, run.requested_method, run.effective_method) == ([], None, None)
    assert run.status is ActivityStatus.SUCCEEDED
    assert run.parameters["skysub"] == "False"


def test_skies_of_the_users_own_are_of_no_method(services, home):
    lines = DrizzleLog(sky={"skyuser": "MYSKY"}).lines()
    quiet = [line for line in lines if "Computing" not in line and "skymatch" not in line]
    write_log(home / "astrodrizzle.log", quiet)
    (outcome,) = services.history.import_dirs([home])
    run = recorded(services, outcome.run)
    assert (run.requested_method, run.effective_method) == (None, None)
    assert len(run.values) == 2
    assert any("the user's own (skyuser = MYSKY)" in text for text in outcome.findings)


def test_names_that_users_gave_are_reported_and_not_guessed(services, take):
    skies = {("ibxl50clq_flt.fits", 1): "0.790000", ("horsehead_1_flt.fits", 1): "0.800000"}
    (outcome,) = take(DrizzleLog(skies=skies))
    assert [v.exposure.rootname for v in recorded(services, outcome.run).values] == ["ibxl50clq"]
    assert (outcome.exposures, outcome.skipped) == (1, 1)
    assert "horsehead_1_flt.fits is not named as" in outcome.findings[0]


def test_an_exposure_that_could_not_be_matched_keeps_what_was_taken_off_and_is_named(
    services, take
):
    (outcome,) = take(DrizzleLog(undetermined=["ibxl50clq_flt.fits"]))
    assert len(recorded(services, outcome.run).values) == 2
    assert kinds(services) == [FindingKind.NO_OVERLAP]


def test_a_damaged_line_is_reported_by_file_and_line_and_the_rest_is_taken(services, home):
    lines = DrizzleLog().lines()
    number = next(n for n, line in enumerate(lines, 1) if "Applying sky value of 0.79" in line)
    lines[number - 1] = lines[number - 1].replace("0.790000", "0.79OOOO")
    write_log(home / "drizzle.txt", lines)
    (outcome,) = services.history.import_dirs([home])
    assert [v.exposure.rootname for v in recorded(services, outcome.run).values] == ["ibxl50cqq"]
    assert outcome.findings[0].startswith(f"drizzle.txt:{number} cannot be read")
    assert FindingKind.UNREADABLE_LINE in kinds(services)
    assert outcome.is_flagged


def test_a_line_that_is_gone_is_missed(services, home):
    lines = [line for line in DrizzleLog().lines() if "0.790000 to" not in line]
    write_log(home / "astrodrizzle.log", lines)
    (outcome,) = services.history.import_dirs([home])
    assert "does not contain the sky of ibxl50clq_flt.fits[sci,1]" in outcome.findings[0]


def test_rounds_of_one_log_are_groups_of_their_own(services, take):
    day = [
        DrizzleLog(method=method.value, clock=f"1{n}:15:{{}}")
        for n, method in enumerate(COMPUTED_METHODS)
    ]
    other = [DrizzleLog(method=one.method, clock=one.clock, day="15/05/2019") for one in day]
    again = DrizzleLog(method="match", clock="16:00:{}", day="15/05/2019")
    deeper = DrizzleLog(method="match", day="15/05/2019", clock="17:00:{}", sky={"skyclip": "9"})
    outcomes = take(*day, *other, again, deeper)
    groups = [recorded(services, outcome.run).group.id for outcome in outcomes]
    assert groups == [1] * 4 + [2] * 4 + [3, 4]


def test_a_log_that_has_grown_gives_only_its_new_runs_to_the_group_that_was_begun(services, take):
    first = take(DrizzleLog(method="localmin"))
    second = take(DrizzleLog(method="localmin"), DrizzleLog(method="match", clock="14:16:{}"))
    assert [one.status for one in second] == [HistoryStatus.KNOWN, HistoryStatus.NEW]
    groups = {recorded(services, one.run).group.id for one in (*first, *second)}
    assert len(groups) == 1


def test_a_run_that_was_read_before_its_end_is_replaced_when_it_has_one(services, take):
    (begun,) = take(DrizzleLog(ends=False))
    (whole,) = take(DrizzleLog())
    assert (begun.run_status, whole.run_status, whole.status) == ("failed", "succeeded", "new")
    assert recorded(services, begun.run).deleted_at is not None
    assert "was read before as run" in recorded(services, whole.run).findings[0].message
    assert [one.status for one in take(DrizzleLog())] == [HistoryStatus.KNOWN]


def test_a_run_that_still_has_no_end_is_known_when_other_lines_follow(services, take, home):
    take(DrizzleLog(ends=False))
    write_log(home / "astrodrizzle.log", [*DrizzleLog(ends=False).lines(), "[ERROR   ] later"])
    assert [one.status for one in services.history.import_dirs([home])] == [HistoryStatus.KNOWN]


def test_logs_are_found_below_and_under_any_name(services, home):
    write_log(home / "a" / "notes.txt", DrizzleLog().lines(), end="\r\n")
    packed = write_log(home / "b" / "run.log", DrizzleLog(day="01/05/2019").lines())
    (home / "b" / "run.log.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    (home / "b" / "caf\xe9.log").write_bytes(
        "\n".join([*DrizzleLog(day="02/05/2019").lines(), "caf\xe9"]).encode("latin-1")
    )
    (home / "picture.png").write_bytes(b"\x89PNG\0\0")
    (home / "readme.md").write_text("nothing")
    write_log(draft_of(home / "field") / "being-made.log", DrizzleLog(day="03/05/2019").lines())
    outcomes = services.history.import_dirs([home])
    assert [Path(one.log).name for one in outcomes] == ["notes.txt", "run.log.gz", "caf\xe9.log"]
    assert {one.status for one in outcomes} == {HistoryStatus.NEW}


def test_what_is_no_file_or_cannot_be_searched_is_named(services, home, monkeypatch):
    write_log(home / "good.log", DrizzleLog().lines())
    os.mkfifo(home / "pipe")
    (home / "secret").mkdir()
    (home / ".#notes").symlink_to("nobody@nowhere")
    (home / "moved.log").symlink_to("nowhere.log")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    new, *others = services.history.import_dirs([home])
    assert new.status is HistoryStatus.NEW
    assert {Path(one.log).name: one.reason for one in others} == {
        "pipe": "not a file but a named pipe",
        "secret": "not a file but a directory that could not be searched",
        "moved.log": "cannot be read (No such file or directory)",
    }


def test_a_bad_file_is_reported_and_the_rest_goes_on(services, take, home):
    home.mkdir()
    (home / "bad.log.gz").write_bytes(gzip.compress(b"AstroDrizzle Version 1\n" * 999)[:-30])
    (home / "drz.fits").write_bytes(b"SIMPLE  =                    T")
    (home / "empty.log").write_text("==== Processing Step  Blot  started at  never\n")
    good, *bad = take(DrizzleLog())
    assert good.status is HistoryStatus.NEW
    assert {Path(one.log).name for one in bad} == {"bad.log.gz", "drz.fits", "empty.log"}
    assert {one.status for one in bad} == {HistoryStatus.SKIPPED}
    assert all(one.reason for one in bad)
    found = len(kinds(services))
    take(DrizzleLog())
    assert len(kinds(services)) == found


def test_a_run_that_the_ledger_cannot_keep_costs_no_other(services, take, home, monkeypatch):
    record = Recorder.sky_run

    def sky_run(self, plan, *rest):
        run = record(self, plan, *rest)
        if plan.requested is SkyMethod.MATCH:
            run.columns["error"] = "a text with \0 in it"
        return run

    monkeypatch.setattr(Recorder, "sky_run", sky_run)
    methods = ("localmin", "match", "globalmin")
    outcomes = take(*(DrizzleLog(method=name, clock=f"1{i}:15:{{}}") for i, name in
                      enumerate(methods)))  # fmt: skip
    assert [one.status for one in outcomes].count(HistoryStatus.NEW) == 2
    (lost,) = (one for one in outcomes if one.status is HistoryStatus.SKIPPED)
    assert lost.log == str(home / "astrodrizzle.log")
    assert "cannot be kept: error of activities has a character of code 0" in lost.reason
    again = services.history.import_dirs([home])
    assert [one.status for one in again].count(HistoryStatus.KNOWN) == 2


def test_a_name_that_is_no_utf8_is_skipped_and_the_rest_goes_on(services, take, home):
    write_log(home / "bad.log", DrizzleLog(method="match").lines())
    (home / "bad.log").rename(Path(os.fsdecode(os.fsencode(home) + b"/\xff.log")))
    good, bad = take(DrizzleLog())
    assert (good.status, bad.status) == (HistoryStatus.NEW, HistoryStatus.SKIPPED)
    assert (bad.log, bad.reason) == (rf"{home}/\xff.log", "its path is not UTF-8")


def test_what_skydb_keeps_itself_is_not_imported_again(services, take, home):
    take(DrizzleLog())
    outcomes = services.history.import_dirs([home.parent])
    assert [Path(one.log).parent.name for one in outcomes] == ["old"]


def test_an_exposure_known_from_a_log_is_filled_in_by_its_file(services, take, tmp_path):
    (outcome,) = take(DrizzleLog())
    services.ingest.ingest([write_exposure(tmp_path, "ibxl50clq")])
    run = recorded(services, outcome.run)
    known = {value.exposure.rootname: value.exposure for value in run.values}
    assert known["ibxl50clq"].known_from is KnownFrom.HEADER
    assert known["ibxl50clq"].detector == "IR"
    assert known["ibxl50cqq"].known_from is KnownFrom.LOG
    assert known["ibxl50clq"].visit.proposal_id is not None


def test_an_exposure_that_was_ingested_is_linked_and_not_doubled(services, take, tmp_path):
    services.ingest.ingest([write_exposure(tmp_path, "ibxl50clq")])
    take(DrizzleLog())
    with services.context.store.reading() as session:
        exposures = {one.rootname: one.known_from for one in session.scalars(select(Exposure))}
    assert exposures == {"ibxl50clq": KnownFrom.HEADER, "ibxl50cqq": KnownFrom.LOG}


def test_every_call_is_an_activity_that_says_what_it_met(services, take):
    take(DrizzleLog())
    with services.context.store.reading() as session:
        (activity,) = session.scalars(select(HistoryImport))
        assert activity.status is ActivityStatus.SUCCEEDED
        assert activity.parameters["runs"] == {"new": 1, "known": 0, "skipped": 0}


def test_a_directory_that_is_not_there_is_not_found(services, tmp_path):
    with pytest.raises(NotFoundError, match="no directory"):
        services.history.import_dirs([tmp_path / "absent"])
