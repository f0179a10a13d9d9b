"""Blocks of lines, and those among them that have a meaning.

Most lines of a log have none and come again and again: they are found together, without a
step of Python for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from skydb.files.logs.events import Known, meaning_of
from skydb.files.logs.lines import USUAL, USUAL_LENGTH, LineCleaner
from skydb.files.textfile import WHOLE, Span, UnendedLine, stream_blocks

#: Lines that are remembered.
_REMEMBERED = 20_000


class Block(NamedTuple):
    """Lines that follow each other, with their numbers.

    ``is_ended`` is whether the last of them has its line end; without, it may be cut.
    """

    numbers: Sequence[int]
    lines: Sequence[str]
    is_ended: bool = True

    @classmethod
    def of(cls, lines: Iterable[tuple[int, str]]) -> Block:
        """Block of some lines."""
        given = list(lines)
        return cls([number for number, _ in given], [line for _, line in given])


def blocks_of(path: Path, span: Span = WHOLE, first: int = 1) -> Iterator[Block]:
    """Lines of a part of a file; the first of them has a number.

    Raises
    ------
    UnreadableFileError
        When it cannot be read.
    """
    for lines in stream_blocks(path, span):
        is_ended = not isinstance(lines, UnendedLine)
        yield Block(range(first, first + len(lines)), lines, is_ended)
        first += len(lines)


class Glossary:
    """Texts and meanings of the lines that came before.

    Parameters
    ----------
    cleaner : LineCleaner
    """

    def __init__(self, cleaner: LineCleaner) -> None:
        self._cleaner = cleaner
        self._known: dict[str, str | Known] = {}
        """Of a line without meaning and logger its text."""

    def look_up(self, lines: Sequence[str]) -> tuple[list[str], list[tuple[int, Known]]]:
        """Texts of lines, and the places of those that have a meaning or a logger."""
        found = self._known_of(lines)
        special = [(place, one) for place, one in enumerate(found) if isinstance(one, Known)]
        for place, one in special:
            found[place] = one.text
        return cast("list[str]", found), special

    def _known_of(self, lines: Sequence[str]) -> list[str | Known | None]:
        found: list[str | Known | None] = list(map(self._known.get, lines))
        for place, one in enumerate(found):
            if one is None:
                prefix = self._cleaner.learned
                again = self._known.get(lines[place])
                found[place] = self._learn(lines[place]) if again is None else again
                if self._cleaner.learned is not prefix:
                    self._known.clear()
                    found[place + 1 :] = [None] * (len(lines) - place - 1)
        return found

    def _learn(self, line: str) -> str | Known:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if line.startswith(USUAL):
            text, has_logger = line[USUAL_LENGTH:], False
        else:
            text, has_logger = self._cleaner.strip(line)
        meaning = meaning_of(text)
        is_plain = meaning is None and not has_logger
        one = self._known[line] = text if is_plain else Known(text, has_logger, meaning)
        return one
