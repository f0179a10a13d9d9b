"""Runs from logs, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.files.logs.patterns import LoggedTask
from skydb.files.logs.values import half_digit, switch_in

#: File name and EXTVER of one chip.
Chip = tuple[str, int]

#: Parameters of a run by their names, in the sections that the log prints them in.
Sections = dict[str, dict[str, str]]

#: AstroDrizzle computes in single precision with some methods.
_SINGLE = 1.2e-7
_SKY = "Sky Subtraction"


@dataclass(frozen=True, slots=True)
class LogProblem:
    """A line that could not be understood, counted from 1."""

    line_number: int
    text: str


@dataclass(frozen=True, slots=True)
class LogLines:
    """Position of a run in its log, and its fingerprint.

    Parameters
    ----------
    first, last : int
        Numbers of its first line and of its last one.
    count : int
        Lines from the first to the last.
    identity : str
        SHA-256 of their texts; where they stand, and what is before and after them, does not
        matter.
    beginnings : mapping of int to str
        SHA-256 of the first lines, for the numbers of lines that were asked for.
    """

    first: int
    last: int
    count: int
    identity: str
    beginnings: Mapping[int, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class LoggedActivity:
    """Facts common to runs of both tasks; times are the local clock of an unknown place.

    ``failure`` is the reason that the log gives for a failure, ``remark`` the one that it
    gives for an early end without one.
    """

    task: LoggedTask
    lines: LogLines
    tool_version: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    python_version: str | None = None
    packages: dict[str, str] = field(default_factory=dict)
    parameters: Sections = field(default_factory=dict)
    has_ended: bool = False
    failure: str | None = None
    remark: str | None = None
    is_mixed: bool = False
    """Lines of another run of the same task stand among its own."""
    problems: list[LogProblem] = field(default_factory=list)

    @property
    def first_line(self) -> int:
        """Number of its first line."""
        return self.lines.first

    @property
    def is_complete(self) -> bool:
        """Whether the run finished, and its lines are its own."""
        return self.has_ended and self.failure is None and not self.is_mixed

    def cause(self, exception: str) -> str:
        """Reason of a failure: of an exception without a message, what was printed before."""
        if ":" in exception or not self.remark:
            return exception
        return f"{self.remark} ({exception})"


@dataclass(frozen=True, slots=True)
class LoggedSky:
    """Sky of one chip, as printed; ``printed`` keeps the digits of the log."""

    filename: str
    extver: int
    mdrizsky: float
    printed: str
    line_number: int

    @property
    def chip(self) -> Chip:
        """The chip."""
        return self.filename, self.extver

    def agrees(self, other: LoggedSky) -> bool:
        """Whether two values are one, as exactly as they are printed."""
        step = half_digit(self.printed) + half_digit(other.printed)
        return abs(self.mdrizsky - other.mdrizsky) <= 1.01 * step + _SINGLE * abs(self.mdrizsky)


@dataclass(kw_only=True)
class LoggedRun(LoggedActivity):
    """One run of AstroDrizzle.

    ``skies`` are those that the drizzle applied, ``computed`` those that skymatch gave,
    ``matched`` the chips that skymatch was given, with their lines, ``drizzled`` those that
    the drizzle was given.
    """

    output: str | None = None
    inputs: list[str] = field(default_factory=list)
    skies: list[LoggedSky] = field(default_factory=list)
    computed: dict[Chip, LoggedSky] = field(default_factory=dict)
    matched: dict[Chip, int] = field(default_factory=dict)
    drizzled: dict[Chip, int] = field(default_factory=dict)
    units: dict[Chip, str] = field(default_factory=dict)
    undetermined: list[str] = field(default_factory=list)
    reference_skies: dict[str, str] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    static_masks: list[str] = field(default_factory=list)
    sky_calls: list[SkyMethod | None] = field(default_factory=list)
    last_step: str | None = None
    reverted_from: str | None = None
    """Method that AstroDrizzle gave up for a simpler one."""
    is_alone: bool = False
    """The images were to be matched, and there was one only."""

    @property
    def requested_method(self) -> SkyMethod | None:
        """The ``skymethod`` parameter, or the method that was given up; None when unknown."""
        text = self.sky_parameters.get("skymethod", self.reverted_from or "")
        return SkyMethod(text) if text in COMPUTED_METHODS else None

    @property
    def effective_method(self) -> SkyMethod | None:
        """Method of the last skymatch that ended; None when none did."""
        return next((method for method in reversed(self.sky_calls) if method), None)

    @property
    def sky_parameters(self) -> dict[str, str]:
        """Parameters of the sky step."""
        return self.parameters.get(_SKY, {})

    @property
    def ends_early(self) -> bool:
        """Whether the clock was put back during the run, as it is in autumn.

        Of the digits of a second some may not be printed: they do not count.
        """
        if self.finished_at is None or self.started_at is None:
            return False
        return self.finished_at < self.started_at.replace(microsecond=0)

    @property
    def counts_photons(self) -> bool:
        """Whether the images are those of ACS/SBC, after which static masks are named."""
        return any("SBC" in name for name in self.static_masks)

    @property
    def shows_camera_of_acs(self) -> bool:
        """Whether it is known which camera images of ACS are of.

        Static masks are named after the camera. Without them, chips beyond the first and the
        correction for CTE are those of WFC.
        """
        chips = (*self.matched, *self.drizzled)
        is_wfc = any(extver > 1 or "_flc" in name for name, extver in chips)
        return is_wfc or bool(self.static_masks)

    @property
    def applied(self) -> dict[Chip, LoggedSky]:
        """The sky that was applied to each chip; the final drizzle decides."""
        return {sky.chip: sky for sky in self.skies}

    @property
    def values(self) -> dict[Chip, LoggedSky]:
        """MDRIZSKY of each chip.

        Where two values agree it is the one with more digits, and rounds to both. Where they
        do not, it is the one that skymatch gave: the drizzle may print another unit.
        """
        applied = self.applied
        return {
            chip: _better(self.computed.get(chip), applied.get(chip))
            for chip in dict.fromkeys([*self.drizzled, *applied, *self.computed])
            if chip in applied or chip in self.computed
        }

    @property
    def conflicts(self) -> dict[Chip, list[str]]:
        """Chips that were given several skies, with each of these."""
        given: dict[Chip, list[LoggedSky]] = {}
        for sky in [*self.computed.values(), *self.skies]:
            given.setdefault(sky.chip, []).append(sky)
        return {
            chip: [sky.printed for sky in skies]
            for chip, skies in given.items()
            if not all(sky.agrees(skies[0]) for sky in skies)
        }


def _better(computed: LoggedSky | None, applied: LoggedSky | None) -> LoggedSky:
    if computed is None or applied is None:
        found = computed or applied
        assert found is not None
        return found
    if not computed.agrees(applied):
        return computed
    step = half_digit(applied.printed)
    if step <= half_digit(computed.printed):
        return applied
    # A value that both round to: the finer one, unless it lies on the edge of the other.
    inside = step * (1.0 - 1e-6)
    nearest = min(max(computed.mdrizsky, applied.mdrizsky - inside), applied.mdrizsky + inside)
    return replace(computed, mdrizsky=nearest)


@dataclass
class LoggedFit:
    """One product in a run; numbers are as printed, None when none was printed.

    ``printed_rms`` keeps what TweakReg prints as RMS_RA and RMS_DEC: a shift of the reference
    pixel by the RMS, in degrees of both coordinates, which is not an RMS on the sky. ``lines`` has
    the line of each number.
    """

    product: str
    line_number: int
    fit_geometry: str | None = None
    reference: str | None = None
    nmatches: int | None = None
    dx_pix: float | None = None
    dy_pix: float | None = None
    rotation_deg: float | None = None
    scale: float | None = None
    x_rms_pix: float | None = None
    y_rms_pix: float | None = None
    printed_rms: str | None = None
    failure: str | None = None
    is_written: bool | None = None
    """Whether the log shows that the header was written; None when it cannot be known."""
    is_reference: bool = False
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether the log has all of it: the last line of a fit, or the reason for none."""
        return "nmatches" in self.lines or self.is_reference or self.failure is not None

    @property
    def is_fitted(self) -> bool:
        """Whether the log contains a fit."""
        return self.failure is None and (self.fit_geometry is not None or self.dx_pix is not None)


