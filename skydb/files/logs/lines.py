"""Lines of logs without what loggers put before them.

A logger writes its level, its name or the time before a line; a notebook prints a line with
the name of the logger and once more without it. What is left here is the text alone, and
whether the line is the echo of another one.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from skydb.files.logs.events import meaning_of
from skydb.files.logs.prefixes import LEVELS, Prefix, prefix_of

_LEVELS = "|".join(LEVELS)
_LEVEL = re.compile(
    rf"\[(?:{_LEVELS}) *(?::[\w.]+)?\] ?"  # [INFO    ] text, [INFO:drizzlepac.util] text
    r"|\d{8,20} +[A-Z]+ +src=\S*?- ?"  # 2020055123456 INFO src=drizzlepac.util- text
)
_LOGGER = re.compile(rf"(?:{_LEVELS}):[\w.\-]+:")  # INFO:drizzlepac.util:text
_NAME = r"(?:[A-Za-z_]\w*(?:\.\w+)+|drizzlepac|root)"
_STAMPED = re.compile(  # 2021-03-04 12:00:00,123 - drizzlepac.util - INFO - text
    r"(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z? ?[-|:,]? ?"
    rf"(?:\[?{_NAME}\]? ?[-|:]? ?)?\[?(?:{_LEVELS})\]?(?: ?[-|:]? ?{_NAME}(?= ?[-|:]))?"
    r"(?: [-|:] |: ?| )?"
)
#: Prefix of most lines of most logs, and its length.
USUAL = "[INFO    ] "
USUAL_LENGTH = len(USUAL)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: Line that nbclient puts before each piece of what a cell printed.
_MARKER = re.compile(r"----- (?:stdout|stderr) -----\s*$")
#: Progress bar, alone in its line.
_BAR = re.compile(r"\s*\d{1,3}%\|[^|]*\| *\d+/\d+ \[[^\[\]]*\]\s*$")
#: Prefixes that a log may have, one after the other.
_MOST_PREFIXES = 20
_MAY_BEGIN_A_PREFIX = frozenset("[0123456789DIWEC-")

#: Lines before the first prefix that are remembered, and lines that wait for their echo.
_REMEMBERED, _WAITING = 50, 4000
#: Part of the lines of one kind that have an echo at least where a log has lines twice.
_FEW_ECHOES = 0.8


class LogLine(NamedTuple):
    """One line of a log.

    ``has_logger`` is whether the name of a logger preceded it, ``is_echo`` whether the
    same line came before with that name, or without it.
    """

    number: int
    text: str
    has_logger: bool
    is_echo: bool


class LineCleaner:
    """Takes prefixes off, and learns those that it does not know from lines that it does."""

    def __init__(self) -> None:
        self.learned: re.Pattern[str] | None = None
        """Prefixes of a log that has its own."""
        self.echoes = Echoes()
        self._prefixes: list[str] = []

    def forget(self) -> None:
        """Begin a new run: what waits for an echo does so no longer."""
        self.echoes.forget()

    def strip(self, line: str) -> tuple[str, bool]:
        """Text of a line that does not begin with :data:`USUAL`, and ``has_logger`` of it."""
        if "\x1b" in line:
            line = _COLOUR.sub("", line)
        if self.learned is not None and (found := self.learned.match(line)):
            return _without_level(line[found.end() :]), False
        if "%|" in line and _BAR.match(line):
            return "", False
        if line[:1] in _MAY_BEGIN_A_PREFIX:
            if _MARKER.match(line):
                return "", False
            if found := _LEVEL.match(line):
                return line[found.end() :], False
            if found := _LOGGER.match(line):
                # What has another prefix is not printed once more with the name of a logger.
                return _without_level(line[found.end() :]), self.learned is None
            if (found := _STAMPED.match(line)) and found.end() < len(line):
                return _without_level(line[found.end() :]), False
        return line, False

    def is_prefixed(self, line: str) -> bool:
        """Whether a line begins with a prefix, and be it with nothing else."""
        line = _COLOUR.sub("", line) if "\x1b" in line else line
        learned = self.learned is not None and self.learned.match(line)
        return bool(learned or any(one.match(line) for one in (_LEVEL, _LOGGER, _STAMPED)))

    def learn(self, line: str) -> Prefix | None:
        """Learn the prefix of a line that has no meaning as it stands, if it has one.

        Returns
        -------
        Prefix or None
            The prefix; None when there is none, or too many were learned before.
        """
        prefix = prefix_of(_COLOUR.sub("", line) if "\x1b" in line else line)
        if prefix is None or len(self._prefixes) >= _MOST_PREFIXES:
            return None
        if prefix.pattern not in self._prefixes:
            self._prefixes.insert(0, prefix.pattern)
            self.learned = re.compile("|".join(f"(?:{one})" for one in self._prefixes))
        return prefix


def _without_level(text: str) -> str:
    """The text of a line that another logger has passed on with the level it came with."""
    found = _LEVEL.match(text) if text.startswith("[") else None
    return text[found.end() :] if found else text


class Echoes:
    """Lines that are to come again, with the name of their logger or without it.

    For logs that do not print every line twice, only the last lines are kept.
    """

    def __init__(self) -> None:
        self.before: deque[str] = deque(maxlen=_REMEMBERED)
        """The last lines, as long as none had the name of a logger."""
        self.is_doubled = False
        """Whether there was a line with such a name."""
        self._waiting: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        self._seen = {True: 0, False: 0}
        self._found = 0

    @property
    def are_few(self) -> bool:
        """Whether most lines came once, so that the few that seemed to be echoes may be none.

        Where a run is printed twice, with the name of a logger and without it, nearly all of
        the lines with a meaning that are fewer have an echo, or are one.
        """
        return 0 < self._found < _FEW_ECHOES * min(self._seen.values())

    def add(self, texts: Sequence[str]) -> None:
        """Keep lines of a log that is not doubled so far."""
        self.before.extend(texts[-_REMEMBERED:])

    def is_repeated(self, text: str, has_logger: bool, *, has_meaning: bool) -> bool:
        """Whether a line is an echo; else it is kept to compare.

        A line without a text is none.
        """
        if not text or not (has_logger or self.is_doubled):
            self.before.append(text)
            return False
        if not self.is_doubled:
            self.is_doubled = True
            before = [line.rstrip() for line in self.before if line]
            self._waiting[False].update(before)
            self._seen[False] += sum(meaning_of(line) is not None for line in before)
        is_echo = self._is_echo(text.rstrip(), has_logger)
        self._seen[has_logger] += has_meaning
        self._found += has_meaning and is_echo
        return is_echo

    def _is_echo(self, text: str, has_logger: bool) -> bool:
        others, own = self._waiting[not has_logger], self._waiting[has_logger]
        if others[text] > 0:
            others[text] -= 1
            return True
        del others[text]
        if len(own) > _WAITING:
            own.clear()
        own[text] += 1
        return False

    def forget(self) -> None:
        """Wait for nothing."""
        for waiting in self._waiting.values():
            waiting.clear()
        self.before.clear()
        self._seen = {True: 0, False: 0}
        self._found = 0
