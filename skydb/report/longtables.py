"""Tables of many rows as plain text, written row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from rich.cells import cell_len

from skydb.report.tables import Cell, Column, Justify, Row, printable

if TYPE_CHECKING:
    from rich.console import Console

#: More rows than these are written one by one, without looking at all of them first.
MANY_ROWS = 300

#: Blanks between two columns.
GAP = 2

#: Rows that are written at once.
_PART = 500

_JUSTIFIED: dict[Justify, Callable[[str, int], str]] = {
    Justify.LEFT: str.ljust,
    Justify.RIGHT: str.rjust,
    Justify.CENTER: str.center,
}


def header_lines(column: Column) -> tuple[str, str]:
    """The header and the unit below it, which may be empty."""
    return column.title, f"[{column.shown_unit}]" if column.shown_unit else ""


def write_rows(
    title: str, columns: Sequence[Column], rows: Sequence[Row], console: Console, *, note: str = ""
) -> None:
    """Write a table of any length, in the width that its first rows need.

    Parameters
    ----------
    title : str
        Written above.
    columns : sequence of Column
        Which values, in which order.
    rows : sequence of mapping
        The first ones say how wide the columns are; longer cells are written as they are.
    console : rich.console.Console
        Its file is written to.
    note : str, optional
        Written below.
    """
    if console.quiet:
        return
    lines = _lines(title, columns, rows, note, console)
    while part := list(islice(lines, _PART)):
        console.file.write("\n".join(part) + "\n")


def _lines(
    title: str, columns: Sequence[Column], rows: Sequence[Row], note: str, console: Console
) -> Iterator[str]:
    named = [header_lines(column) for column in columns]
    heads = [(name, unit) if unit else ("", name) for name, unit in named]
    printers = [(column.name, column.printer(missing="-")) for column in columns]
    first = rows[:MANY_ROWS]
    sample = list(_texts(printers, first))
    widths = [
        max(map(cell_len, (*head, *(line[place] for line in sample))))
        for place, head in enumerate(heads)
    ]
    sides = [column.justified(first) for column in columns]
    if title:
        yield printable(title)
    if any(above for above, _ in heads):
        yield _aligned([above for above, _ in heads], widths, sides)
    yield _aligned([below for _, below in heads], widths, sides)
    rule = "-" if console.options.ascii_only else "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
    yield rule * (sum(widths) + GAP * (len(widths) - 1))
    for texts in _texts(printers, rows):
        yield _aligned(texts, widths, sides)
    if note:
        yield printable(note)


def _texts(
    printers: Sequence[tuple[str, Callable[[object], Cell]]], rows: Sequence[Row]
) -> Iterator[list[str]]:
    for row in rows:
        yield [printed(row.get(name)).text for name, printed in printers]


def _aligned(texts: Sequence[str], widths: Sequence[int], sides: Sequence[Justify]) -> str:
    parts = []
    for text, width, side in zip(texts, widths, sides, strict=True):
        # Of wide characters a text has fewer than it takes places.
        places = width if text.isascii() else width - cell_len(text) + len(text)
        parts.append(_JUSTIFIED[side](text, places))
    return (" " * GAP).join(parts).rstrip()
