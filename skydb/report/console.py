"""Tables for the terminal, drawn by rich from the columns that the HTML pages use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.text import Text

from skydb.report.folding import FoldedText, longest_piece
from skydb.report.longtables import GAP, MANY_ROWS, header_lines, write_rows
from skydb.report.tables import (
    Cell,
    Column,
    Justify,
    PlainTable,
    Row,
    Tone,
    printable,
    rows_of,
    with_units,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

#: Columns that name a row together with those before them.
_NAMES = frozenset(
    {
        *("rootname", "product", "extver", "exposure_a", "chip_a", "exposure_b", "chip_b"),
        *("run", "run_a", "run_b", "method", "visit", "at", "subject", "quantity", "key"),
    }
)

#: Narrowest that long text is folded to, in characters.
_LEAST_FOLDED = 20

#: Width of the lines that lead to a node of a tree, for each node above it.
_GUIDE = 4

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

    Where those that are always shown are too many, they are continued below in further parts,
    each with the names that the rows begin with. More rows than
    :data:`skydb.report.longtables.MANY_ROWS` are written one by one as plain text, as wide as
    the first of them need; nothing in them is folded.

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
    plain = rows_of(rows)
    wanted = with_units(columns, plain)
    laid = [_laid_out(column, plain[:MANY_ROWS]) for column in wanted]
    kept = laid if wide else _fitting(laid, console.width)
    # By the names that --json has: several columns may have one head, such as "sigma".
    left_out = [one.column.name for one in laid if one not in kept]
    if left_out:
        without = f"without {', '.join(left_out)} (--wide or --json shows all)"
        sentence = f"{without[0].upper()}{without[1:]}"
        joint = " " if note.endswith(".") else "; "
        note = f"{note}{joint}{sentence if joint == ' ' else without}" if note else sentence
    parts = [kept] if wide else list(_parts(kept, console.width))
    for part in parts:
        head, foot = title if part is parts[0] else "", note if part is parts[-1] else ""
        if len(plain) > MANY_ROWS:
            write_rows(head, [one.column for one in part], plain, console, note=foot)
        else:
            _draw(head, part, console, foot)
        console.print()


@dataclass(frozen=True, eq=False)
class _LaidOut:
    """A column, its cells, and between which widths it may be, in characters."""

    column: Column
    justify: Justify
    cells: Sequence[Text]
    least: int
    most: int


def _laid_out(column: Column, rows: Sequence[Row]) -> _LaidOut:
    printed = column.printer(missing="-")
    cells = [_text(printed(row.get(column.name)), column) for row in rows]
    lengths = [cell.cell_len for cell in cells]
    least = [_least(cell) for cell in cells] if column.wraps else lengths
    title, unit = header_lines(column)
    return _LaidOut(
        column,
        column.justified(rows),
        cells,
        max((*map(cell_len, (*title.split(), unit)), *least)),
        max((cell_len(title), cell_len(unit), *lengths)),
    )


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _fitting(columns: Sequence[_LaidOut], width: int) -> list[_LaidOut]:
    """The columns that are always shown, and of the others those that there is room for."""
    kept = [one for one in columns if not one.column.spare]
    for spare in sorted({one.column.spare for one in columns} - {0}):
        more = [one for one in columns if one in kept or one.column.spare == spare]
        if _least_width(more) <= width:
            kept = more
    return kept


def _parts(columns: Sequence[_LaidOut], width: int) -> Iterator[Sequence[_LaidOut]]:
    """Columns that fit side by side, each part with those that name the rows."""
    count = next((i for i, one in enumerate(columns) if one.column.name not in _NAMES), 0)
    names = _beside(columns[: max(count, 1)], width)
    part: Sequence[_LaidOut] = names
    for group in _groups(columns[len(names) :], width):
        wider = [*(one for one in part if one not in group), *group]
        if part and _least_width(wider) > width:
            yield part
            wider = [*_beside(names, width - GAP - _least_width(group)), *group]
        part = wider
    yield part


def _groups(columns: Sequence[_LaidOut], width: int) -> Iterator[Sequence[_LaidOut]]:
    """Columns that are read together, where there is room: a value, its sigma and its unit."""
    by_name: dict[str | None, _LaidOut] = {one.column.name: one for one in columns}
    besides = {one.column.unit_beside for one in columns}
    sigmas = {f"{name}_sigma": name for name in by_name if f"{name}_sigma" in by_name}
    for one in columns:
        name, beside = one.column.name, one.column.unit_beside
        if name in besides or name in sigmas:
            continue
        sigma = [by_name[f"{name}_sigma"]] if name in sigmas.values() else []
        group = [one, *sigma, *([by_name[beside]] if beside in by_name else [])]
        yield from [group] if _least_width(group) <= width else ([each] for each in group)


def _beside(names: Sequence[_LaidOut], width: int) -> Sequence[_LaidOut]:
    """The first columns that there is room for, as many as possible."""
    return next(
        (names[:n] for n in range(len(names), 0, -1) if _least_width(names[:n]) <= width), ()
    )


def _least_width(columns: Sequence[_LaidOut]) -> int:
    return _width([one.least for one in columns])


def _widths(columns: Sequence[_LaidOut], width: int) -> list[int]:
    """Widths that fill the terminal at most; what is left goes to what is folded most.

    Paths come before sentences: a path in one piece can be copied.
    """
    widths = [one.least for one in columns]
    for is_wanted in (_has_paths, lambda _: True):
        for _ in range(width - _width(widths)):
            wanting = [
                one.most - taken if is_wanted(one) else 0
                for one, taken in zip(columns, widths, strict=True)
            ]
            if max(wanting) <= 0:
                break
            widths[wanting.index(max(wanting))] += 1
    return widths


def _has_paths(one: _LaidOut) -> bool:
    """Whether cells are paths: they have slashes and no spaces."""
    texts = [cell.plain for cell in one.cells]
    return one.column.wraps and any("/" in text for text in texts) and " " not in "".join(texts)


def _draw(title: str, columns: Sequence[_LaidOut], console: Console, note: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.segment import Segments
    from rich.table import Table

    if title:
        # As wide as the terminal: a table of few columns would fold it.
        console.print(Text(printable(title), style="bold"))
    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, GAP - 1, 0, 0),
        pad_edge=False,
    )
    # A name cut short is worse than a line too long: a narrow terminal wraps it.
    widths = _widths(columns, console.width)
    for one, width in zip(columns, widths, strict=True):
        justify = _RICH_JUSTIFY[one.justify]
        table.add_column(_header(one.column), justify=justify, width=width, overflow="fold")
    for line in zip(*(one.cells for one in columns), strict=True):
        table.add_row(*line)
    width = max(console.width, _width(widths))
    lines = console.render(table, console.options.update(width=width, max_width=width))
    console.print(Segments(list(lines)), soft_wrap=True, end="")
    if note:
        # As wide as the terminal: a narrow table would break the names in it.
        console.print(Text(printable(note), style="dim"))


def _least(cell: Text) -> int:
    """Least width of a folded cell that breaks no name."""
    return max(longest_piece(cell.plain), min(cell.cell_len, _LEAST_FOLDED))


def _header(column: Column) -> Text:
    title, unit = header_lines(column)
    header = Text(title, style="bold")
    if unit:
        header.append(f"\n{unit}", style="dim")
    return header


def _text(cell: Cell, column: Column) -> Text:
    # Text, not markup: "[bold]" in a file name is a file name.
    made = FoldedText if column.wraps else Text
    return made(cell.text, style=_STYLES[cell.tone])


def print_tree(tree: Tree, console: Console, *, wide: bool = False) -> None:
    """Print a tree; on a terminal lines are folded between words, and no name is broken.

    Parameters
    ----------
    tree : rich.tree.Tree
        Of :class:`.FoldedText`.
    console : rich.console.Console
        Where to; a file has one line a node, to search for.
    wide : bool, optional
        With one line a node on a terminal, too.
    """
    from rich.segment import Segments

    is_folded = console.is_terminal and not wide
    width = max(console.width, _least_of_tree(tree)) if is_folded else _NO_LIMIT
    options = console.options.update(width=width, max_width=width)
    lines = list(console.render(tree, options))
    console.print(Segments(lines), soft_wrap=True, end="")


def _least_of_tree(tree: Tree, depth: int = 0) -> int:
    """Least width in which no name of a tree is broken."""
    own = depth * _GUIDE + longest_piece(str(tree.label))
    return max((own, *(_least_of_tree(child, depth + 1) for child in tree.children)))
