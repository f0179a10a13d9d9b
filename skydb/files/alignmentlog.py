"""Runs of TweakReg as its log tells them.

A fit that failed leaves no numbers in the log, a row of NaN in the shift file, and
whatever match file an earlier run left in the directory: the log is what says
whether a match file belongs to the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath

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
from skydb.files.shiftfile import signed_angle_deg

_START = re.compile(r"TweakReg Version (\S+?) ?(?:\((.*?)\) ?)?started at: (\S+) \((\S+)\)")
_STEP = re.compile(r"USER INPUT PARAMETERS (?:for|common to all) (.+?):")
_PRODUCTS = "Finding shifts for:"
_FRAME = re.compile(r"derived from '(.+?)'")
_SOURCES = re.compile(r"FINAL number of objects in image '(.+?)': (\S+)")
_FIT = re.compile(r"Performing fit for: (\S+)")
_MATCHING = re.compile(
    r"Matching sources from '(.+?)' with sources from reference (?:image|catalog) '(.+?)'"
)
_IDENTITY = re.compile(r"NO fit performed for reference image: (\S+)")
_MATCHED = re.compile(r"Found (\d{1,8}) matches for (\S+?)\.\.\.")
_TOO_FEW = re.compile(r"(Not enough matches .*? found for input image:?)(?: (\S+))?")
_BROKEN = re.compile(r"(Least squares failed!.*)")
_COMPUTED = re.compile(r"Computed +(\w{1,16}) +fit for +(\S+)")
_SHIFT = re.compile(r"XSH: (\S+) +YSH: (\S+)")
_ROTATION = re.compile(r"(?<!<)\bROT: (\S+)")
_SCALE = re.compile(r"\bSCALE>?: (\S+)")
_RMS_PIX = re.compile(r"\bXRMS: (\S+) +(?:FIT )?YRMS: (\S+)")
_RMS_SKY = re.compile(r"RMS_RA: (\S+) \((\w+)\) +RMS_DEC: (\S+) \((\w+)\)")
_OBJECTS = re.compile(r"Final solution based on +(\d{1,8}) +objects")
_UPDATED = re.compile(r"(?:^|\.{4})Updating header for '?(\S+?)'?(?: |\.\.\.|\[\d+\])")
_RECORDED = re.compile(r"Initializing new WCSCORR table for +(\S+)")
_NAMED = re.compile(r'(?:Updating WCSCORR table with new WCS solution "|WCSNAME +: +)(.+?)"?\s*$')
_SHIFT_FILE = re.compile(r"Writing out shiftfile : (\S+)")
#: Lines within a fit that name its product, and in which part.
_NAMING = ((_MATCHING, 1), (_MATCHED, 2), (_COMPUTED, 2))
_END = "Trailer file written to"
#: Lines that hold numbers of a fit, by what they begin with.
_NUMBERS = ("XSH", "XRMS", "FIT XRMS", "RMS_RA", "Final solution based")

_MAS_PER_DEG = 3.6e6


@dataclass
class LoggedFit:
    """One product in a run; numbers are as printed, None when none was printed."""

    product: str
    line_number: int
    fit_geometry: str | None = None
    reference: str | None = None
    matches_found: int | None = None
    nmatches: int | None = None
    dx_pix: float | None = None
    dy_pix: float | None = None
    rotation_deg: float | None = None
    scale: float | None = None
    x_rms_pix: float | None = None
    y_rms_pix: float | None = None
    rms_ra_mas: float | None = None
    rms_dec_mas: float | None = None
    failure: str | None = None
    header_updated: bool = False
    is_reference: bool = False

    @property
    def is_fitted(self) -> bool:
        """Whether the log tells of a fit."""
        return self.failure is None and (self.fit_geometry is not None or self.dx_pix is not None)


@dataclass
class LoggedAlignment:
    """One run of TweakReg; times are the local clock of an unknown place.

    ``reference`` is what was fitted to; ``frame`` the image in whose plane. ``wcs_names``
    tells which name the header of a product was given, fitted or not.
    """

    first_line: int
    tool_version: str
    tool_date: str
    started_at: datetime | None
    frame: str | None = None
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    python_version: str | None = None
    products: list[str] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    fits: list[LoggedFit] = field(default_factory=list)
    wcs_names: dict[str, str] = field(default_factory=dict)
    shift_file: str | None = None
    has_ended: bool = False
    last_line: int | None = None
    problems: list[LogProblem] = field(default_factory=list)
    lines: RunLines | None = None

    @property
    def reference(self) -> str | None:
        """Catalogue or image that was fitted to."""
        named = (fit.reference for fit in self.fits if fit.reference and not fit.is_reference)
        return next(named, self.frame)

    @property
    def unattempted(self) -> list[str]:
        """Products that the run never came to, the image in whose plane it fits left out."""
        tried = {fit.product for fit in self.fits} | {self.frame, self.reference}
        return [name for name in self.products if name not in tried]

    @property
    def is_complete(self) -> bool:
        """Whether the run came to its end, as far as the log tells."""
        return self.has_ended and not self.unattempted


def read_tweakreg_log(path: Path) -> list[LoggedAlignment]:
    """Every run in a ``tweakreg.log``, in order.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    return [read_tweakreg_run(lines) for lines in read_runs(path, LoggedTask.TWEAKREG)]


