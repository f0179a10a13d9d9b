"""The reference catalogue as each product of a run gets it, and whether it covers that product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

import numpy as np

from skydb.domain import ReferenceCatalog
from skydb.domain.catalog import asked_cone
from skydb.domain.motion import MotionRecord
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import FIRST_GEOMETRY, FitStatus, ProductFit
from skydb.files.images import read_exposed
from skydb.files.products import read_hstwcs
from skydb.services.catalogs import Placed, UsableCatalog, epoch_doubt
from skydb.services.core import Context, Progress
from skydb.sky.coverage import Coverage, ImageArea, coverage_of_chips, share_in_circle
from skydb.sky.displacement import sky_grid
from skydb.sky.geometry import separations_mas

#: A product of which more than this lies in the catalogue's area is covered.
_COVERED = 0.99
#: Sources farther from a product are not used.
_NEAR_DEG = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """One product to fit: where it is, when its sky was seen and why it was chosen."""

    version_id: int
    path: Path
    epoch_year: float | None
    reason: str | None = None
    passed_over: str | None = None


@dataclass(frozen=True)
class Area:
    """Piece of sky that a catalogue was asked for.

    Parameters
    ----------
    cone : tuple of float or None
        RA, Dec and radius in degrees of the circle that a service was asked for.
    versions : frozenset of int
        Versions whose footprints it was asked for.
    """

    cone: tuple[float, float, float] | None = None
    versions: frozenset[int] = frozenset()

    @classmethod
    def of(cls, catalog: ReferenceCatalog) -> Area:
        """Read it from a catalogue of the ledger."""
        versions = frozenset(link.version_id for link in catalog.activity.used)
        return cls(asked_cone(catalog.query), versions)


@dataclass(frozen=True)
class Reference:
    """A catalogue, placed for one product.

    Parameters
    ----------
    target : Target
        The product.
    used_epoch : float or None
        Julian year that the catalogue was moved to; None when it stayed.
    placed : Placed
        Its sources there.
    area : Area
        Where they were asked for.
    settings : TweakRegSettings
        How the product is to be fitted.
    """

    target: Target
    used_epoch: float | None
    placed: Placed
    area: Area
    settings: TweakRegSettings

    @property
    def motion(self) -> MotionRecord:
        """Treatment of sources without a proper motion."""
        return self.placed.record

    @cached_property
    def coverage(self) -> Coverage:
        """Coverage of the product."""
        chips, margin = self._chips(), self.settings.searchrad_arcsec
        seen = coverage_of_chips(chips, self.placed.table.radec_deg, margin)
        if self.target.version_id in self.area.versions:
            return Coverage(seen.on_it, seen.sources)
        if self.area.cone is not None:
            return Coverage(seen.on_it, seen.sources, share_in_circle(chips, *self.area.cone))
        return seen

    @property
    def near(self) -> np.ndarray:
        """Select the sources for TweakReg: all but those far away.

        On the tangent plane of the product a source of another part of the sky has no position,
        and TweakReg, which sorts positions, then matches nothing.
        """
        radec = self.placed.table.radec_deg
        grid = next(iter(sky_grid(read_hstwcs(self.target.path), 3).values()))
        apart_mas = separations_mas(radec, np.broadcast_to(grid[len(grid) // 2], radec.shape))
        return np.asarray(apart_mas < _NEAR_DEG * 3.6e6)

    @property
    def is_covered(self) -> bool:
        """Whether enough sources lie on the product for a fit.

        A catalogue that grows product by product has more sources than are known beforehand.
        """
        return self.settings.expand_refcat or self.coverage.on_it >= self.settings.minobj

    @property
    def refusal(self) -> str:
        """Reason why the product is not fitted."""
        seen = self.coverage
        text = f"the catalogue does not cover it: {seen.on_it} of the {seen.sources} sources lie"
        text += f" on it, and a fit wants {self.settings.minobj}" if seen.on_it else " on it"
        if self.motion.treatment is not None and self.motion.without_motion:
            text += f"; {self.motion.sentence()[:-1]}" if seen.on_it else ""
        return text + ("; its right ascensions seem to be hours" if self._is_in_hours else "")

    def doubts(self, fit: ProductFit) -> str | None:
        """Reason to doubt the epoch or the coverage of its stars."""
        rms = max(fit.rms_ra_mas or 0.0, fit.rms_dec_mas or 0.0) if fit.is_fitted else None
        found = [epoch_doubt(self.motion, self.used_epoch, self.target.epoch_year, rms)]
        if self.is_covered and self.coverage.share < _COVERED:
            seen = self.coverage
            found.append(
                f"The catalogue covers {seen.share:.0%} of it: {seen.on_it} of the "
                f"{seen.sources} sources lie on that part, and none on the rest."
            )
        return " ".join(sentence for sentence in found if sentence) or None

    def unfitted(self, scratch: Path) -> ProductFit:
        """The failure of a product that is not covered."""
        return ProductFit(
            product=self.target.path,
            status=FitStatus.FAILED,
            log=scratch / "none",
            original_wcs_name="",
            fit_geometry=self.settings.fitgeometry or FIRST_GEOMETRY,
            catalog_sources=len(self.placed.table),
            reason=self.refusal,
        )

    def as_parameters(self) -> dict[str, object]:
        """JSON-able: how the catalogue was placed, and how much of the product it covers."""
        seen = self.coverage
        return {
            **self.motion.as_parameters(),
            "sources_on_it": seen.on_it,
            "covered_share": round(seen.share, 4),
        }

    def _chips(self) -> list[ImageArea]:
        # Read when it is asked for, for a run has many of them.
        chips = read_hstwcs(self.target.path)
        if len(chips) == 1 and not next(iter(chips.values())).has_distortion:
            _, exposed = read_exposed(self.target.path)
            if exposed.any():
                return [ImageArea(exposed, next(iter(chips.values())))]
        # An exposure fills its chips; an image of zeros does not show where it was exposed.
        return [ImageArea(np.ones(wcs.array_shape, dtype=bool), wcs) for wcs in chips.values()]

    @cached_property
    def _is_in_hours(self) -> bool:
        """Whether the sources would lie on the product if their RA were hours."""
        table = self.placed.table
        if self.coverage.on_it or (table.ra_deg > 24.0).any():
            return False
        as_hours = np.column_stack((15.0 * table.ra_deg % 360.0, table.dec_deg))
        return coverage_of_chips(self._chips(), as_hours, self.settings.searchrad_arcsec).on_it > 0


def references(
    context: Context,
    catalog: ReferenceCatalog,
    targets: Sequence[Target],
    settings: TweakRegSettings,
) -> list[Reference]:
    """A catalogue as each product gets it, at the epoch of its exposures where that is known.

    Parameters
    ----------
    context : Context
        Where the catalogue is kept.
    catalog : ReferenceCatalog
        In a session.
    targets : sequence of Target
        The products.
    settings : TweakRegSettings
        How they are to be fitted.

    Raises
    ------
    FileRejectedError, ParseError
        When the catalogue is not what it was.
    """
    usable, area = UsableCatalog.of(context, catalog), Area.of(catalog)
    return [
        Reference(target, epoch, usable.at(epoch), area, settings)
        for target, epoch in zip(targets, epochs_used(targets, settings), strict=True)
    ]


def look_at(found: Sequence[Reference], progress: Progress) -> None:
    """Measure the coverage of each product, and report the treatment of sources without motion.

    Done before anything is recorded, so that no session is open while images are read.
    """
    progress.begin("Looking at what is covered", len(found))
    for one in found:
        _ = one.coverage
        if one.motion.treatment is not None and one.motion.matters:
            progress.remark(f"{one.target.path.name}: {one.motion.sentence()}")
    progress.end()


def write_references(found: Iterable[Reference], scratch: Path) -> dict[Path, Path]:
    """The text that TweakReg is given for each product, by product."""
    files = {}
    for one in found:
        name = "catalog" if one.settings.expand_refcat else one.target.path.stem
        files[one.target.path] = scratch / f"{name}.cat"
        table = one.placed.table
        if not one.settings.expand_refcat:
            table = table.subset(one.near)
        table.write_tweakreg(files[one.target.path])
    return files


def epochs_used(targets: Sequence[Target], settings: TweakRegSettings) -> list[float | None]:
    """Epoch of each product; with ``expand_refcat``, which needs one catalogue, the mean."""
    epochs = [target.epoch_year for target in targets]
    known = [epoch for epoch in epochs if epoch is not None]
    if not settings.expand_refcat or not known:
        return epochs
    return [fmean(known)] * len(targets)
