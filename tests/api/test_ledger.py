from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import astropy.units as u
import pytest
from sqlalchemy import text

import skydb
from skydb.api.ledger import Ledger
from skydb.api.results import Result
from skydb.errors import NotFoundError, SchemaError, UsageError
from skydb.services.core.connection import data_root
from skydb.store.engine import open_engine, resolve_url
from tests.services.tools import MEMBERS, PRODUCT


def test_a_ledger_is_used_without_a_session(
    ledger_url: str, tmp_path: Path, visit: list[Path], catalog_file: Path
) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        ingested = ledger.ingest(visit[0].parent)
        assert [file.status for file in ingested] == ["new"] * 3
        headers = ledger.inspect.headers()
        assert [exposure.rootname for exposure in headers] == list(MEMBERS)
        assert headers.table["exptime_s"].unit == headers["exptime_s"].unit == u.s
        wcs = ledger.inspect.wcs()
        assert [one.filename for one in wcs] == [path.name for path in [visit[2], *visit[:2]]]
        assert wcs["rms_ra_mas"].unit == u.mas
        assert wcs["rms_ra_mas"].mask.all()
        assert len(ledger.align.history(MEMBERS[0])) == 1
        imported = ledger.refcat.import_(catalog_file, 2016.0, "gaia")
        assert imported.sources == ledger.refcat.list()[0].sources == 30
        assert len(ledger.findings()) == 0


def test_a_question_in_sql_keeps_its_columns_even_without_rows(
    ledger_url: str, tmp_path: Path, visit: list[Path]
) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        empty = ledger.sql("SELECT rootname, mdrizsky FROM v_sky_values")
        assert (len(empty), empty.table.colnames) == (0, ["rootname", "mdrizsky"])
        ledger.ingest(visit[2])
        answer = ledger.sql("SELECT filename, visit_id AS a, visit_id + 1 AS a FROM products")
        assert [row.filename for row in answer] == [PRODUCT]
        assert len(answer.table.colnames) == 3
        with pytest.raises(UsageError):
            ledger.sql("DELETE FROM products")


def test_errors_of_services_come_through(ledger_url: str, tmp_path: Path) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        for ask in (
            lambda: ledger.align.show(7),
            lambda: ledger.align.reject(7, "why"),
            lambda: ledger.align.history("ibxl99zzq"),
            lambda: ledger.sky.compare(7),
            lambda: ledger.sky.run("match"),
        ):
            with pytest.raises(NotFoundError):
                ask()
        with pytest.raises(UsageError, match="nonsense"):
            ledger.sky.run(["nonsense"])


def test_a_ledger_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="skydb init"):
        skydb.open(f"sqlite:///{tmp_path / 'nowhere.sqlite'}")


