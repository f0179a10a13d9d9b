"""Limits of the columns: a value that one database would refuse is refused for all databases.

SQLite keeps a text of any length in a column of 64 characters, and an integer of 64 bits in
one of 32; PostgreSQL refuses both with all rows of the statement, and names neither row nor
column. So every value is checked here against the type of its column.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Enum,
    Float,
    Integer,
    String,
    Table,
    UniqueConstraint,
    event,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.types import TypeDecorator, TypeEngine

from skydb.domain.columntypes import Word
from skydb.domain.jsontext import JsonText
from skydb.errors import NotFoundError, RowRefusedError

#: Bytes of a text in an index: a third of a page of PostgreSQL, less its head.
LONGEST_IN_INDEX_BYTES = 2600
#: Limit of a number in a document; a numeric of PostgreSQL has more, Python reads 4300 back.
_MOST_DIGITS = 4000
_DEEPEST_DOCUMENT = 200
#: PostgreSQL has no character of code 0, UTF-8 has no half of a surrogate pair.
_NOT_STORED = re.compile("[\0\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MANY_DIGITS = re.compile(rf"\d{{{_MOST_DIGITS - 1}}}")

#: Suffix that SQLAlchemy gives a column name in a statement with several rows.
_NUMBER_OF_ROW = re.compile(r"_m\d+\Z")
#: Errors that Python raises for a value that cannot be sent.
_UNSENDABLE = (OverflowError, UnicodeEncodeError)

#: NUL, halves of surrogate pairs and what is no number, as JSON has them in ASCII.
_DOUBTFUL = re.compile(r"\\u(?:0000|d[89a-f])|NaN|Infinity")

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)

#: Reason why a value does not fit; None when it does.
Check = Callable[[Any], str | None]

#: Names and values that one statement writes to one row.
Row = Mapping[str, Any]


def refusal(column: ColumnElement[Any], value: object) -> str | None:
    """Explain why a column cannot have a value: ``is ...`` or ``has ...``.

    None when it can, and for a word of a vocabulary, which its type checks.

    Parameters
    ----------
    column : Column
        Of a table of the ledger.
    value : object
        As an entity has it.
    """
    table = getattr(column, "table", None)
    check = _checks(table).get(str(column.key)) if isinstance(table, Table) else None
    return None if check is None or value is None else check(value)


def refused_attribute(
    table: Table,
    facts: Any,  # noqa: ANN401 - any dataclass
) -> tuple[str, str] | None:
    """The first attribute that the column of its name cannot have, and why; None when all fit.

    Parameters
    ----------
    table : Table
        Of the ledger.
    facts : object
        A dataclass, some of whose fields and properties have the names of columns.
    """
    # A class is hashable, which mypy does not see.
    for name, check in _checks_of(table, cast("Hashable", type(facts))):
        value = getattr(facts, name)
        if value is not None and (reason := check(value)) is not None:
            return name, reason
    return None


def require_room(table: Table, row: Row) -> None:
    """Refuse a row with a value that its column cannot have.

    Raises
    ------
    RowRefusedError
        With the table, the column and the reason.
    """
    checks = _checks(table)
    for name, value in row.items():
        if value is not None and name in checks:
            reason = checks[name](value)
            if reason is not None:
                raise RowRefusedError(f"{name} of {table.name} {reason}")


def require_room_in_all(table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Refuse rows, given column by column, of which one has a value that its column cannot have.

    Raises
    ------
    RowRefusedError
        See :func:`require_room`.
    """
    checks = _checks(table)
    for name in checks.keys() & columns.keys():
        for value in _different(columns[name]):
            reason = None if value is None else checks[name](value)
            if reason is not None:
                raise RowRefusedError(f"{name} of {table.name} {reason}")


def _different(values: Sequence[Any]) -> Iterable[Any]:
    """Values, each once where they can be compared; 1 is not True."""
    try:
        return [value for _, value in set(zip(map(type, values), values, strict=True))]
    except TypeError:
        return values


