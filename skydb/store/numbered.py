"""Rows that are inserted together, with the numbers that they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from skydb.store.bulk import BulkWriter
from skydb.store.limits import require_room_in_all

#: Rows with the same columns in each.
Rows = Sequence[Mapping[str, Any]]


def insert_numbered(session: Session, table: Table, rows: Rows) -> Sequence[int]:
    """Insert rows; returns their numbers, in order.

    PostgreSQL numbers them. SQLite has one writer at a time and gives a row the number after
    the highest; asked for the number that it gave, it would take the rows one by one.

    Parameters
    ----------
    session : Session
        A transaction that writes.
    table : Table
        One with a column ``id``, the number of a row.
    rows : sequence of mapping
        The same columns in each, without ``id``.

    Raises
    ------
    RowRefusedError
        When a column has no room for a value.
    """
    if not rows:
        return ()
    if session.get_bind().dialect.name != "sqlite":
        asked = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return session.scalars(asked, rows).all()
    first = 1 + (session.scalar(select(func.max(table.c.id))) or 0)
    numbers = range(first, first + len(rows))
    _insert_columns(session, table, {**_columns_of(rows), "id": numbers})
    return numbers


def insert_together(session: Session, table: Table, rows: Rows) -> None:
    """Insert rows; see :func:`insert_numbered`."""
    if not rows:
        return
    if session.get_bind().dialect.name != "sqlite":
        session.execute(insert(table), rows)
    else:
        _insert_columns(session, table, _columns_of(rows))


def _columns_of(rows: Rows) -> dict[str, Sequence[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _insert_columns(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows column by column into SQLite: each value is checked and converted once."""
    require_room_in_all(table, columns)
    BulkWriter(session.connection()).write_batch(table, columns)
