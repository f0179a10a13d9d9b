"""``ledger.refcat``: reference catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skydb.api import names
from skydb.api.base import Group
from skydb.api.checking import path as checked
from skydb.api.results import DrawnResult, Record, Result
from skydb.domain.cataloguse import CatalogUse
from skydb.domain.columns import ColumnKind


class RefcatGroup(Group):
    """Reference catalogues.

    ``without_motion``, ``mag_min`` and ``mag_max`` of the methods that bring one in say which
    sources an alignment uses: those without a proper motion are kept (``keep``), dropped
    (``drop``) or moved by the median motion of the others (``bulk``); when it is None they are
    dropped if the field moves by 2 mas or more.
    """

    def import_(
        self,
        path: str | Path,
        epoch: float | None = None,
        name: str | None = None,
        *,
        without_motion: str | None = None,
        mag_min: float | None = None,
        mag_max: float | None = None,
    ) -> Record:
        """Bring in a catalogue from a file, gzipped or not; a copy is kept.

        Parameters
        ----------
        path : path-like
            ECSV, CSV, VOTable, FITS table or text with positions in degrees.
        epoch : float, optional
            Julian year of the positions; else that of the file.
        name : str, optional
            Name in commands; else that of the file.
        without_motion, mag_min, mag_max
            See :class:`RefcatGroup`.

        Raises
        ------
        ParseError
            When there are no positions in it.

        Examples
        --------
        >>> db.refcat.import_("field/gaia.ecsv", epoch=2016.0, name="again").epoch
        2016.0
        """
        use, file = CatalogUse.of(without_motion, mag_min, mag_max), checked(path)
        return self._obtained(self._services.refcat.import_file(file, epoch, name, use))

    def gaia(
        self,
        *,
        name: str = "gaia",
        target: str | None = None,
        ra: float | None = None,
        dec: float | None = None,
        radius: float | None = None,
        max_rows: int = 50_000,
        without_motion: str | None = None,
        mag_min: float | None = None,
        mag_max: float | None = None,
        refresh: bool = False,
    ) -> Record:
        """Fetch Gaia DR3, by default around all footprints of the ledger.

        Parameters
        ----------
        name : str
            Name in commands.
        target : str, optional
            Around the exposures of this TARGNAME.
        ra, dec : float, optional
            Around this position, ICRS degrees.
        radius : float, optional
            Arcmin; else what covers the footprints, or 3 around a position.
        max_rows : int
            Most sources; the brightest are kept.
        without_motion, mag_min, mag_max
            See :class:`RefcatGroup`.
        refresh : bool
            Query the service also when its answer is known.

        Raises
        ------
        ArchiveError
            When the service does not answer.

        Examples
        --------
        >>> db.refcat.gaia(name="dr3").proper_motion_applied
        False
        """
        from skydb.services.catalogs import Region

        service = self._services.catalog_queries
        return self._obtained(
            service.gaia(
                Region(target, ra, dec, radius),
                name=name,
                max_rows=max_rows,
                refresh=refresh,
                use=CatalogUse.of(without_motion, mag_min, mag_max),
            )
        )

    def footprint(
        self,
        *products: str,
        name: str = "footprint",
        epoch: float | None = None,
        without_motion: str | None = None,
        mag_min: float | None = None,
        mag_max: float | None = None,
        refresh: bool = False,
    ) -> Record:
        """Fetch drizzlepac's catalogue for the joint footprint, moved to an epoch.

        Whether the service moved it is measured.

        Parameters
        ----------
        *products : str
            Products; all drizzled ones when left out.
        name : str
            Name in commands.
        epoch : float, optional
            Julian year; else the mean of the exposures.
        without_motion, mag_min, mag_max
            See :class:`RefcatGroup`.
        refresh : bool
            Query the service also when its answer is known.

        Raises
        ------
        ArchiveError
            When the service does not answer.

        Examples
        --------
        >>> db.refcat.footprint(name="gsss").sources > 0
        True
        """
        service = self._services.catalog_queries
        return self._obtained(
            service.footprint(
                products,
                name=name,
                epoch=epoch,
                refresh=refresh,
                use=CatalogUse.of(without_motion, mag_min, mag_max),
            )
        )

    def list(self) -> Result:
        """List the reference catalogues: service, sources, epoch (Julian year), checksum.

        Examples
        --------
        >>> [one.name for one in db.refcat.list()][:1]
        ['gaia']
        """
        rows = [self._placed(row) for row in self._services.refcat.listed()]
        return Result(rows, names.CATALOGS)

    def show(self, name: str, *, epoch: float | None = None) -> DrawnResult:
        """Show the sources of a catalogue, within its magnitudes.

        Parameters
        ----------
        name : str
        epoch : float, optional
            Julian year to place them at, as an alignment would; else where they are.

        Returns
        -------
        DrawnResult
            ``ra_deg``, ``dec_deg``, ``mag``, proper motions (mas/yr), ``epoch``,
            ``motion_applied`` and ``use``.

        Raises
        ------
        NotFoundError
            When there is no such catalogue.

        Examples
        --------
        >>> db.refcat.show("gaia", epoch=2013.0)["pm_ra_mas_yr"].unit
        Unit("mas / yr")
        """
        services, pictures = self._services, self._pictures
        return DrawnResult(
            services.catalog_sources.sources(name, epoch),
            names.SOURCES,
            kinds={"source": ColumnKind.INTEGER, "source_id": ColumnKind.STRING},
            draw=lambda: pictures.catalog(services, name, epoch),
            write=lambda out: pictures.write_catalog(services, name, epoch, out),
        )

    def supersede(self, old: str, new: str, why: str, *, author: str | None = None) -> Record:
        """Put one catalogue in the place of another; ``todo`` lists what used the old one.

        Parameters
        ----------
        old, new : str
            Names of catalogues.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such catalogue, or the new one cannot replace the old one.

        Examples
        --------
        >>> db.refcat.supersede("old", "gaia", "better proper motions").name
        'old'
        """
        return Record(self._placed(self._services.books.supersede(old, new, why, author)))

    def _obtained(self, row: Mapping[str, Any]) -> Record:
        findings = row["findings"]
        return Record(self._placed(row), remarks=findings, is_flagged=bool(findings))

    def _placed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give a catalogue with its absolute path beside the stored one."""
        stored = row["path"]
        path = str(self._services.context.workspace.resolve(stored))
        return {**row, "path": path, "stored_path": stored}
