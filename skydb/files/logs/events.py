"""Finds the lines of a log that have a meaning."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from skydb.files.logs.patterns import PARAMETER, PATTERNS, PYTHON, SECTION, Event, LoggedTask, What

_A, _T = LoggedTask.ASTRODRIZZLE, LoggedTask.TWEAKREG

#: Characters that may precede the first word of a line.
_WORD = re.compile(r"[ *#!.=<-]*([A-Za-z_]+)")
_PARAMETER = re.compile(r"\t(\w+) :(?:\t(.*)|\s*)$")
_PACKAGE = re.compile(r"([\w.]+) Version -> (\S+)")
_PYTHON_ALONE = re.compile(r"\d+\.\d+\.\w+\b")
#: One that is not closed is cut, and no heading of skymatch.
_HEADING = re.compile(r"-----  ?(\S.*?)(?: +-----| *$)")
_FINAL_SKY = re.compile(r" *# (\S+?)\['?\w+'?,(\d{1,3})\]: +(\S+)")
_PRODUCT = re.compile(
    r"(?:[ \t]+(?=\S)|(?=\S+\s*$))(\S.*?\.(?:fits?|[cd][01][fhm])(?:\.gz)?)\s*$", re.IGNORECASE
)
#: Parameter of a log whose tabs became blanks, or none.
_SPACED_PARAMETER = re.compile(r" {0,8}([a-z][a-z0-9_]*) :(?:[ \t]+(.*)|$)")
_LISTED = re.compile(r"    \S+\.fits\s*$")
_EXCEPTION = re.compile(
    r"((?:\w+\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b(?:: .*)?)$"
)

#: Parameters that decide what is read of a run, by the only task that has them.
_OWN_PARAMETERS = {
    **dict.fromkeys(("skymethod", "skysub", "skyuser", "skyfile"), _A),
    **dict.fromkeys(("updatehdr", "outshifts"), _T),
}

_Row = tuple[What, LoggedTask | None, re.Pattern[str], str]


def _by_word() -> dict[str, list[_Row]]:
    table: dict[str, list[_Row]] = {}
    for row in PATTERNS:
        for word in row.words.split():
            compiled = (row.what, row.task, re.compile(row.regex), row.demand)
            table.setdefault(word, []).append(compiled)
    return table


_TABLE = _by_word()


#: Meaning of a line: task, parts and what the lines after it are.
Meaning = tuple[What, LoggedTask | None, tuple[str, ...], What | None]


class Known(NamedTuple):
    """A line whose meaning by itself is known.

    ``has_logger`` is whether the name of a logger precedes its text.
    """

    text: str
    has_logger: bool
    meaning: Meaning | None


def meaning_of(text: str) -> Meaning | None:
    """Meaning of the text of a line by itself."""
    if text[:1] == "\t" and (found := _PARAMETER.match(text)):
        return _parameter(found)
    word = _WORD.match(text)
    if word is None:
        return None
    if text.startswith("----- ") and (found := _HEADING.match(text)):
        return What.HEADING, _A, (found[1],), None
    rows = _TABLE.get(word[1])
    if rows is not None:
        return _in_table(text, rows, word.start(1))
    if " Version -> " in text and (found := _PACKAGE.match(text)):
        return What.PACKAGE, None, (found[1], found[2]), None
    if " :" in text and (found := _SPACED_PARAMETER.match(text)):
        return _parameter(found)
    return None


def _parameter(found: re.Match[str]) -> Meaning:
    """Meaning of a parameter; the same of thousands of runs is kept once."""
    name, value = sys.intern(found[1]), sys.intern((found[2] or "").strip())
    return PARAMETER, _OWN_PARAMETERS.get(name), (name, value), None


def is_known(text: str) -> bool:
    """Whether a line is whole and has a meaning, by itself or in a list."""
    meaning = meaning_of(text)
    if meaning is not None:
        is_damaged = meaning[0] is What.BANNER and not meaning[2][-1]
        return meaning[0] is not What.UNREAD and not is_damaged
    return any(form.match(text) for form in (_FINAL_SKY, _LISTED))


def is_parameter(text: str) -> bool:
    """Whether a line is a parameter, its tabs kept or not."""
    return any(form.match(text) for form in (_PARAMETER, _SPACED_PARAMETER))


def _in_table(text: str, rows: list[_Row], start: int) -> Meaning | None:
    demanded: Meaning | None = None
    for what, task, regex, demand in rows:
        if found := regex.match(text, start):
            opens = what in _CONTINUED and (what is not PYTHON or not found[1])
            groups = found.groups("")
            if what is SECTION:
                task = _task_of_section(groups[0])
            return what, task, groups, what if opens else None
        if demand and demand in text:
            demanded = What.UNREAD, task, (), None
    return demanded


class EventFinder:
    """Makes events of lines; what a line means may depend on the one before."""

    def __init__(self) -> None:
        self.follows: What | None = None
        """What the next line may be because of the last one."""

    def find(self, number: int, line: Known) -> Event | None:
        """The event of a line, if it has one."""
        text, has_logger, meaning = line
        if self.follows is not None and (event := self._continued(number, text, has_logger)):
            return event
        if meaning is None:
            return None
        what, task, groups, opens = meaning
        if opens is not None or self._ends(task):
            self.follows = opens
        return Event(what, task, number, groups, text, has_logger)

    def is_exception(self, text: str) -> bool:
        """Whether a text is the last line of a traceback."""
        return self.follows is What.TRACEBACK and _EXCEPTION.match(text) is not None

    def _ends(self, task: LoggedTask | None) -> bool:
        """Whether a line with a meaning ends the list: those of another task do not."""
        return self.follows is None or _CONTINUED[self.follows][2] in (None, task)

    def _continued(self, number: int, text: str, has_logger: bool) -> Event | None:
        """A line of the list that was begun.

        A list of a task goes on after a line of something else, until that task prints
        another line.
        """
        what, regex, task = _CONTINUED[self.follows or What.UNREAD]
        if found := regex.match(text):
            if what in (What.PYTHON, What.EXCEPTION):
                self.follows = None
            return Event(what, task, number, found.groups("") or (found[0],), text, has_logger)
        if task is None and what is not What.EXCEPTION and text.strip():
            self.follows = None
        return None


#: Meaning of the lines after one, while they have the same form.
_CONTINUED: dict[What, tuple[What, re.Pattern[str], LoggedTask | None]] = {
    What.PRODUCTS: (What.PRODUCT, _PRODUCT, _T),
    What.FINAL_SKIES: (What.FINAL_SKY, _FINAL_SKY, _A),
    What.TRACEBACK: (What.EXCEPTION, _EXCEPTION, None),
    What.PYTHON: (What.PYTHON, _PYTHON_ALONE, None),
}


def _task_of_section(title: str) -> LoggedTask | None:
    """Task that has a section of parameters of this title; None when both may."""
    if title.endswith(" Steps"):
        return None
    return _A if title.endswith(" Step") else _T
