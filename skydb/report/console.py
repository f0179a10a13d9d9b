"""Tables for the terminal, drawn by rich from the columns that the HTML pages use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from skydb.report.longtables import RichJustify, Stack, StackedTable
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

#: Rows of a table that rich may draw one by one.
_MANY = 100

#: Colour is never alone: the words say the same.
_STYLES = {
    Tone.NEUTRAL: "",
    Tone.GOOD: "green",
    Tone.WARNING: "yellow",
    Tone.BAD: "bold red",
    Tone.MISSING: "dim",
}
_RICH_JUSTIFY: dict[Justify, RichJustify] = {
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
    make = _maker(columns, plain)
    kept = columns if wide else _fitting(columns, make, console)
    left_out = [column.title for column in columns if column not in kept]
    if left_out:
        without = f"without {', '.join(left_out)} (--wide or --json shows all)"
        note = f"{note}; {without}" if note else without.capitalize()
    table = make(title, kept, note)
    needed = _least_width(table, console)
    # A name cut short is worse than a line too long: a narrow terminal wraps it.
    width = max(console.width, needed)
    lines = console.render(table, console.options.update(width=width, max_width=width))
    console.print(Segments(list(lines)), soft_wrap=True, end="")


def _maker(columns: Sequence[Column], rows: Sequence[Row]) -> Callable[..., Table | StackedTable]:
    """What makes a table of title, some of the columns and a note; a long one is stacked."""
    if len(rows) <= _MANY:
        return lambda title, some, note="": table_renderable(title, some, rows, note=note)
    stacks = {id(column): _stack(place, column, rows) for place, column in enumerate(columns)}

    def make(title: str, some: Sequence[Column], note: str = "") -> StackedTable:
        chosen = [stacks[id(column)] for column in some]
        table = _without_rows(title, note)
        for column, stack in zip(some, chosen, strict=True):
            _add_column(table, column, stack.justify, stack.most)
        table.add_row(*chosen)
        return StackedTable(table, chosen, _text)

    return make


def _stack(place: int, column: Column, rows: Sequence[Row]) -> Stack:
    cells = [column.cell(row.get(column.name), missing="-") for row in rows]
    return Stack(cells, place, _RICH_JUSTIFY[column.justified(rows)])


def _least_width(table: Table | StackedTable, console: Console) -> int:
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(width=_NO_LIMIT), table).minimum


def _fitting(
    columns: Sequence[Column], make: Callable[..., Table | StackedTable], console: Console
) -> list[Column]:
    """The columns that are always shown, and of the others those that there is room for."""
    kept = [column for column in columns if not column.spare]
    for spare in sorted((one for one in columns if one.spare), key=lambda one: one.spare):
        more = [column for column in columns if column in kept or column is spare]
        if _least_width(make("", more), console) <= console.width:
            kept = more
    return kept


def table_renderable(
    title: str, columns: Sequence[Column], rows: Sequence[Row], *, note: str = ""
) -> Table:
    """The rich table that :func:`render_table` prints."""
    table = _without_rows(title, note)
    body = [
        [_text(column.cell(row.get(column.name), missing="-")) for column in columns]
        for row in rows
    ]
    for place, column in enumerate(columns):
        longest = max((line[place].cell_len for line in body), default=0)
        _add_column(table, column, _RICH_JUSTIFY[column.justified(rows)], longest)
    for line in body:
        table.add_row(*line)
    return table


def _without_rows(title: str, note: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    return Table(
        title=Text(printable(title), style="bold"),
        caption=Text(printable(note), style="dim") if note else None,
        box=SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        pad_edge=False,
    )


def _add_column(table: Table, column: Column, justify: RichJustify, longest: int) -> None:
    """Add a column of which the longest cell is known."""
    header = _header(column)
    longest = max(longest, *(word.cell_len for word in header.split()))
    least = min(longest, _LEAST_FOLDED) if column.wraps else longest
    table.add_column(header, justify=justify, min_width=least, overflow="fold")


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
