"""Every column takes and refuses the same values on both databases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Enum,
    Float,
    Integer,
    String,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from skydb.domain import Exposure, Visit
from skydb.domain.base import Word
from skydb.errors import NotFoundError, RowRefusedError
from skydb.store.copying import tables_in_order
from skydb.store.limits import LONGEST_IN_INDEX_BYTES, refused_attribute
from skydb.store.unit_of_work import Store
from tests.store.anyrows import fill_every_table

HUGE = 10**25
#: Nothing that a compressing database can make small.
NOISE = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(5000))
FIRST, LAST = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))
BEFORE, AFTER = (
    moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    for moment, hours in ((datetime.min, 1), (datetime.max, -1))
)


def indexed(column: Column[Any]) -> bool:
    named = {part.name for index in column.table.indexes for part in index.columns}
    return column.primary_key or bool(column.unique) or column.name in named


def values(column: Column[Any]) -> Iterator[tuple[Any, bool]]:
    """Values at the limits of a column and beyond them, and whether it has them."""
    kind = column.type
    if isinstance(kind, Word | Enum | Boolean):
        return
    if isinstance(kind, String):
        yield from texts(kind.length, is_indexed=indexed(column))
    elif isinstance(kind, Integer):
        top = 2 ** (63 if isinstance(kind, BigInteger) else 31)
        yield from [(top - 1, True), (-top, True), (top, False), (-top - 1, False), (HUGE, False)]
    elif isinstance(kind, Float):
        yield from [(1.7976931348623157e308, True), (5e-324, True), (math.inf, True)]
        yield from [(math.nan, bool(column.nullable)), (10**400, False)]
    elif isinstance(kind, JSON):
        deep: list[Any] = []
        for _ in range(300):
            deep = [deep]
        yield from [({"a": 2**63, "\u03b1": [1e308, ""]}, True), ({"a": [math.nan]}, False)]
        yield from [({"\0": 1}, False), ({"a": "\ud800"}, False), ({"a": math.inf}, False)]
        yield from [({"a": 10**5000}, False), ({"a": deep}, False)]
    else:
        assert isinstance(getattr(kind, "impl", kind), DateTime)
        yield from [(FIRST, True), (LAST, True), (BEFORE, False), (AFTER, False)]


def texts(length: int | None, *, is_indexed: bool) -> Iterator[tuple[str, bool]]:
    room = length or (LONGEST_IN_INDEX_BYTES // 3 if is_indexed else len(NOISE))
    yield NOISE[:room], True
    if length or is_indexed:
        yield NOISE[: room + 1], False
    yield from [("a\0"[-room:], False), ("\ud800", False), ("\udcff", False)]


def refuses(connection: Connection, column: Column[Any], row: Sequence[Any], value: Any) -> bool:
    """Test that one row of a table cannot have a value."""
    table = column.table
    assert isinstance(table, Table)
    where = (name == part for name, part in zip(table.primary_key, row, strict=True))
    statement = update(table).where(*where)
    try:
        with connection.begin_nested() as savepoint:
            connection.execute(statement, {column.name: value})
            savepoint.rollback()
    except RowRefusedError as error:
        assert error.reason.startswith(f"{column.name} of {table.name} ")
        return True
    except DBAPIError as error:
        # That a key leads nowhere is a matter of other rows.
        assert column.foreign_keys or column.primary_key, error
        assert "foreign key" in str(error).lower(), error
    return False


def test_every_column_has_the_same_limits_on_every_database(store: Store) -> None:
    asked = 0
    with store.writing() as session:
        connection = session.connection()
        fill_every_table(connection)
        for table in tables_in_order():
            row = connection.execute(select(*table.primary_key).limit(1)).one()
            for column in table.columns:
                for number, (value, fits) in enumerate(values(column)):
                    asked += 1
                    shown = f"{table.name}.{column.name}, value {number}"
                    assert refuses(connection, column, row, value) is not fits, shown
    assert asked > 1000


def test_a_number_that_is_none_is_no_value_on_every_database(store: Store) -> None:
    with store.writing() as session:
        connection = session.connection()
        fill_every_table(connection)
        connection.execute(update(Exposure.__table__), {"exptime_s": math.nan})
        assert set(connection.scalars(select(Exposure.exptime_s))) == {None}


@pytest.mark.parametrize("wanted", [10**25, "\ud800"], ids=["number", "text"])
def test_what_cannot_be_sent_to_a_database_is_never_found(store: Store, wanted: object) -> None:
    column = Visit.proposal_id if isinstance(wanted, int) else Visit.program
    with (
        pytest.raises(NotFoundError, match="does not fit into any database"),
        store.reading() as session,
    ):
        session.scalars(select(Visit).where(column == wanted)).all()


def test_a_row_that_is_refused_is_named_with_its_column(store: Store) -> None:
    said = "The database refused a row: number of visits has 3 characters, there is room for 2"
    with pytest.raises(RowRefusedError, match=said), store.writing() as session:
        session.add(Visit("bxl", "500", 12812))
        session.commit()


@pytest.mark.parametrize("count", [1, 2])
def test_values_within_a_statement_are_checked_too(store: Store, count: int) -> None:
    rows = [{"program": "bxl", "number": "50"}, {"program": "bxl", "number": "500"}][-count:]
    statement = insert(Visit.__table__).values(rows if count > 1 else rows[0])
    said = "number of visits has 3 characters"
    with pytest.raises(RowRefusedError, match=said), store.writing() as session:
        session.execute(statement)
    changing = update(Visit.__table__).values(number="500")
    with pytest.raises(RowRefusedError, match=said), store.writing() as session:
        session.execute(changing)


@dataclass(frozen=True)
class _Computed:
    """A fact whose rootname is a field, and whose target is computed."""

    rootname: str
    target: str

    @property
    def target_name(self) -> str:
        return self.target


@pytest.mark.parametrize(
    ("rootname", "target", "refused"),
    [("ibxl50clq", "M31", None), ("a\0b", "M31", "rootname"), ("ibxl50clq", "M\0", "target_name")],
)
def test_attributes_that_are_computed_are_checked_as_fields(
    rootname: str, target: str, refused: str | None
) -> None:
    found = refused_attribute(Exposure.__table__, _Computed(rootname, target))
    assert (found and found[0]) == refused
