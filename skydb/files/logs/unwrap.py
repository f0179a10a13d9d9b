"""Lines that a terminal has cut at its width, put together again.

A line that is cut has lost the end of a number or a name, and shows nothing of it. That a log
is wrapped is seen by several lines of one length, the longest there is, which mean something
else, or nothing, without the line after them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from skydb.files.logs.blocks import Block, blocks_of
from skydb.files.logs.events import is_known, is_parameter, meaning_of
from skydb.files.logs.lines import USUAL, LineCleaner
from skydb.files.logs.runs import LogProblem

#: Widths of terminals.
_NARROWEST, _WIDEST = 40, 300
#: Longer than any line that fits.
_LONGEST = 20 * _WIDEST
#: Lines with a rest that show that a log is wrapped.
_ENOUGH = 2
#: Lines of one length that are cut at least, and part of them, where a part of a log is wrapped.
_FEWEST, _COMMON = 3, 0.4
#: One of so many blocks is looked at in a long log.
_EVERY = 16
_CUT_LATER = (
    "lines are cut from about here on, and others are not: numbers may have lost their ends; "
    "import the parts as files of their own"
)
_FIRST_WORD = re.compile(r"\W*\w*")
_NUMBER_ALONE = re.compile(r"[\d.]+\s*$")


def joiner_of(path: Path) -> Joiner | None:
    """Joiner that puts the lines of a log together; None when they are not cut, by its first lines.

    Raises
    ------
    UnreadableFileError
        When it cannot be read.
    """
    first = next(iter(blocks_of(path)), None)
    return None if first is None else _joiner(first.lines)


class CutWatch:
    """Looks for lines that are cut in a part of a log, of which others are longer.

    It takes as long as to read them, so only some blocks are looked at.
    """

    def __init__(self) -> None:
        self._count = 0
        self._has_found = False

    def problem(self, block: Block) -> LogProblem | None:
        """Doubt about the next block of the log, the first time that there is one."""
        self._count += 1
        if self._has_found or not self._is_looked_at:
            return None
        width = _width_of_part(block.lines)
        if width is None:
            return None
        self._has_found = True
        pairs = zip(block.numbers, block.lines, strict=True)
        number = next(number for number, line in pairs if len(line.expandtabs()) == width)
        return LogProblem(number, _CUT_LATER)

    @property
    def _is_looked_at(self) -> bool:
        is_power_of_two = self._count & (self._count - 1) == 0
        return is_power_of_two or self._count % _EVERY == 0


def _joiner(lines: Sequence[str]) -> Joiner | None:
    """Joiner for lines of which none is longer than the terminal."""
    longest = max(map(len, lines), default=0)
    if not _NARROWEST <= longest <= _WIDEST:
        return None
    joiner, evidence = Joiner(longest, _learned(lines)), _Evidence()
    for line, after in pairwise(lines):
        if joiner.is_full(line) and after.strip():
            evidence.add(joiner, line, after)
    return joiner if evidence.is_enough else None


def _width_of_part(lines: Sequence[str]) -> int | None:
    """Width at which some lines are cut, whatever the lengths of the others."""
    joiner, found = Joiner(0, _learned(lines)), defaultdict[int, _Evidence](_Evidence)
    for line, after in pairwise(lines):
        if after.startswith(USUAL):
            continue
        width = len(line.expandtabs())
        # What is indented was not cut from the line before: so are descriptions of parameters.
        if _NARROWEST <= width <= _WIDEST and after[:2].strip():
            found[width].add(joiner, line, after)
    widths = (width for width, one in found.items() if one.is_enough and one.is_common)
    return min(widths, default=None)


@dataclass
class _Evidence:
    """Signs that lines of one length were cut there."""

    lines: int = 0
    cut: int = 0
    weight: int = 0
    ends: int = 0
    words: set[str] = field(default_factory=set)

    def add(self, joiner: Joiner, line: str, after: str) -> None:
        """Compare a line with the one after it."""
        self.lines += 1
        text = joiner.text_of(line)
        if not joiner.changes_meaning(text, after):
            self.ends += not (joiner.is_loose(after) or joiner.is_prefixed(line))
            return
        is_plain = _is_plain(text, after)
        self.cut += 1
        self.weight += _ENOUGH if is_plain else 1
        self.words |= {_first_word(text), *(["", after] if is_plain else [])}

    @property
    def is_enough(self) -> bool:
        """Whether they are signs enough, and not of the same line again and again."""
        return self.weight >= max(_ENOUGH, self.ends + 1) and len(self.words) > 1

    @property
    def is_common(self) -> bool:
        """Whether many of the lines of this length show it."""
        return self.cut >= max(_FEWEST, _COMMON * self.lines)


def _learned(lines: Iterable[str]) -> LineCleaner:
    cleaner = LineCleaner()
    for line in lines:
        _learn(cleaner, line)
    return cleaner


def _learn(cleaner: LineCleaner, line: str) -> None:
    """Learn the prefix of a line, if it has one."""
    if not line.startswith(USUAL) and meaning_of(cleaner.strip(line)[0]) is None:
        cleaner.learn(line)


def _is_whole(line: str) -> bool:
    """Whether a line has a meaning; a parameter at its very beginning may be the rest of a word."""
    return is_known(line) and not (is_parameter(line) and line[:1].isalpha())


def _is_plain(text: str, after: str) -> bool:
    """Whether two lines show by themselves that one was cut.

    After a parameter comes another one, no line is a number alone, and damage is not mended by
    what follows by chance.
    """
    is_damaged = meaning_of(text) is not None and not is_known(text)
    return is_parameter(text) or is_damaged or _NUMBER_ALONE.match(after) is not None


def _is_fuller(text: str, both: str) -> bool:
    """Whether a line says the same with the next one, and something that was missing."""
    short, long = meaning_of(text), meaning_of(both)
    if short is None or long is None or short[0] is not long[0]:
        return False
    return "" in short[2] and short[2].count("") > long[2].count("")


def _first_word(text: str) -> str:
    found = _FIRST_WORD.match(text)
    return found[0] if found else ""


class Joiner:
    """Puts pieces of lines together.

    Parameters
    ----------
    width : int
        Length of a line that is cut.
    cleaner : LineCleaner
        Has learned the prefixes of the lines.
    """

    def __init__(self, width: int, cleaner: LineCleaner) -> None:
        self._width = width
        self._cleaner = cleaner
        self._number, self._line, self._waits = 0, "", False

    def blocks(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Blocks of whole lines, each with the number of its first piece."""
        for block in blocks:
            lines = list(self._join(zip(block.numbers, block.lines, strict=True)))
            if not block.is_ended:
                lines += self._end()
                yield Block.of(lines[:-1])
                yield Block.of(lines[-1:])._replace(is_ended=False)
            else:
                yield Block.of(lines)
        yield Block.of(self._end())

    def text_of(self, line: str) -> str:
        """Text of a line without its prefix."""
        return self._cleaner.strip(line)[0]

    def is_full(self, line: str) -> bool:
        """Whether a line is as long as the terminal is wide."""
        return self._width in (len(line), len(line.expandtabs()) if "\t" in line else 0)

    def is_prefixed(self, line: str) -> bool:
        """Whether something stands before the text of a line, as before that of all others."""
        return self._cleaner.is_prefixed(line)

    def is_loose(self, line: str) -> bool:
        """Whether a line is nothing by itself, so that it may be the rest of another."""
        return bool(line.strip()) and not self.is_prefixed(line) and not _is_whole(line)

    def changes_meaning(self, text: str, after: str) -> bool:
        """Whether a text means something else together with the line after it."""
        if not self.is_loose(after) or not is_known(text + after):
            return False
        return is_parameter(text) or meaning_of(text) != meaning_of(text + after)

    def _continues(self, after: str) -> bool:
        """Whether a line is the rest of the one that waits."""
        if len(self._line) > _LONGEST or not after.strip() or self.is_prefixed(after):
            return False
        text = self.text_of(self._line)
        if is_known(text + after):
            return not (_is_whole(after) and is_known(text)) or _is_fuller(text, text + after)
        return not is_known(text) and not _is_whole(after)

    def _join(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Whole lines with their numbers; the last one may wait for its rest."""
        for number, line in lines:
            if self._waits and self._continues(line):
                self._line += line
                self._waits = self.is_full(line)
                continue
            yield from self._end()
            _learn(self._cleaner, line)
            self._number, self._line, self._waits = number, line, self.is_full(line)
            if not self._waits:
                yield from self._end()

    def _end(self) -> Iterator[tuple[int, str]]:
        """The line that waits."""
        if self._number:
            yield self._number, self._line
        self._number, self._line, self._waits = 0, "", False
