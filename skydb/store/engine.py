"""Database engines: SQLite by default, PostgreSQL for a team, one behaviour."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from skydb.errors import NotFoundError, UsageError
from skydb.store.limits import guard

DEFAULT_URL = "sqlite:///skydb.sqlite"

#: Execution option that marks a connection as a reader: on SQLite it then takes no
#: write lock, so that any number of readers go on beside one writer.
READ_ONLY = "skydb_read_only"

#: Longest that a writer waits for another one.
BUSY_TIMEOUT_MS = 60_000

#: A view has up to nine tables. With its default of 8 PostgreSQL plans a question that joins
#: one to something else in parts, and may read all solutions to find those of one visit.
PLAN_WHOLE_VIEWS = "SET join_collapse_limit = 12; SET from_collapse_limit = 12"

#: In which zone a server shows times and reads those without one is a setting of the server.
TIMES_ARE_UTC = "SET TIME ZONE 'UTC'"

#: What writers of one PostgreSQL database take turns on; the letters of "skydb".
_WRITERS_LOCK = 0x736B796462


def resolve_url(url: str | None = None) -> URL:
    """The URL asked for, else ``$SKYDB_URL``, else a SQLite file in the current directory.

    Raises
    ------
    UsageError
        When it is no database URL, or of a database that skydb does not support.
    """
    text = url or os.environ.get("SKYDB_URL") or DEFAULT_URL
    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UsageError(
            f"{text!r} is not a database URL.",
            advice="Use sqlite:///FILE or postgresql://USER@HOST/NAME.",
        ) from error
    return _with_driver(parsed)


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UsageError(f"skydb does not support {backend}.", advice="Use SQLite or PostgreSQL.")
    return url.set(drivername="sqlite")


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL and for a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).expanduser().resolve()


def open_engine(url: URL, *, must_exist: bool = True) -> Engine:
    """Make an engine whose transactions behave alike on both databases.

    Raises
    ------
    NotFoundError
        When the SQLite file is not there and must be.
    """
    path = sqlite_path(url)
    if path is not None and must_exist and not path.is_file():
        raise NotFoundError(f"There is no database {path}.", advice="Make it with `skydb init`.")
    engine = create_engine(url)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    guard(engine)
    return engine


def as_reader(engine: Engine) -> Engine:
    """The same database for transactions that cannot write and that wait for no writer.

    All statements of one such transaction see one state of the ledger.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    return engine.execution_options(
        **{READ_ONLY: True}, postgresql_readonly=True, isolation_level="REPEATABLE READ"
    )


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # The driver's own transaction handling loses updates; with isolation_level None
    # it keeps out of the way and BEGIN IMMEDIATE serialises the writers.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(PLAN_WHOLE_VIEWS)
    cursor.execute(TIMES_ARE_UTC)
    cursor.close()
    connection.commit()


def _reads_only(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(READ_ONLY, False))


def _begin_sqlite(connection: Connection) -> None:
    reads = _reads_only(connection)
    # Set either way: a connection of the pool may have been the other thing before.
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    # Rows that are read, changed and written by two writers at once would lose a change,
    # so that writers take turns, as BEGIN IMMEDIATE makes them do on SQLite.
    if not _reads_only(connection):
        connection.exec_driver_sql(
            f"SELECT set_config('lock_timeout', '{BUSY_TIMEOUT_MS}', true),"
            f" pg_advisory_xact_lock({_WRITERS_LOCK})"
        )
