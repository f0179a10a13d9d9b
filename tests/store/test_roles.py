"""Rights of PostgreSQL roles with a SELECT, and with a ledger that they may only read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import Visit
from skydb.errors import StoreError, UsageError
from skydb.services.bookkeeping import make_reader
from skydb.store import turns
from skydb.store.engine import open_engine, resolve_url
from skydb.store.readonly import Rules, ask
from skydb.store.roles import require_no_action
from skydb.store.schema import upgrade
from skydb.store.unit_of_work import Store
from tests.commands import skydb
from tests.postgres import OWNER, SUPERUSER, PostgresServer

AS_IS = Rules(as_is=True)

ACTING = [
    "SELECT pg_terminate_backend(1)",
    "SELECT PG_Cancel_Backend(1)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1, 2)",
    'SELECT "pg_advisory_lock"(1)',
    "SELECT pg_catalog . pg_advisory_lock /* so */ (1)",
    "SELECT 'it''s', pg_advisory_lock(1), 'so'",
    "SELECT E'\\'', pg_advisory_lock(1), ''",
    "SELECT $$'$$, pg_advisory_lock(1), $$'$$",
    "SELECT 1 -- '\n, pg_advisory_lock(1) -- '",
    'SELECT U&"\\0070g_advisory_lock"(1)',
    "SELECT query_to_xml('select pg_adv' || 'isory_lock(1)', true, true, '')",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT dblink_exec('dbname=x', 'DELETE FROM visits')",
    "SELECT lo_export(1, '/x')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_notify('a', 'b')",
]
HARMLESS = [
    "SELECT 'pg_advisory_lock(1)' AS said",
    "SELECT 'it''s lo_export' AS said",
    "SELECT count(*) FROM v_sky_values -- of all",
    "SELECT pg_size_pretty(1::bigint), pg_database_size(current_database()) > 0",
    'SELECT rootname AS "pg_terminate", lower(rootname) FROM exposures',
    "SELECT pg_typeof(1), to_tsvector('a')",
]  # fmt: skip


@pytest.fixture(scope="module")
def server(postgres_server: PostgresServer) -> PostgresServer:
    return postgres_server


@pytest.fixture(scope="module")
def name(server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A ledger that these tests only read, and give rights on."""
    name = server.create_database(postgres_template)
    yield name
    server.drop_database(name)


@pytest.fixture
def as_superuser(server: PostgresServer, name: str) -> Iterator[psycopg.Connection]:
    url = server.url(name, SUPERUSER).replace("+psycopg", "")
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


@pytest.fixture
def reader(server: PostgresServer, name: str, as_superuser) -> Iterator[str]:
    """URL of the ledger for a role that was made to read it."""
    made = make_reader(server.url(name), "visitor", "hunter22")
    assert made.is_new
    yield server.url(name, "visitor")
    as_superuser.execute("DROP OWNED BY visitor; DROP ROLE visitor")


@pytest.mark.parametrize("statement", ACTING)
def test_a_function_that_acts_outside_of_the_question_is_refused(name, server, statement) -> None:
    with pytest.raises(UsageError) as caught:
        ask(resolve_url(server.url(name)), statement)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("statement", HARMLESS)
def test_a_question_that_only_names_one_is_answered(name, server, statement) -> None:
    assert ask(resolve_url(server.url(name)), statement).columns


@given(before=st.text("'\"$E /*-\\\n", max_size=8), after=st.text("'\"$ */\n", max_size=8))
def test_no_quotes_around_a_function_hide_it_when_it_would_be_called(before, after) -> None:
    statement = f"{before} pg_advisory_lock(1) {after}"
    # An E within a text, or at the end of a name, is a letter; else one before a quote makes
    # backslashes work in it. A text that does not end is a wrong statement, and calls nothing.
    has_other_quotes = set(before) & set('"$\\') or re.search(r"(?<![A-Z])E'", before)
    inside = before.count("'") % 2 == 1 and not has_other_quotes and "'" in after
    if inside and "--" not in statement and "/*" not in statement:
        return
    with pytest.raises(UsageError):
        require_no_action(statement)