def read_tweakreg_run(lines: RunLines) -> LoggedAlignment:
    """One run of TweakReg."""
    return _Reader(lines).run


class _Reader:
    """Reads one run line by line; numbers belong to the fit that was begun last."""

    def __init__(self, lines: RunLines) -> None:
        self._step = ""
        self._is_listing = False
        self._writing: str | None = None
        self._readers: tuple[Callable[[int, str], bool], ...] = (
            self._read_list,
            self._read_setting,
            self._read_header,
            self._read_beginning,
            self._read_change,
            self._read_fit,
            self._read_numbers,
        )
        self.run = self._begin(lines)
        for number, line in lines.lines[1:]:
            if line.startswith(_END):
                self.run.has_ended, self.run.last_line = True, number
                break
            any(read(number, line) for read in self._readers)
        self._finish()

    def _begin(self, lines: RunLines) -> LoggedAlignment:
        number, first = lines.lines[0]
        found = _START.search(first)
        version, date, clock, day = found.groups() if found else ("", None, "", "")
        run = LoggedAlignment(number, version, date or "", moment(clock, day), lines=lines)
        run.python_version = python_of(lines.lines)
        run.problems += [LogProblem(*unread) for unread in lines.unread]
        if lines.has_banner and run.started_at is None:
            run.problems.append(LogProblem(number, first))
        return run

    def _read_list(self, _: int, line: str) -> bool:
        if line.startswith(_PRODUCTS):
            self._is_listing = True
            return True
        if self._is_listing and line.startswith("    ") and line.strip():
            self.run.products.append(PurePath(line.strip()).name)
            return True
        self._is_listing = False
        return False

    def _read_setting(self, number: int, line: str) -> bool:
        parameter = parameter_in(line)
        if parameter and self._step:
            self.run.parameters[self._step].update([parameter])
        elif step := _STEP.search(line):
            self._step = step[1].strip()
            self.run.parameters.setdefault(self._step, {})
        elif package := package_in(line):
            self.run.packages.update([package])
        elif frame := _FRAME.search(line):
            self.run.frame = frame[1]
        elif shift_file := _SHIFT_FILE.search(line):
            self.run.shift_file = shift_file[1]
        elif sources := _SOURCES.search(line):
            self._count(number, line, *sources.groups())
        else:
            return False
        return True

    def _count(self, number: int, line: str, product: str, count: str) -> None:
        if count.isdecimal():
            self.run.sources[PurePath(product).name] = int(count)
        else:
            self._problem(number, line)

    def _read_header(self, _: int, line: str) -> bool:
        if updated := _UPDATED.search(line):
            self._writing = PurePath(updated[1]).name
            for fit in self.run.fits:
                fit.header_updated = fit.header_updated or fit.product == self._writing
        elif recorded := _RECORDED.search(line):
            self._writing = PurePath(recorded[1]).name
        elif (named := _NAMED.match(line.strip())) and self._writing:
            self.run.wcs_names[self._writing] = named[1]
        else:
            return False
        return True

    def _read_beginning(self, number: int, line: str) -> bool:
        begun = _FIT.search(line)
        if begun:
            self.run.fits.append(LoggedFit(PurePath(begun[1]).name, number))
        return begun is not None

    def _read_change(self, number: int, line: str) -> bool:
        """Notice a fit whose first line is lost: other lines name the product, too."""
        named = next((f[g] for p, g in _NAMING if (f := p.search(line))), None)
        product = None if named is None else PurePath(named).name
        if product is None or (self.run.fits and product == self.run.fits[-1].product):
            return False
        self._problem(number, line)
        is_new = product not in {fit.product for fit in self.run.fits}
        if not is_new or product not in self.run.products:
            return True
        self.run.fits.append(LoggedFit(product, number))
        return False

    def _read_fit(self, _: int, line: str) -> bool:
        if not self.run.fits:
            return False
        fit = self.run.fits[-1]
        if matching := _MATCHING.search(line):
            fit.reference = matching[2]
        elif identity := _IDENTITY.search(line):
            fit.is_reference = PurePath(identity[1]).name == fit.product
        elif found := _MATCHED.search(line):
            fit.matches_found = int(found[1])
        elif few := _TOO_FEW.search(line):
            fit.failure = f"{few[1]} {few[2] or fit.product}"
        elif broken := _BROKEN.search(line):
            fit.failure = broken[1]
        elif computed := _COMPUTED.search(line):
            fit.fit_geometry = computed[1]
        else:
            return False
        return True

    def _read_numbers(self, number: int, line: str) -> bool:
        if not self.run.fits:
            return False
        try:
            is_read = _take_numbers(self.run.fits[-1], line)
        except ValueError:
            is_read = False
        if not is_read and line.strip().startswith(_NUMBERS):
            self._problem(number, line)
        return is_read

    def _problem(self, number: int, line: str) -> None:
        self.run.problems.append(LogProblem(number, line))

    def _finish(self) -> None:
        self.run.tool_version = self.run.tool_version or self.run.packages.get("drizzlepac", "")
        for fit in self.run.fits:
            if not fit.is_fitted and fit.failure is None and not fit.is_reference:
                fit.failure = "the log prints no fit"


