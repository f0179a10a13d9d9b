"""Tables of thousands of rows: rich lays the table out once, each row is put in as text.

Rich wraps, measures and pads every cell by itself, which takes 2 ms a row. Here all cells of a
column stand for one cell until the widths are known; what is printed is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, TypeAlias

from skydb.report.tables import Cell, Tone

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement
    from rich.segment import Segment
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

#: Characters of no script, one for each column, that hold its place in a line.
_FIRST_MARK = 0xE000

RichJustify: TypeAlias = Literal["left", "right", "center"]
#: A cell's lines, each as wide as its column, and how it is to be read.
_Lines = tuple[list[str], Tone]


@dataclass
class Stack:
    """All cells of one column, which rich takes for one cell.

    Parameters
    ----------
    cells : sequence of Cell
        Without line feeds.
    place : int
        Of the column, from 0.
    justify : str
        Alignment in force.
    """

    cells: Sequence[Cell]
    place: int
    justify: RichJustify
    width: int = field(default=0, init=False)
    """Of the column, once the table was laid out."""

    def __post_init__(self) -> None:
        from rich.cells import cell_len

        texts = {cell.text for cell in self.cells}
        words = {word for text in texts for word in text.split()}
        self.most = max(map(cell_len, texts), default=0)
        blank = max((cell_len(text) for text in texts if not text.strip()), default=0)
        self.least = max(max(map(cell_len, words), default=0), blank)

    @property
    def mark(self) -> str:
        """Stands for the column in a line."""
        return chr(_FIRST_MARK + self.place)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Widths as of the longest word and of the longest cell."""
        from rich.measure import Measurement

        return Measurement(self.least, self.most)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line of marks, as wide as the column came to be."""
        from rich.segment import Segment

        self.width = options.max_width
        yield Segment(self.mark * self.width)

    def lines(self, fold: Callable[[Cell, Stack], list[str]]) -> Iterator[_Lines]:
        """Each cell as it is printed; `fold` cuts those that are too long."""
        from rich.cells import cell_len

        width, pad = self.width, _PADS[self.justify]
        known: dict[str, list[str]] = {}
        for cell in self.cells:
            lines = known.get(cell.text)
            if lines is None:
                room = width - cell_len(cell.text)
                fits = room >= 0 and cell.text == cell.text.strip()
                lines = [pad(cell.text, room)] if fits else fold(cell, self)
                known[cell.text] = lines
            yield lines, cell.tone


def _left(text: str, room: int) -> str:
    return text + " " * room


def _right(text: str, room: int) -> str:
    return " " * room + text


def _centred(text: str, room: int) -> str:
    return " " * (room // 2) + text + " " * (room - room // 2)


_PADS = {"left": _left, "right": _right, "center": _centred}


@dataclass(frozen=True)
class StackedTable:
    """A table with one row of stacks, drawn with as many rows as they have cells.

    Parameters
    ----------
    table : rich.table.Table
        With headers, title and caption, and that one row.
    stacks : sequence of Stack
        Its columns.
    styled : callable
        Makes the text of a cell.
    """

    table: Table
    stacks: Sequence[Stack]
    styled: Callable[[Cell], Text]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """As wide as the table."""
        from rich.measure import Measurement

        return Measurement.get(console, options, self.table)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines that rich makes, and each row in the place of the row of marks."""
        from rich.segment import Segment

        places = {stack.mark: place for place, stack in enumerate(self.stacks)}
        fold = partial(self._folded, console, options)
        for line in Segment.split_lines(console.render(self.table, options)):
            if any(segment.text[:1] in places for segment in line):
                pattern = [(segment, places.get(segment.text[:1])) for segment in line]
                drawn = zip(*(stack.lines(fold) for stack in self.stacks), strict=True)
                styles = {
                    tone: console.get_style(self.styled(Cell("", tone)).style) for tone in Tone
                }
                for row in drawn:
                    yield from _row(row, pattern, styles, self.stacks)
            else:
                yield from line
                yield Segment.line()

    def _folded(
        self, console: Console, options: ConsoleOptions, cell: Cell, stack: Stack
    ) -> list[str]:
        """Lines of a cell that is too long for one."""
        inside = options.update(
            width=stack.width, justify=stack.justify, overflow="fold", no_wrap=False, height=None
        )
        lines = console.render_lines(self.styled(cell), inside)
        return ["".join(segment.text for segment in line) for line in lines]


def _row(
    row: Sequence[_Lines],
    pattern: Sequence[tuple[Segment, int | None]],
    styles: dict[Tone, Style],
    stacks: Sequence[Stack],
) -> Iterator[Segment]:
    """Lines of one row; what has no style is one piece."""
    from rich.segment import Segment

    for line in zip_longest(*(lines for lines, _ in row)):
        plain = ""
        for segment, place in pattern:
            text, style = segment.text, segment.style
            if place is not None:
                text, style = line[place], styles[row[place][1]]
                if text is None:  # Another cell of the row has more lines.
                    text, style = " " * stacks[place].width, None
            if style:
                yield Segment(plain)
                yield Segment(text, style)
                plain = ""
            else:
                plain += text
        yield Segment(f"{plain}\n")