def test_a_superuser_is_refused_unless_it_is_said(server, name) -> None:
    url = resolve_url(server.url(name, SUPERUSER))
    with pytest.raises(UsageError, match=r"superuser.*skydb db reader.*--as-is"):
        ask(url, "SELECT 1")
    assert ask(url, "SELECT 1", AS_IS).rows == [(1,)]
    with pytest.raises(UsageError, match="INSERT"):
        ask(url, "INSERT INTO visits (program) SELECT 'x' RETURNING 1", AS_IS)


@pytest.mark.parametrize(
    "right",
    [
        *("GRANT pg_read_server_files TO {}", "GRANT pg_execute_server_program TO {}"),
        *("GRANT pg_signal_backend TO {}", "GRANT postgres TO {}"),
        "GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO {}",
        "CREATE ROLE between; GRANT pg_write_server_files TO between; GRANT between TO {}",
    ],
)
def test_a_role_that_reaches_the_server_is_refused(reader, as_superuser, right) -> None:
    assert ask(resolve_url(reader), "SELECT 1").rows == [(1,)]
    as_superuser.execute(right.format("visitor"))
    try:
        with pytest.raises(UsageError, match="the role visitor"):
            ask(resolve_url(reader), "SELECT 1")
    finally:
        for role in ("pg_read_server_files", "pg_execute_server_program", "pg_signal_backend"):
            as_superuser.execute(f"REVOKE {role} FROM visitor")
        as_superuser.execute("REVOKE postgres FROM visitor; DROP ROLE IF EXISTS between")
        as_superuser.execute("REVOKE EXECUTE ON FUNCTION lo_export(oid, text) FROM visitor")


def test_a_reader_reads_everything_by_every_command_that_reads(reader) -> None:
    for words in (["status"], ["todo"], ["findings"], ["inspect", "wcs"], ["db", "check"],
                  ["sql", "SELECT * FROM v_sky_values"]):  # fmt: skip
        spoken = skydb("--db", reader, *words)
        assert spoken.code == 0, spoken.err
    written = skydb("--db", reader, "books", "deliveries", "drop", "x", "--why", "y")
    assert (written.code, "may not write" in written.err) == (1, True)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO visits (program, number, proposal_id) VALUES ('a', 'b', 1)",
        "DELETE FROM passbands",
        "CREATE TABLE mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "BEGIN; LOCK TABLE alembic_version IN SHARE ROW EXCLUSIVE MODE",
        "SELECT nextval('visits_id_seq')",
        "SELECT lo_export(1, '/tmp/x')",
        "COPY visits TO PROGRAM 'true'",
    ],
)
def test_a_reader_can_do_nothing_else_even_by_hand(reader, statement) -> None:
    with closing(psycopg.connect(reader.replace("+psycopg", ""), autocommit=True)) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_a_reader_reads_views_that_are_made_later(reader, server, name) -> None:
    owner = server.url(name).replace("+psycopg", "")
    with closing(psycopg.connect(owner, autocommit=True)) as connection:
        connection.execute("CREATE VIEW later AS SELECT 1 AS one")
        assert ask(resolve_url(reader), "SELECT * FROM later").rows == [(1,)]
        connection.execute("DROP VIEW later")


def test_a_role_is_made_once_and_never_of_one_that_can_do_more(reader, server, name) -> None:
    assert not make_reader(server.url(name), "visitor").is_new
    with pytest.raises(UsageError, match="can do more than read"):
        make_reader(server.url(name), OWNER)
    with pytest.raises(StoreError, match="CREATEROLE"):
        make_reader(reader, "another")
    with pytest.raises(UsageError, match="cannot be a role"):
        make_reader(server.url(name), "pg_visitor")


def test_a_role_with_a_strange_name_and_password_is_what_it_is_called(
    server, name, as_superuser, monkeypatch, tmp_path
) -> None:
    role, password = "a \"b\" 'c' %; é", 'it\'s %40 \\ "so" §'
    monkeypatch.setenv("THE_PASSWORD", password)
    url = server.url(name)
    spoken = skydb("--db", url, "db", "reader", role, "--password-env", "THE_PASSWORD", "--json")
    assert (spoken.code, spoken.document["role"]) == (0, role)
    assert "it's" not in spoken.out + spoken.err
    as_superuser.execute(psycopg.sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(
        psycopg.sql.Identifier(role)))  # fmt: skip


