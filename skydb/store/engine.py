"""Database engines: SQLite by default, PostgreSQL for a team, one behaviour."""

from __future__ import annotations

import logging
import os
import platform
import sqlite3
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast
from weakref import WeakSet

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from skydb.errors import StoreError, UsageError
from skydb.interruption import on_abandon, on_break, patience_s
from skydb.store import sqlitefile, turns
from skydb.store.holders import holder_of
from skydb.store.limits import guard
from skydb.store.statements import sharing_engine
from skydb.store.summaries import renew_many
from skydb.store.urls import parsed, redacted

DEFAULT_URL = "sqlite:///skydb.sqlite"

#: Execution option that marks a connection as a reader: on SQLite it then takes no
#: write lock, so that any number of readers go on beside one writer.
READ_ONLY = "skydb_read_only"

#: Execution option of a transaction that leaves the visits noted that it has changed.
COUNTED_LATER = "skydb_counted_later"

#: Longest that a writer waits for another one.
BUSY_TIMEOUT_MS = 60_000

#: Longest wait of SQLite for a writer before the process looks for signals again.
_ONE_WAIT_MS = 100

#: A shorter wait is not reported.
_PATIENCE_S = 3.0

#: Statements that begin a writer. The first one changes the file permanently, so it is not in
#: the settings of readers.
_BEGINNING = ("PRAGMA journal_mode = WAL", "BEGIN IMMEDIATE")

#: Open connections.
_OPEN: WeakSet[ConnectionPoolEntry] = WeakSet()
_OPENING = threading.Lock()

#: A view has up to nine tables. With its default of 8 PostgreSQL plans a query that joins
#: one to something else in parts, and may read all solutions to find those of one visit.
#: A query of 12 it would plan by trial (GEQO), which takes ten times as long as in order.
#: Compiling such a plan (JIT) takes longer than a question to a small ledger.
PLAN_WHOLE_VIEWS = (
    "SET join_collapse_limit = 12; SET from_collapse_limit = 12; SET geqo = off; SET jit = off"
)

#: The time zone in which a server shows and reads times is a setting of the server.
TIMES_ARE_UTC = "SET TIME ZONE 'UTC'"


_log = logging.getLogger(__name__)


def resolve_url(url: str | None = None) -> URL:
    """The URL asked for, else ``$SKYDB_URL``, else a SQLite file in the current directory.

    Raises
    ------
    UsageError
        When it is no database URL, or of a database that skydb does not support.
    """
    return parsed(url or os.environ.get("SKYDB_URL") or DEFAULT_URL)


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL and for a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).expanduser().resolve()


def open_engine(url: URL, *, must_exist: bool = True, may_be_foreign: bool = False) -> Engine:
    """Make an engine whose transactions behave alike on both databases.

    A file or directory that cannot be written to is opened for reading only.

    Parameters
    ----------
    url : URL
        As :func:`resolve_url` makes it.
    must_exist : bool
        Whether it is wrong that an SQLite file is not there.
    may_be_foreign : bool
        Whether an SQLite file may be the database of another program.

    Raises
    ------
    NotFoundError
        When the SQLite file is not there and must be.
    UsageError
        When it is no SQLite file, or a database in memory.
    SchemaError
        When it is the database of another program.
    """
    if url.get_backend_name() != "sqlite":
        return _open_postgresql(url)
    path = sqlite_path(url)
    if path is None:
        raise UsageError(
            "A ledger in memory would be gone at the end of the command.",
            advice="Name a file: sqlite:///FILE.",
        )
    sqlitefile.require_ledger_file(path, must_exist=must_exist, may_be_foreign=may_be_foreign)
    if path.exists() and not sqlitefile.is_writable(path):
        engine = _open_unwritable(url, path)
    else:
        engine = sharing_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    guard(engine)
    event.listen(engine, "commit", _before_commit)
    return engine


def _open_postgresql(url: URL) -> Engine:
    # The application name shows others which process they wait for.
    name = f"skydb {os.getpid()}@{platform.node()}"[:63]
    try:
        engine = sharing_engine(url, connect_args={"fallback_application_name": name})
    except ArgumentError as error:
        raise UsageError(f"The database URL cannot be used: {redacted(str(error))}.") from None
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    guard(engine)
    event.listen(engine, "commit", _before_commit)
    return engine


