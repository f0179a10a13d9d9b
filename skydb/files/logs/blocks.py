"""Blocks of lines, and those among them that have a meaning.

Most lines of a log have none and come again and again: they are found together, without a
step of Python for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from skydb.files.logs.events import Known, Meaning, meaning_of
from skydb.files.logs.lines import USUAL, USUAL_LENGTH, LineCleaner
from skydb.files.logs.patterns import What
from skydb.files.textfile import NUL_MARK, WHOLE, Span, UnendedLine, stream_blocks

#: Events that begin a run.
_BEGINNINGS = frozenset({What.BANNER, What.VERSIONS_FOLLOW, What.LOG_NAMED, What.STEP})
#: What a line with a meaning may begin with, and a prefix too.
_ORNAMENTS = frozenset("#!.=<")
#: Blanks that word processors and browsers put in.
_BLANKS = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", " "))
_CHANGED = "the text before the lines changes, so that lines before it may be lost"
_DAMAGED = "it has NUL characters, in whose place something may be lost"
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
    """Texts and meanings of the lines that came before."""

    def __init__(self, cleaner: LineCleaner) -> None:
        self._cleaner = cleaner
        self._known: dict[str, str | Known] = {}
        """Of a line without meaning and logger its text."""
        self.doubts: list[tuple[int, str]] = []
        """Places of lines looked up last at which others may be lost, each with the reason."""

    def look_up(self, lines: Sequence[str]) -> tuple[list[str], list[tuple[int, Known]]]:
        """Texts of lines, and the places of those that have a meaning or a logger."""
        self.doubts = []
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
                found[place] = self._learn(lines[place], place) if again is None else again
                if self._cleaner.learned is not prefix:
                    self._known.clear()
                    found[place + 1 :] = [None] * (len(lines) - place - 1)
        return found

    def _learn(self, given: str, place: int) -> str | Known:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        line = given if given.isascii() else given.translate(_BLANKS)
        if NUL_MARK in line:
            self.doubts.append((place, _DAMAGED))
        if line.startswith(USUAL):
            text, has_logger = line[USUAL_LENGTH:], False
            meaning = meaning_of(text)
        else:
            text, has_logger = self._cleaner.strip(line)
            meaning = meaning_of(text)
            if _may_have_more(text, meaning) and self._learn_prefix(line, place):
                text, has_logger = self._cleaner.strip(line)
                meaning = meaning_of(text)
        is_plain = meaning is None and not has_logger
        one = self._known[given] = text if is_plain else Known(text, has_logger, meaning)
        return one

    def _learn_prefix(self, line: str, place: int) -> bool:
        """Learn the prefix of a line; return whether it has one."""
        earlier, prefix = self._cleaner.learned, self._cleaner.learn(line)
        if prefix is None:
            return False
        if not prefix.begins and self._cleaner.learned is not earlier:
            self.doubts.append((place, _CHANGED))
        return True


def _may_have_more(text: str, meaning: Meaning | None) -> bool:
    """Whether a text has no meaning, or one after something like an ornament."""
    if meaning is None:
        return True
    if text[:1].isalpha() or text.startswith("===="):
        return False
    return meaning[0] in _BEGINNINGS or text[:1] in _ORNAMENTS
