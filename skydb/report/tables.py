"""Columns, cells and rows, shared by the command line and the HTML pages.

A :class:`Column` has the name, the format and the tone of one quantity; a
:class:`Cell` is the result, without any markup.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.store.columns import Quantity

EM_DASH = "\N{EM DASH}"

#: Types of a cell of such a table.
Anything: TypeAlias = Any
Row = Mapping[str, Any]
#: An astropy Table or QTable, a pandas DataFrame, or a sequence of mappings or
#: dataclasses. None of their libraries is imported to recognise them.
PlainTable: TypeAlias = Any


class Tone(StrEnum):
    """Meaning of a cell at a glance."""

    NEUTRAL = "neutral"
    """Nothing to remark."""
    GOOD = "good"
    """As it should be."""
    WARNING = "warning"
    """Usable, with a reservation."""
    BAD = "bad"
    """Not what was asked for."""
    MISSING = "missing"
    """No value."""


class Justify(StrEnum):
    """Horizontal alignment of a column."""

    AUTO = "auto"
    """Right for columns of numbers, left for the rest."""
    LEFT = "left"
    """Flush left."""
    RIGHT = "right"
    """Flush right."""
    CENTER = "center"
    """Centred."""


#: Words of the vocabularies that a status cell is coloured by.
STATUS_TONES: Mapping[str, Tone] = {
    **dict.fromkeys(
        ("applied", "succeeded", "complete", "passed", "identical", "verified"), Tone.GOOD
    ),
    **dict.fromkeys(
        (
            "proposed",
            "pending",
            "running",
            "unchecked",
            "skipped",
            "within-tolerance",
            "weak",
            "interrupted",
        ),
        Tone.WARNING,
    ),
    **dict.fromkeys(
        ("failed", "rejected", "corrupt", "downgraded", "different", "mismatch", "crashed"),
        Tone.BAD,
    ),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One formatted value: plain text, and how it is to be read."""

    text: str
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Column:
    """Format of one column of a table: that of the registry, unless the table differs.

    Parameters
    ----------
    name : str
        Key of the value in a row, which :func:`skydb.store.columns.field_of` knows.
    header : str or None, optional
        What is printed above, without the unit; None for that of the registry.
    unit : str or None, optional
        Printed with the header; a ``Quantity`` is converted to it. None for the registry's.
    format : str or None, optional
        Format specification (``".3f"``) for numbers; None for that of the registry, empty for
        values as they are.
    justify : Justify, optional
        Alignment.
    true_tone, false_tone : Tone, optional
        How yes and no are to be read, such as ``BAD`` for a true ``downgraded``.
    wraps : bool, optional
        Whether long text may be folded over several lines; names never are.
    spare : int, optional
        0 for a column that is always shown; of the others the highest is left out first where
        the terminal is too narrow for all.
    beside : str or None, optional
        Column that has the unit of each row; None for what the registry says, empty for none.
    tones : mapping of str to Tone, optional
        How words are to be read; :data:`STATUS_TONES` for a status column. Whole
        words only, in lower case; a neutral column has none.
    """

    name: str
    header: str | None = None
    unit: str | None = None
    format: str | None = None
    justify: Justify = Justify.AUTO
    true_tone: Tone = Tone.NEUTRAL
    false_tone: Tone = Tone.NEUTRAL
    wraps: bool = False
    spare: int = 0
    beside: str | None = None
    tones: Mapping[str, Tone] = field(default_factory=dict)

    @classmethod
    def status(cls, name: str = "status", header: str | None = None, spare: int = 0) -> Column:
        """A column of states, coloured by :data:`STATUS_TONES`."""
        return cls(name, header, tones=STATUS_TONES, spare=spare)

    @classmethod
    def alarm(cls, name: str, header: str | None = None, spare: int = 0) -> Column:
        """A column of booleans whose yes is bad news."""
        return cls(name, header, justify=Justify.CENTER, true_tone=Tone.BAD, spare=spare)

    @property
    def registered(self) -> Quantity:
        """Entry of the registry for the name."""
        # Reading it costs what a command that prints nothing need not pay.
        from skydb.store.columns import field_of

        return field_of(self.name)

    @property
    def title(self) -> str:
        """The header, without the unit."""
        return self.registered.header if self.header is None else self.header

    @property
    def shown_unit(self) -> str | None:
        """Unit printed with the header; None for texts, counts and values in units of rows."""
        from skydb.store.columns import printed_unit

        return printed_unit(self.unit) if self.unit else self.registered.shown_unit

    @property
    def unit_beside(self) -> str | None:
        """Name of the column that has the unit of each row, or None."""
        known = self.registered.unit_beside if self.beside is None else self.beside
        return None if self.unit else known or None

    def cell(self, value: object, *, missing: str = EM_DASH) -> Cell:
        """Format one value.

        Parameters
        ----------
        value : object
            Anything a row holds: number, ``Quantity``, text, enum, boolean, None.
        missing : str, optional
            Text for None, NaN and masked values.
        """
        return self.printer(missing=missing)(value)

    def printer(self, *, missing: str = EM_DASH) -> Callable[[object], Cell]:
        """Return the function that makes a cell of a value; see :meth:`cell`."""
        known = self.registered
        unit = self.unit or known.unit
        spec = known.format if self.format is None else self.format
        is_moment = self.shown_unit == "UTC" and self.format is None
        absent = Cell(missing, Tone.MISSING)
        truth = {True: Cell("yes", self.true_tone), False: Cell("no", self.false_tone)}

        def print_one(value: object) -> Cell:
            value = plain_value(value, unit)
            if value is None:
                return absent
            if isinstance(value, bool):
                return truth[value]
            if isinstance(value, (int, float)):
                return Cell(format_number(value, spec))
            text = printable(_moment(value) if is_moment else str(value))
            return Cell(text, self.tones.get(text.lower(), Tone.NEUTRAL))

        return print_one

    def justified(self, rows: Iterable[Row]) -> Justify:
        """The alignment of these rows."""
        if self.justify is not Justify.AUTO:
            return self.justify
        values = [plain_value(row.get(self.name), None) for row in rows]
        known = [value for value in values if value is not None]
        return Justify.RIGHT if known and all(map(_is_number, known)) else Justify.LEFT


