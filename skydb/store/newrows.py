"""Rows of a table that are written together within a session, past its entities.

They are checked like all others; see :class:`~skydb.store.bulk.BulkWriter` for the writing.
SQLite is given the numbers of rows with them: asked for the number that it gave, it would take
the rows one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

from skydb.domain.base import Base
from skydb.errors import RowRefusedError, StoreError
from skydb.store.bulk import BulkWriter
from skydb.store.limits import fitting

#: Rows with the same columns in each.
Rows = Sequence[Mapping[str, Any]]


def write_rows(session: Session, entity: type[Base], rows: Rows) -> None:
    """Write rows.

    Parameters
    ----------
    session : Session
        A transaction that writes.
    entity : type of Base
        Whose own table has them.
    rows : sequence of mapping
        The same columns in each.

    Raises
    ------
    RowRefusedError
        When a column cannot have a value, or a row contradicts others.
    """
    if rows:
        _write(session, _table_of(entity), _columns_of(rows))


def write_numbered(session: Session, entity: type[Base], rows: Rows) -> Sequence[int]:
    """Write rows without ``id``, the number of a row; returns their numbers, in order.

    Parameters
    ----------
    session, entity, rows
        As :func:`write_rows` takes them.

    Raises
    ------
    RowRefusedError
        As :func:`write_rows` does.
    """
    if not rows:
        return ()
    table = _table_of(entity)
    numbers = _next_numbers(session, table, len(rows))
    _write(session, table, {"id": numbers, **_columns_of(rows)})
    return numbers


def _columns_of(rows: Rows) -> dict[str, Sequence[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _write(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    connection = session.connection()
    try:
        BulkWriter(connection).write_batch(table, fitting(table, columns))
    except StoreError as error:
        driver = connection.dialect.loaded_dbapi
        if isinstance(error.__cause__, driver.IntegrityError | driver.DataError):
            said = " ".join(str(error.__cause__).split()).removesuffix(".")
            raise RowRefusedError(
                said, advice="Another process may have written the same thing; try again."
            ) from error
        raise


def _next_numbers(session: Session, table: Table, count: int) -> Sequence[int]:
    """Numbers of rows to come: SQLite has one writer at a time, PostgreSQL a sequence."""
    if session.get_bind().dialect.name == "sqlite":
        first = 1 + (session.scalar(select(func.max(table.c.id))) or 0)
        return range(first, first + count)
    asked = text(
        "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
    )
    return sorted(session.scalars(asked, {"name": table.name, "count": count}))


def _table_of(entity: type[Base]) -> Table:
    table = entity.__table__
    assert isinstance(table, Table)
    return table
