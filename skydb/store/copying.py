"""Copies of a ledger between databases of any kind, verified row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Enum,
    String,
    Table,
    TableClause,
    column,
    func,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError

from skydb.domain import Base
from skydb.domain.columntypes import Word
from skydb.errors import StoreError, UsageError
from skydb.store.bulk import BulkWriter
from skydb.store.engine import as_reader
from skydb.store.rowsums import RowSum, encoder_of
from skydb.store.summaries import renew_all, set_aside

#: Rows that are held at once.
_PART = 5_000

#: Tables that migrations fill, so that a new ledger has rows in them.
_SEEDED = ("bad_deliveries", "passbands")

#: Documents in which NULL stays NULL instead of becoming a null inside a document.
_DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


@dataclass(frozen=True, slots=True)
class TableCopy:
    """One table that was copied.

    Parameters
    ----------
    table : str
        Its name.
    rows : int
        How many it has, on both sides.
    checksum : str
        Of its rows, independent of their order and of the kind of database.
    verified : bool
        Whether the copy was read again and has the same rows and checksum.
    """

    table: str
    rows: int
    checksum: str
    verified: bool


def tables_in_order() -> list[Table]:
    """Every table of the ledger, each after those that it refers to."""
    return list(Base.metadata.sorted_tables)


def copy_ledger(
    source: Engine,
    target: Engine,
    advance: Callable[[str], None] = lambda _: None,
    *,
    is_new: bool = False,
) -> list[TableCopy]:
    """Copy every row of a ledger into an empty one, in one transaction.

    A target that has all rows of the source and no others, as when a finished copy is
    repeated, is proved and left as it is.

    Parameters
    ----------
    source, target : Engine
        Both at the same revision of the schema.
    advance : callable
        Called with the name of each table before it is copied.
    is_new : bool
        Whether the target was made for this, so that its only rows are those of migrations.

    Returns
    -------
    list of TableCopy
        In the order of copying.

    Raises
    ------
    UsageError
        When the target has other rows.
    StoreError
        When the target refuses a row, or a table read back is not what was written; the
        target is then as it was.
    """
    with as_reader(source).connect() as reading, _one_transaction(target) as writing:
        filled = None if is_new else _first_with_rows(reading, writing)
        if filled is None:
            copies = _copy_all(reading, writing, advance)
        else:
            copies = _proved_again(reading, writing, filled, advance)
    renew_all(target)
    return copies


def _copy_all(
    reading: Connection, writing: Connection, advance: Callable[[str], None]
) -> list[TableCopy]:
    _clear_seeds(writing)
    with set_aside(writing), _references_waiting(writing):
        copies = []
        for each in tables_in_order():
            advance(each.name)
            copies.append(_copy(reading, writing, each))
    BulkWriter(writing).advance_keys(tables_in_order())
    return copies


def _proved_again(
    reading: Connection, writing: Connection, filled: Table, advance: Callable[[str], None]
) -> list[TableCopy]:
    """Prove a copy that is there; refuse a target with other rows, naming a filled table."""
    copies = []
    for each in tables_in_order():
        advance(each.name)
        here, there = checksum_of(reading, each), checksum_of(writing, each)
        if (here.rows, here.total) != (there.rows, there.total):
            rows = writing.scalar(select(func.count()).select_from(_plain(filled)))
            raise UsageError(
                f"The target is not empty: {filled.name} has {rows} row{'s' * (rows != 1)}.",
                advice="Name a database that does not exist yet, or an empty one.",
            )
        copies.append(TableCopy(each.name, here.rows, here.hexadecimal, verified=True))
    return copies


@contextmanager
def _one_transaction(target: Engine) -> Iterator[Connection]:
    try:
        with target.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", error)).split()).removesuffix(".")
        raise StoreError(f"The copy failed: {said}.") from error


def _copy(reading: Connection, writing: Connection, each: Table) -> TableCopy:
    plain, sent, writer = _plain(each), _sum_of(each), BulkWriter(writing)
    for rows in _parts(reading, each):
        sent.add(rows)
        columns = zip(*rows, strict=True)
        try:
            writer.write(plain, dict(zip(plain.c.keys(), columns, strict=True)))
        except StoreError as error:
            raise StoreError(f"The copy failed: {error}") from error
    received = checksum_of(writing, each)
    if (sent.rows, sent.total) != (received.rows, received.total):
        raise StoreError(
            f"The copy of {each.name} differs from the original: {sent.rows} rows with checksum "
            f"{sent.hexadecimal[:12]} were written, {received.rows} rows with checksum "
            f"{received.hexadecimal[:12]} were read back.",
            advice="Nothing was kept.",
        )
    return TableCopy(each.name, sent.rows, sent.hexadecimal, verified=True)


def checksum_of(connection: Connection, each: Table) -> RowSum:
    """Count the rows of a table and compute their checksum."""
    found = _sum_of(each)
    for rows in _parts(connection, each):
        found.add(rows)
    return found


def _sum_of(each: Table) -> RowSum:
    return RowSum([encoder_of(one) for one in each.columns])


def _parts(connection: Connection, each: Table) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows of a table, some at a time, the database's own cursor holding the rest."""
    plain = _plain(each)
    keys = [plain.c[key.name] for key in each.primary_key]
    options = {"stream_results": True, "yield_per": _PART}
    found = connection.execute(select(plain).order_by(*keys), execution_options=options)
    for part in found.partitions(_PART):
        yield [tuple(row) for row in part]


def _plain(each: Table) -> TableClause:
    """A table whose values are copied unchanged: words of vocabularies as texts."""
    return table(each.name, *(column(one.name, _type_of(one)) for one in each.columns))


def _type_of(one: Column[Any]) -> Any:  # noqa: ANN401 - a type engine of any kind
    if isinstance(one.type, Enum | Word):
        return String()
    return _DOCUMENT if isinstance(one.type, JSON) else one.type


def _first_with_rows(reading: Connection, writing: Connection) -> Table | None:
    """Find a table of the target with rows, except those of every new ledger."""
    for each in tables_in_order():
        plain = _plain(each)
        if writing.execute(select(plain).limit(1)).first() is not None and (
            each.name not in _SEEDED or not _has_all(reading, writing, plain)
        ):
            return each
    return None


def _has_all(reading: Connection, writing: Connection, plain: TableClause) -> bool:
    """Whether the source has every row of the target, so that clearing it loses nothing."""
    known = {tuple(row) for row in reading.execute(select(plain))}
    return all(tuple(row) in known for row in writing.execute(select(plain)))


def _clear_seeds(writing: Connection) -> None:
    for name in _SEEDED:
        writing.execute(table(name).delete())


@contextmanager
def _references_waiting(writing: Connection) -> Iterator[None]:
    """Let rows refer to later rows of their table until all are copied."""
    if writing.dialect.name == "sqlite":
        # Ends with the transaction, which fails when a reference leads nowhere.
        writing.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        yield
        return
    own = [
        (each.name, constraint.name)
        for each in tables_in_order()
        for constraint in each.foreign_key_constraints
        if constraint.referred_table is each
    ]
    for name, constraint_name in own:
        _alter(writing, name, constraint_name, "DEFERRABLE INITIALLY DEFERRED")
    yield
    writing.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for name, constraint_name in own:
        _alter(writing, name, constraint_name, "NOT DEFERRABLE")


def _alter(writing: Connection, name: str, constraint: object, how: str) -> None:
    writing.exec_driver_sql(f"ALTER TABLE {name} ALTER CONSTRAINT {constraint} {how}")
