"""A ledger of every revision that was ever released can be brought up to date, and used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from skydb.files.checksum import sha256_of
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from skydb.store import schema, views
from skydb.store.copying import tables_in_order
from skydb.store.engine import open_engine, resolve_url
from tests.commands import LedgerDirectory

#: One SQL dump for each revision, made by scripts/make-baseline.
DUMPS = sorted((Path(__file__).parent / "revisions").glob("*.sql"))
ROOT = "@ROOT@"

QUESTIONS: list[tuple[object, ...]] = [
    ("status",),
    ("todo",),
    ("findings",),
    ("sky", "compare"),
    ("sky", "stats"),
    ("sky", "timeline", "--rootname", "ibxl50aaq"),
    ("align", "history", "ibxl50aaq"),
    ("explain", "ibxl50aaq[1]@5"),
    ("find", "--cone", "85.25", "-2.46", "30arcsec"),
    ("books", "list"),
    ("books", "deliveries", "list"),
    ("refcat", "list"),
    *(("sql", f"SELECT * FROM {name}") for name in views.view_names()),
]


def revisions() -> set[str]:
    scripts = ScriptDirectory(str(schema.migrations_directory()))
    return {script.revision for script in scripts.walk_revisions()}


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> LedgerDirectory:
    """A ledger of an earlier revision."""
    ledger = LedgerDirectory(tmp_path)
    dump = request.param.read_text(encoding="utf-8").replace(ROOT, str(tmp_path))
    with closing(sqlite3.connect(tmp_path / "skydb.sqlite")) as connection:
        connection.executescript(dump)
    return ledger


@pytest.fixture
def upgraded(old: LedgerDirectory) -> LedgerDirectory:
    assert old.json("db", "upgrade")["is_current"]
    return old


def test_there_is_a_ledger_of_every_revision() -> None:
    assert {path.stem for path in DUMPS} == revisions()


def test_it_has_rows_in_every_table(old: LedgerDirectory) -> None:
    with closing(sqlite3.connect(old.path / "skydb.sqlite")) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
        for (table,) in tables.fetchall():
            assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0], table


def test_its_tables_become_those_of_the_entities(upgraded: LedgerDirectory) -> None:
    found = upgraded.json("db", "check")
    assert found.pop("revision") == upgraded.json("db", "current")["revision"]
    assert found == {"is_current": True, "differences": []}


def test_its_tables_and_views_become_those_of_a_new_ledger(
    upgraded: LedgerDirectory, sqlite_template: Path
) -> None:
    found = []
    for path in (upgraded.path / "skydb.sqlite", sqlite_template):
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        found.append({(kind, name): " ".join((sql or "").split()) for kind, name, sql in rows})
    made, new = ({key for key in each if not key[1].startswith("sqlite_")} for each in found)
    assert made == new
    assert {key: found[0][key] for key in made if key[0] != "table"} == {
        key: found[1][key] for key in new if key[0] != "table"
    }


def test_it_answers(upgraded: LedgerDirectory) -> None:
    for words in QUESTIONS:
        assert upgraded.json(*words), words


def test_all_of_its_provenance_can_be_written(upgraded: LedgerDirectory, tmp_path: Path) -> None:
    upgraded.json("export", "prov", tmp_path / "prov.json")
    assert (tmp_path / "prov.json").stat().st_size > 0


def test_it_takes_in_what_is_new_and_knows_what_it_had(
    upgraded: LedgerDirectory, tmp_path: Path
) -> None:
    had = {row["sha256"] for row in upgraded.json("sql", "SELECT sha256 FROM product_versions")}
    simulate_field(tmp_path / "field", FieldPlan(tiles=(1, 1), size=64, products=False))
    again = upgraded.json("ingest", tmp_path / "field")
    # Processors differ in the last digit of a function, and then in a few pixels.
    assert all((row["status"] == "known") is (sha256_of(Path(row["path"])) in had) for row in again)
    assert {row["status"] for row in again} <= {"known", "new-version"}
    once_more = upgraded.json("ingest", tmp_path / "field")
    assert {row["status"] for row in once_more} == {"known"}
    plan = FieldPlan(
        tiles=(2, 1), size=64, products=False, seed=5, first_visit="60", one_frame=True
    )
    simulate_field(tmp_path / "other", plan)
    outcomes = upgraded.json("ingest", tmp_path / "other")
    assert "new" in {row["status"] for row in outcomes}
    rootnames = {row["rootname"] for row in outcomes}
    words = [word for rootname in sorted(rootnames) for word in ("--rootname", rootname)]
    run = upgraded.json("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "localmin",
                        *words)  # fmt: skip
    assert run[0]["status"] == "succeeded"
    upgraded.json("books", "note", f"run:{run[0]['run']}", "made with a ledger of before")
    assert upgraded.json("sky", "compare")


def test_it_can_be_copied_to_postgresql(upgraded: LedgerDirectory, postgres_url: str) -> None:
    copies = upgraded.json("db", "copy", upgraded.url, postgres_url)
    assert {row["table"]: row["rows"] for row in copies}.keys() == {
        table.name for table in tables_in_order()
    }
    engine = open_engine(resolve_url(postgres_url))
    assert set(inspect(engine).get_view_names()) == set(views.view_names())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM v_todo")).scalar_one() > 0
    engine.dispose()