@dataclass(kw_only=True)
class LoggedAlignment(LoggedActivity):
    """One run of TweakReg.

    ``reference`` is what was fitted to; ``frame`` the image in whose plane. ``wcs_names``
    has the name that the header of a product was given, fitted or not.
    """

    frame: str | None = None
    products: list[str] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    fits: list[LoggedFit] = field(default_factory=list)
    wcs_names: dict[str, str] = field(default_factory=dict)
    wcs_written: set[str] = field(default_factory=set)
    """Products whose table of WCS solutions was updated."""
    shift_file: str | None = None
    unfinished: str | None = None
    """Product in whose fit the log ends."""

    @property
    def reference(self) -> str | None:
        """Catalogue or image that was fitted to."""
        named = (fit.reference for fit in self.fits if fit.reference and not fit.is_reference)
        return next(named, self.frame)

    @property
    def outcomes(self) -> list[LoggedFit]:
        """The last fit of each product: one that failed is tried again in the same run."""
        last: dict[str, LoggedFit] = {}
        for fit in self.fits:
            last.pop(fit.product, None)
            last[fit.product] = fit
        return list(last.values())

    @property
    def updates_headers(self) -> bool | None:
        """The ``updatehdr`` that the images were fitted with; None when it is not printed.

        TweakReg prints its parameters again for the reference image, whose header is never
        changed: there it is always False, and means nothing.
        """
        for title, section in self.parameters.items():
            if "reference" not in title and "updatehdr" in section:
                return switch_in(section["updatehdr"])
        return None

    @property
    def unattempted(self) -> list[str]:
        """Products that were not fitted, the image in whose plane the run fits left out."""
        if self.remark:
            return []
        tried = {fit.product for fit in self.fits} | {self.frame, self.reference}
        return [name for name in self.products if name not in tried]

    @property
    def is_cut(self) -> bool:
        """Whether the log ends before the run does.

        A console that prints no parameters may leave out the last line of a run, too: there
        the fits decide.
        """
        if self.has_ended or self.failure is not None or self.remark:
            return False
        is_short = self.unfinished or self.unattempted or not self.fits
        return bool(is_short) or any(self.parameters.values())