def _open_unwritable(url: URL, path: Path) -> Engine:
    before = sqlitefile.stamp(path)
    frozen: list[bool] = []

    def connect() -> sqlite3.Connection:
        connection, is_frozen = sqlitefile.open_reading(path)
        frozen.append(is_frozen)
        return connection

    def unchanged(_: object) -> None:
        if any(frozen) and sqlitefile.stamp(path) != before:
            raise StoreError(f"{path} was written to while it was read.", advice="Try again.")

    engine = sharing_engine(url, creator=connect)
    event.listen(engine, "rollback", unchanged)
    event.listen(engine, "begin", partial(_refuse_writers, path))
    return engine


def _refuse_writers(path: Path, connection: Connection) -> None:
    if not _reads_only(connection):
        raise StoreError(
            f"The ledger {path} can only be read: the file or its directory is write-protected.",
            advice="Copy it to where you can write.",
        )


def as_reader(engine: Engine) -> Engine:
    """The same database for transactions that cannot write and that wait for no writer.

    All statements of one such transaction see one state of the ledger.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    return engine.execution_options(
        **{READ_ONLY: True}, postgresql_readonly=True, isolation_level="REPEATABLE READ"
    )


def as_one_of_many(engine: Engine) -> Engine:
    """The same database for a transaction that others follow: the last one counts the visits."""
    return engine.execution_options(**{COUNTED_LATER: True})


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    with _OPENING:
        _OPEN.add(record)
    # The driver's own transaction handling loses updates; with isolation_level None
    # it keeps out of the way and BEGIN IMMEDIATE serialises the writers.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    with _OPENING:
        _OPEN.add(record)
    cursor = connection.cursor()
    cursor.execute(PLAN_WHOLE_VIEWS)
    cursor.execute(TIMES_ARE_UTC)
    cursor.close()
    connection.commit()


def _reads_only(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(READ_ONLY, False))


def _begin_sqlite(connection: Connection) -> None:
    reads = _reads_only(connection)
    # Set in both cases: a connection of the pool may have had the other setting before.
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    if reads:
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_immediate(connection)


def _begin_immediate(connection: Connection) -> None:
    """Wait for the other writers in short steps.

    SQLite does not handle signals while a statement waits.
    """
    driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    since_s, is_reported = time.monotonic(), False
    driver.execute(f"PRAGMA busy_timeout = {_ONE_WAIT_MS}")
    try:
        while not _begun(driver):
            waited_s = time.monotonic() - since_s
            if waited_s >= patience_s(BUSY_TIMEOUT_MS / 1000):
                holder = holder_of(_path_of(connection), driver)
                raise StoreError(
                    f"The database is locked: waited {waited_s:.0f} s for {holder.who}.",
                    advice=holder.advice,
                )
            if waited_s >= _PATIENCE_S and not is_reported:
                is_reported = True
                _log.warning("Waiting for %s.", holder_of(_path_of(connection), driver).who)
    except sqlite3.Error:
        # Once more, so that the error is one of SQLAlchemy.
        for statement in _BEGINNING:
            connection.exec_driver_sql(statement)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _begun(driver: sqlite3.Connection) -> bool:
    """Begin to write, unless another one does."""
    try:
        for statement in _BEGINNING:
            driver.execute(statement)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _path_of(connection: Connection) -> Path:
    path = sqlite_path(connection.engine.url)
    assert path is not None
    return path


@on_break
def _break_off_queries() -> None:
    """End the statements that run in any thread."""
    for connection in _open_connections():
        if isinstance(connection, sqlite3.Connection):
            connection.interrupt()
        else:
            connection.cancel()


@on_abandon
def _give_up_transactions() -> None:
    """Release the locks of other threads; they can write nothing more."""
    for connection in _open_connections():
        if isinstance(connection, sqlite3.Connection):
            with suppress(sqlite3.Error):
                # Done first, because a later write would be a transaction of its own.
                connection.execute("PRAGMA query_only = 1")
                connection.rollback()
        else:
            connection.close()


def _open_connections() -> list[Any]:
    with _OPENING:
        return [record.dbapi_connection for record in _OPEN if record.dbapi_connection]


def _begin_postgresql(connection: Connection) -> None:
    # Rows that are read, changed and written by two writers at once would lose a change,
    # so that writers take turns, as BEGIN IMMEDIATE makes them do on SQLite.
    if not _reads_only(connection):
        turns.take(connection, round(patience_s(BUSY_TIMEOUT_MS / 1000) * 1000))


def _before_commit(connection: Connection) -> None:
    is_counted_later = connection.get_execution_options().get(COUNTED_LATER, False)
    if not is_counted_later and not _reads_only(connection):
        renew_many(connection)
