"""Kinds and units of the columns of an answer: the documented one where it fits, else that found.

SQLite has truth values as 0 and 1 and times as text, PostgreSQL has types of their own;
both are converted to the same, for files and for tables of astropy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from skydb.domain.columns import Cell, ColumnKind, TableColumn
from skydb.store.columns import field_of, shared_unit, unit_of

_LONGEST_INTEGER = 2**63

#: Possible kinds of a value of each type, the narrowest first.
_KINDS: dict[type, tuple[ColumnKind, ...]] = {
    bool: (ColumnKind.BOOLEAN, ColumnKind.STRING),
    int: (ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.STRING),
    float: (ColumnKind.NUMBER, ColumnKind.STRING),
    datetime: (ColumnKind.TIME, ColumnKind.STRING),
    str: (ColumnKind.STRING,),
}
_WIDER = (
    ColumnKind.BOOLEAN,
    ColumnKind.INTEGER,
    ColumnKind.NUMBER,
    ColumnKind.TIME,
    ColumnKind.STRING,
)


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a driver or a row has
    """A value of a driver or a row as bool, int, float, str, UTC datetime or None.

    Sums of integers come as decimals from PostgreSQL, documents as dicts.
    """
    if value is None or type(value) in (bool, float, str):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return value if -_LONGEST_INTEGER <= value < _LONGEST_INTEGER else float(value)
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        is_integer = whole and value.as_tuple().exponent == 0
        return plain(int(value)) if is_integer else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=str)
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date) else str(value)


@dataclass
class ColumnSurvey:
    """Kinds of the values of one column so far.

    Parameters
    ----------
    name : str
        Its name.
    documented : TableColumn or None
        What is known of it beforehand.
    """

    name: str
    documented: TableColumn | None = None
    types: set[type] = field(default_factory=set)
    is_flag: bool = True
    is_moment: bool = True
    is_ascii: bool = True

    def look_at(self, cells: Iterable[Any]) -> None:
        """Add values, as :func:`plain` made them."""
        known = [cell for cell in cells if cell is not None]
        self.types |= {type(cell) for cell in known}
        if self.is_flag and int in self.types:
            self.is_flag = all(cell in (0, 1) for cell in known)
        if str in self.types:
            texts = [cell for cell in known if isinstance(cell, str)]
            self.is_ascii = self.is_ascii and all(text.isascii() for text in texts)
            self.is_moment = self.is_moment and all(_is_moment(text) for text in texts)

    @property
    def kind(self) -> ColumnKind:
        """The documented kind when all values are of it, else the narrowest that holds all."""
        wanted = self.documented.kind if self.documented else None
        if wanted is not None and self._can_be(wanted):
            return wanted
        if not self.types:
            return ColumnKind.STRING if unit_of(self.name) is None else ColumnKind.NUMBER
        return next(kind for kind in _WIDER if all(kind in _KINDS[one] for one in self.types))

    @property
    def column(self) -> TableColumn:
        """The column for the file; documentation of another kind does not apply to it."""
        kind = self.kind
        known = self.documented
        if known is not None and known.kind is kind:
            return replace(known, name=self.name, is_ascii=self.is_ascii)
        return TableColumn(self.name, kind, is_ascii=self.is_ascii).in_unit(unit_of(self.name))

    @property
    def converted(self) -> Callable[[Any], Cell]:
        """Function that makes a cell of this column of a plain value."""
        return _CONVERTED[self.kind]

    def _can_be(self, kind: ColumnKind) -> bool:
        if kind is ColumnKind.TIME and self.types <= {str, datetime}:
            return self.is_moment
        if kind is ColumnKind.BOOLEAN and self.types <= {int, bool}:
            return self.is_flag
        # A number is not made a text, even where a text was expected.
        if kind is ColumnKind.STRING:
            return self.types <= {str}
        return all(kind in _KINDS[one] for one in self.types)


@dataclass(frozen=True)
class SharedUnits:
    """Units of columns whose rows say theirs in another column, found part by part.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    """

    names: Sequence[str]
    said: dict[str, set[object]] = field(default_factory=dict)

    def look_at(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take note of more rows."""
        for place, name in enumerate(self.names):
            beside = field_of(name).unit_beside
            if beside in self.names:
                unit = self.names.index(beside)
                found = {row[unit] for row in rows if row[place] is not None}
                self.said[name] = self.said.get(name, set()) | found

    def completed(self, column: TableColumn) -> TableColumn:
        """A column with the unit that all its values have; as it was where they differ."""
        return column.in_unit(shared_unit(self.said.get(column.name, ())))


def _is_moment(text: str) -> bool:
    try:
        return len(text) > len("2026-01-31") and datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def _text(value: Any) -> Cell:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)


def _moment(value: Any) -> Cell:  # noqa: ANN401
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat()


def _as(make: Callable[[Any], Cell]) -> Callable[[Any], Cell]:
    return lambda value: None if value is None else make(value)


_CONVERTED: dict[ColumnKind, Callable[[Any], Cell]] = {
    ColumnKind.STRING: _text,
    ColumnKind.TIME: _moment,
    ColumnKind.INTEGER: _as(int),
    ColumnKind.NUMBER: _as(float),
    ColumnKind.BOOLEAN: _as(bool),
}
