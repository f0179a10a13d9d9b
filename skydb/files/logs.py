"""What the logs of drizzlepac's tasks have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from skydb.errors import UnreadableFileError

_LEVEL = re.compile(r"^\[[A-Z ]{8}\] ?")
_PARAMETER = re.compile(r"^\t(\w+) :\t(.*)$")
_PACKAGE = re.compile(r"^(\w+) Version -> (\S+)")

#: Number of a line, counted from 1, and its text without the level.
Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class LogProblem:
    """A line that could not be understood, counted from 1."""

    line_number: int
    text: str


def read_runs(path: Path, start: re.Pattern[str]) -> Iterator[list[Line]]:
    """Numbered lines of each run in a log; what precedes the first run is left out.

    Parameters
    ----------
    path : Path
        The log.
    start : re.Pattern
        What a run begins with.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror})") from error
    yield from _runs(text.splitlines(), start)


def _runs(lines: Sequence[str], start: re.Pattern[str]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for number, line in enumerate(lines, start=1):
        content = _LEVEL.sub("", line)
        if start.search(content):
            if run:
                yield run
            run = [(number, content)]
        elif run:
            run.append((number, content))
    if run:
        yield run


def parameter_in(line: str) -> tuple[str, str] | None:
    """Name and value of a line that prints a parameter, else None."""
    found = _PARAMETER.match(line)
    return None if found is None else (found[1], found[2].strip())


def package_in(line: str) -> tuple[str, str] | None:
    """Name and version of a line that prints a package, else None."""
    found = _PACKAGE.match(line)
    return None if found is None else (found[1], found[2])


def moment(clock: str, day: str) -> datetime | None:
    """Time of a line such as ``14:15:16.999 (30/04/2019)``; None when it is no time."""
    text = f"{day} {clock.rstrip('.')}"
    for form in ("%d/%m/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
