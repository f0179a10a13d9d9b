"""Checks of SQLite files before they are opened, and reading without changes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from skydb.errors import NotFoundError, SchemaError, StoreError, UsageError

_MAGIC = b"SQLite format 3\0"

#: Offset of the number that shows whether a file has a write-ahead log.
_WRITE_VERSION = 18
_WAL = 2

#: A table that every ledger has; alembic's own is in databases of many programs.
_OWN = "exposures"
_FEW = 3


def require_ledger_file(
    path: Path, *, must_exist: bool = True, may_be_foreign: bool = False
) -> None:
    """Refuse a path that cannot be a ledger, before SQLite is given it.

    Parameters
    ----------
    path : Path
        The file.
    must_exist : bool
        Whether it is wrong that nothing is there yet.
    may_be_foreign : bool
        Whether it may have tables of another program and no ledger.

    Raises
    ------
    NotFoundError
        When the file is not there and must be, or its directory is not.
    UsageError
        When it is a directory, or no SQLite database.
    SchemaError
        When it is the database of another program.
    StoreError
        When it cannot be read.
    """
    if path.is_dir():
        advice = f"Name a file in it, such as sqlite:///{path}/skydb.sqlite."
        raise UsageError(f"{path} is a directory.", advice=advice)
    if not path.exists():
        if must_exist:
            raise NotFoundError(
                f"There is no database {path}.", advice="Make it with `skydb init`."
            )
        if not path.parent.is_dir():
            raise NotFoundError(f"There is no directory {path.parent}.", advice="Make it first.")
        if not os.access(path.parent, os.W_OK):
            raise StoreError(f"{path} cannot be made: {path.parent} is write-protected.")
        return
    head = _head(path)
    if head and not head.startswith(_MAGIC):
        raise UsageError(f"{path} is not an SQLite database.", advice="Name another file.")
    if head and not may_be_foreign and (others := foreign_tables(path)):
        raise SchemaError(
            f"{path} is a database of another program, with {_named(others)}, not a ledger.",
            advice="Name another file.",
        )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return (
        f"the tables {', '.join(names[:_FEW])}{more}" if len(names) > 1 else f"the table {names[0]}"
    )


def _head(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"{path} is not a file.", advice="Name a file.")
    try:
        with path.open("rb") as stream:
            return stream.read(100)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error


def foreign_tables(path: Path) -> list[str]:
    """Tables of a file that has no ledger; none for a ledger and for an empty database.

    The file is not changed.
    """
    try:
        with closing(sqlite3.connect(_unchanging_uri(path), uri=True)) as connection:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            )
            names = [str(name) for (name,) in found]
    except sqlite3.Error:
        # The caller that opens the file reports its errors.
        return []
    return [] if _OWN in names else names


def _unchanging_uri(path: Path) -> str:
    """Make the URI that reads a file without changing it or making files beside it.

    A reader of a file with a write-ahead log makes that log and its index, unless SQLite is
    configured that the file does not change. This is true while no process has a log open.
    """
    has_log = _head(path)[_WRITE_VERSION : _WRITE_VERSION + 1] == bytes((_WAL,))
    is_quiet = has_log and not any(_beside(path, end).exists() for end in ("-wal", "-shm"))
    return _uri(path, immutable=is_quiet)


def is_writable(path: Path) -> bool:
    """Whether a ledger can be written to: the file, and its directory for the log."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def open_reading(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open a file so that nothing can be written to it, wherever it lies.

    Returns
    -------
    connection : sqlite3.Connection
        For use by any one thread at a time.
    is_frozen : bool
        Whether SQLite was configured that the file does not change, because it cannot keep
        its locks there; compare :func:`stamp` to see whether it did.

    Raises
    ------
    StoreError
        When a write-ahead log that was left cannot be read without writing.
    """
    try:
        return _checked(_uri(path, immutable=False)), False
    except sqlite3.OperationalError as error:
        log = _beside(path, "-wal")
        if is_writable(path):
            raise
        if log.exists() and log.stat().st_size:
            raise StoreError(
                f"{path} cannot be read where it is: {log.name} beside it has changes that were "
                "not yet written to it.",
                advice="Copy both files to a directory that can be written to.",
            ) from error
        return _checked(_uri(path, immutable=True)), True


def stamp(path: Path) -> tuple[object, ...]:
    """State of a file that every write changes."""
    found, log = path.stat(), _beside(path, "-wal")
    return found.st_ino, found.st_size, found.st_mtime_ns, log.exists() and log.stat().st_size > 0


def _checked(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _uri(path: Path, *, immutable: bool) -> str:
    return f"file:{quote(str(path))}?mode=ro{'&immutable=1' if immutable else ''}"
