"""Text that is folded between words and folders, so that no name in it is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.containers import Lines
from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, OverflowMethod

#: Longest piece that is kept whole, in characters: the names of HAP's products have 50.
LONGEST_NAME = 64

#: What is kept together: a word, of a path each folder with its slash, a date with its time.
_PIECE = re.compile(r"(?:[^\s/]*\d{4}-\d\d-\d\d (?=\d\d:\d\d))?[^\s/]*(?:/+|\s+|$)")


def longest_piece(text: str) -> int:
    """Width of the longest piece of a text that is not to be broken, in characters."""
    pieces = (piece.rstrip() for piece in _PIECE.findall(text))
    return max((min(cell_len(piece), LONGEST_NAME) for piece in pieces), default=0)


class FoldedText(Text):
    """Text for a cell of a table; see :mod:`skydb.report.folding`."""

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Least and greatest width."""
        return Measurement(longest_piece(self.plain), self.cell_len)

    def wrap(
        self,
        console: Console,
        width: int,
        *,
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        tab_size: int = 8,
        no_wrap: bool | None = None,
    ) -> Lines:
        """Fold the text to a width; a longer piece is folded by rich."""
        lines = Lines()
        for piece in self.divide(list(_breaks(self.plain, width))):
            piece.rstrip()
            lines.extend(
                Text(piece.plain, style=piece.style, spans=piece.spans).wrap(
                    console, width, justify=justify, overflow=overflow, no_wrap=no_wrap,
                    tab_size=tab_size,
                )
            )  # fmt: skip
        return lines


def _breaks(text: str, width: int) -> Iterator[int]:
    """Yield the positions at which new lines begin."""
    begin = used = 0
    for found in _PIECE.finditer(text):
        needed = cell_len(found[0].rstrip())
        if used and used + needed > width:
            begin = found.start()
            used = 0
            yield begin
        used += cell_len(found[0])
