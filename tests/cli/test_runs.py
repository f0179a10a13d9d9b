"""Everything that ran, listed and shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import skydb
from skydb.api.composition import Services
from skydb.domain import SkyRun
from skydb.domain.vocabulary import FindingKind, SkyMethod
from tests.cli.tree import leaves
from tests.commands import LedgerDirectory
from tests.services.ledgers import SmallLedger, day
from tests.services.survey import Survey

A, B, C, OLD = "ibxl50iaq", "ibxl50ibq", "ibxl51icq", "ibxl52oaq"


@pytest.fixture(scope="module")
def ledger(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[LedgerDirectory]:
    """Three exposures of two visits with runs of two days, and runs that only logs tell of."""
    directory = tmp_path_factory.mktemp("runs")
    shutil.copyfile(sqlite_template, directory / "skydb.sqlite")
    services = Services.open(f"sqlite:///{directory / 'skydb.sqlite'}", directory / "skydb-data")
    book = SmallLedger(services)
    for name in (A, B):
        book.deliver(name)
    book.deliver(C, filters="F110W", target_name="ORION-1")
    book.run(SkyMethod.LOCALMIN, {A: 1.0, B: 1.5}, on=day("2024-01-01"), skywidth=0.3)
    book.run(SkyMethod.MATCH, {C: 3.0}, on=day("2024-02-01"), group="b")
    book.logged_run(SkyMethod.MATCH, {OLD: 2.0}, on=day("2019-05-01"))
    book.logged_run(SkyMethod.GLOBALMIN, {OLD: 2.0}, on=None, group="undated")
    with services.context.store.writing() as session:
        for run in session.query(SkyRun).filter(SkyRun.imported_by_id.is_(None)):
            for value in run.values:
                run.use(value.version)
        session.commit()
    services.close()
    yield LedgerDirectory(directory)


def _skies(ledger: LedgerDirectory, *words: str) -> list[list[str]]:
    return [row["inputs"] for row in ledger.json("runs", "--kind", "sky", *words)]


def test_runs_are_listed_by_when_they_ran_and_undated_ones_last(ledger: LedgerDirectory) -> None:
    rows = ledger.json("runs", "--kind", "sky-run")
    assert [row["inputs"] for row in rows] == [[C], [A, B], [OLD], [OLD]]
    assert [row["method"] for row in rows] == ["match", "localmin", "match", "globalmin"]
    assert (rows[-1]["started_at"], rows[0]["mosaic"], rows[0]["stored_path"]) == (None, None, None)
    assert {row["kind"] for row in ledger.json("runs")} == {"sky-run", "ingest", "import"}


@pytest.mark.parametrize(
    ("words", "expected"),
    {
        ("--visit", "51"): [[C]],
        ("--target", "ori*"): [[C]],
        ("--exposure", OLD): [[OLD], [OLD]],
        ("--exclude", A): [[C], [A, B], [OLD], [OLD]],
        ("--flavour", "pipeline"): [[C], [A, B]],
        ("--as-of", "2999-01-01", "--visit", "bxl50"): [[A, B]],
        ("--since", "2024-01-02"): [[C]],
        ("--since", "2024-01-01T00:00"): [[C], [A, B]],
        ("--status", "fail"): [],
    }.items(),
)
def test_a_selection_leaves_the_runs_about_it(
    ledger: LedgerDirectory, words: tuple[str, ...], expected: list[list[str]]
) -> None:
    assert _skies(ledger, *words) == expected


def test_a_list_that_is_cut_says_how_much_is_left(ledger: LedgerDirectory) -> None:
    cut = ledger("runs", "--limit", 2)
    assert (cut.code, len(ledger.json("runs", "--limit", 2, code=5))) == (5, 2)
    assert f"{len(ledger.json('runs')) - 2} more runs are not shown" in cut.err


def test_what_is_no_kind_state_day_or_run_is_said_with_what_there_is(
    ledger: LedgerDirectory,
) -> None:
    for words, code, said in (
        (("--kind", "sly"), 2, "alignment, acceptance"),
        (("--kind", "header"), 2, "header-write, header-restore"),
        (("--kind", ""), 2, "Unknown kind of run"),
        (("--status", "done"), 2, "succeeded"),
        (("--since", "yesterday"), 2, "YYYY-MM-DD"),
        (("show", "99999"), 4, "skydb runs"),
        (("show", "9" * 30), 4, "skydb runs"),
        (("--visit", "77"), 4, "visits here"),
    ):
        spoken = ledger("runs", *words)
        assert (spoken.code, said in spoken.err.replace("\n", " ")) == (code, True), spoken.err


def test_a_run_is_shown_with_what_was_asked_for_and_not_with_what_is_usual(
    ledger: LedgerDirectory,
) -> None:
    number = ledger.json("runs", "--kind", "sky", "--visit", "bxl50")[0]["run"]
    shown = ledger.json("runs", "show", f"run:{number}")
    told = {row["name"]: row for row in shown["parameters"]}
    assert (told["skywidth"]["value"], told["skywidth"]["source"]) == (0.3, "default")
    assert [row["rootname"] for row in shown["used"]] == [A, B]
    assert shown["all_parameters"]["astrodrizzle"]["skywidth"] == 0.3
    assert f"Run {number}: sky-run" in ledger("runs", "show", number).out
    with skydb.open(ledger.url) as python:
        assert python.runs.show(number).used[0]["rootname"] == A
        assert [run.run for run in python.runs("sky", visit="bxl50")] == [number]
        assert python.runs(status="failed").names == python.runs().names


@pytest.fixture
def mosaicked(ledger: LedgerDirectory, tmp_path: Path) -> tuple[LedgerDirectory, int]:
    """A ledger with one run that has a mosaic, and a finding."""
    copy = ledger.copied_to(tmp_path / "copy")
    services = Services.open(copy.url)
    with services.context.store.writing() as session:
        survey = Survey(session)
        run = survey.sky([survey.content(survey.exposure("70"))], SkyMethod.LOCALMIN)
        survey.mosaic(run, copy.path / "skydb-data")
        run.notice(FindingKind.INCOMPLETE, "a file", "half of it")
        session.commit()
        number = run.id
    services.close()
    return copy, number


def test_a_mosaic_is_a_path_that_can_be_used_until_it_is_purged(
    mosaicked: tuple[LedgerDirectory, int],
) -> None:
    copy, number = mosaicked
    (row,) = [row for row in copy.json("runs") if row["run"] == number]
    path = Path(row["mosaic"])
    assert path.is_absolute() and path.is_file()
    assert path == copy.path / "skydb-data" / row["stored_path"]
    shown = copy.json("runs", "show", number)
    assert [one["path"] for one in shown["outputs"] if one["what"] == "mosaic"] == [str(path)]
    assert shown["findings"][0]["message"] == "half of it"
    copy.json("runs", "purge", number, "--why", "room")
    shown = copy.json("runs", "show", number)
    assert (shown["mosaic"], shown["stored_path"]) == (None, None)
    assert (shown["mosaic_purged_at"] is not None, shown["outputs"]) == (True, [])


def test_what_is_deleted_is_listed_only_when_asked_for(
    mosaicked: tuple[LedgerDirectory, int],
) -> None:
    copy, number = mosaicked
    copy.json("runs", "delete", number, "--why", "a trial")
    assert number not in {row["run"] for row in copy.json("runs")}
    assert number in {row["run"] for row in copy.json("runs", "--deleted")}
    assert copy.json("runs", "show", number)["deleted_at"] is not None
    copy.json("runs", "undelete", number, "--why", "no trial")
    assert number in {row["run"] for row in copy.json("runs")}


def test_the_old_names_of_commands_on_runs_are_understood_and_hidden(
    mosaicked: tuple[LedgerDirectory, int],
) -> None:
    copy, number = mosaicked
    assert copy.json("books", "pin", number, "--why", "figure 3")["kind"] == "pin"
    assert copy("runs", "purge", number, "--why", "room").code == 1
    there = {str(leaf): leaf.spec.hidden for leaf in leaves()}
    of_old = {
        name: hidden
        for name, hidden in there.items()
        if name.startswith("books ") and f"runs {name[6:]}" in there
    }
    assert of_old.pop("books list") is False
    assert of_old and all(of_old.values())


def test_a_picture_of_what_has_no_mosaic_is_refused(
    mosaicked: tuple[LedgerDirectory, int], tmp_path: Path
) -> None:
    copy, number = mosaicked
    for words, code, said in (
        ((99999,), 4, "skydb runs"),
        ((number, "--method", "match"), 4, "has localmin"),
        ((number, "--method", "mach"), 2, "Methods: localmin"),
        ((number, "--crop", 1, 2, "x"), 2, "Invalid angle"),
        ((number, "--crop", 1, 2, 0), 2, "Invalid size"),
        ((number, "--stretch", "log"), 2, "linear"),
        ((number, "--out", tmp_path / "a.gif"), 2, ".png"),
    ):
        spoken = copy("sky", "display", "--out", tmp_path, *words)
        assert (spoken.code, said in spoken.err.replace("\n", " ")) == (code, True), spoken.err
    copy.json("runs", "purge", number, "--why", "room")
    assert "was purged" in copy("sky", "display", number, "--out", tmp_path).err
