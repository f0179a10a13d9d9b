"""CSV (RFC 4180) and ECSV (astropy's APE 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from skydb.domain.columns import Cell, ColumnKind, TableColumn
from skydb.files.tableout.head import Rows, TableHead

#: Beginnings of a formula in a spreadsheet (OWASP, "CSV injection"), with the
#: wide forms of East Asian fonts.
_FORMULAS = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")

#: A text that is a number is one for a spreadsheet, too.
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)

_ECSV_TYPES = {
    ColumnKind.STRING: "str",
    ColumnKind.TIME: "str",
    ColumnKind.INTEGER: "int64",
    ColumnKind.NUMBER: "float64",
    ColumnKind.BOOLEAN: "bool",
}


def write_csv(path: Path, head: TableHead, parts: Iterable[Rows]) -> None:
    """Names and rows; NULL is nothing between two commas, an empty text is ``""``.

    Doubles have the digits that bring them back exactly, truth values are ``true`` and
    ``false``. A text that a spreadsheet would run as a formula gets an apostrophe before it,
    unless the head says that texts stay as they are.
    """
    written = _csv_cell if head.is_raw else _harmless_csv_cell
    names = [column.name for column in head.columns]
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(_line(names, ",", "\r\n", written))
        for part in parts:
            stream.writelines(_line(row, ",", "\r\n", written) for row in part)


def write_ecsv(path: Path, head: TableHead, parts: Iterable[Rows]) -> None:
    """Rows after a header in YAML with types, units, UCDs and descriptions.

    NULL is ``""``, as ECSV has it, for texts too. The file has every text as it is; astropy
    trims blanks and tabs at its ends when it reads it, makes every end of a line alike, and
    takes a line of it that begins with ``#`` for a comment.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("# %ECSV 1.0\n# ---\n")
        stream.writelines(f"# {line}\n" for line in _yaml_header(head))
        stream.write(" ".join(_quoted(column.name, " ") for column in head.columns) + "\n")
        for part in parts:
            stream.writelines(_line(row, " ", "\n", _ecsv_cell) for row in part)


def _yaml_header(head: TableHead) -> list[str]:
    from astropy.table import Table
    from astropy.table.meta import get_yaml_from_table

    empty = Table([_ecsv_column(column) for column in head.columns])
    # A line break would not come back from the comment lines that hold the header.
    origin = {name: " ".join(value.split()) for name, value in head.origin.items()}
    empty.meta = {"name": head.name, **origin}
    lines: list[str] = get_yaml_from_table(empty)
    return lines


def _ecsv_column(column: TableColumn) -> Any:  # noqa: ANN401 - astropy has no types
    from astropy.table import Column

    meta = {"ucd": column.ucd, "utype": column.utype}
    if column.kind is ColumnKind.TIME:
        meta["xtype"] = "timestamp"
    return Column(
        [],
        name=column.name,
        dtype=_ECSV_TYPES[column.kind],
        unit=column.unit,
        description=column.description or None,
        meta={name: value for name, value in meta.items() if value},
    )


def _line(
    row: Iterable[Cell], delimiter: str, end: str, written: Callable[[Cell, str], str]
) -> str:
    return delimiter.join(written(cell, delimiter) for cell in row) + end


def _csv_cell(cell: Cell, delimiter: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _quoted(cell, delimiter) if isinstance(cell, str) else repr(cell)


def _harmless_csv_cell(cell: Cell, delimiter: str) -> str:
    runs = isinstance(cell, str) and cell.startswith(_FORMULAS) and not _NUMBER.fullmatch(cell)
    return _csv_cell(f"'{cell}" if runs else cell, delimiter)


def _ecsv_cell(cell: Cell, delimiter: str) -> str:
    if cell is None:
        return '""'
    return _quoted(cell, delimiter) if isinstance(cell, str) else repr(cell)


def _quoted(text: str, delimiter: str = ",") -> str:
    """A text as it can stand between delimiters; quoted also where a reader would trim it.

    Readers that know Unicode end a line at more than CR and LF.
    """
    is_plain = text == text.strip() and len(text.splitlines()) == 1
    needs = not is_plain or any(c in text for c in f'{delimiter}"\r\n#')
    return '"' + text.replace('"', '""') + '"' if needs else text
