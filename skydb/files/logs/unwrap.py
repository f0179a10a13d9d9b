"""Lines that a terminal has cut at its width, put together again.

A line that is cut has lost the end of a number or a name, and shows nothing of it. That a log
is wrapped is seen by several lines of one length, the longest there is, which mean something
else, or nothing, without the line after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from skydb.files.logs.blocks import Block, blocks_of
from skydb.files.logs.events import is_known, is_parameter, meaning_of
from skydb.files.logs.lines import USUAL, LineCleaner

#: Widths of terminals.
_NARROWEST, _WIDEST = 40, 300
#: Longer than any line that fits.
_LONGEST = 20 * _WIDEST
#: Lines with a rest that show that a log is wrapped.
_ENOUGH = 2
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


def _joiner(lines: Sequence[str]) -> Joiner | None:
    longest = max(map(len, lines), default=0)
    if not _NARROWEST <= longest <= _WIDEST:
        return None
    joiner = Joiner(longest)
    for line in lines:
        joiner.learn(line)
    return joiner if _are_cut(lines, joiner) else None


def _are_cut(lines: Sequence[str], joiner: Joiner) -> bool:
    words: set[str] = set()
    pairs, ends = 0, 0
    for line, after in pairwise(lines):
        if joiner.is_full(line) and after.strip():
            text = joiner.text_of(line)
            if not joiner.changes_meaning(text, after):
                ends += not (joiner.is_loose(after) or joiner.is_prefixed(line))
                continue
            is_plain = _is_plain(text, after)
            pairs += _ENOUGH if is_plain else 1
            words |= {_first_word(text), *(["", after] if is_plain else [])}
    return pairs >= _ENOUGH and pairs > ends and len(words) > 1


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
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._cleaner = LineCleaner()
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

    def learn(self, line: str) -> None:
        """Learn the prefix of a line, if it has one."""
        if not line.startswith(USUAL) and meaning_of(self.text_of(line)) is None:
            self._cleaner.learn(line)

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
            self.learn(line)
            self._number, self._line, self._waits = number, line, self.is_full(line)
            if not self._waits:
                yield from self._end()

    def _end(self) -> Iterator[tuple[int, str]]:
        """The line that waits."""
        if self._number:
            yield self._number, self._line
        self._number, self._line, self._waits = 0, "", False