def fitting(table: Table, columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Values of many rows, column by column, with NULL for NaN.

    Raises
    ------
    RowRefusedError
        With the table, the column and the reason, for a value that its column cannot have.
    """
    numbers, found = _numbers(table), dict(columns)
    for name, values in columns.items():
        if name in numbers:
            found[name] = [None if value != value else value for value in values]
    require_room_in_all(table, found)
    return found


def guard(engine: Engine) -> None:
    """Check every value that a statement of an engine is to write."""
    event.listen(engine, "before_execute", _before_execute, retval=True)
    event.listen(engine, "handle_error", _translate)


def _before_execute(
    connection: Connection,
    statement: Any,  # noqa: ANN401 - whatever can be executed
    several: Sequence[Row],
    one: Row,
    __: Mapping[str, Any],
) -> tuple[Any, Sequence[Row], Row]:
    if not getattr(statement, "is_dml", False) or not isinstance(statement.table, Table):
        return statement, several, one
    numbers = _numbers(statement.table)
    for row in several or ([one] if one else _rows_within(statement, connection)):
        require_room(statement.table, row)
    if not numbers:
        return statement, several, one
    return statement, [_measured(numbers, row) for row in several], _measured(numbers, one)


def _rows_within(statement: Any, connection: Connection) -> list[Row]:  # noqa: ANN401 - any DML
    """Values inside a statement, one a row; with several rows they are numbered."""
    params = statement.compile(connection).params
    return [{_NUMBER_OF_ROW.sub("", name): value} for name, value in params.items()]


def _measured(numbers: frozenset[str], row: Row) -> Row:
    """Replace NaN in a row by NULL, as SQLite does."""
    unknown = [name for name in numbers & row.keys() if row[name] != row[name]]
    return {**row, **dict.fromkeys(unknown)} if unknown else row


def _is_of_postgresql(error: BaseException) -> bool:
    """Whether psycopg could not send a value, or PostgreSQL has no place for a number."""
    if "psycopg" not in sys.modules:
        return False
    from psycopg import DataError
    from psycopg.errors import NumericValueOutOfRange

    # psycopg raises the bare class for a text with NUL.
    return isinstance(error, NumericValueOutOfRange) or type(error) is DataError


def _translate(context: ExceptionContext) -> None:
    """Raise an error for a value that a driver could not send; no row can have it."""
    error = context.original_exception
    if not isinstance(error, _UNSENDABLE) and not _is_of_postgresql(error):
        return
    statement = getattr(context.execution_context, "invoked_statement", None)
    if getattr(statement, "is_dml", False):
        raise RowRefusedError(f"a value cannot be sent to the database ({error})") from error
    if getattr(statement, "is_select", False):
        raise NotFoundError(
            "The number or text does not fit into any database.",
            advice="Check the arguments.",
        ) from error


@lru_cache(maxsize=256)
def _checks(table: Table) -> dict[str, Check]:
    """Columns whose values the two databases treat differently."""
    indexed = _indexed(table)
    found = {column.key: _check(column, is_indexed=column.key in indexed) for column in table.c}
    return {name: check for name, check in found.items() if check is not None}


@lru_cache(maxsize=256)
def _checks_of(table: Table, kind: type[Any]) -> tuple[tuple[str, Check], ...]:
    """Checks of the columns that are fields or properties of a dataclass."""
    given = {field.name for field in fields(kind)}
    checks = _checks(table).items()
    return tuple((name, check) for name, check in checks if name in given or hasattr(kind, name))


@lru_cache(maxsize=256)
def _numbers(table: Table) -> frozenset[str]:
    return frozenset(column.key for column in table.c if isinstance(column.type, Float))


def _indexed(table: Table) -> set[str]:
    unique = (one for one in table.constraints if isinstance(one, UniqueConstraint))
    parts = [index.columns for index in table.indexes] + [one.columns for one in unique]
    return {column.key for columns in (*parts, table.primary_key.columns) for column in columns}


def _check(column: Column[Any], *, is_indexed: bool) -> Check | None:
    kind: TypeEngine[Any] = column.type
    if isinstance(kind, Word | Enum):
        return None
    if isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, String):
        room = kind.length or math.inf
        return partial(_text, room, LONGEST_IN_INDEX_BYTES if is_indexed else math.inf)
    if isinstance(kind, Integer):
        return partial(_integer, 63 if isinstance(kind, BigInteger) else 31)
    if isinstance(kind, Float):
        return _needed_number if not column.nullable else _number
    if isinstance(kind, JSON):
        return _whole_document
    return _time if isinstance(kind, DateTime) else None


def _text(room: float, bytes_of_index: float, value: object) -> str | None:
    if not isinstance(value, str):
        return None
    if len(value) > room:
        return f"has {len(value)} characters, there is room for {room:g}"
    unfit = _NOT_STORED.search(value)
    if unfit is not None:
        return f"has a character of code {ord(unfit[0])}"
    # A character has four bytes at most.
    if len(value) * 4 > bytes_of_index and len(value.encode()) > bytes_of_index:
        return f"has {len(value.encode())} bytes, there is room for {bytes_of_index:g}"
    return None


def _integer(bits: int, value: object) -> str | None:
    if not isinstance(value, int) or -(2**bits) <= value < 2**bits:
        return None
    return f"is {_shown(value)}, which is out of range"


def _number(value: object) -> str | None:
    try:
        _ = float(value) if isinstance(value, int) else 0.0
    except OverflowError:
        return f"is {_shown(value)}, which is out of range"
    return None


def _needed_number(value: object) -> str | None:
    # NaN is NULL in SQLite, and this column cannot be NULL.
    return "is not a number" if value != value else _number(value)


def _time(value: object) -> str | None:
    try:
        if isinstance(value, datetime) and value.tzinfo is not None:
            value.astimezone(UTC)
    except OverflowError:
        return f"is {value}, which is out of range"
    return None


def _whole_document(value: object) -> str | None:
    """Reason why a document cannot be kept; the text alone shows that most can."""
    if isinstance(value, JsonText):
        return None if _is_plain_json(value) else _document(json.loads(value))
    try:
        text = _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError):
        return _document(value)
    is_plain = (
        text.count("{") + text.count("[") <= _DEEPEST_DOCUMENT
        and "\\u0000" not in text
        and _SURROGATE.search(text) is None
        and _MANY_DIGITS.search(text) is None
    )
    return None if is_plain else _document(value)


def _is_plain_json(text: JsonText) -> bool:
    """Whether a document that is written has nothing that could be refused."""
    return (
        text.count("{") + text.count("[") <= _DEEPEST_DOCUMENT
        and _DOUBTFUL.search(text) is None
        and _MANY_DIGITS.search(text) is None
    )


def _document(value: object, depth: int = 0) -> str | None:
    """Check every value in a document; ``jsonb`` is stricter than JSON."""
    if depth > _DEEPEST_DOCUMENT:
        return f"is more than {_DEEPEST_DOCUMENT} levels deep"
    if isinstance(value, str):
        return _text(math.inf, math.inf, value)
    if isinstance(value, float):
        return None if math.isfinite(value) else f"has {value} in it, which JSON does not have"
    if isinstance(value, int):
        fits = -(10**_MOST_DIGITS) < value < 10**_MOST_DIGITS
        return None if fits else f"has a number of more than {_MOST_DIGITS} digits"
    if isinstance(value, Mapping):
        parts: Iterable[object] = (part for pair in value.items() for part in pair)
    else:
        parts = value if isinstance(value, list | tuple) else ()
    reasons = (_document(part, depth + 1) for part in parts)
    return next((reason for reason in reasons if reason is not None), None)


def _shown(value: object) -> str:
    """Format a number to fit a table cell."""
    if isinstance(value, int) and abs(value) >= 10**80:
        return "a number of more than 80 digits"
    return str(value)
