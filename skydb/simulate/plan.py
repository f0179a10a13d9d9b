"""Plan of a simulation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from skydb.errors import UsageError

#: Visits are numbered with two base-36 digits.
_MAX_VISITS = 36 * 36
_MIN_SIZE_PIX = 64
#: Defaults for exposures of a CCD with cosmic rays.
_CCD_EXPTIME_S = 500.0


class SimDetector(StrEnum):
    """A detector that can be simulated."""

    IR = "IR"
    """WFC3/IR: one square chip, electrons per second, FLT and DRZ."""
    UVIS = "UVIS"
    """WFC3/UVIS: two non-square chips, electrons, FLC and DRC."""
    WFC = "WFC"
    """ACS/WFC: two non-square chips with a strong distortion, electrons, FLC and DRC."""


class FieldKind(StrEnum):
    """Kind of a field, where its light and its skies are not given as numbers."""

    BLANK = "blank"
    """No star and no nebula: nothing but the sky."""
    SPARSE = "sparse"
    """A star on 4000 pixels, no nebula."""
    NEBULA = "nebula"
    """As many stars, before a nebula across the field."""
    GALAXY = "galaxy"
    """As many stars, before a galaxy in the middle that reaches beyond the field."""
    CROWDED = "crowded"
    """A star on 700 pixels, no nebula: the wings of stars reach most of them."""
    MATCHED = "matched"
    """A sparse field in which all exposures have one sky."""
    GRADIENT = "gradient"
    """A sparse field in which the sky of every visit has a gradient of its own."""

    @property
    def pixels_per_star(self) -> int | None:
        """Area that each star has for itself; None without stars."""
        if self is FieldKind.BLANK:
            return None
        return 700 if self is FieldKind.CROWDED else 4000

    @property
    def has_nebula(self) -> bool:
        """Whether there is extended light."""
        return self in (FieldKind.NEBULA, FieldKind.GALAXY)

    @property
    def has_one_sky(self) -> bool:
        """Whether all exposures have the same sky."""
        return self is FieldKind.MATCHED

    @property
    def sky_gradient(self) -> float:
        """Change of the sky from edge to edge of the detector, as a part of it."""
        return 0.25 if self is FieldKind.GRADIENT else 0.0


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Recipe of one simulated field; the same plan gives the same pixels.

    Parameters
    ----------
    detector : SimDetector
    tiles : tuple of int
        Visits along x and y of the detector, in each island.
    dithers : int
        Exposures in each visit.
    size : int or None
        Detector width in pixels: IR ``size x size``, UVIS and WFC two chips of
        ``size x size // 2``; None for the whole detector.
    seed : int
    products : bool
        Drizzle each visit, as the archive's pipeline does.
    overlap : float
        Part of a tile shared with its neighbour, 0 to 0.9.
    islands : int
        Groups of tiles so far apart that no exposure of one sees another.
    stars : int or None
        Stars on one detector area; None for a number that suits the size.
    program, proposal_id, target, first_visit
        Names, as in the rootname and the headers.
    filter_name : str or None
        None for F160W (IR) or F606W (UVIS, WFC).
    exptime_s : float or None
        None for 699.232 s (IR) or 60 s (UVIS, WFC; 500 s with cosmic rays).
    start_date : date
        Day of the first visit; it sets the epoch of the stars.
    ra_deg, dec_deg : float
        Centre of the field, ICRS.
    pa_v3_deg : float
        Position angle of the V3 axis.
    nebula : float or None
        Amplitude in the image's unit; None for 0.45 e/s (IR) or 40 electrons (UVIS, WFC).
    sky_range : tuple of float or None
        Visits' sky levels in the image's unit; None for 0.8-1.3 e/s (IR), 30-90 (UVIS) or
        40-110 electrons (WFC).
    sky_drift : float
        Relative change of the sky between exposures of a visit (1 sigma).
    pointing_error_arcsec : tuple of float
        Smallest and largest pointing error of a visit.
    roll_error_deg : float
        Roll error of a visit (1 sigma).
    jitter_mas : float
        Pointing error of each exposure on top of its visit's (1 sigma an axis).
    one_frame : bool
        Whether the archive has fitted every visit to Gaia, instead of some to other frames.
    cosmic_rays : bool
        Cosmic rays as the detector meets them in orbit, unflagged on CCDs and flagged but for
        a few on IR, and on CCDs stars that saturate and bleed; without, a few flagged hits.
    kind : FieldKind or None
        What ``stars`` and ``nebula`` are where they are None, and what skies are like.

    Raises
    ------
    UsageError
        When a value makes no sense.
    """

    detector: SimDetector = SimDetector.IR
    tiles: tuple[int, int] = (3, 3)
    dithers: int = 2
    size: int | None = None
    seed: int = 1
    products: bool = True
    overlap: float = 0.22
    islands: int = 1
    stars: int | None = None
    program: str = "bxl"
    proposal_id: int = 12812
    target: str = "HORSEHEAD"
    first_visit: str = "50"
    filter_name: str | None = None
    exptime_s: float | None = None
    start_date: date = date(2012, 11, 1)
    ra_deg: float = 85.26
    dec_deg: float = -2.46
    pa_v3_deg: float = 212.3
    nebula: float | None = None
    sky_range: tuple[float, float] | None = None
    sky_drift: float = 0.01
    pointing_error_arcsec: tuple[float, float] = (0.1, 0.6)
    roll_error_deg: float = 0.005
    jitter_mas: float = 0.0
    one_frame: bool = False
    cosmic_rays: bool = False
    kind: FieldKind | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise UsageError(f"This field cannot be simulated: {problem}.")

    def _problems(self) -> list[str]:
        checks = {
            "tiles must be at least 1x1": min(self.tiles) >= 1,
            "dithers must be between 1 and 35": 1 <= self.dithers <= 35,
            f"size must be an even number from {_MIN_SIZE_PIX} up": self._size_is_sane(),
            "seed must not be negative": self.seed >= 0,
            "overlap must be from 0 to 0.9": 0 <= self.overlap <= 0.9,
            "islands must be at least 1": self.islands >= 1,
            "stars must not be negative": self.stars is None or self.stars >= 0,
            "the exposure time must be positive": self.exptime_s is None or self.exptime_s > 0,
            "the declination must be within 89 degrees": abs(self.dec_deg) <= 89,
            "program must be three lower-case letters or digits": _is_code(self.program, 3),
            "first_visit must be two lower-case letters or digits": _is_code(self.first_visit, 2),
            "the pointing error must be a range from 0 up": self._pointing_is_sane(),
        }
        problems = [text for text, is_fine in checks.items() if not is_fine]
        if not problems and int(self.first_visit, 36) + self.visit_count > _MAX_VISITS:
            problems.append(f"{self.visit_count} visits are more than two characters can number")
        return problems

    def _size_is_sane(self) -> bool:
        return self.size is None or (self.size >= _MIN_SIZE_PIX and self.size % 2 == 0)

    def _pointing_is_sane(self) -> bool:
        low, high = self.pointing_error_arcsec
        return 0 <= low <= high

    def stars_within(self, pixels: float, default: int) -> int:
        """Stars on one detector area of so many pixels, which has so many by default."""
        if self.stars is not None:
            return self.stars
        if self.kind is None:
            return default
        each = self.kind.pixels_per_star
        return 0 if each is None else round(pixels / each)

    def nebula_amplitude(self, default: float) -> float:
        """Amplitude of the nebula, which is so much by default."""
        if self.nebula is not None:
            return self.nebula
        return default if self.kind is None or self.kind.has_nebula else 0.0

    def sky_levels(self, default: tuple[float, float]) -> tuple[float, float]:
        """Range of the skies of visits, which is this by default."""
        low, high = self.sky_range or default
        return ((low + high) / 2,) * 2 if self._has_one_sky else (low, high)

    @property
    def drift(self) -> float:
        """Relative change of the sky between exposures of a visit (1 sigma)."""
        return 0.0 if self._has_one_sky else self.sky_drift

    @property
    def sky_gradient(self) -> float:
        """Change of the sky from edge to edge of the detector, as a part of it."""
        return 0.0 if self.kind is None else self.kind.sky_gradient

    @property
    def _has_one_sky(self) -> bool:
        return self.kind is not None and self.kind.has_one_sky

    @property
    def exposure_s(self) -> float | None:
        """Exposure time, or None for what is usual: long enough for cosmic rays to matter."""
        if self.exptime_s is None and self.cosmic_rays and self.detector is not SimDetector.IR:
            return _CCD_EXPTIME_S
        return self.exptime_s

    @property
    def visit_count(self) -> int:
        """Number of visits over all islands."""
        return self.tiles[0] * self.tiles[1] * self.islands


def _is_code(text: str, length: int) -> bool:
    return re.fullmatch(f"[a-z0-9]{{{length}}}", text) is not None
