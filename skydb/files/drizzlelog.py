"""Runs of AstroDrizzle as its log tells them.

One ``astrodrizzle.log`` holds any number of runs, of any version. What happened is
read from what the steps say they did, not from the parameters alone: the method is
known by the headings of the last skymatch that ended, the skies by what the final
drizzle says it applied. A line that should be understood and is not becomes a
:class:`~skydb.files.logs.LogProblem`; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs import Line, LogProblem, moment, package_in, parameter_in, read_runs

_START = re.compile(r"AstroDrizzle Version (\S+?) ?\((.*?)\) started at: (\S+) \((\S+)\)")
_END = re.compile(r"AstroDrizzle Version \S+ is finished processing at (\S+) \((\S+)\)")
_PARAMETERS = re.compile(r"USER INPUT PARAMETERS (?:for|common to all) (.+?) ?(?:Step|Steps)?:")
_OUTPUT = re.compile(r"Setting up output name: (\S+)")
_INPUT = re.compile(r"\*\*  Input image: '(.+?)'")
_APPLIED = re.compile(r"Applying sky value of (\S+) to (\S+?)\[sci,(\d+)\]", re.IGNORECASE)
_SKYMATCH = re.compile(r"\*{5} skymatch (started|ended) on (.+)")
_REVERTING = re.compile(r'Reverting sky computation to "(.+?)" from "(.+?)"?$')
_WRITTEN = re.compile(r"Writing out image to disk: (\S+)")

_CHIPS = "Computing sky values requested image extensions"
_OVERLAPS = "Computing differences in sky values in overlapping regions"
_GLOBAL = 'Computing "global" sky on requested image extensions'


@dataclass(frozen=True, slots=True)
class LoggedSky:
    """Sky that the final drizzle applied to one chip, as printed.

    ``printed`` keeps the digits of the log, which has six decimals.
    """

    filename: str
    extver: int
    mdrizsky: float
    printed: str
    line_number: int


@dataclass
class LoggedRun:
    """One run of AstroDrizzle.

    Times are the local clock of an unknown place: they have no zone.
    """

    first_line: int
    tool_version: str
    tool_date: str
    started_at: datetime | None
    finished_at: datetime | None = None
    output: str | None = None
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    skies: list[LoggedSky] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    sky_calls: list[SkyMethod | None] = field(default_factory=list)
    reverted_from: str | None = None
    problems: list[LogProblem] = field(default_factory=list)

    @property
    def requested_method(self) -> SkyMethod | None:
        """The ``skymethod`` parameter, or None when it is missing or unknown."""
        text = self.parameters.get("Sky Subtraction", {}).get("skymethod", "").strip()
        return SkyMethod(text) if text in set(SkyMethod) else None

    @property
    def effective_method(self) -> SkyMethod | None:
        """Method of the last skymatch that ended; None when none did."""
        return next((method for method in reversed(self.sky_calls) if method), None)

    @property
    def is_complete(self) -> bool:
        """Whether the run says that it finished."""
        return self.finished_at is not None


def read_drizzle_log(path: Path) -> list[LoggedRun]:
    """Every run in a log, in order.

    Parameters
    ----------
    path : Path
        An ``astrodrizzle.log``.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    return [_Reader(lines).run for lines in read_runs(path, _START)]


class _Reader:
    """Reads one run line by line."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.run = self._begin(*lines[0])
        self._step = ""
        self._headings: set[str] = set()
        for number, line in lines[1:]:
            self._read(number, line)

    def _begin(self, number: int, line: str) -> LoggedRun:
        found = _START.search(line)
        assert found is not None  # a chunk begins with such a line
        version, date, clock, day = found.groups()
        run = LoggedRun(number, version, date, moment(clock, day))
        if run.started_at is None:
            run.problems.append(LogProblem(number, line))
        return run

    def _read(self, number: int, line: str) -> None:
        parameter = parameter_in(line)
        if parameter and self._step:
            self.run.parameters[self._step].update([parameter])
        elif not (self._read_sky(number, line) or self._read_setting(line)):
            self._read_end(number, line)

    def _read_setting(self, line: str) -> bool:
        if heading := _PARAMETERS.search(line):
            self._step = heading[1].strip()
            self.run.parameters.setdefault(self._step, {})
        elif package := package_in(line):
            self.run.packages.update([package])
        elif output := _OUTPUT.search(line):
            self.run.output = output[1]
        elif (given := _INPUT.search(line)) and given[1] not in self.run.inputs:
            self.run.inputs.append(given[1])
        elif written := _WRITTEN.search(line):
            self.run.written.append(written[1])
        else:
            return False
        return True

    def _read_sky(self, number: int, line: str) -> bool:
        if "Applying sky value of" in line:
            self._read_applied(number, line)
        elif call := _SKYMATCH.search(line):
            self._read_skymatch(call[1])
        elif reverting := _REVERTING.search(line):
            self.run.reverted_from = reverting[2]
        elif any(heading in line for heading in (_CHIPS, _OVERLAPS, _GLOBAL)):
            self._headings.add(next(h for h in (_CHIPS, _OVERLAPS, _GLOBAL) if h in line))
        else:
            return False
        return True

    def _read_applied(self, number: int, line: str) -> None:
        applied = _APPLIED.search(line)
        try:
            if applied is None:
                raise ValueError(line)
            sky = LoggedSky(applied[2], int(applied[3]), float(applied[1]), applied[1], number)
        except ValueError:
            self.run.problems.append(LogProblem(number, line))
        else:
            self.run.skies.append(sky)

    def _read_skymatch(self, what: str) -> None:
        if what == "started":
            self._headings.clear()
            self.run.sky_calls.append(None)
        elif self.run.sky_calls:
            self.run.sky_calls[-1] = _method_of(self._headings)

    def _read_end(self, number: int, line: str) -> None:
        ended = _END.search(line)
        if ended is None:
            return
        self.run.finished_at = moment(*ended.groups())
        if self.run.finished_at is None:
            self.run.problems.append(LogProblem(number, line))


def _method_of(headings: set[str]) -> SkyMethod | None:
    methods = {
        frozenset({_CHIPS}): SkyMethod.LOCALMIN,
        frozenset({_OVERLAPS}): SkyMethod.MATCH,
        frozenset({_OVERLAPS, _GLOBAL}): SkyMethod.GLOBALMIN_MATCH,
        frozenset({_GLOBAL}): SkyMethod.GLOBALMIN,
    }
    return methods.get(frozenset(headings))
