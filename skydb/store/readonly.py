"""Read-only SQL for people: whatever is typed, nothing can be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from sqlalchemy import URL

from skydb.errors import NotFoundError, StoreError, UsageError
from skydb.store.engine import PLAN_WHOLE_VIEWS, TIMES_ARE_UTC, sqlite_path

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)

#: Rows that are fetched at once.
_PART = 10_000

_ADVICE = "`skydb sql` takes one SELECT; see the views in docs/sql-views.md."


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


def ask(url: URL, statement: str) -> Answer:
    """Run one reading statement on a connection that cannot write.

    SQLite is opened with ``mode=ro`` and ``query_only``, and an authorizer admits
    nothing but reading, so that ATTACH and PRAGMA are refused as well. On PostgreSQL
    the statement is that of a cursor in a read-only transaction, which can be one SELECT
    and nothing else, so that COPY, DO and COMMIT are refused as well.

    Raises
    ------
    UsageError
        When the statement is no SQL, is several, or would write.
    NotFoundError
        When the SQLite file is not there.
    StoreError
        When the database cannot be reached.
    """
    with asking(url, statement) as answer:
        rows: list[tuple[Any, ...]] = []
        while part := answer.fetch(_PART):
            rows += part
        return Answer(answer.columns, rows)


@contextmanager
def asking(url: URL, statement: str) -> Iterator[OpenAnswer]:
    """As :func:`ask`, for an answer that is too long to be held at once."""
    if "\0" in statement:
        # PostgreSQL would not see what comes after it.
        raise UsageError("SQL: the statement has a null character.", advice=_ADVICE)
    path = sqlite_path(url)
    opened = _asking_postgresql(url, statement) if path is None else _asking_sqlite(path, statement)
    with opened as answer:
        yield answer


@contextmanager
def _asking_sqlite(path: Path, statement: str) -> Iterator[OpenAnswer]:
    if not path.is_file():
        raise NotFoundError(f"There is no database {path}.", advice="Make it with `skydb init`.")
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.set_authorizer(_only_reading)
        try:
            cursor = connection.execute(statement)
            columns = _names(cursor.description)
        except ValueError as error:
            raise UsageError(f"SQL: {error}.", advice=_ADVICE) from error
        yield OpenAnswer(columns, cursor.fetchmany)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise UsageError(f"SQL: {error}.", advice=_ADVICE) from error
    finally:
        connection.close()


def _only_reading(action: int, *_details: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


@contextmanager
def _asking_postgresql(url: URL, statement: str) -> Iterator[OpenAnswer]:
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = psycopg.connect(conninfo)
    except psycopg.OperationalError as error:
        raise StoreError(f"PostgreSQL cannot be reached: {error}.") from error
    try:
        connection.execute(PLAN_WHOLE_VIEWS)
        connection.execute(TIMES_ARE_UTC)
        connection.commit()
        connection.read_only = True
        with connection.cursor(name="skydb_ask") as cursor:
            try:
                cursor.execute(statement.encode())
                columns = _names(cursor.description)
            except ValueError as error:
                raise _refused(error) from error
            yield OpenAnswer(columns, cursor.fetchmany)
    except psycopg.Error as error:
        raise _refused(error) from error
    finally:
        connection.rollback()
        connection.close()


def _refused(error: Exception) -> UsageError:
    said = (str(error).splitlines() or ["it cannot be understood"])[0]
    return UsageError(f"SQL: {said}.", advice=_ADVICE)


def _names(description: Sequence[Sequence[Any]] | None) -> tuple[str, ...]:
    """Names of the columns of an answer; a statement that answers nothing is no question.

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
