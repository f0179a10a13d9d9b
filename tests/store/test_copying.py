"""A ledger goes from one database to another whole, or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from skydb.domain import Visit
from skydb.errors import NotFoundError, SchemaError, StoreError, UsageError
from skydb.services.bookkeeping.dbcopy import copy_database
from skydb.store import schema
from skydb.store.copying import checksum_of, tables_in_order
from skydb.store.engine import open_engine, resolve_url
from skydb.store.rowsums import RowSum, encoder_of
from skydb.store.unit_of_work import Store
from tests.commands import skydb
from tests.store.anyrows import ROWS, fill_every_table

#: Where from and where to, as names of fixtures.
DIRECTIONS = [
    ("sqlite_ledger_url", "postgres_ledger_url"),
    ("postgres_ledger_url", "target_url"),
    ("sqlite_ledger_url", "target_url"),
    ("postgres_ledger_url", "postgres_url"),
]


@contextmanager
def opened(url):
    engine = open_engine(resolve_url(url))
    yield engine
    engine.dispose()


@pytest.fixture
def new_url(tmp_path):
    """A file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'copy.sqlite'}"


@pytest.fixture
def target_url(tmp_path, new_url, sqlite_template):
    """An empty ledger."""
    shutil.copyfile(sqlite_template, tmp_path / "copy.sqlite")
    return new_url


@pytest.fixture
def filled_url(sqlite_ledger_url):
    """A ledger on SQLite with rows in every table."""
    _fill(sqlite_ledger_url)
    return sqlite_ledger_url


def _fill(url):
    with opened(url) as engine, engine.begin() as connection:
        fill_every_table(connection)


def content(url):
    """All rows of all tables as values of Python, in order of their keys."""
    with opened(url) as engine, engine.connect() as connection:
        return {
            each.name: [
                tuple(row) for row in connection.execute(select(each).order_by(*each.primary_key))
            ]
            for each in tables_in_order()
        }


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_every_row_of_every_table_arrives_as_it_was(request, monkeypatch, source, target):
    monkeypatch.setattr("skydb.store.copying._PART", 3)
    here, there = request.getfixturevalue(source), request.getfixturevalue(target)
    _fill(here)
    copies = copy_database(here, there)
    original = content(here)
    assert content(there) == original
    assert {copy.table: copy.rows for copy in copies} == {n: len(r) for n, r in original.items()}
    assert all(copy.rows > 0 and copy.verified for copy in copies)
    assert all(len(copy.checksum) == 64 for copy in copies)


def test_there_and_back_again_with_the_same_checksums(filled_url, postgres_ledger_url, target_url):
    first = copy_database(filled_url, postgres_ledger_url)
    assert copy_database(postgres_ledger_url, target_url) == first
    assert content(target_url) == content(filled_url)


def test_postgresql_goes_on_counting_after_the_copied_rows(filled_url, postgres_ledger_url):
    copy_database(filled_url, postgres_ledger_url)
    with opened(postgres_ledger_url) as engine, Store(engine).writing() as session:
        visit = Visit("new", "99")
        session.add(visit)
        session.flush()
        assert visit.id == ROWS + 1
        session.commit()


def test_the_schema_of_a_copy_is_that_of_any_ledger(filled_url, postgres_ledger_url):
    copy_database(filled_url, postgres_ledger_url)
    with opened(postgres_ledger_url) as engine:
        assert schema.differences(engine) == []
        with engine.connect() as connection:
            waiting = connection.execute(
                text("SELECT COUNT(*) FROM pg_constraint WHERE condeferrable")
            )
            assert waiting.scalar_one() == 0


def test_what_a_migration_had_put_in_and_somebody_removed_stays_removed(filled_url, new_url):
    with opened(filled_url) as engine, engine.begin() as connection:
        connection.execute(text("DELETE FROM bad_deliveries"))
    copy_database(filled_url, new_url)
    assert content(new_url)["bad_deliveries"] == []


def test_a_target_with_rows_is_refused_and_left_alone(filled_url, target_url):
    with opened(target_url) as engine, Store(engine).writing() as session:
        session.add(Visit("abc", "01"))
        session.commit()
    before = content(target_url)
    with pytest.raises(UsageError, match=r"not empty: visits has 1 row\."):
        copy_database(filled_url, target_url)
    assert content(target_url) == before


