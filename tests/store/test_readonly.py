"""``skydb sql`` cannot write, whatever is typed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from skydb.domain import Base
from skydb.errors import NotFoundError, StoreError, UsageError
from skydb.store.engine import resolve_url, sqlite_path
from skydb.store.readonly import ask
from skydb.store.unit_of_work import Store
from tests.domain.entities import version_of

#: Statements that write, or would let a later one write, on either database.
WRITERS = [
    "INSERT INTO visits (program, number, proposal_id) VALUES ('abc', '01', 1)",
    "INSERT INTO visits (program, number, proposal_id) VALUES ('abc', '01', 1) RETURNING id",
    "UPDATE visits SET proposal_id = 1",
    "DELETE FROM products",
    "DROP TABLE products",
    "DROP VIEW v_sky_values",
    "ALTER TABLE visits ADD COLUMN colour text",
    "CREATE TABLE mine (id integer)",
    "CREATE TABLE mine AS SELECT * FROM visits",
    "CREATE TEMP TABLE mine (id integer)",
    "CREATE INDEX mine ON visits (program)",
    "SELECT 1; DELETE FROM products",
    "SELECT 1; COMMIT; DELETE FROM products",
    "COMMIT; DELETE FROM products; SELECT 1",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "VACUUM",
    "REINDEX",
    "ANALYZE",
    "",
    "  ",
    "-- only a remark",
    "nonsense",
    "SELECT * FROM no_such_table",
    "SELECT 1 \0; DELETE FROM products",
    "SELECT '\udcff'",
]
SQLITE_WRITERS = [
    "ATTACH DATABASE '{there}' AS other",
    "VACUUM INTO '{there}'",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA user_version = 7",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "WITH old AS (SELECT 1) DELETE FROM products",
    "REPLACE INTO visits (id, program, number, proposal_id) VALUES (1, 'abc', '01', 1)",
    "SAVEPOINT mine",
    "SELECT load_extension('{there}')",
    "DETACH DATABASE main",
]
POSTGRES_WRITERS = [
    "WITH gone AS (DELETE FROM products RETURNING *) SELECT * FROM gone",
    "SET TRANSACTION READ WRITE",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', false), lo_create(0)",
    "DO $$ BEGIN DELETE FROM products; END $$",
    "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM products; END $$",
    "DO $$ BEGIN COMMIT; DELETE FROM products; END $$",
    "COPY products FROM STDIN",
    "COPY products TO STDOUT",
    "COPY products TO '{there}'",
    "COPY (SELECT 1) TO PROGRAM 'touch {there}'",
    "TRUNCATE products CASCADE",
    "GRANT ALL ON products TO PUBLIC",
    "LOCK TABLE products IN ACCESS EXCLUSIVE MODE",
    "SELECT nextval('visits_id_seq')",
    "SELECT setval('visits_id_seq', 100)",
    "SELECT * INTO mine FROM visits",
    "SELECT * FROM visits FOR UPDATE",
    "EXPLAIN ANALYZE DELETE FROM products",
    "PREPARE p AS DELETE FROM products",
    "CHECKPOINT",
    "NOTIFY ears",
]


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as session:
        session.add(version_of())
        session.commit()
    return store


def state(store: Store) -> tuple[object, ...]:
    """Everything that a statement could have changed: rows, tables, bytes of the file."""
    with store.reading() as session:
        rows = [
            session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            for table in sorted(Base.metadata.tables)
        ]
        catalog = (
            "SELECT type, name, sql FROM sqlite_master ORDER BY name"
            if store.engine.dialect.name == "sqlite"
            else "SELECT relname, relnatts FROM pg_class WHERE relnamespace IN "
            "(SELECT oid FROM pg_namespace WHERE nspname = 'public') ORDER BY relname"
        )
        tables = session.execute(text(catalog)).all()
        if store.engine.dialect.name != "sqlite":
            tables += session.execute(text("SELECT last_value FROM visits_id_seq")).all()
    path = sqlite_path(store.engine.url)
    return rows, tables, hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


def refused(store: Store, statement: str) -> None:
    before = state(store)
    try:
        with pytest.raises(UsageError) as caught:
            ask(store.engine.url, statement)
        assert caught.value.exit_code == 2
    finally:
        assert state(store) == before


@pytest.mark.parametrize("statement", WRITERS)
def test_a_statement_that_is_not_one_select_is_refused(filled: Store, statement: str) -> None:
    refused(filled, statement)


@pytest.mark.parametrize("statement", SQLITE_WRITERS)
def test_the_back_doors_of_sqlite_are_shut(
    sqlite_ledger_url: str, tmp_path: Path, statement: str
) -> None:
    from skydb.store.engine import open_engine

    store = Store(open_engine(resolve_url(sqlite_ledger_url)))
    there = tmp_path / "there.sqlite"
    refused(store, statement.format(there=there))
    assert not there.exists()
    store.engine.dispose()


@pytest.fixture(scope="module")
def postgres_store(postgres_server, postgres_template):
    """One PostgreSQL ledger for all back doors: nothing can change it."""
    from skydb.store.engine import open_engine

    name = postgres_server.create_database(postgres_template)
    store = Store(open_engine(resolve_url(postgres_server.url(name))))
    with store.writing() as session:
        session.add(version_of())
        session.commit()
    yield store
    store.engine.dispose()
    postgres_server.drop_database(name)


@pytest.mark.parametrize("statement", POSTGRES_WRITERS)
def test_the_back_doors_of_postgresql_are_shut(
    postgres_store: Store, tmp_path: Path, statement: str
) -> None:
    tmp_path.chmod(0o777)
    there = tmp_path / "there"
    refused(postgres_store, statement.format(there=there))
    assert not there.exists()


def test_what_a_function_of_postgresql_writes_is_not_kept(postgres_store: Store) -> None:
    # Refused by the newer servers, rolled back by the older ones.
    with suppress(UsageError):
        ask(postgres_store.engine.url, "SELECT lo_from_bytea(0, 'x')")
    count = "SELECT count(*) FROM pg_largeobject_metadata"
    assert ask(postgres_store.engine.url, count).rows == [(0,)]


SOME_SQL = (
    "SELECT DELETE FROM products visits ; -- /* */ ( ) , * 1 'a' INSERT INTO VALUES UPDATE SET "
    "filename = WITH x AS RETURNING id BEGIN COMMIT DROP TABLE VACUUM PRAGMA WHERE TRUE"
)
words = st.sampled_from(SOME_SQL.split())


@pytest.fixture
def require_untouched(filled: Store) -> Callable[[], None]:
    """Compare with the state before all statements, which is that before each of them."""
    before = state(filled)

    def require() -> None:
        assert state(filled) == before

    return require


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(words, max_size=12).map(" ".join) | st.text(max_size=30))
def test_no_random_statement_changes_the_ledger(
    filled: Store, require_untouched: Callable[[], None], statement: str
) -> None:
    with suppress(UsageError):
        ask(filled.engine.url, statement)
    require_untouched()


@pytest.mark.parametrize(
    ("statement", "columns", "rows"),
    [
        ("SELECT 1 AS one, 'a' AS two", ("one", "two"), [(1, "a")]),
        ("select program from visits;", ("program",), [("bxl",)]),
        ("WITH v AS (SELECT number FROM visits) SELECT * FROM v", ("number",), [("50",)]),
        ("SELECT count(*) AS n FROM v_sky_values", ("n",), [(0,)]),
        ("SELECT rootname FROM exposures WHERE 1 = 0", ("rootname",), []),
        ("VALUES (1)", None, [(1,)]),
        ("SELECT '%s' AS percent -- with a remark", ("percent",), [("%s",)]),
        ("SELECT 'é' AS accent", ("accent",), [("é",)]),
        ("SELECT 1 AS a, 2 AS a, 3 AS a", ("a", "a_2", "a_3"), [(1, 2, 3)]),
    ],
)
def test_a_select_is_answered(filled: Store, statement: str, columns, rows) -> None:
    answer = ask(filled.engine.url, statement)
    assert answer.columns == columns or columns is None
    assert answer.rows == rows


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("SELECT rotname FROM v_sky_values", "v_sky_values has rootname, run_id, started_at,"),
        (
            "SELECT v.foo FROM v_sky_values v JOIN v_findings USING (run_id)",
            "v_findings has run_id",
        ),
        ("SELECT * FROM v_sky_value", "Views: v_sky_values,"),
        ("SELECT foo", "see the views in docs/sql-views.md"),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_those_that_do(
    filled: Store, statement: str, advice: str
) -> None:
    with pytest.raises(UsageError) as refused:
        ask(filled.engine.url, statement)
    assert advice in refused.value.advice


def test_every_view_can_be_asked(filled: Store) -> None:
    for view in ("v_sky_values", "v_sky_comparison", "v_alignment_history", "v_alignment_current",
                 "v_downloads", "v_visit_status"):  # fmt: skip
        assert ask(filled.engine.url, f"SELECT * FROM {view}").columns


def test_a_question_can_be_asked_while_somebody_writes(filled: Store) -> None:
    with filled.writing() as session:
        session.execute(text("UPDATE visits SET proposal_id = 1"))
        assert ask(filled.engine.url, "SELECT proposal_id FROM visits").rows == [(12812,)]
        session.commit()


def test_a_ledger_that_is_not_there_is_not_found_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "no #1?.sqlite"
    with pytest.raises(NotFoundError, match="skydb init"):
        ask(resolve_url(f"sqlite:///{path}".replace("?", "%3F")), "SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_a_failure_of_the_store(tmp_path: Path) -> None:
    url = resolve_url(f"postgresql://me:secret@/db?host={tmp_path}")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        ask(url, "SELECT 1")
    assert "secret" not in str(caught.value)


def test_times_are_utc_whatever_the_zone_of_the_server(postgres_store: Store) -> None:
    with postgres_store.writing() as session:
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f"ALTER DATABASE {name} SET timezone = 'America/New_York'"))
        session.commit()
    (row,) = ask(postgres_store.engine.url, "SELECT CURRENT_SETTING('TimeZone')").rows
    assert row == ("UTC",)
    postgres_store.engine.dispose()
    with postgres_store.reading() as session:
        assert session.scalar(text("SELECT CURRENT_SETTING('TimeZone')")) == "UTC"
