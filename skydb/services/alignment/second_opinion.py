"""Trusted fits compared with another catalogue and with the archive's own fits.

A catalogue that is off as a whole gives fits that every star confirms: the fit itself does
not show it. The other catalogues of the run can, and so can fits of the archive to Gaia, as soon
as those of two visits differ from ours by one and the same offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skydb.domain import ProductVersion
from skydb.drizzle.tweakreg import ProductFit
from skydb.files.catalog import CatalogTable
from skydb.files.products import read_hstwcs
from skydb.services.alignment.fitrecord import wcs_in_force
from skydb.services.alignment.screening import rms_of_archive
from skydb.services.catalogs import UsableCatalog
from skydb.services.core import Context
from skydb.sky.catalog_offsets import Offset, catalog_offset, common_offset
from skydb.sky.displacement import displacement, sky_grid
from skydb.sky.geometry import separations_mas
from skydb.store.references import catalog_named

#: Sources so far outside of a file are not looked at.
_MARGIN_MAS = 5000.0


@dataclass(frozen=True)
class TrustedFit:
    """A fit that is trusted, while its copy is there.

    Parameters
    ----------
    version_id : int
        The file version that was fitted.
    fit : ProductFit
    catalog : str
        What it was fitted to.
    epoch_year : float or None
        Where sources of catalogues were placed.
    """

    version_id: int
    fit: ProductFit
    catalog: str
    epoch_year: float | None

    @property
    def error_mas(self) -> float:
        """Error of its shift."""
        rms = np.hypot(self.fit.rms_ra_mas or 0.0, self.fit.rms_dec_mas or 0.0)
        return float(rms / max(self.fit.nmatches, 1) ** 0.5)

    @property
    def copy(self) -> Path:
        """Copy whose primary WCS is the fit."""
        assert self.fit.fitted_copy is not None
        return self.fit.fitted_copy


def second_opinions(
    context: Context, refcats: Sequence[str], fits: Sequence[TrustedFit]
) -> list[tuple[str, str]]:
    """List the objections to the position of trusted fits, each with its file.

    Parameters
    ----------
    context : Context
        Where catalogues and files are on record.
    refcats : sequence of str
        All catalogues that the run was given.
    fits : sequence of TrustedFit
        Those of the run.

    Raises
    ------
    FileRejectedError, ParseError
        When a catalogue is not what it was.
    """
    said = list(_of_archive(context, fits))
    if len(refcats) > 1:
        with context.store.reading() as session:
            usable = {n: UsableCatalog.of(context, catalog_named(session, n)) for n in refcats}
        for one in fits:
            tables = {n: _table_of(catalog, one.epoch_year) for n, catalog in usable.items()}
            said += _of_catalogs(one, tables)
    return said


def _table_of(catalog: UsableCatalog, epoch_year: float | None) -> Callable[[], CatalogTable]:
    return lambda: catalog.at(epoch_year).table


def _of_catalogs(
    one: TrustedFit, tables: Mapping[str, Callable[[], CatalogTable]]
) -> Iterator[tuple[str, str]]:
    """Other catalogues that are elsewhere than the one that a file was fitted to."""
    grid = np.vstack(list(sky_grid(read_hstwcs(one.copy), 3).values()))
    ours = _around(tables[one.catalog](), grid)
    for name in tables:
        found = None if name == one.catalog else catalog_offset(ours, _around(tables[name](), grid))
        if found is not None and found.is_beyond(one.error_mas):
            yield (
                one.fit.product.name,
                (
                    f"{one.catalog}, to which it was fitted, is {found.size_mas:.0f} +- "
                    f"{found.error_mas:.0f} mas off {name} in {found.count} common sources: one of "
                    "the two catalogues is off as a whole."
                ),
            )


def _around(table: CatalogTable, grid: np.ndarray) -> np.ndarray:
    """Positions of a catalogue in the circle of a file."""
    middle = grid.mean(axis=0)
    reach = separations_mas(grid, np.broadcast_to(middle, grid.shape)).max() + _MARGIN_MAS
    radec = table.radec_deg
    return np.asarray(radec[separations_mas(radec, np.broadcast_to(middle, radec.shape)) < reach])


def _of_archive(context: Context, fits: Sequence[TrustedFit]) -> Iterator[tuple[str, str]]:
    """Catalogues to which all visits differ from the archive's good fits by one offset."""
    by_catalog: dict[str, dict[str, list[Offset]]] = {}
    for one in fits:
        with context.store.reading() as session:
            version = session.get_one(ProductVersion, one.version_id)
            archive, visit = wcs_in_force(version), version.product.visit.label
        rms_mas = rms_of_archive(archive)
        if rms_mas is None:
            continue
        matches = archive.quality.nmatches
        assert matches is not None
        moved = displacement(read_hstwcs(one.fit.product), read_hstwcs(one.copy))
        error = float(np.hypot(rms_mas / matches**0.5, one.error_mas))
        offset = Offset(moved.east_mas, moved.north_mas, error, 1)
        by_catalog.setdefault(one.catalog, {}).setdefault(visit, []).append(offset)
    for catalog, visits in by_catalog.items():
        found = common_offset([_mean(several) for several in visits.values()])
        if found is not None and found.is_beyond(0.0):
            yield (
                catalog,
                (
                    f"The fits of {found.count} visits ({', '.join(visits)}) are trusted, and all "
                    f"{found.size_mas:.0f} +- {found.error_mas:.0f} mas off the archive's own "
                    "fits to Gaia, in one direction: the catalogue may be off as a whole."
                ),
            )


def _mean(several: Sequence[Offset]) -> Offset:
    """The offset of the files of one visit."""
    east, north = np.mean([(one.east_mas, one.north_mas) for one in several], axis=0)
    return Offset(float(east), float(north), min(one.error_mas for one in several), len(several))
