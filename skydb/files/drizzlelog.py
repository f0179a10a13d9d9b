"""Runs of AstroDrizzle as its log tells them.

One ``astrodrizzle.log`` holds any number of runs, of any version. What happened is
read from what the steps say they did, not from the parameters alone: the method is
known by the headings of the last skymatch that ended, the skies by what the drizzle
says it applied. A line that should be understood and is not becomes a
:class:`~skydb.files.logs.LogProblem`; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath

from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs import (
    LoggedTask,
    LogProblem,
    RunLines,
    moment,
    number_in,
    package_in,
    parameter_in,
    python_of,
    read_runs,
)

#: File name and EXTVER of one chip.
Chip = tuple[str, int]

_START = re.compile(r"AstroDrizzle Version (\S+?) ?(?:\((.*?)\) ?)?started at: (\S+) \((\S+)\)")
_END = re.compile(r"AstroDrizzle Version \S+ is finished processing at (\S+) \((\S+)\)")
_ENDED = re.compile(r"AstroDrizzle Version \S+ is finished processing")
_BROKEN = re.compile(r"AstroDrizzle Version \S+ encountered a problem")
_WHEN = re.compile(r"(\d\d:\d\d:\d\d\S*) \((\d\d/\d\d/\d{4})\)")
_STEP = re.compile(
    r"==== (?:Processing )?Step +'?(.+?)'? +(started|finished|was [\w ]+?) +at +(\S+) \((\S+)\)"
)
_PARAMETERS = re.compile(r"USER INPUT PARAMETERS (?:for|common to all) (.+?) ?(?:Step|Steps)?:")
_OUTPUT = re.compile(r"Setting up output name: (\S+)")
_INPUT = re.compile(r"\*\*  Input image: '(.+?)'")
_DRIZZLING = re.compile(r"-Drizzle input: (\S+?)\[sci,(\d{1,3})\]", re.IGNORECASE)
_APPLIED = re.compile(r"Applying sky value of (\S+) to (\S+?)\[sci,(\d{1,3})\] *", re.IGNORECASE)
_SKYMATCH = re.compile(r"\*{5} skymatch (started|ended) on (.+)")
_SKYPAC = re.compile(r"      Version (\d\S*)")
_HEADING = re.compile(r"-----  (\S.*?)  -----")
_UNITS_OF = re.compile(r"   \*   Image: (\S+)")
_UNITS_EXT = re.compile(r"       EXT = '\w+',(\d{1,3})\b")
_UNITS = re.compile(r"Data units type: (\S+)")
_UNDETERMINED = re.compile(r"Image +'(\S+?)\[.*?' +(?:-- +)?SKY = None")
_REVERTING = re.compile(r'Reverting sky computation to "(.+?)" from "(.+?)"?$')
_WRITTEN = re.compile(r"Writing out image to disk: (\S+)")
_MASK = re.compile(r"Saving static mask to disk: (\S+)")

_CHIPS = "Computing sky values requested image extensions"
_OVERLAPS = "Computing differences in sky values in overlapping regions"
_GLOBAL = 'Computing "global" sky on requested image extensions'
_COMPUTING = (_CHIPS, _OVERLAPS, _GLOBAL)
#: Headings of skymatch that do not tell its method.
_OTHER_HEADINGS = ("User specified", "Input file", "Parsing", "Sky statistics", "Data->Brightness")
_FINAL = "Final Drizzle"
#: What parameters are printed under when their own heading is not.
_SECTIONS = {"Initialization": "Processing", "Subtract Sky": "Sky Subtraction"}
_SKY = _SECTIONS["Subtract Sky"]


@dataclass(frozen=True, slots=True)
class LoggedSky:
    """Sky that the drizzle applied to one chip, as printed.

    ``printed`` keeps the digits of the log, which has six decimals.
    """

    filename: str
    extver: int
    mdrizsky: float
    printed: str
    line_number: int

    @property
    def chip(self) -> Chip:
        """What it was applied to."""
        return self.filename, self.extver


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
    python_version: str | None = None
    inputs: list[str] = field(default_factory=list)
    skies: list[LoggedSky] = field(default_factory=list)
    units: dict[Chip, str] = field(default_factory=dict)
    undetermined: list[str] = field(default_factory=list)
    drizzled: dict[Chip, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    static_masks: list[str] = field(default_factory=list)
    sky_calls: list[SkyMethod | None] = field(default_factory=list)
    reverted_from: str | None = None
    has_ended: bool = False
    failure: str | None = None
    last_step: str | None = None
    last_line: int | None = None
    problems: list[LogProblem] = field(default_factory=list)
    lines: RunLines | None = None

    @property
    def requested_method(self) -> SkyMethod | None:
        """The ``skymethod`` parameter, or None when it is missing or unknown."""
        text = self.sky_parameters.get("skymethod", "")
        return SkyMethod(text) if text in set(SkyMethod) else None

    @property
    def effective_method(self) -> SkyMethod | None:
        """Method of the last skymatch that ended; None when none did."""
        return next((method for method in reversed(self.sky_calls) if method), None)

    @property
    def sky_parameters(self) -> dict[str, str]:
        """Parameters of the sky step."""
        return self.parameters.get(_SKY, {})

    @property
    def is_complete(self) -> bool:
        """Whether the run says that it finished."""
        return self.has_ended and self.failure is None

    @property
    def counts_photons(self) -> bool:
        """Whether the images are those of ACS/SBC, after which static masks are named."""
        return any("SBC" in name for name in self.static_masks)

    @property
    def applied(self) -> dict[Chip, LoggedSky]:
        """The sky of each chip; the final drizzle has the last word."""
        return {sky.chip: sky for sky in self.skies}

    @property
    def conflicts(self) -> dict[Chip, list[str]]:
        """Chips that were given several skies, with each of these."""
        given: dict[Chip, list[str]] = {}
        for sky in self.skies:
            given.setdefault(sky.chip, []).append(sky.printed)
        return {chip: printed for chip, printed in given.items() if len(set(printed)) > 1}


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
    return [read_drizzle_run(lines) for lines in read_runs(path, LoggedTask.ASTRODRIZZLE)]


def read_drizzle_run(lines: RunLines) -> LoggedRun:
    """One run of AstroDrizzle."""
    return _Reader(lines).run


class _Reader:
    """Reads one run line by line."""

    def __init__(self, lines: RunLines) -> None:
        self._has_banner = lines.has_banner
        self._section = "Processing"
        self._headings: set[str] = set()
        self._is_clear = True
        self._image = ""
        self._extver = 0
        self._readers: tuple[Callable[[int, str], bool], ...] = (
            self._read_parameter,
            self._read_applied,
            self._read_sky,
            self._read_units,
            self._read_step,
            self._read_setting,
            self._read_end,
        )
        self.run = self._begin(lines)
        for number, line in lines.lines[1:]:
            if any(read(number, line) for read in self._readers) and self._is_over:
                break
        self._finish()

    @property
    def _is_over(self) -> bool:
        return self.run.has_ended or self.run.failure is not None

    def _begin(self, lines: RunLines) -> LoggedRun:
        number, line = lines.lines[0]
        found = _START.search(line)
        version, date, clock, day = found.groups() if found else ("", None, "", "")
        run = LoggedRun(number, version, date or "", moment(clock, day), lines=lines)
        run.python_version = python_of(lines.lines)
        run.problems += [LogProblem(*unread) for unread in lines.unread]
        if lines.has_banner and run.started_at is None:
            run.problems.append(LogProblem(number, line))
        return run

    def _problem(self, number: int, line: str) -> None:
        self.run.problems.append(LogProblem(number, line))

    def _read_parameter(self, number: int, line: str) -> bool:
        parameter = parameter_in(line)
        if parameter is None:
            return False
        self.run.parameters.setdefault(self._section, {}).update([parameter])
        name, value = parameter
        if name == "skymethod" and value not in set(SkyMethod):
            self._problem(number, line)
        return True

    def _read_applied(self, number: int, line: str) -> bool:
        if drizzling := _DRIZZLING.search(line):
            self.run.drizzled[_name(drizzling[1]), int(drizzling[2])] = number
            return True
        # To a blotted image it is added, not taken from.
        if "Applying sky value of" not in line or "to blotted image" in line:
            return False
        applied = _APPLIED.fullmatch(line)
        try:
            if applied is None:
                raise ValueError(line)
            value = number_in(applied[1])
        except ValueError:
            self._problem(number, line)
        else:
            sky = LoggedSky(_name(applied[2]), int(applied[3]), value, applied[1], number)
            self.run.skies.append(sky)
        return True

    def _read_sky(self, number: int, line: str) -> bool:
        if call := _SKYMATCH.search(line):
            self._read_skymatch(call[1])
        elif heading := _HEADING.search(line):
            self._read_heading(number, line, heading[1])
        elif reverting := _REVERTING.search(line):
            self.run.reverted_from = reverting[2]
        elif undetermined := _UNDETERMINED.search(line):
            self.run.undetermined.append(_name(undetermined[1]))
        elif self.run.sky_calls and (version := _SKYPAC.match(line)):
            self.run.packages.setdefault("stsci.skypac", version[1])
        else:
            return False
        return True

    def _read_heading(self, number: int, line: str, heading: str) -> None:
        known = next((text for text in _COMPUTING if heading.startswith(text)), None)
        if known is not None:
            self._headings.add(known)
        elif self.run.sky_calls and not heading.startswith(_OTHER_HEADINGS):
            self._is_clear = False
            self._problem(number, line)

    def _read_skymatch(self, what: str) -> None:
        if what == "started":
            self._headings.clear()
            self._is_clear = True
            self.run.sky_calls.append(None)
        elif self.run.sky_calls:
            self.run.sky_calls[-1] = _method_of(self._headings) if self._is_clear else None

    def _read_units(self, _: int, line: str) -> bool:
        if image := _UNITS_OF.match(line):
            self._image = _name(image[1])
        elif extension := _UNITS_EXT.match(line):
            self._extver = int(extension[1])
        elif units := _UNITS.search(line):
            self._take_unit((self._image, self._extver), units[1])
        else:
            return False
        return True

    def _take_unit(self, chip: Chip, unit: str) -> None:
        """Keep a unit, unless the same chip seems to have two: then the name of one is lost."""
        known = self.run.units.setdefault(chip, unit)
        if known != unit:
            self.run.units[chip] = "UNKNOWN"

    def _read_step(self, number: int, line: str) -> bool:
        found = _STEP.search(line)
        if found is None:
            return False
        step, what, clock, day = found.groups()
        when = moment(clock, day)
        if what == "started":
            self.run.last_step = step
            self.run.started_at = self.run.started_at or when
            self._section = _SECTIONS.get(step, step)
        elif step == _FINAL and not self._has_banner and "abort" not in what:
            # A run that does not say when it begins does not say that it is finished either.
            self.run.has_ended, self.run.finished_at, self.run.last_line = True, when, number
        return True

    def _read_setting(self, _: int, line: str) -> bool:
        if heading := _PARAMETERS.search(line):
            self._section = heading[1].strip()
        elif package := package_in(line):
            self.run.packages.update([package])
        elif output := _OUTPUT.search(line):
            self.run.output = output[1]
        elif given := _INPUT.search(line):
            if _name(given[1]) not in self.run.inputs:
                self.run.inputs.append(_name(given[1]))
        elif written := _WRITTEN.search(line):
            self.run.written.append(_name(written[1]))
        elif mask := _MASK.search(line):
            self.run.static_masks.append(_name(mask[1]))
        else:
            return False
        return True

    def _read_end(self, number: int, line: str) -> bool:
        if ended := _END.search(line):
            self.run.finished_at = moment(*ended.groups())
        if _ENDED.search(line):
            self.run.has_ended = True
            if self.run.finished_at is None:
                self._problem(number, line)
        elif _BROKEN.search(line):
            where = f" in step {self.run.last_step}" if self.run.last_step else ""
            self.run.failure = f"AstroDrizzle encountered a problem{where}"
        elif "AstroDrizzle Version" in line:
            self._problem(number, line)
        else:
            return False
        self.run.last_line = number
        return True

    def _finish(self) -> None:
        run = self.run
        run.tool_version = run.tool_version or run.packages.get("drizzlepac", "")
        if run.failure:
            self._read_time_of_failure()
        if not run.inputs:
            run.inputs = list(dict.fromkeys(name for name, _ in run.drizzled))

    def _read_time_of_failure(self) -> None:
        """The time stands in the same box, on that line or the next."""
        assert self.run.lines is not None and self.run.last_line is not None
        for number, line in self.run.lines.lines:
            if 0 <= number - self.run.last_line <= 2 and (when := _WHEN.search(line)):
                self.run.finished_at = moment(*when.groups())
                self.run.last_line = number


def _name(path: str) -> str:
    return PurePath(path).name


def _method_of(headings: set[str]) -> SkyMethod | None:
    methods = {
        frozenset({_CHIPS}): SkyMethod.LOCALMIN,
        frozenset({_OVERLAPS}): SkyMethod.MATCH,
        frozenset({_OVERLAPS, _GLOBAL}): SkyMethod.GLOBALMIN_MATCH,
        frozenset({_GLOBAL}): SkyMethod.GLOBALMIN,
    }
    return methods.get(frozenset(headings))
