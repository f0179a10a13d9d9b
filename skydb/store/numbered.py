"""Rows that are inserted together, with the numbers that they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session


def insert_numbered(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]]
) -> Sequence[int]:
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
    """
    if not rows:
        return ()
    if session.get_bind().dialect.name != "sqlite":
        asked = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return session.scalars(asked, rows).all()
    first = 1 + (session.scalar(select(func.max(table.c.id))) or 0)
    numbers = range(first, first + len(rows))
    numbered = [{**row, "id": number} for row, number in zip(rows, numbers, strict=True)]
    session.execute(insert(table), numbered)
    return numbers