def _take_numbers(fit: LoggedFit, line: str) -> bool:
    """Numbers of one line; all of them are read before the first is kept.

    A general fit prints its proper rotation, and its mean scale on a line of its own.
    """
    if shift := _SHIFT.search(line):
        rotation, scale = _ROTATION.search(line), _SCALE.search(line)
        numbers = [number_in(text) for text in shift.groups()]
        angle_deg = signed_angle_deg(number_in(rotation[1])) if rotation else None
        fit.scale = number_in(scale[1]) if scale else fit.scale
        fit.dx_pix, fit.dy_pix, fit.rotation_deg = (*numbers, angle_deg)
    elif line.startswith("<SCALE>") and (scale := _SCALE.search(line)):
        fit.scale = number_in(scale[1])
    elif rms := _RMS_PIX.search(line):
        fit.x_rms_pix, fit.y_rms_pix = [number_in(text) for text in rms.groups()]
    elif sky := _RMS_SKY.search(line):
        fit.rms_ra_mas, fit.rms_dec_mas = _in_mas(sky[1], sky[2]), _in_mas(sky[3], sky[4])
    elif objects := _OBJECTS.search(line):
        fit.nmatches = int(objects[1])
    else:
        return False
    return True


def _in_mas(value: str, unit: str) -> float:
    if unit not in ("deg", "mas"):
        raise ValueError(f"unit {unit}")
    return number_in(value) * (_MAS_PER_DEG if unit == "deg" else 1.0)