def test_a_password_comes_from_pgpass_and_is_never_said(
    server, name, as_superuser, monkeypatch, tmp_path
) -> None:
    make_reader(server.url(name), "guarded", "hunter22")
    server.require_password("guarded")
    reader = server.url(name, "guarded")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pgpass").write_text("*:*:*:guarded:hunter22\n")
    (tmp_path / ".pgpass").chmod(0o600)
    assert skydb("--db", reader, "status").code == 0
    assert skydb("--db", reader, "sql", "SELECT 1").code == 0
    (tmp_path / ".pgpass").unlink()
    wrong = reader.replace("guarded@", "guarded:wrong-one@")
    for url in (reader, wrong):
        refused = skydb("--verbose", "--db", url, "status")
        assert (refused.code, "wrong-one" in refused.out + refused.err) == (1, False)
    as_superuser.execute("DROP OWNED BY guarded; DROP ROLE guarded")


def test_a_database_that_is_not_there_is_not_found(server) -> None:
    spoken = skydb("--db", server.url("nowhere"), "status")
    assert (spoken.code, "There is no database" in spoken.err) == (4, True)


def test_sqlite_has_no_roles(sqlite_ledger_url) -> None:
    spoken = skydb("--db", sqlite_ledger_url, "db", "reader", "visitor", "--no-password")
    assert (spoken.code, "permissions of the file" in spoken.err) == (2, True)


def test_a_database_with_tables_of_another_program_is_refused(postgres_url) -> None:
    with closing(psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True)) as other:
        other.execute("CREATE TABLE theirs (x int)")
    with pytest.raises(UsageError, match=r"theirs.*--into-foreign"):
        upgrade(postgres_url)
    assert skydb("--db", postgres_url, "status").code == 3
    assert skydb("--db", postgres_url, "init", "--into-foreign").code == 0


def test_whoever_waits_for_a_writer_is_told_for_whom(
    postgres_ledger_url, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_MS", 20)
    monkeypatch.setattr("skydb.store.engine.BUSY_TIMEOUT_MS", 100)
    store = Store(open_engine(resolve_url(postgres_ledger_url)))
    with store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.flush()
        said = rf"skydb \d+@.*role {OWNER}, pid \d+\) since \d\d:\d\d:\d\d UTC"
        with pytest.raises(StoreError, match=said), store.writing() as other:
            other.add(Visit("bxl", "51", 12812))
            other.flush()
    assert "Waiting for skydb" in caplog.text
    store.engine.dispose()


def test_a_reader_and_its_locks_keep_no_writer_waiting(
    postgres_ledger_url, server, as_superuser, monkeypatch
) -> None:
    monkeypatch.setattr("skydb.store.engine.BUSY_TIMEOUT_MS", 200)
    store = Store(open_engine(resolve_url(postgres_ledger_url)))
    with closing(psycopg.connect(postgres_ledger_url.replace("+psycopg", ""))) as other:
        other.execute("SELECT pg_advisory_lock(0x736B796462), pg_advisory_lock(0x736B7964, 1)"
                      ", count(*) FROM alembic_version")  # fmt: skip
        with store.writing() as session:
            session.add(Visit("bxl", "50", 12812))
            session.commit()
    store.engine.dispose()


def test_an_interrupt_ends_the_statement_on_the_server_too(server, name, as_superuser) -> None:
    rules = Rules(timeout_s=0.3)
    with pytest.raises(StoreError, match="was ended after"):
        ask(resolve_url(server.url(name)), "SELECT pg_sleep(30)", rules)
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
        " AND query LIKE '%%pg_sleep(30)%%' AND datname = %s AND pid <> pg_backend_pid()"
    )
    assert as_superuser.execute(running, (name,)).fetchone() == (0,)
