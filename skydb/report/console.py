"""Tables for the terminal, drawn by rich from the columns that the HTML pages use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from skydb.report.tables import Cell, Column, Justify, PlainTable, Row, Tone, printable, rows_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

#: Narrowest that long text is folded to, in characters.
_LEAST_FOLDED = 24

#: Wider than any table.
_NO_LIMIT = 10_000

#: Colour is never alone: the words say the same.
_STYLES = {
    Tone.NEUTRAL: "",
    Tone.GOOD: "green",
    Tone.WARNING: "yellow",
    Tone.BAD: "bold red",
    Tone.MISSING: "dim",
}
_RICH_JUSTIFY: dict[Justify, Literal["left", "right", "center"]] = {
    Justify.LEFT: "left",
    Justify.RIGHT: "right",
    Justify.CENTER: "center",
}


def render_table(
    title: str,
    columns: Sequence[Column],
    rows: PlainTable,
    console: Console,
    *,
    note: str = "",
    wide: bool = False,
) -> None:
    """Print a table; where it is too wide, without the columns that can be spared.

    Parameters
    ----------
    title : str
        Printed above.
    columns : sequence of Column
        Which values, in which order.
    rows : any plain table
        See :func:`skydb.report.tables.rows_of`.
    console : rich.console.Console
        Where to; it knows the width and whether there is colour.
    note : str, optional
        Printed below.
    wide : bool, optional
        With all columns, however wide that is.
    """
    from rich.segment import Segments

    plain = rows_of(rows)
    kept = columns if wide else _fitting(columns, plain, console)
    left_out = [column.title for column in columns if column not in kept]
    if left_out:
        without = f"without {', '.join(left_out)} (--wide or --json shows all)"
        note = f"{note}; {without}" if note else without.capitalize()
    table = table_renderable(title, kept, plain, note=note)
    needed = _least_width(table, console)
    # A name cut short is worse than a line too long: a narrow terminal wraps it.
    width = max(console.width, needed)
    lines = console.render(table, console.options.update(width=width, max_width=width))
    console.print(Segments(list(lines)), soft_wrap=True, end="")


def _least_width(table: Table, console: Console) -> int:
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(width=_NO_LIMIT), table).minimum


def _fitting(columns: Sequence[Column], rows: Sequence[Row], console: Console) -> list[Column]:
    """The columns that are always shown, and of the others those that there is room for."""
    kept = [column for column in columns if not column.spare]
    for spare in sorted((one for one in columns if one.spare), key=lambda one: one.spare):
        more = [column for column in columns if column in kept or column is spare]
        if _least_width(table_renderable("", more, rows), console) <= console.width:
            kept = more
    return kept


def table_renderable(
    title: str, columns: Sequence[Column], rows: Sequence[Row], *, note: str = ""
) -> Table:
    """The rich table that :func:`render_table` prints."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title), style="bold"),
        caption=Text(printable(note), style="dim") if note else None,
        box=SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        pad_edge=False,
    )
    body = [
        [_text(column.cell(row.get(column.name), missing="-")) for column in columns]
        for row in rows
    ]
    for place, column in enumerate(columns):
        header, justify = _header(column), _RICH_JUSTIFY[column.justified(rows)]
        longest = max(cell.cell_len for cell in (*header.split(), *(line[place] for line in body)))
        least = min(longest, _LEAST_FOLDED) if column.wraps else longest
        table.add_column(header, justify=justify, min_width=least, overflow="fold")
    for line in body:
        table.add_row(*line)
    return table


def _header(column: Column) -> Text:
    from rich.text import Text

    header = Text(column.title, style="bold")
    if column.unit:
        header.append(f"\n[{column.unit}]", style="dim")
    return header


def _text(cell: Cell) -> Text:
    # Text, not markup: "[bold]" in a file name is a file name.
    from rich.text import Text

    return Text(cell.text, style=_STYLES[cell.tone])


def print_tree(tree: Tree, console: Console) -> None:
    """Print a tree; like a table, it is never cut to the width of the terminal."""
    from rich.segment import Segments

    options = console.options.update(width=_NO_LIMIT, max_width=_NO_LIMIT)
    lines = list(console.render(tree, options))
    console.print(Segments(lines), soft_wrap=True, end="")
