"""What the logs of drizzlepac's tasks have in common.

A log holds any number of runs, of both tasks, of any version, one after the other. Up to
drizzlepac 3.5 every run begins with a line that names the task, its version and the time;
later AstroDrizzle keeps that line for itself and begins with its list of packages.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from skydb.files.textfile import lines_of, read_bytes

_LEVEL = re.compile(r"^\[[A-Z ]{8}\] ?|^\d{8,20} +[A-Z]+ +src=\S*?- ?")
_PARAMETER = re.compile(r"^\t(\w+) :\t(.*)$")
_PACKAGE = re.compile(r"^([\w.]+) Version -> (\S+)")
_PYTHON = re.compile(r"^(?:Python Version )?(\d+\.\d+\.\w+)\b")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
#: drizzlepac cuts the fraction out of a text, which for microseconds is ``4.5e-05``.
_CLOCK = re.compile(r"(\d{1,2}:\d{2}:\d{2})(?:\.(\d*)(e?))?\.?")
_BEGINNING = re.compile(r"^(AstroDrizzle|TweakReg) Version .*started at")
_SETTING_UP = "Setting up logfile"
_PACKAGES_FOLLOW = "Version Information"
_FITTING = ("Finding shifts for", "Performing fit for")
#: Lines between the beginning of a run and its list of packages.
_NEAR = 4

#: Number of a line, counted from 1, and its text without the level.
Line = tuple[int, str]

#: What every log of a run has at least one of.
TRACES = (b"AstroDrizzle Version ", b"TweakReg Version ", b"==== Processing Step ")


class LoggedTask(StrEnum):
    """Which task of drizzlepac a run is of."""

    ASTRODRIZZLE = "AstroDrizzle"
    TWEAKREG = "TweakReg"


@dataclass(frozen=True, slots=True)
class LogProblem:
    """A line that could not be understood, counted from 1."""

    line_number: int
    text: str


@dataclass(frozen=True)
class RunLines:
    """The lines of one run, from its first to the one before the next run.

    Parameters
    ----------
    task : LoggedTask
    lines : tuple of Line
    unread : tuple of Line
        Lines before them that should have named the task and do not.
    """

    task: LoggedTask
    lines: tuple[Line, ...]
    unread: tuple[Line, ...] = ()

    @property
    def first_line(self) -> int:
        """Number of the line that the run begins with."""
        return self.lines[0][0]

    @cached_property
    def has_banner(self) -> bool:
        """Whether the run begins by naming its task and the time."""
        return _BEGINNING.match(self.lines[0][1]) is not None

    def identity(self, count: int | None = None) -> str:
        """SHA-256 of the texts of the first lines, or of all; where they stand does not matter."""
        text = "\n".join(line.rstrip() for _, line in self.lines[:count])
        return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()

    def count_to(self, line_number: int | None) -> int:
        """How many lines there are up to one with a number; all without a number."""
        last = math.inf if line_number is None else line_number
        return sum(1 for number, _ in self.lines if number <= last)


def is_log(content: bytes) -> bool:
    """Whether a file holds the log of a run, whatever it is called."""
    return any(trace in content for trace in TRACES)


def read_runs(path: Path, task: LoggedTask | None = None) -> list[RunLines]:
    """The runs in a log; what precedes the first one is left out.

    Parameters
    ----------
    path : Path
        The log; gzip is fine.
    task : LoggedTask, optional
        Only runs of this task.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    runs = split_runs(lines_of(read_bytes(path)))
    return [run for run in runs if task is None or run.task is task]


def split_runs(lines: Sequence[str]) -> list[RunLines]:
    """The runs in the lines of a log; see :func:`read_runs`."""
    numbered = [(number, _LEVEL.sub("", line)) for number, line in enumerate(lines, start=1)]
    starts = list(_starts(numbered))
    announced = [_announced(numbered, start) for start in starts]
    ends = [*announced[1:], len(numbered)][: len(starts)]
    return [
        RunLines(
            _task_of(numbered[start:end]),
            tuple(numbered[start:end]),
            tuple(line for line in numbered[before + 1 : start] if line[1].strip()),
        )
        for before, start, end in zip(announced, starts, ends, strict=True)
    ]


def _starts(numbered: Sequence[Line]) -> Iterator[int]:
    """Where runs begin: at their first words, or at their packages when these come first."""
    latest = -_NEAR - 1
    for index, (_, line) in enumerate(numbered):
        if _BEGINNING.match(line) or (line.startswith(_PACKAGES_FOLLOW) and index - latest > _NEAR):
            latest = index
            yield index


def _announced(numbered: Sequence[Line], start: int) -> int:
    """The remark on the log file that a run is announced by, else its first line."""
    for index in range(start - 1, max(start - _NEAR, 0) - 1, -1):
        if numbered[index][1].startswith(_SETTING_UP):
            return index
    return start


def _task_of(chunk: Sequence[Line]) -> LoggedTask:
    found = _BEGINNING.match(chunk[0][1])
    if found:
        return LoggedTask(found[1])
    is_alignment = any(line.startswith(_FITTING) for _, line in chunk)
    return LoggedTask.TWEAKREG if is_alignment else LoggedTask.ASTRODRIZZLE


def parameter_in(line: str) -> tuple[str, str] | None:
    """Name and value of a line that prints a parameter, else None."""
    found = _PARAMETER.match(line)
    return None if found is None else (found[1], found[2].strip())


def package_in(line: str) -> tuple[str, str] | None:
    """Name and version of a line that prints a package, else None."""
    found = _PACKAGE.match(line)
    return None if found is None else (found[1], found[2])


def python_of(lines: Sequence[Line]) -> str | None:
    """Version of Python, printed on one line or on the two after ``Python Version``."""
    for index, (_, line) in enumerate(lines):
        if line.startswith("Python Version"):
            nearby = (_PYTHON.match(text) for _, text in lines[index : index + 2])
            return next((found[1] for found in nearby if found), None)
    return None


def number_in(text: str) -> float:
    """A finite number, printed with digits.

    Raises
    ------
    ValueError
        When it is none, such as ``nan`` or ``****``.
    """
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def moment(clock: str, day: str) -> datetime | None:
    """Time of a line such as ``14:15:16.999 (30/04/2019)``; None when it is no time."""
    found = _CLOCK.fullmatch(clock)
    if found is None:
        return None
    fraction = "" if found[3] else (found[2] or "")
    try:
        return datetime.strptime(f"{day} {found[1]}.{fraction[:6] or '0'}", "%d/%m/%Y %H:%M:%S.%f")
    except ValueError:
        return None