def test_a_ledger_of_another_schema_is_refused_and_left_alone(ledger_url: str) -> None:
    engine = open_engine(resolve_url(ledger_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    engine.dispose()
    with pytest.raises(SchemaError, match="at revision other"):
        skydb.open(ledger_url)
    # A connection that was left open would say so when it is collected.
    gc.collect()


def test_the_data_root_is_the_one_given_or_that_of_the_environment_or_beside_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'ledger.sqlite'}"
    assert data_root(url) == tmp_path / "deep" / "skydb-data"
    monkeypatch.setenv("SKYDB_DATA", str(tmp_path / "other"))
    assert data_root(url) == tmp_path / "other"
    assert data_root(url, tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("SKYDB_DATA")
    monkeypatch.chdir(tmp_path)
    assert data_root("postgresql://me@host/db") == tmp_path / "skydb-data"


def test_a_ledger_is_made_when_it_is_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    with skydb.init(url) as made, skydb.open(url) as opened:
        assert made.database.current().is_current
        assert len(opened.runs()) == 0


def test_wrong_words_are_said_before_a_database_is_opened() -> None:
    ledger = skydb.lazy_ledger("sqlite:////nowhere/at/all.sqlite")
    with pytest.raises(NotFoundError):
        ledger.findings()
    asked: list[tuple[Callable[[], object], str]] = [
        (lambda: ledger.sky.run("sideways"), "sideways"),
        (lambda: ledger.sky.run(options={"final_scal": 1}), "final_scale"),
        (lambda: ledger.align.run(refcat="gaia", what="mosaics"), "drizzled, exposures, group"),
        (lambda: ledger.runs(visits="50"), "visit"),  # type: ignore[call-arg]
        (lambda: ledger.inspect.headers(as_of="yesterday"), "YYYY-MM-DD"),
        (lambda: ledger.sky.stats(by="colour"), "visit, filter"),
        (lambda: ledger.sky.display(6, stretch="cubic"), "asinh"),
    ]
    for ask, said in asked:
        with pytest.raises(UsageError, match=said):
            ask()


def test_the_ledger_and_its_groups_say_what_they_are(ledger_url: str) -> None:
    ledger = skydb.lazy_ledger("postgresql://me:secret@host/db")
    assert repr(ledger) == "<Ledger postgresql://me:***@host/db>"
    assert "accept" in repr(ledger.align) and "secret" not in repr(ledger.align)


#: Commands whose method has another name, or none: they are not about a ledger.
ELSEWHERE = {
    "init": "init", "simulate": "simulate", "db copy": "copy", "version": "__version__",
    "db upgrade": "Ledger.database.upgrade", "db current": "Ledger.database.current",
    "db check": "Ledger.database.check", "db backup": "Ledger.database.backup",
    "db reader": "Ledger.database.reader", "runs list": "Ledger.runs.__call__",
    "history import": "Ledger.history.import_", "refcat import": "Ledger.refcat.import_",
    "export table": "Ledger.export.__call__", "fetch": "Ledger.fetch.__call__",
    "demo": None, "archive serve": None,
}  # fmt: skip


def commands(made: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in made.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        elif not command.hidden:
            yield (*before, name)


def test_every_command_has_a_method_of_its_name() -> None:

    from skydb.cli.app import command_tree

    for words in commands(command_tree()):
        path = ELSEWHERE.get(" ".join(words), f"Ledger.{'.'.join(words)}")
        place: Any = skydb.lazy_ledger()
        if path is None:
            continue
        place = place if path.startswith("Ledger.") else skydb
        for name in path.removeprefix("Ledger.").split("."):
            place = getattr(place, name.replace("-", "_"))


LISTS: dict[str, Callable[[Ledger], Result]] = {
    "headers": lambda db: db.inspect.headers(),
    "wcs": lambda db: db.inspect.wcs(),
    "catalogues": lambda db: db.refcat.list(),
    "todo": lambda db: db.todo(),
    "status": lambda db: db.status(),
    "status by program": lambda db: db.status(by="program"),
    "entries": lambda db: db.books.list(),
    "findings": lambda db: db.findings(),
    "changes": lambda db: db.align.changes(),
    "runs": lambda db: db.runs(),
    "purged": lambda db: db.runs.purge(older_than="1d", dry_run=True),
}
#: No row of these is in the ledger of the test below.
_NEVER = {"changes", "purged", "findings"}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_its_columns_and_units_even_when_it_is_empty(
    name: str, ledger_url: str, tmp_path: Path, visit: list[Path], catalog_file: Path
) -> None:
    ask = LISTS[name]
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        empty = ask(ledger)
        assert len(empty) == 0 and len(empty.names) > 4
        assert list(empty.to_pandas().columns) == empty.table.colnames == list(empty.names)
        assert "<th" in empty._repr_html_() and empty[
            "kind" if "kind" in empty.names else empty.names[0]
        ].shape == (0,)
        if name in _NEVER:
            return
        ledger.ingest(visit[0].parent)
        ledger.refcat.import_(catalog_file, 2016.0, "gaia")
        ledger.books.note(ledger.status()[0].visit, "seen")
        full = ask(ledger)
        assert len(full) > 0 and full.names == empty.names
        known = [key for key in full.names if any(row[key] is not None for row in full)]
        assert _kinds(empty, known) == _kinds(full, known)


def _kinds(result: Result, names: list[str]) -> dict[str, str]:
    return {name: result.table[name].dtype.kind for name in names}


def test_numbers_of_which_no_list_has_a_row_are_numbers(ledger_url: str, tmp_path: Path) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        assert _kinds(ledger.todo(), ["count", "run"]) == {"count": "i", "run": "i"}
        assert _kinds(ledger.runs(), ["inputs"]) == {"inputs": "U"}


def test_sql_finds_a_visit_by_the_name_that_commands_give_it(
    ledger_url: str, tmp_path: Path, visit: list[Path]
) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        ledger.ingest(visit[0].parent)
        named = {row.visit for row in ledger.status()}
        assert named
        for view in (
            "v_visit_status",
            "v_exposure_status",
            "v_footprints",
            "ivoa_obscore",
            "v_todo",
        ):
            found = ledger.sql(f"SELECT program, visit, visit_label FROM {view}")
            assert {row.visit_label for row in found} == named, view
            assert all(row.program + row.visit == row.visit_label for row in found)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda db: db.align.inputs(refcat="gaja"), "gaja"),
        (lambda db: db.align.inputs(refcat=["gaia", "gaja"]), "gaja"),
        (lambda db: db.align.inputs(refcat="gaja", what="group"), "gaja"),
        (lambda db: db.align.inputs(refcat="gaia", options={"exclusions": "none.txt"}), "none.txt"),
        (lambda db: db.inspect.footprints("gaja"), "gaja"),
    ],
)
def test_what_a_run_would_not_find_is_named_before_it_runs(
    call: Callable[[Ledger], Result],
    said: str,
    ledger_url: str,
    tmp_path: Path,
    visit: list[Path],
    catalog_file: Path,
) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        ledger.ingest(visit[0].parent)
        ledger.refcat.import_(catalog_file, 2016.0, "gaia")
        (product,) = ledger.align.inputs(refcat="gaia")
        assert (product.kind, product.rootname) == ("drz", None)
        with pytest.raises(NotFoundError, match=said):
            call(ledger)
