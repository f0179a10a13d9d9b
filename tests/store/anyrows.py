"""Rows for every table of the ledger, whatever its columns: hard values and all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Enum,
    Float,
    Integer,
    Table,
    insert,
    select,
    update,
)

from skydb.domain.base import Word
from skydb.store.copying import tables_in_order

HARD_NUMBERS = (5e-324, 1 / 3, 0.1 + 0.2, -1.7976931348623157e308, 1e22, 0.0, 100.0)
HARD_DOCUMENTS: tuple[Any, ...] = (
    {"b": [1, 1.5, 2.0, 1e22, None, True, ""], "a": {"\u03b1": "\U0001f52d"}},
    {},
    {"deep": [[[]], {"x": -3e-310}]},
)
HARD_TEXTS = ("\u03b1 'quoted' \"so\"", "two\nlines\t\\", " ")
ROWS = 4


def fill_every_table(connection: Connection, seed: int = 5) -> None:
    """Add rows to every table that has none; some refer to later rows of their own table."""
    random = Random(seed)
    for table in tables_in_order():
        if connection.execute(select(table).limit(1)).first() is None:
            connection.execute(insert(table), _rows(connection, table, random))
            _refer_to_later(connection, table)


def _refer_to_later(connection: Connection, table: Table) -> None:
    own = [key.parent for key in table.foreign_keys if key.column.table is table]
    for column in own:
        (key,) = table.primary_key
        for number in range(1, ROWS // 2 + 1):
            later = {column.name: ROWS + 1 - number}
            connection.execute(update(table).where(key == number).values(later))


def _rows(connection: Connection, table: Table, random: Random) -> list[dict[str, Any]]:
    return [
        {column.name: _value(connection, table, column, number, random)
         for column in table.columns}
        for number in range(1, ROWS + 1)
    ]  # fmt: skip


def _value(
    connection: Connection, table: Table, column: Column[Any], number: int, random: Random
) -> Any:
    target = next((key.column for key in column.foreign_keys), None)
    if target is not None and target.table is table:
        return None
    if target is not None:
        known: Sequence[Any] = connection.execute(select(target).order_by(target)).scalars().all()
        return known[(number - 1) % len(known)]
    if column.nullable and number == 2:
        return None
    return _of_type(column, number, random)


def _of_type(column: Column[Any], number: int, random: Random) -> Any:
    kind = column.type
    if isinstance(kind, Word):
        return list(kind.vocabulary)[number % len(kind.vocabulary)]
    if isinstance(kind, Enum):
        return list(kind.enum_class)[number % len(kind.enum_class)]  # type: ignore[arg-type]
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Float):
        return random.choice(HARD_NUMBERS)
    if isinstance(kind, Integer):
        return number if column.primary_key else random.randrange(2**31)
    if isinstance(kind, JSON):
        return HARD_DOCUMENTS[number % len(HARD_DOCUMENTS)]
    if isinstance(getattr(kind, "impl", kind), DateTime):
        return datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(microseconds=number)
    length = getattr(kind, "length", None) or 80
    unique = column.primary_key or column.unique or length < 16
    return f"{number}{column.name}"[:length] if unique else random.choice(HARD_TEXTS) + str(number)
