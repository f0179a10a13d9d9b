"""Catalogues of the ledger as alignments use them: cut, and placed at the epoch of a product.

The rule for sources without a proper motion, unless the user chose another: they
stay as long as the field moves by less than :data:`.MATTERS_MAS` until the epoch of the
product, and are dropped when it moves further; where that would leave fewer than
:data:`LEAST_LEFT` sources, they are moved by the median motion of the others. Where no
source has a motion they stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from skydb.domain import ReferenceCatalog
from skydb.domain.catalog import CatalogUse, MotionFacts, WithoutMotion
from skydb.domain.motion import MATTERS_MAS, MotionRecord
from skydb.errors import UsageError
from skydb.files.catalog import CatalogTable, read_catalog
from skydb.services.core import Context
from skydb.sky.field_motion import FieldMotion, field_motion

#: Number of matches for a fit of rscale.
LEAST_LEFT = 12

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Placed:
    """A catalogue at the epoch of a product.

    Parameters
    ----------
    table : CatalogTable
        The sources that a fit is given.
    record : MotionRecord
        What became of those without a proper motion.
    """

    table: CatalogTable
    record: MotionRecord


@dataclass(frozen=True)
class UsableCatalog:
    """The sources of a catalogue, and how they are to be used.

    Parameters
    ----------
    table : CatalogTable
        Sources within the magnitudes.
    policy : WithoutMotion or None
        What becomes of sources without a proper motion; None for the rule.
    still_epoch : float or None
        Julian year at which those are: the epoch of the table, unless a service moved the
        others to it.
    """

    table: CatalogTable
    policy: WithoutMotion | None = None
    still_epoch: float | None = None

    @classmethod
    def of(cls, context: Context, catalog: ReferenceCatalog) -> Self:
        """A catalogue of the ledger, read from where it is kept.

        Raises
        ------
        FileRejectedError, ParseError
            When its file is not what it was.
        """
        path = context.workspace.resolve(catalog.path)
        return cls.made(
            read_catalog(path, epoch_year=catalog.epoch), catalog.use, catalog.still_epoch
        )

    @classmethod
    def made(cls, table: CatalogTable, use: CatalogUse, still_epoch: float | None = None) -> Self:
        """Sources within the magnitudes of a use, with its treatment.

        Raises
        ------
        UsageError
            When nothing is left.
        """
        return cls(table.within(use.mag_min, use.mag_max), use.without_motion,
                   table.epoch_year if still_epoch is None else still_epoch)  # fmt: skip

    @cached_property
    def motion(self) -> FieldMotion | None:
        """Median motion of the sources with a proper motion."""
        table, moving = self.table, self.table.has_proper_motion
        if table.pm_ra_mas_yr is None or table.pm_dec_mas_yr is None:
            return None
        motions = np.column_stack((table.pm_ra_mas_yr, table.pm_dec_mas_yr))
        return field_motion(table.radec_deg[moving], motions[moving])

    @property
    def without_motion(self) -> int:
        """Number of sources without a proper motion."""
        return len(self.table) - int(self.table.has_proper_motion.sum())

    @property
    def facts(self) -> MotionFacts:
        """Facts of it for the ledger."""
        east, north = (None, None) if self.motion is None else self.motion.at_centre
        assert self.still_epoch is not None
        return MotionFacts(self.without_motion, self.still_epoch, east, north)

    def require_sense(self) -> None:
        """Refuse a treatment that the catalogue has no sources for.

        Raises
        ------
        UsageError
            When no source has a motion, and the others shall be dropped or moved by it.
        """
        if self.motion is None and self.policy in (WithoutMotion.DROP, WithoutMotion.BULK):
            raise UsageError(
                f"No source of the catalogue has a proper motion: there is nothing to "
                f"{self.policy} the others by.",
                advice="Use --without-motion keep, or a catalogue with pmra and pmdec.",
            )

    def at(self, epoch: float | None) -> Placed:
        """The sources that a fit is given, at an epoch; at their own when it is None."""
        moved, record = self.everything_at(epoch)
        if record.treatment is WithoutMotion.DROP:
            moved = moved.subset(self.table.has_proper_motion)
        return Placed(moved, record)

    def everything_at(self, epoch: float | None) -> tuple[CatalogTable, MotionRecord]:
        """Give the sources of :meth:`at`, and the others at their catalogue positions."""
        record = self._record(epoch)
        if epoch is None:
            return self.table, record
        moved = self.table.at_epoch(epoch)
        if record.treatment is WithoutMotion.BULK:
            moved = self._in_bulk(moved, ~self.table.has_proper_motion, epoch)
        return moved, record

    def _record(self, epoch: float | None) -> MotionRecord:
        motion = self.motion
        record = MotionRecord(
            sources=len(self.table),
            without_motion=self.without_motion,
            still_epoch=self.still_epoch,
            used_epoch=self.table.epoch_year if epoch is None else epoch,
            motion_mas_yr=None if motion is None else motion.speed_mas_yr,
            error_mas_yr=_finite(motion),
        )
        if not record.without_motion:
            return record
        treatment = self._treatment(record, epoch)
        return replace(record, treatment=treatment, by_rule=treatment is not self.policy)

    def _treatment(self, record: MotionRecord, epoch: float | None) -> WithoutMotion:
        if self.motion is None or (epoch is None and self.policy is not WithoutMotion.DROP):
            return WithoutMotion.KEEP
        if self.policy is not None:
            return self.policy
        if (record.displacement_mas or 0.0) < MATTERS_MAS:
            return WithoutMotion.KEEP
        left = record.sources - record.without_motion
        return WithoutMotion.DROP if left >= LEAST_LEFT else WithoutMotion.BULK

    def _in_bulk(self, moved: CatalogTable, still: Flags, epoch: float) -> CatalogTable:
        """The moved table, with the still sources moved by the median of the others."""
        assert self.motion is not None
        these = self.table.subset(still)
        east, north = self.motion.at(these.radec_deg)
        these = replace(
            these, epoch_year=self.still_epoch, pm_ra_mas_yr=east, pm_dec_mas_yr=north
        ).at_epoch(epoch)
        ra_deg, dec_deg = moved.ra_deg.copy(), moved.dec_deg.copy()
        ra_deg[still], dec_deg[still] = these.ra_deg, these.dec_deg
        return replace(moved, ra_deg=ra_deg, dec_deg=dec_deg, moved=moved.moved + these.moved)


def _finite(motion: FieldMotion | None) -> float | None:
    error = None if motion is None else motion.error_mas_yr
    return error if error is not None and np.isfinite(error) else None