def _moment(value: object) -> str:
    """A time to the second in UTC; a text that is none stays as it is."""
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    at_greenwich = when.astimezone(UTC) if when.tzinfo else when
    return f"{at_greenwich:%Y-%m-%d %H:%M:%S}"


def format_number(value: float, spec: str = "") -> str:
    """Format a number; a value that rounds to zero never shows as ``-0.000``.

    Raises
    ------
    UsageError
        When the specification does not suit the number.
    """
    try:
        text = format(value, spec)
    except ValueError as error:
        raise UsageError(
            f"The format {spec!r} does not suit the value {value!r}.",
            advice="Use a format specification such as '.3f'.",
        ) from error
    if text.startswith("-") and math.isfinite(value) and not any(c in "123456789" for c in text):
        return text[1:]
    return text


def printable(text: str) -> str:
    """The text on one line, with control characters spelled out.

    File names are data: an escape sequence in one must not reach a terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    return " " if character in "\n\t" else ascii(character)[1:-1]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def plain_value(value: Anything, unit: str | None = None) -> object:
    """The plain Python value of anything a table cell holds.

    Parameters
    ----------
    value : object
        Quantities, numpy and pandas scalars, masked values, enums and sequences
        are understood.
    unit : str or None
        Unit to convert a ``Quantity`` to, when it can be; None keeps its own.

    Returns
    -------
    object
        None for None, NaN, NaT, ``pandas.NA`` and masked values.
    """
    # Most values are plain already, and a table may have a million.
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return None if math.isnan(value) else value
    if hasattr(value, "to_value") and hasattr(value, "unit"):
        value = value.to_value(unit) if unit else value.value
    if isinstance(value, Enum):
        value = value.value
    if getattr(value, "mask", False) is True or type(value).__name__ in (
        "MaskedConstant",
        "NAType",
        "NaTType",
    ):
        return None
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value)) or None
    return value


def rows_of(table: PlainTable) -> list[Row]:
    """Rows of any plain table, as mappings from column name to value.

    Parameters
    ----------
    table : astropy.table.Table, pandas.DataFrame, or sequence
        A sequence holds mappings or dataclasses.

    Raises
    ------
    UsageError
        When it is none of these.
    """
    if hasattr(table, "colnames"):
        return [{name: row[name] for name in table.colnames} for row in table]
    if hasattr(table, "to_dict") and hasattr(table, "columns"):
        rows: list[Row] = table.to_dict(orient="records")
        return rows
    return [_row_of(item) for item in table]


def _row_of(item: object) -> Row:
    if isinstance(item, Mapping):
        return item
    if is_dataclass(item) and not isinstance(item, type):
        return {part.name: getattr(item, part.name) for part in fields(item)}
    raise UsageError(
        f"A {type(item).__name__} is not a row of a table.",
        advice="Give a table, or a sequence of mappings or dataclasses.",
    )


def with_units(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Column, ...]:
    """Columns with the unit in the header where all rows have the same.

    The column that had it is not needed then; where units differ, it is always shown.

    Parameters
    ----------
    columns : sequence of Column
        Some of which have their unit in another column.
    rows : sequence of mapping
        The table.
    """
    made: list[Column] = []
    differing: set[str] = set()
    told: set[str] = set()
    for column in columns:
        beside = column.unit_beside
        units = _units_of(column.name, beside, rows) if beside else set()
        unit = next(iter(units)) if len(units) == 1 else None
        # A column without a value leaves the question to the others.
        if beside and units:
            (told if unit else differing).add(beside)
        made.append(replace(column, unit=unit) if unit else column)
    return tuple(
        replace(column, spare=0) if column.name in differing else column
        for column in made
        if column.name in differing or column.name not in told
    )


def _units_of(name: str, beside: str, rows: Sequence[Row]) -> set[str | None]:
    """The units of all values of a column."""
    units = {row.get(beside) for row in rows if plain_value(row.get(name)) is not None}
    return {str(unit) if unit else None for unit in map(plain_value, units)}


def infer_columns(table: PlainTable) -> tuple[Column, ...]:
    """Columns for a table of which nothing is known but its names: as the registry has them.

    Parameters
    ----------
    table : any of those that :func:`rows_of` takes
        A column that has a unit itself keeps it.
    """
    return tuple(_inferred(name, _unit_in_table(table, name)) for name in _names_of(table))


def _names_of(table: PlainTable) -> Sequence[str]:
    if hasattr(table, "colnames"):
        return list(table.colnames)
    if hasattr(table, "to_dict") and hasattr(table, "columns"):
        return [str(name) for name in table.columns]
    return list(dict.fromkeys(name for row in rows_of(table) for name in row))


def _unit_in_table(table: PlainTable, name: str) -> str | None:
    unit = getattr(table[name], "unit", None) if hasattr(table, "colnames") else None
    return str(unit) if unit is not None and str(unit) else None


def _inferred(name: str, unit: str | None) -> Column:
    tones = STATUS_TONES if "status" in name or "verdict" in name else {}
    alarm = Tone.BAD if name == "downgraded" else Tone.NEUTRAL
    return Column(name, unit=unit, tones=tones, true_tone=alarm)
