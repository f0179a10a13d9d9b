"""The sources of a catalogue of the ledger, one by one, for people and for figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.domain.catalog import WithoutMotion
from skydb.domain.motion import MotionRecord
from skydb.domain.vocabulary import ProductKind
from skydb.files.catalog import CatalogTable
from skydb.services.catalogs.usage import UsableCatalog
from skydb.services.core import Context
from skydb.sky.geometry import ARCSEC_PER_RADIAN, centre_of, separations_mas, tangent_plane
from skydb.sky.outlines import vertices_deg
from skydb.store import queries
from skydb.store.footprint_queries import footprints_near
from skydb.store.references import catalog_named
from skydb.store.scope import Scope

_USES = {
    WithoutMotion.KEEP: "kept",
    WithoutMotion.DROP: "dropped",
    WithoutMotion.BULK: "bulk",
}


@dataclass(frozen=True, eq=False)
class PlacedSources:
    """Every source of a catalogue within its magnitudes, at an epoch.

    Parameters
    ----------
    catalog : dict
        The catalogue as a row.
    table : CatalogTable
        The sources, also those that an alignment would drop.
    record : MotionRecord
        What became of sources without a proper motion.
    applied : ndarray of bool, shape (N,)
        Whether a proper motion, its own or that of the field, took each to the epoch.
    epochs : ndarray, shape (N,)
        Julian year at which each is.
    is_asked : bool
        Whether the sources are placed at an epoch that was asked for.
    """

    catalog: queries.Row
    table: CatalogTable
    record: MotionRecord
    applied: NDArray[np.bool_]
    epochs: NDArray[np.float64]
    is_asked: bool


@dataclass(frozen=True, eq=False)
class PlaneMap:
    """Positions of sources and outlines on the tangent plane at the middle of a catalogue.

    Parameters
    ----------
    centre_deg : tuple of float
        ICRS position of the middle.
    places_arcsec : ndarray, shape (N, 2)
        Offsets of the sources, east and north.
    outlines_arcsec : sequence of ndarray, shape (M, 2)
        Those of the corners of each chip of the products, else of the exposures.
    """

    centre_deg: tuple[float, float]
    places_arcsec: NDArray[np.float64]
    outlines_arcsec: Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class CatalogSources:
    """Shows what is in a catalogue."""

    context: Context

    def placed(self, name: str, epoch: float | None = None) -> PlacedSources:
        """The sources of a catalogue, at an epoch; where they are when it is None.

        Parameters
        ----------
        name : str
            The catalogue.
        epoch : float, optional
            Julian year to place them at, as an alignment would.

        Raises
        ------
        NotFoundError
            When there is no such catalogue.
        UsageError
            When the epoch is not finite.
        FileRejectedError, ParseError
            When its file is not what it was.
        """
        with self.context.store.reading() as session:
            catalog = catalog_named(session, name)
            row = queries.catalog_row(catalog)
            usable = UsableCatalog.of(self.context, catalog)
        whole, record = usable.everything_at(epoch)
        moving = usable.table.has_proper_motion
        in_bulk = record.treatment is WithoutMotion.BULK and epoch is not None
        there = usable.table.epoch_year if epoch is None else epoch
        assert there is not None and usable.still_epoch is not None
        still_at = there if in_bulk else usable.still_epoch
        own = row["proper_motion_applied"] is True or there != usable.table.epoch_year
        applied = np.where(moving, own, in_bulk and still_at != usable.still_epoch)
        return PlacedSources(
            row, whole, record, applied, np.where(moving, there, still_at), epoch is not None
        )

    def sources(self, name: str, epoch: float | None = None) -> list[queries.Row]:
        """The same as rows; arguments and errors are those of :meth:`placed`.

        Returns
        -------
        list of dict
            ``source`` (from 1), ``source_id``, ``ra_deg``, ``dec_deg``, ``mag``,
            ``pm_ra_mas_yr``, ``pm_dec_mas_yr``, ``epoch``, ``motion_applied`` and ``use``:
            ``moved`` or ``listed``, and for a source without a proper motion ``kept``,
            ``dropped`` or ``bulk`` once an epoch is asked for. None is no value.
        """
        found = self.placed(name, epoch)
        return [_row(found, index) for index in range(len(found.table))]

    def on_plane(self, found: PlacedSources) -> PlaneMap:
        """The sources of a catalogue and the outlines of the products about it, on a plane.

        Parameters
        ----------
        found : PlacedSources
            The catalogue.
        """
        positions = found.table.radec_deg
        centre = centre_of(positions)
        middle = np.degrees([np.arctan2(centre[1], centre[0]), np.arcsin(centre[2])])
        reach = separations_mas(positions, np.broadcast_to(middle, positions.shape)).max() / 3.6e6
        with self.context.store.reading() as session:
            near = footprints_near(session, centre.tolist(), float(reach), Scope())
        drizzled = [row for row in near if ProductKind(row["kind"]).is_drizzled]
        outlines = [vertices_deg(row["s_region"]) for row in drizzled or near]
        return PlaneMap(
            (float(middle[0]) % 360.0, float(middle[1])),
            tangent_plane(positions, centre) * ARCSEC_PER_RADIAN,
            [tangent_plane(one, centre) * ARCSEC_PER_RADIAN for one in outlines],
        )


def _row(found: PlacedSources, index: int) -> queries.Row:
    table = found.table
    return {
        "source": index + 1,
        "source_id": None if table.ids is None else str(table.ids[index]),
        "ra_deg": float(table.ra_deg[index]),
        "dec_deg": float(table.dec_deg[index]),
        "mag": _value(table.mag, index),
        "pm_ra_mas_yr": _value(table.pm_ra_mas_yr, index),
        "pm_dec_mas_yr": _value(table.pm_dec_mas_yr, index),
        "epoch": float(found.epochs[index]),
        "motion_applied": bool(found.applied[index]),
        "use": _use(found, index),
    }


def _use(found: PlacedSources, index: int) -> str:
    if not found.is_asked:
        return "listed"
    if found.table.has_proper_motion[index] or found.record.treatment is None:
        return "moved" if found.applied[index] else "listed"
    return _USES[found.record.treatment]


def _value(column: NDArray[np.float64] | None, index: int) -> float | None:
    if column is None or not np.isfinite(column[index]):
        return None
    return float(column[index])
