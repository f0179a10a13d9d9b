"""Interface to figures; :class:`skydb.report.pictures.LedgerPictures` implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from skydb.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skydb.api.composition import Services
    from skydb.domain.grouping import TimeAxis
    from skydb.domain.vocabulary import SkyMethod
    from skydb.services.comparison import TimePoint
    from skydb.services.skies import Audit
    from skydb.store.scope import Scope

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Display:
    """Display settings of mosaics.

    Parameters
    ----------
    vmin, vmax : float, optional
        Values of the darkest and the brightest colour, in the unit of the mosaic.
    stretch : str
        ``asinh`` or ``linear``.
    crop_deg : tuple of float, optional
        A square: right ascension, declination and size, ICRS degrees.
    keep_level : bool
        Whether the median of each of several mosaics is kept and not subtracted.
    """

    vmin: float | None = None
    vmax: float | None = None
    stretch: str = "asinh"
    crop_deg: tuple[float, float, float] | None = None
    keep_level: bool = False

    def __post_init__(self) -> None:
        if self.stretch not in ("asinh", "linear"):
            advice = "Use asinh or linear."
            raise UsageError(f"Unknown stretch {self.stretch!r}.", advice=advice)
        if self.vmin is not None and self.vmax is not None and not self.vmin < self.vmax:
            raise UsageError(
                f"The lower limit {self.vmin:g} is not below the upper limit {self.vmax:g}.",
                advice="Give --vmin below --vmax.",
            )

    @classmethod
    def of(
        cls,
        vmin: float | None,
        vmax: float | None,
        stretch: str,
        crop: Sequence[float | str] | None,
        *,
        keep_level: bool,
    ) -> Self:
        """Make one of values as they are typed: a position may be sexagesimal, a size have a unit.

        Raises
        ------
        UsageError
            When a position or a size cannot be read.
        """
        return cls(vmin, vmax, stretch.lower(), _square(crop), keep_level)


def _square(crop: Sequence[float | str] | None) -> tuple[float, float, float] | None:
    from skydb.sky.positions import parse_angle_deg, parse_dec_deg, parse_ra_deg

    if crop is None:
        return None
    words = [str(one) for one in crop]
    if isinstance(crop, str) or len(words) != 3:
        advice = "Give RA, Dec and a size: (85.25, -2.45, '1arcmin')."
        raise UsageError(f"A crop is not {crop!r}.", advice=advice)
    ra, dec, size = words
    size_deg = parse_angle_deg(size)
    if not 0 < size_deg < 180:
        raise UsageError(f"Invalid size {size!r}.", advice="Use 60, 60arcsec or 1arcmin.")
    return parse_ra_deg(ra), parse_dec_deg(dec), size_deg


class Pictures(Protocol):
    """Draws figures, and writes them and the report into files."""

    def fit(self, services: Services, run: int, product: str | None) -> Figure:
        """Draw the residuals of one fit of a run."""

    def write_fits(self, services: Services, run: int, out: Path) -> list[dict[str, Any]]:
        """Write all pictures of an alignment run: ``path`` and ``shows`` of each."""

    def comparison(self, rows: Rows) -> Figure:
        """Draw MDRIZSKY of every chip by method."""

    def write_comparison(
        self, services: Services, rows: Rows, runs: Sequence[int], out: Path
    ) -> list[Path]:
        """Write the plot of all methods, the mosaics and the blink GIF."""

    def timeline(
        self, points: Sequence[TimePoint], label: str, quantity: str, against: TimeAxis | None
    ) -> Figure:
        """Draw ``sky`` or ``alignment`` against time."""

    def write_timeline(
        self, points: Sequence[TimePoint], label: str, out: Path, against: TimeAxis | None
    ) -> list[Path]:
        """Write the plots of skies and of alignments."""

    def audit(self, audit: Audit) -> Figure:
        """Draw what a run left in the overlaps."""

    def write_audit(self, audit: Audit, out: Path) -> Path:
        """Write the picture of an audit into a directory."""

    def mosaics(
        self,
        services: Services,
        runs: Sequence[int],
        methods: Sequence[SkyMethod] | None,
        display: Display,
    ) -> Figure:
        """Draw the mosaics of runs with one stretch."""

    def write_mosaics(
        self,
        services: Services,
        runs: Sequence[int],
        methods: Sequence[SkyMethod] | None,
        display: Display,
        out: Path,
    ) -> dict[str, Any]:
        """Write that figure: ``path``, ``runs``, ``levels``, ``vmin``, ``vmax``, ``unit``."""

    def catalog(self, services: Services, name: str, epoch: float | None) -> Figure:
        """Draw the sources of a reference catalogue."""

    def write_catalog(self, services: Services, name: str, epoch: float | None, out: Path) -> Path:
        """Write that figure."""

    def footprints(
        self, services: Services, scope: Scope, refcat: str | None, epoch: float | None
    ) -> Figure:
        """Draw the footprints of a selection, with the sources of a catalogue."""

    def write_footprints(
        self, services: Services, scope: Scope, refcat: str | None, epoch: float | None, out: Path
    ) -> Path:
        """Write that figure."""

    def write_report(
        self,
        services: Services,
        out: Path,
        title: str,
        scope: Scope,
        runs: Sequence[int],
        measured: Rows,
    ) -> tuple[dict[str, Any], list[str]]:
        """Write the page of a field, and sum up its verdict.

        Returns
        -------
        tuple
            ``path``, ``verdict``, ``covers``, ``problems``; and sentences for people.
        """
