"""``ledger.export``: tables, footprints and lineages out of the ledger."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Unpack

from skydb.api.base import Group
from skydb.api.checking import path as checked
from skydb.api.files import kinds_of
from skydb.api.results import Record
from skydb.api.selecting import Names, Selecting, scope_of


class ExportGroup(Group):
    """Tables, footprints and lineages out of the ledger."""

    def __call__(
        self,
        path: str | Path,
        *,
        view: str | None = None,
        sql: str | None = None,
        raw: bool = False,
        as_is: bool = False,
        **chosen: Unpack[Selecting],
    ) -> Record:
        """Write a view, or the answer to a SELECT, to a file.

        Units, UCDs and descriptions of documented columns go with it into ECSV, VOTable and
        parquet; NULL stays NULL; times are ISO 8601 in UTC.

        Parameters
        ----------
        path : path-like
            ``.csv``, ``.ecsv``, ``.vot`` or ``.parquet``.
        view : str, optional
            View or table; ``ivoa_obscore`` when left out.
        sql : str, optional
            One SELECT, in place of a view.
        raw : bool
            CSV: leave texts that a spreadsheet would run as they are.
        as_is : bool
            With `sql`: as :meth:`Ledger.sql`.
        **chosen
            Only rows about these exposures: see :class:`.Selecting`.

        Returns
        -------
        Record
            ``path`` and ``rows``.

        Examples
        --------
        >>> db.export("skies.ecsv", view="v_sky_values")["rows"] > 0
        True
        """
        from skydb.services.lookup import ExportStyle

        style, scope = ExportStyle(is_raw=raw, as_is=as_is), scope_of(chosen)
        out = checked(path)
        done = self._services.export.export(out, view=view, sql=sql, scope=scope, style=style)
        return Record(asdict(done))

    def footprints(
        self,
        path: str | Path,
        *,
        kind: Names = (),
        order: int = 18,
        **chosen: Unpack[Selecting],
    ) -> Record:
        """Write the footprints of chips, by their active WCS.

        Parameters
        ----------
        path : path-like
            ``.reg`` (DS9 regions), ``.moc.fits`` or ``.json``.
        kind : str or sequence of str
            Products of this kind, e.g. ``drz``; else each exposure's file.
        order : int
            HEALPix order of a MOC; cells are 0.8 arcsec wide for 18.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        Record
            ``path``, ``rows`` and ``exposures``.

        Examples
        --------
        >>> db.export.footprints("field.reg")["rows"] > 0
        True
        """
        kinds, scope = kinds_of(kind), scope_of(chosen)
        out = checked(path)
        return Record(asdict(self._services.footprints.export(out, scope, kinds, order)))

    def prov(self, path: str | Path, *what: str) -> Record:
        """Write lineages, or that of the whole ledger, as W3C PROV-JSON.

        Parameters
        ----------
        path : path-like
        *what : str
            References as of :meth:`Ledger.explain`; everything when left out.

        Returns
        -------
        Record
            ``path``, ``nodes`` and ``relations``.

        Examples
        --------
        >>> db.export.prov("provenance.json", "ibxl50clq").nodes > 0
        True
        """
        out = checked(path)
        return Record(asdict(self._services.export_prov.export(out, what)))