def test_a_target_with_its_own_bad_deliveries_is_refused(filled_url, target_url):
    with opened(target_url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE bad_deliveries SET what = 'mine'"))
    with pytest.raises(UsageError, match="bad_deliveries"):
        copy_database(filled_url, target_url)


def test_one_database_is_no_copy_of_itself(filled_url):
    with pytest.raises(UsageError, match="one database"):
        copy_database(filled_url, filled_url)


def test_a_source_that_is_not_there_or_old_is_refused_before_anything_is_made(
    database_url, new_url, tmp_path
):
    with pytest.raises((NotFoundError, SchemaError)):
        copy_database(database_url, new_url)
    assert not (tmp_path / "copy.sqlite").exists()


CORRUPTING = {
    "sqlite": [
        "CREATE TRIGGER corrupt AFTER INSERT ON exposures BEGIN"
        " UPDATE exposures SET exptime_s = exptime_s + 1e-9 WHERE id = NEW.id AND id = 3; END"
    ],
    "postgresql": [
        "CREATE FUNCTION corrupt() RETURNS trigger AS $$ BEGIN"
        " IF NEW.id = 3 THEN NEW.rootname := 'corrupted'; END IF; RETURN NEW; END"
        " $$ LANGUAGE plpgsql",
        "CREATE TRIGGER corrupt BEFORE INSERT ON exposures FOR EACH ROW EXECUTE FUNCTION corrupt()",
    ],
}


@pytest.mark.parametrize("kind", CORRUPTING)
def test_a_value_that_changes_on_the_way_is_noticed_and_nothing_is_kept(request, filled_url, kind):
    there = request.getfixturevalue(
        {"sqlite": "target_url", "postgresql": "postgres_ledger_url"}[kind]
    )
    with opened(there) as engine, engine.begin() as connection:
        for statement in CORRUPTING[kind]:
            connection.exec_driver_sql(statement)
    before = content(there)
    with pytest.raises(StoreError, match="copy of exposures differs from the original"):
        copy_database(filled_url, there)
    assert content(there) == before


def test_a_row_that_is_lost_on_the_way_is_noticed(filled_url, target_url, tmp_path):
    with opened(target_url) as engine, engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER lose AFTER INSERT ON findings BEGIN"
            " DELETE FROM findings WHERE id = 1; END"
        )
    with pytest.raises(StoreError, match=r"4 rows with checksum .* 3 rows"):
        copy_database(filled_url, target_url)


def test_what_postgresql_cannot_hold_is_said_and_leaves_nothing(filled_url, postgres_ledger_url):
    with opened(filled_url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE findings SET message = 'a' || CHAR(0) || 'b' WHERE id = 1"))
    with pytest.raises(StoreError, match="The copy failed"):
        copy_database(filled_url, postgres_ledger_url)
    assert content(postgres_ledger_url)["visits"] == []


def test_a_new_file_is_removed_when_the_copy_fails(filled_url, new_url, tmp_path, monkeypatch):
    def spoiled(connection, table):
        is_copy = "copy.sqlite" in str(connection.engine.url)
        return RowSum([]) if is_copy else checksum_of(connection, table)

    for module in ("copying", "backups"):
        monkeypatch.setattr(f"skydb.store.{module}.checksum_of", spoiled)
    with pytest.raises(StoreError, match="differs from the original"):
        copy_database(filled_url, new_url)
    assert not list(tmp_path.glob("*copy.sqlite*"))


VALUES = st.tuples(
    st.integers(), st.none() | st.floats(allow_nan=False), st.text(max_size=5), st.booleans()
)


def _sum(rows):
    names = (
        "exposures.id",
        "exposures.exptime_s",
        "exposures.rootname",
        "input_proofs.is_untouched",
    )
    tables = {each.name: each for each in tables_in_order()}
    columns = [tables[name.split(".")[0]].c[name.split(".")[1]] for name in names]
    found = RowSum([encoder_of(column) for column in columns])
    found.add(rows)
    return found.rows, found.hexadecimal


@given(st.lists(VALUES, max_size=6), st.randoms())
def test_a_checksum_does_not_depend_on_the_order_of_rows(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert _sum(shuffled) == _sum(rows)


@given(st.lists(VALUES, min_size=1, max_size=6), VALUES)
def test_a_checksum_depends_on_every_row(rows, other):
    assert (_sum([other, *rows[1:]]) == _sum(rows)) == (_canonical(other) == _canonical(rows[0]))


def _canonical(row):
    return (row[0], None if row[1] is None else repr(row[1] + 0.0), *row[2:])


def test_the_command_tells_of_every_table(filled_url, target_url):
    answer = skydb("db", "copy", filled_url, target_url, "--json")
    assert answer.code == 0, answer.err
    assert [row["table"] for row in answer.document] == [t.name for t in tables_in_order()]
    assert set(answer.document[0]) == {"table", "rows", "checksum", "verified"}
    assert skydb("db", "copy", filled_url, target_url, "--json").document == answer.document
    with opened(target_url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE visits SET number = '97' WHERE id = 2"))
    other = skydb("db", "copy", filled_url, target_url)
    assert (other.code, "not empty" in other.err) == (2, True)
