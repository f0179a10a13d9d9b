"""Comparison across runs on the command line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.api.progress import Quiet
from skydb.domain import SkyRun
from skydb.domain.vocabulary import FindingKind, SkyMethod
from tests.commands import LedgerDirectory
from tests.services.ledgers import SmallLedger, day

A, B = "ibxl50iaq", "ibxl50ibq"
_OF_RUNS = {"old match, new match"}
NEWER = {"drizzlepac": "3.11.0", "numpy": "2.4.6"}


@dataclass(frozen=True)
class Field:
    """Two exposures, and runs of two methods on two dates."""

    skydb: LedgerDirectory
    runs: dict[str, int]


def two_exposures(directory: Path, template: Path) -> tuple[LedgerDirectory, Services, SmallLedger]:
    shutil.copyfile(template, directory / "skydb.sqlite")
    ledger = LedgerDirectory(directory)
    services = Services.open(ledger.url, directory / "data")
    book = SmallLedger(services)
    for name in (A, B):
        book.deliver(name)
    return ledger, services, book


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Field]:
    ledger, services, book = two_exposures(tmp_path_factory.mktemp("compare"), sqlite_template)
    dates = {"old": ("2024-01-01", {}), "new": ("2024-06-01", {"packages": NEWER})}
    runs = {
        f"{when} {method}": book.run(method, {A: level, B: 1.5}, on=day(date), group=when, **more)
        for level, (when, (date, more)) in enumerate(dates.items(), 1)
        for method in (SkyMethod.LOCALMIN, SkyMethod.MATCH)
    }
    yield Field(ledger, runs)
    services.close()


KEYS = {
    "rootname", "extver", "method", "run_a", "run_b", "value_a", "value_b", "difference",
    "difference_relative", "unit", "cause", "because",
}  # fmt: skip


def test_two_runs_of_one_method_are_compared_with_each_other(field: Field) -> None:
    old, new = field.runs["old match"], field.runs["new match"]
    rows = field.skydb.json("sky", "compare", old, new)
    assert all(set(row) >= KEYS for row in rows)
    assert [row["difference"] for row in rows] == [1.0, 0.0]
    assert [row["difference_relative"] for row in rows] == [0.5, -0.5]
    assert rows[0]["cause"] == ["software"]
    said = field.skydb("sky", "compare", old, new).out
    assert "drizzlepac 3.10.0 -> drizzlepac 3.11.0" in " ".join(said.split())


def test_runs_of_two_methods_still_have_a_column_each(field: Field) -> None:
    words = field.runs["old localmin"], field.runs["new match"]
    rows = field.skydb.json("sky", "compare", *words)
    assert [(row["localmin"], row["match"]) for row in rows] == [(1.0, 2.0), (1.5, 1.5)]
    assert len(field.skydb.json("sky", "compare")) == 2
    assert field.skydb("sky", "compare", "--across", *words).code == 2


def test_a_table_of_runs_that_nobody_named_says_which_they_are(field: Field) -> None:
    numbers = ", ".join(str(field.runs[f"new {method}"]) for method in ("localmin", "match"))
    assert f"Runs {numbers} of group 2, by astrodrizzle" in field.skydb("sky", "compare").out


def test_the_table_of_methods_can_be_of_a_selection(field: Field) -> None:
    whole = field.skydb.json("sky", "compare")
    for words in (("--visit", "50"), ("--filter", "f160w"), ("--target", "horse*")):
        assert field.skydb.json("sky", "compare", *words) == whole
    (row,) = field.skydb.json("sky", "compare", "--exposure", A.upper())
    assert (row["rootname"], row["visit"]) == (A, "bxl50")


@pytest.mark.parametrize("method", [SkyMethod.USER, SkyMethod.NONE])
@pytest.mark.parametrize("way", ["", "--exposure ibxl50i*", "--visit 50"])
def test_skies_that_a_user_gave_are_shown_where_none_was_computed(
    tmp_path: Path, sqlite_template: Path, method: SkyMethod, way: str
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "skydb.sqlite")
    ledger = LedgerDirectory(tmp_path)
    services = Services.open(ledger.url, tmp_path / "data")
    book = SmallLedger(services)
    for name in (A, B):
        book.deliver(name)
    book.run(method, {A: 1.25, B: 0.0}, on=day("2024-01-01"))
    services.close()
    words = ("sky", "compare", *way.split())
    assert {row["rootname"]: row[method.column] for row in ledger.json(*words)} == {A: 1.25, B: 0}
    shown = ledger(*words)
    assert shown.code == 0 and "1.250000" in shown.out and method.value in shown.out


def test_groups_and_the_history_are_compared_too(field: Field) -> None:
    groups = field.skydb.json("sky", "compare", "--between", 1, 2)
    history = field.skydb.json("sky", "compare", "--history", "--visit", "bxl50")
    assert len(groups) == len(history) == 4
    only = field.skydb.json("sky", "compare", "--history", "--rootname", A)
    assert {row["rootname"] for row in only} == {A}


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ("--history --between 1 2", 2, "Runs, --between and --history were given together"),
        ("--history 1", 2, "Runs, --between and --history were given together"),
        ("--across", 2, "No runs are named that could be compared. Name some"),
        ("--history --visit bxl77", 4, "bxl77"),
        ("--between 1 99", 4, "99"),
        ("1 2 999 --across", 4, "There are no sky values of run 1"),
    ],
)
def test_what_cannot_be_compared_is_said(field: Field, words: str, code: int, why: str) -> None:
    said = field.skydb("sky", "compare", *words.split())
    assert said.code == code
    assert why in " ".join(said.err.split())


def test_statistics_have_a_row_a_method_and_unit(field: Field) -> None:
    rows = field.skydb.json("sky", "stats", "--by", "filter", "--method", "localmin")
    assert [(row["key"], row["median"], row["unit"]) for row in rows] == [
        ("F160W", 1.75, "electron/s")
    ]
    assert "F160W" in field.skydb("sky", "stats", "--by", "filter").out
    assert field.skydb("sky", "stats", "--by", "colour").code == 2
    assert field.skydb("sky", "stats", "--method", "mean").code == 2
    assert field.skydb("sky", "stats", "--visit", "bxl77").code == 4


def test_a_timeline_has_rows_and_pictures(field: Field, tmp_path: Path) -> None:
    rows = field.skydb.json("sky", "timeline", "--rootname", A, "--out", tmp_path)
    levels = [row["value"] for row in rows if row["method"] == "localmin"]
    offsets = [row for row in rows if row["method"] == "match"]
    assert levels == [1.0, 2.0]
    # The later run lies 0.5 higher in the median of both chips, which is its zero alone.
    assert [(row["value"], row["recorded"]) for row in offsets] == [(1.0, 1.0), (1.5, 2.0)]
    assert len({row["zero"] for row in offsets}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["timeline_sky.png"]
    assert field.skydb("sky", "timeline").code == 2


def test_a_timeline_has_a_table_of_skies_with_their_methods_on_60_columns(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = field.skydb("sky", "timeline", "--rootname", A).out
    assert max(map(len, shown.splitlines())) <= 60
    assert {"localmin", "match"} <= set(shown.split())


def test_the_methods_that_did_not_run_have_no_column(field: Field) -> None:
    run = field.skydb.json("runs", "--kind", "sky-run")[0]
    shown = field.skydb("sky", "compare", f"{run['run']}").out
    titles = set(shown.split())
    assert run["method"] in titles
    assert not {"localmin", "match", "globalmin+match", "globalmin"} - {run["method"]} & titles


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_the_drawing_of_a_timeline_shows_that_it_goes_on(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    begun: list[str] = []

    class Listener(Quiet):
        def begin(self, what: str, total: int | None = None, *, in_bytes: bool = False) -> None:
            begun.append(what)

    @contextmanager
    def listening(_: object, *, wanted: bool) -> Iterator[Quiet]:
        yield Listener() if wanted else Quiet()

    monkeypatch.setattr("skydb.cli.progress.progress_on", listening)
    assert field.skydb("sky", "timeline", "--rootname", A, "--out", tmp_path, *words).code == 0
    assert begun == ([] if words else ["Drawing timelines"])


def test_statistics_say_why_islands_have_no_median(tmp_path: Path, sqlite_template: Path) -> None:
    ledger, services, book = two_exposures(tmp_path, sqlite_template)
    run = book.run(SkyMethod.MATCH, {A: 0.0, B: 1.5}, on=day("2024-01-01"))
    assert "no median" not in ledger("sky", "stats").err
    with services.context.store.writing() as session:
        said = "2 groups of exposures share no sky"
        session.get_one(SkyRun, run).notice(FindingKind.ISLANDS, f"run {run}", said)
        session.commit()
    services.close()
    answer = ledger("sky", "stats")
    assert f"no median (islands of run {run})" in answer.err
    assert answer.code == 0


@pytest.mark.parametrize("way", ["old match, new match", "--history", "--between 1 2"])
def test_a_narrow_terminal_has_differences_sigmas_and_causes_of_each_method(
    field: Field, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    words = [field.runs[one] for one in way.split(", ")] if way in _OF_RUNS else way.split()
    monkeypatch.setenv("COLUMNS", "80")
    said = field.skydb("sky", "compare", *words).out
    old, new = field.runs["old match"], field.runs["new match"]
    table = said[said.index(f"MDRIZSKY of match, run {old} and run {new}") :]
    _, units, header, _, *rows = table.splitlines()
    assert "relative" in units and "in sigma" in header
    assert "+0.500000" in rows[0] and "-0.500000" in rows[1]
    assert "Cause, in every row: software." in " ".join(table.split())
    assert max(map(len, said.splitlines())) <= 80
    assert said.count("MDRIZSKY of") == (1 if way in _OF_RUNS else 2)
    assert said.count("only their relative difference counts") == 1
    wide = field.skydb("--wide", "sky", "compare", *words).out
    assert wide.startswith("MDRIZSKY, run by run") and wide.count("rootname") == 1


def test_two_sets_of_parameters_are_compared_name_by_name(
    tmp_path: Path, sqlite_template: Path
) -> None:
    ledger, services, book = two_exposures(tmp_path, sqlite_template)
    for date, stat in (("2024-01-01", "median"), ("2024-06-01", "mean")):
        book.run(SkyMethod.MATCH, {A: 1.0, B: 1.5}, on=day(date), skystat=stat, skylower=-100)
    services.close()
    said = ledger("sky", "compare", "--history").out
    assert "parameters: skystat median -> mean." in " ".join(said.split())
