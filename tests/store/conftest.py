"""A ledger at the newest revision, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from skydb.store.engine import open_engine, resolve_url
from skydb.store.unit_of_work import Store
from tests.postgres import PostgresServer

Fill = Callable[[Engine], None]


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = open_engine(resolve_url(ledger_url))
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


def _fill(url: str, fill: Fill) -> None:
    engine = open_engine(resolve_url(url))
    fill(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def filled_file(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Fill], Path]:
    """An SQLite file that something has filled, once and only to be copied."""
    known: dict[Fill, Path] = {}

    def file_of(fill: Fill) -> Path:
        if fill not in known:
            path = tmp_path_factory.mktemp("filled") / "ledger.sqlite"
            shutil.copyfile(sqlite_template, path)
            _fill(f"sqlite:///{path}", fill)
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            known[fill] = path
        return known[fill]

    return file_of


@pytest.fixture(scope="session")
def filled_database(
    postgres_server: PostgresServer, postgres_template: str
) -> Callable[[Fill], str]:
    """Name of a PostgreSQL database that something has filled, once and only to be copied."""
    known: dict[Fill, str] = {}

    def database_of(fill: Fill) -> str:
        if fill not in known:
            name = postgres_server.create_database(postgres_template)
            _fill(postgres_server.url(name), fill)
            postgres_server.freeze(name)
            known[fill] = name
        return known[fill]

    return database_of


@pytest.fixture
def filled_engine(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str, Fill], Engine]]:
    """A copy, on a kind of database, of a ledger that something has filled."""
    with ExitStack() as after:

        def on_sqlite(fill: Fill) -> str:
            path = tmp_path / "ledger.sqlite"
            shutil.copyfile(request.getfixturevalue("filled_file")(fill), path)
            return f"sqlite:///{path}"

        def on_postgresql(fill: Fill) -> str:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            name = server.create_database(request.getfixturevalue("filled_database")(fill))
            after.callback(server.drop_database, name)
            return server.url(name)

        def copy(kind: str, fill: Fill) -> Engine:
            url = {"sqlite": on_sqlite, "postgresql": on_postgresql}[kind](fill)
            engine = open_engine(resolve_url(url))
            after.callback(engine.dispose)
            return engine

        yield copy


def on_both(fill: Fill) -> Any:
    """Make a fixture: a ledger that something has filled, on SQLite and on PostgreSQL."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def filled(
        request: pytest.FixtureRequest, filled_engine: Callable[[str, Fill], Engine]
    ) -> Engine:
        return filled_engine(request.param, fill)

    return filled
