"""Recording files and reference catalogues."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.api.base import Facade, table_of
from skydb.domain.catalog import CatalogUse

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.services.catalogs import Region


class FilesFacade(Facade):
    """Recording files and reference catalogues."""

    def ingest(self, *paths: str | Path, jobs: int | None = None) -> QTable:
        """Record files, or all FITS files below directories, some of them read at a time."""
        outcomes = self.services.ingest.ingest(paths, jobs=jobs)
        return table_of(asdict(outcome) for outcome in outcomes)

    def fetch(self, *obs_ids: str, **options: Any) -> QTable:  # noqa: ANN401
        """Get products of observations from MAST and record them.

        The options are the fields of :class:`skydb.archive.mast.MastQuery` and of
        :class:`skydb.services.intake.fetched.FetchSettings`.
        """
        from skydb.services.intake import ask

        return table_of(asdict(file) for file in self.services.fetch.fetch(*ask(obs_ids, options)))

    def history_import(self, *directories: str | Path) -> QTable:
        """Record runs that were made without skydb, from what they left in directories."""
        outcomes = self.services.history.import_dirs([Path(one) for one in directories])
        return table_of({**asdict(one), "findings": list(one.findings)} for one in outcomes)

    def inspect_headers(self) -> QTable:
        """Exposures as in the tutorial's table 1.1."""
        return table_of(self.services.questions.headers())

    def inspect_wcs(self) -> QTable:
        """WCS in force of every product, as in the tutorial's table 1.2."""
        return table_of(self.services.questions.wcs())

    def refcat_import(
        self,
        path: str | Path,
        epoch: float | None = None,
        name: str | None = None,
        *,
        without_motion: str | None = None,
        mag_min: float | None = None,
        mag_max: float | None = None,
    ) -> QTable:
        """Bring in a reference catalogue from a file, gzipped or not.

        Parameters
        ----------
        path : str or Path
            ECSV, CSV, VOTable, FITS table or text with positions in degrees.
        epoch : float, optional
            Julian year of the positions; else that of the file.
        name : str, optional
            How it will be called; else as the file.
        without_motion : str, optional
            ``keep``, ``drop`` or ``bulk``: what becomes of sources without a proper motion.
        mag_min, mag_max : float, optional
            Brightest and faintest magnitude.
        """
        use = CatalogUse.of(without_motion, mag_min, mag_max)
        return table_of([self.services.refcat.import_file(Path(path), epoch, name, use)])

    def refcat_gaia(self, region: Region | None = None, **options: Any) -> QTable:  # noqa: ANN401
        """Gaia DR3 within a region, around all footprints when left out.

        The options are those of :meth:`.CatalogQueryService.gaia`.
        """
        return table_of([self.services.catalog_queries.gaia(region, **options)])

    def refcat_footprint(self, *products: str, **options: Any) -> QTable:  # noqa: ANN401
        """Sources within the joint footprint of products, moved to their epoch.

        The options are those of :meth:`.CatalogQueryService.footprint`.
        """
        return table_of([self.services.catalog_queries.footprint(products, **options)])

    def refcat_show(self, name: str, *, epoch: float | None = None) -> QTable:
        """Sources of a reference catalogue, within its magnitudes.

        Parameters
        ----------
        name : str
            The catalogue.
        epoch : float, optional
            Julian year to place them at, as an alignment would; else where they are.

        Returns
        -------
        QTable
            A row for each source, with ``ra_deg``, ``dec_deg``, ``mag``, proper motions,
            ``epoch``, ``motion_applied`` and ``use``.
        """
        return table_of(self.services.catalog_sources.sources(name, epoch))

    def refcat_list(self) -> QTable:
        """Reference catalogues."""
        return table_of(self.services.questions.catalogs())
