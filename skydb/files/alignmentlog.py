"""Runs of TweakReg as its log tells them.

A fit that failed leaves no numbers in the log, a row of NaN in the shift file, and
whatever match file an earlier run left in the directory: the log is what says
whether a match file belongs to the run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from skydb.files.logs import Line, LogProblem, moment, package_in, parameter_in, read_runs
from skydb.files.shiftfile import signed_angle_deg

_START = re.compile(r"TweakReg Version (\S+?) ?\((.*?)\) started at: (\S+) \((\S+)\)")
_STEP = re.compile(r"USER INPUT PARAMETERS (?:for|common to all) (.+?):")
_REFERENCE = re.compile(r"derived from '(.+?)'")
_FIT = re.compile(r"Performing fit for: (\S+)")
_MATCHED = re.compile(r"Found (\d+) matches for (\S+?)\.\.\.")
_TOO_FEW = re.compile(r"# (Not enough matches .*? found for input image: (\S+))")
_COMPUTED = re.compile(r"Computed +(\w+) +fit for +(\S+)")
_SHIFT = re.compile(r"XSH: (\S+) +YSH: (\S+) +ROT: (\S+) +SCALE: (\S+)")
_RMS_PIX = re.compile(r"XRMS: (\S+) +YRMS: (\S+)")
_RMS_SKY = re.compile(r"RMS_RA: (\S+) \((\w+)\) +RMS_DEC: (\S+) \((\w+)\)")
_OBJECTS = re.compile(r"Final solution based on +(\d+) +objects")
_UPDATED = re.compile(r"\.\.\.\.Updating header for (\S+?)\.\.\.")

_MAS_PER_DEG = 3.6e6


@dataclass
class LoggedFit:
    """One product in a run; numbers are as printed, None when none was printed."""

    product: str
    line_number: int
    fit_geometry: str | None = None
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

    @property
    def is_fitted(self) -> bool:
        """Whether the log prints a fit."""
        return self.failure is None and self.dx_pix is not None


@dataclass
class LoggedAlignment:
    """One run of TweakReg; times are the local clock of an unknown place."""

    first_line: int
    tool_version: str
    tool_date: str
    started_at: datetime | None
    reference: str | None = None
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    fits: list[LoggedFit] = field(default_factory=list)
    problems: list[LogProblem] = field(default_factory=list)


def read_tweakreg_log(path: Path) -> list[LoggedAlignment]:
    """Every run in a ``tweakreg.log``, in order.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    return [_Reader(lines).run for lines in read_runs(path, _START)]


class _Reader:
    """Reads one run line by line; numbers belong to the fit that was begun last."""

    def __init__(self, lines: Sequence[Line]) -> None:
        number, first = lines[0]
        version, date, clock, day = _START.search(first).groups()  # type: ignore[union-attr]
        self.run = LoggedAlignment(number, version, date, moment(clock, day))
        self._step = ""
        for number, line in lines[1:]:
            self._read(number, line)
        for fit in self.run.fits:
            if not fit.is_fitted and fit.failure is None:
                fit.failure = "the log prints no fit"

    def _read(self, number: int, line: str) -> None:
        if begun := _FIT.search(line):
            self.run.fits.append(LoggedFit(begun[1], number))
        elif not self._read_setting(line) and self.run.fits:
            try:
                self._read_fit(self.run.fits[-1], line)
            except ValueError:
                self.run.problems.append(LogProblem(number, line))

    def _read_setting(self, line: str) -> bool:
        parameter = parameter_in(line)
        if parameter and self._step:
            self.run.parameters[self._step].update([parameter])
        elif step := _STEP.search(line):
            self._step = step[1].strip()
            self.run.parameters.setdefault(self._step, {})
        elif package := package_in(line):
            self.run.packages.update([package])
        elif reference := _REFERENCE.search(line):
            self.run.reference = reference[1]
        else:
            return False
        return True

    def _read_fit(self, fit: LoggedFit, line: str) -> None:
        if found := _MATCHED.search(line):
            fit.matches_found = int(found[1])
        elif few := _TOO_FEW.search(line):
            fit.failure = few[1]
        elif computed := _COMPUTED.search(line):
            fit.fit_geometry = computed[1]
        elif objects := _OBJECTS.search(line):
            fit.nmatches = int(objects[1])
        elif updated := _UPDATED.search(line):
            fit.header_updated = fit.header_updated or updated[1] == fit.product
        else:
            self._read_numbers(fit, line)

    def _read_numbers(self, fit: LoggedFit, line: str) -> None:
        if shift := _SHIFT.search(line):
            fit.dx_pix, fit.dy_pix, angle_deg, fit.scale = map(float, shift.groups())
            fit.rotation_deg = signed_angle_deg(angle_deg)
        elif rms := _RMS_PIX.search(line):
            fit.x_rms_pix, fit.y_rms_pix = map(float, rms.groups())
        elif sky := _RMS_SKY.search(line):
            fit.rms_ra_mas = _in_mas(sky[1], sky[2])
            fit.rms_dec_mas = _in_mas(sky[3], sky[4])


def _in_mas(value: str, unit: str) -> float:
    if unit not in ("deg", "mas"):
        raise ValueError(f"unit {unit}")
    return float(value) * (_MAS_PER_DEG if unit == "deg" else 1.0)
