from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

import skydb.store.engine
from skydb.errors import NotFoundError, UsageError
from skydb.store.engine import DEFAULT_URL, READ_ONLY, open_engine, resolve_url, sqlite_path
from skydb.store.readonly import Rules, ask


def test_the_url_that_is_given_comes_before_the_environment_and_that_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert str(resolve_url()) == DEFAULT_URL
    monkeypatch.setenv("SKYDB_URL", "sqlite:///environment.sqlite")
    assert resolve_url().database == "environment.sqlite"
    assert resolve_url("sqlite:///given.sqlite").database == "given.sqlite"


@pytest.mark.parametrize(
    "url",
    ["postgresql://me@host/db", "postgresql+psycopg2://me@host/db", "postgresql+psycopg://h/db"],
)
def test_postgresql_is_spoken_to_through_psycopg_3(url: str) -> None:
    assert resolve_url(url).drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", ["sqlite:///a.sqlite", "sqlite+aiosqlite:///a.sqlite"])
def test_sqlite_is_spoken_to_through_the_standard_library(url: str) -> None:
    assert resolve_url(url).get_driver_name() == "pysqlite"


@pytest.mark.parametrize("url", ["ledger.sqlite", "postgresql://host:port/db", "://", "sqlite"])
def test_a_text_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is not a database URL"):
        resolve_url(url)


def test_other_databases_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="does not support mysql"):
        resolve_url("mysql://me@host/db")
    with pytest.raises(UsageError, match=r"support postgres\. Use .* or postgresql://USER"):
        resolve_url("postgres://me@host/db")


def test_the_file_of_a_url_is_known_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    assert sqlite_path(resolve_url(f"sqlite:///{path}")) == path
    assert sqlite_path(resolve_url("sqlite://")) is None
    assert sqlite_path(resolve_url("postgresql://me@host/db")) is None


def test_a_ledger_that_is_not_there_is_not_made_by_opening_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with pytest.raises(NotFoundError, match=r"no database .*ledger\.sqlite.*skydb init"):
        open_engine(resolve_url(f"sqlite:///{path}"))
    assert not path.exists()


def test_sqlite_has_wal_foreign_keys_and_patience(
    sqlite_ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it is outside of tests, see tests/engines.py.
    prepare = vars(skydb.store.engine._prepare_sqlite)["__wrapped__"]
    monkeypatch.setattr(skydb.store.engine, "_prepare_sqlite", prepare)
    engine = open_engine(resolve_url(sqlite_ledger_url))
    with engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    engine.dispose()
    assert pragmas["journal_mode"] == "wal"
    assert pragmas["foreign_keys"] == 1
    assert pragmas["busy_timeout"] >= 30_000
    assert pragmas["synchronous"] == 1


def test_a_writer_of_sqlite_takes_the_lock_at_once_and_a_reader_never(
    sqlite_ledger_url: str,
) -> None:
    engine = open_engine(resolve_url(sqlite_ledger_url))
    impatient = sqlite3.connect(str(engine.url.database), timeout=0)
    with engine.connect().execution_options(**{READ_ONLY: True}) as reader:
        assert reader.execute(text("SELECT count(*) FROM visits")).scalar() == 0
        impatient.execute("BEGIN IMMEDIATE")
        impatient.rollback()
    with engine.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        impatient.execute("BEGIN IMMEDIATE")
    impatient.close()
    engine.dispose()


def test_postgresql_plans_a_view_that_is_joined_as_a_whole_and_in_order(
    postgres_ledger_url: str,
) -> None:
    """By trial, the plan of a view of states takes 0.3 s, and differs from time to time."""
    url = resolve_url(postgres_ledger_url)
    engine = open_engine(url)
    names = ("join_collapse_limit", "from_collapse_limit", "geqo", "jit")
    with engine.connect() as connection:
        own = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    engine.dispose()
    assert own == ["12", "12", "off", "off"]
    asked = ", ".join(f"current_setting('{name}')" for name in names)
    # The role of the tests may read files of the server.
    assert ask(url, f"SELECT {asked}", Rules(as_is=True)).rows == [tuple(own)]
