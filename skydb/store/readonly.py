"""Read-only SQL for users: no statement can write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from skydb.errors import StoreError, UsageError
from skydb.store.engine import PLAN_WHOLE_VIEWS, TIMES_ARE_UTC, sqlite_path
from skydb.store.roles import require_harmless, require_no_action
from skydb.store.sqladvice import advice_on
from skydb.store.sqlitefile import open_reading, require_ledger_file, stamp
from skydb.store.urls import redacted
from skydb.store.watched import Watch

if TYPE_CHECKING:
    import psycopg

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)

#: Functions of SQLite that reach files or code, where a build has them.
_ACTING_OF_SQLITE = frozenset(("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"))

#: Rows that are fetched at once.
_PART = 1_000

#: Largest growth of this process for one part of an answer.
_MEMORY_BYTES = 512 * 2**20

#: Longest text that an expression of SQLite may make, in bytes, more than any value.
_LONGEST_VALUE = 64 * 2**20

#: Limit of wildcards: a pattern with many takes long, and cannot be interrupted.
_LONGEST_PATTERN = 200

#: A server ends a statement later than the process that waits for it.
_GRACE_S = 5.0

_ABANDONED: list[psycopg.Connection[Any]] = []
_ADVICE = advice_on()


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits of a query.

    Parameters
    ----------
    timeout_s : float or None
        Time for the database to answer; any when None.
    as_is : bool
        Whether a role of PostgreSQL may do more than read, and functions more than answer.
    """

    timeout_s: float | None = None
    as_is: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a query.

    Parameters
    ----------
    columns : tuple of str
        Names in the order asked for, each once.
    rows : list of tuple
        Values as the database driver gives them.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """Rows of a query that come as they are fetched.

    Parameters
    ----------
    columns : tuple of str
        As in :class:`Answer`.
    fetch : callable
        The next rows, at most so many; none at the end.
    """

    columns: tuple[str, ...]
    fetch: Callable[[int], list[tuple[Any, ...]]]


def ask(url: URL, statement: str, rules: Rules = Rules()) -> Answer:
    """Run one reading statement on a connection that cannot write.

    SQLite is opened with ``mode=ro`` and ``query_only``, and an authorizer admits
    nothing but reading, so that ATTACH and PRAGMA are refused as well. On PostgreSQL
    the statement is that of a cursor in a read-only transaction, which can be one SELECT
    and nothing else, so that COPY, DO and COMMIT are refused as well; a role with which
    a SELECT can do more than read is refused, and so are functions that act outside of it.

    Raises
    ------
    UsageError
        When the statement is no SQL, is several, or would write, or the role may do too much.
    NotFoundError
        When the SQLite file is not there.
    StoreError
        When the database cannot be reached, or the statement takes too long.
    """
    with asking(url, statement, rules) as answer:
        rows: list[tuple[Any, ...]] = []
        while part := answer.fetch(_PART):
            rows += part
        return Answer(answer.columns, rows)


@contextmanager
def asking(url: URL, statement: str, rules: Rules = Rules()) -> Iterator[OpenAnswer]:
    """Run a query like :func:`ask`, for an answer that does not fit in memory."""
    if "\0" in statement:
        # PostgreSQL would not see what comes after it.
        raise UsageError("SQL: the statement has a null character.", advice=_ADVICE)
    path = sqlite_path(url)
    if path is None:
        opened = _asking_postgresql(url, statement, rules)
    else:
        opened = _asking_sqlite(path, statement, rules)
    with opened as answer:
        yield answer


@contextmanager
def _asking_sqlite(path: Path, statement: str, rules: Rules) -> Iterator[OpenAnswer]:
    require_ledger_file(path, may_be_foreign=True)
    before = stamp(path)
    connection, is_frozen = _open_sqlite(path)
    watch = Watch(connection.interrupt, rules.timeout_s, _MEMORY_BYTES)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_only_reading)
        try:
            cursor = watch.call(lambda: connection.execute(statement))
            columns = _names(cursor.description)
        except ValueError as error:
            raise UsageError(f"SQL: {error}.", advice=_ADVICE) from error
        yield OpenAnswer(columns, lambda rows: watch.call(lambda: cursor.fetchmany(rows)))
        if is_frozen and stamp(path) != before:
            raise StoreError(f"{path} was written to while it was read.", advice="Try again.")
    except (sqlite3.Error, sqlite3.Warning) as error:
        said = str(error).rstrip(".")
        raise UsageError(f"SQL: {said}.", advice=advice_on(statement, said)) from error
    finally:
        if not watch.is_stuck:
            connection.close()


def _open_sqlite(path: Path) -> tuple[sqlite3.Connection, bool]:
    try:
        return open_reading(path)
    except sqlite3.Error as error:
        raise StoreError(f"The database {path} cannot be read: {error}.") from error


def _only_reading(action: int, *details: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and details[1] in _ACTING_OF_SQLITE:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


@contextmanager
def _asking_postgresql(url: URL, statement: str, rules: Rules) -> Iterator[OpenAnswer]:
    if not rules.as_is:
        require_no_action(statement)
    import psycopg

    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = psycopg.connect(conninfo, fallback_application_name="skydb sql")
    except psycopg.Error as error:
        said = redacted(" ".join(str(error).split())).removesuffix(".")
        raise StoreError(f"PostgreSQL cannot be reached: {said}.") from error
    watch = Watch(connection.cancel, rules.timeout_s, _MEMORY_BYTES)
    try:
        connection.execute(PLAN_WHOLE_VIEWS)
        connection.execute(TIMES_ARE_UTC)
        connection.commit()
        connection.read_only = True
        if not rules.as_is:
            require_harmless(connection)
        _limit_server(connection, rules)
        with connection.cursor(name="skydb_ask") as cursor:
            try:
                watch.call(lambda: cursor.execute(statement.encode()))
                columns = _names(cursor.description)
            except ValueError as error:
                raise _refused(error) from error
            yield OpenAnswer(columns, lambda rows: watch.call(lambda: cursor.fetchmany(rows)))
    except psycopg.Error as error:
        raise _refused(error, statement) from error
    finally:
        if watch.is_stuck:
            # Its thread still uses it: it is closed when the process ends.
            _ABANDONED.append(connection)
        else:
            connection.rollback()
            connection.close()


def _limit_server(connection: psycopg.Connection[Any], rules: Rules) -> None:
    """Let the server end a slow statement, also after this process was killed."""
    if rules.timeout_s:
        ends_ms = int(1000 * (rules.timeout_s + _GRACE_S))
        connection.execute(f"SET LOCAL statement_timeout = {ends_ms}")


def _refused(error: Exception, statement: str = "") -> UsageError:
    said = (str(error).splitlines() or ["it cannot be understood"])[0].rstrip(".")
    return UsageError(f"SQL: {said}.", advice=advice_on(statement, said))


def _names(description: Sequence[Sequence[Any]] | None) -> tuple[str, ...]:
    """Names of the columns of an answer; a statement without an answer is refused.

    A name that occurs again gets a number, for rows by name would lose the column.
    """
    if description is None:
        raise ValueError("the statement asks for nothing")
    names: list[str] = []
    for column in description:
        name, number = str(column[0]), 2
        while name in names:
            name, number = f"{column[0]}_{number}", number + 1
        names.append(name)
    return tuple(names)
