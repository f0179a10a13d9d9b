"""Columns of a table file in any of the usual formats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.errors import FileRejectedError, ParseError, UnreadableFileError
from skydb.files.quiet import quiet_astropy
from skydb.files.structure import open_skeleton
from skydb.files.textfile import chunks_of, is_packed, read_bytes

if TYPE_CHECKING:
    from astropy.table import Table

_PLAIN_NAMES = ("ra", "dec", "mag")
_RA_NAME = re.compile(r"_?(ra|alpha)", re.IGNORECASE)
#: Largest size of a gzipped table after unpacking: ten million sources.
LARGEST_TABLE_BYTES = 1 << 30
_NO_VALUE = frozenset({"INDEF", "NULL", "N/A", "--", "-"})


@dataclass(frozen=True, eq=False)
class Column:
    """One column as the file has it.

    Parameters
    ----------
    name : str
        Its name, verbatim.
    values : ndarray, shape (N,)
        Values; masked ones are NaN when the column is of numbers.
    unit : str
        Unit in astropy's words, '' when the file gives none.
    whole : ndarray of int, shape (N,), or None
        The values of a column of integers without a masked one, with all their digits.
    """

    name: str
    values: NDArray[Any]
    unit: str = ""
    whole: NDArray[Any] | None = None

    def in_unit(self, path: Path, unit: str) -> NDArray[np.float64]:
        """Values in double precision and a unit; a column without one is taken to be in it.

        Raises
        ------
        FileRejectedError
            When they are not numbers or of another kind of unit.
        """
        try:
            values = np.asarray(self.values, dtype=np.float64)
        except (ValueError, TypeError) as error:
            advice = "Angles are decimal degrees." if unit == "deg" else ""
            reason = f"{self.name} is not a column of numbers"
            raise FileRejectedError(path, reason, advice=advice) from error
        if values.ndim != 1:
            raise FileRejectedError(path, f"{self.name} has several values in a row")
        return values * self._factor(path, unit) if self.unit and unit else values

    def _factor(self, path: Path, unit: str) -> float:
        from astropy import units as u

        try:
            return float(u.Unit(self.unit).to(u.Unit(unit)))
        except (u.UnitConversionError, ValueError, TypeError) as error:
            reason = f"{self.name} is in {self.unit!r}, not in {unit}"
            raise FileRejectedError(path, reason) from error


def read_columns(path: Path) -> dict[str, Column]:
    """All columns of a table file by name.

    The content decides the format, not the name: FITS, VOTable and ECSV announce
    themselves, the rest is text, separated by commas when its first line has one.

    Raises
    ------
    UnreadableFileError
        When the operating system cannot read it, or it is no table.
    ParseError
        When a text file does not follow its format.
    """
    try:
        start = _start_of(path)
    except UnreadableFileError as error:
        raise UnreadableFileError(path, error.reason, advice="Check that it exists.") from error
    if start.startswith(b"SIMPLE  ="):
        return _through_astropy(path, "fits")
    if b"<VOTABLE" in start.upper():
        return _through_astropy(path, "votable")
    if start.startswith(b"# %ECSV"):
        return _through_astropy(path, "ascii.ecsv")
    return _text_columns(path)


def _start_of(path: Path) -> bytes:
    """First bytes of a file, unpacked when it is gzipped.

    Raises
    ------
    UnreadableFileError
        When its gzip stream is damaged.
    """
    return next(iter(chunks_of(path, 4096)), b"")


def _through_astropy(path: Path, kind: str) -> dict[str, Column]:
    from astropy.table import Table

    if kind == "fits":
        with quiet_astropy(), open_skeleton(path):
            pass  # astropy would make room for as many rows as a header announces.
    try:
        with quiet_astropy():
            table = Table.read(_source(path, kind), format=kind)
    except UnreadableFileError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        advice = "Check it with astropy.table.Table.read."
        reason = f"not a table that astropy reads ({type(error).__name__})"
        raise UnreadableFileError(path, reason, advice=advice) from error
    return _columns_of(table)


def _source(path: Path, kind: str) -> Any:  # noqa: ANN401 - whatever astropy reads
    """Open the input for astropy; astropy itself unpacks files without a limit."""
    if kind == "votable" or is_packed(path):
        content = read_bytes(path, LARGEST_TABLE_BYTES)
        return content.decode("utf-8").splitlines() if kind == "ascii.ecsv" else BytesIO(content)
    return path


def _columns_of(table: Table) -> dict[str, Column]:
    return {name: _column(name, table[name]) for name in table.colnames}


def _column(name: str, found: Any) -> Column:  # noqa: ANN401 - see _unmasked
    unit = str(getattr(found, "unit", None) or "")
    values: Any = np.ma.asarray(getattr(found, "value", found))
    is_whole = values.dtype.kind in "iu" and not np.ma.is_masked(values)
    return Column(name, _unmasked(found), unit, np.asarray(values) if is_whole else None)


def _unmasked(column: Any) -> NDArray[Any]:  # noqa: ANN401 - Column, MaskedColumn, Quantity or mixin
    """Plain array; masked numbers become NaN without losing their precision."""
    values: Any = np.ma.asarray(getattr(column, "value", column))
    if values.dtype.kind in "iu":
        values = values.astype(np.float64)
    if values.dtype.kind == "f":
        return np.asarray(values.astype(values.dtype.newbyteorder("=")).filled(np.nan))
    return np.asarray(values.filled())


def _text_columns(path: Path) -> dict[str, Column]:
    """Columns of CSV or of text separated by blanks."""
    lines = _text_of(path).splitlines()
    bare = [(number, line.split("#")[0].strip()) for number, line in enumerate(lines, 1)]
    rows = [(number, line) for number, line in bare if line]
    if not rows:
        raise ParseError(path, 0, "no line with data")
    if "," in rows[0][1]:
        return _csv_columns(path, lines)
    first = rows[0][1].split()
    named = not _is_number(first[0])
    names = first if named else _names_in_comment(lines, rows[0][0], len(first))
    return _number_columns(path, names, rows[1:] if named else rows)


def _text_of(path: Path) -> str:
    try:
        text = read_bytes(path, LARGEST_TABLE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(path, 0, "neither text nor a table format that skydb knows") from error
    if "\0" in text:
        raise ParseError(path, 0, "neither text nor a table format that skydb knows")
    return text


def _csv_columns(path: Path, lines: list[str]) -> dict[str, Column]:
    """Comma-separated values; unnamed columns are RA, Dec and magnitude."""
    from astropy.io import ascii as astropy_ascii

    text = [line for line in lines if line.strip() and not line.startswith("#")]
    first = [cell.strip() for cell in text[0].split(",")]
    if _is_number(first[0]):
        text.insert(0, ",".join(_plain_names(len(first))))
    try:
        with quiet_astropy():
            table = astropy_ascii.read(text, format="csv", guess=False)
    except (astropy_ascii.InconsistentTableError, ValueError) as error:
        raise ParseError(path, 0, f"not CSV ({' '.join(str(error).split())[:100]})") from error
    return _columns_of(table)


def _names_in_comment(lines: list[str], first_line: int, count: int) -> list[str]:
    """Names from the comment just above the data, when they name every column and RA."""
    above = lines[first_line - 2].strip() if first_line > 1 else ""
    names = above.lstrip("#").split() if above.startswith("#") else []
    if len(names) == count and any(_RA_NAME.match(name) for name in names):
        return names
    return _plain_names(count)


def _plain_names(count: int) -> list[str]:
    return [*_PLAIN_NAMES[:count], *(f"col{i + 1}" for i in range(len(_PLAIN_NAMES), count))]


def _number_columns(path: Path, names: list[str], rows: list[tuple[int, str]]) -> dict[str, Column]:
    values: list[list[float]] = []
    numeric = [_is_number(cell) for cell in rows[0][1].split()] if rows else []
    for number, line in rows:
        cells = line.split()
        if len(cells) != len(names):
            raise ParseError(path, number, f"{len(cells)} columns where {len(names)} are due")
        try:
            values.append([float(cell) for cell in cells])
        except ValueError:
            values.append([_cell(path, number, *pair) for pair in zip(cells, numeric, strict=True)])
    array = np.array(values, dtype=np.float64).reshape(len(values), len(names))
    return {name: Column(name, array[:, i]) for i, name in enumerate(names)}


def _cell(path: Path, line_number: int, text: str, is_numeric: bool) -> float:
    """Number in a cell; NaN for "no value" and in a column that has words from its first row."""
    if _is_number(text):
        return float(text)
    if is_numeric and text.upper() not in _NO_VALUE:
        raise ParseError(path, line_number, f"{text!r} is not a number")
    return float("nan")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
