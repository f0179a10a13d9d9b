"""``ledger.export``: tables, footprints and lineages out of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from skydb.api.base import Group
from skydb.api.checking import path as checked
from skydb.api.files import kinds_of
from skydb.api.results import Record
from skydb.api.selecting import Names, Selecting, scope_of
from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.domain.vocabulary import ProductKind


#: Pictures that a map of footprints is written as.
_MAPS = (".png", ".pdf", ".svg")


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
            With `sql`: as :meth:`.Ledger.sql`.
        **chosen
            Only rows about these exposures: see :class:`.Selecting`.

        Returns
        -------
        Record
            ``path`` (absolute) and ``rows``.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or the format, the view or the SELECT is wrong.

        Examples
        --------
        >>> db.export("skies.ecsv", view="v_sky_values")["rows"] > 0
        True
        """
        from skydb.services.lookup import ExportStyle

        style, scope = ExportStyle(is_raw=raw, as_is=as_is), scope_of(chosen)
        out = checked(path)
        done = self._services.export.export(out, view=view, sql=sql, scope=scope, style=style)
        return Record({**asdict(done), "path": str(out.absolute())})

    def footprints(
        self,
        path: str | Path,
        *,
        kind: Names = (),
        order: int = 18,
        refcat: str | None = None,
        **chosen: Unpack[Selecting],
    ) -> Record:
        """Write the footprints of chips, by their active WCS.

        Parameters
        ----------
        path : path-like
            ``.reg`` (DS9 regions), ``.moc.fits``, ``.json``; or a map: ``.png``, ``.pdf``,
            ``.svg``.
        kind : str or sequence of str
            Products of this kind, e.g. ``drz``; else each exposure's file.
        order : int
            HEALPix order of a MOC; cells are 0.8 arcsec wide for 18.
        refcat : str, optional
            On a map: sources of this catalogue as well.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        Record
            ``path`` (absolute), ``rows`` and ``exposures``.

        Raises
        ------
        UsageError
            When an option is not for this kind of file.

        Examples
        --------
        >>> db.export.footprints("field.reg")["rows"] > 0
        True
        """
        kinds, scope = kinds_of(kind), scope_of(chosen)
        out = checked(path)
        if out.suffix.lower() in _MAPS:
            return self._map(out, refcat, kinds, chosen)
        if refcat is not None:
            kinds_of_map = ", ".join(_MAPS)
            raise UsageError("--refcat is for a map.", advice=f"Name a file {kinds_of_map}.")
        return Record(asdict(self._services.footprints.export(out, scope, kinds, order)))

    def _map(
        self, out: Path, refcat: str | None, kinds: Sequence[ProductKind], chosen: Selecting
    ) -> Record:
        if kinds:
            raise UsageError("--kind is not for a map, which shows each exposure's file.",
                             advice="Leave it out.")  # fmt: skip
        shown = self._ledger.inspect.footprints(refcat, **chosen)
        (written,) = shown.write(out)
        exposures = len({row["rootname"] for row in shown})
        return Record({"path": str(written.absolute()), "rows": len(shown), "exposures": exposures})

    def prov(self, path: str | Path, *what: str) -> Record:
        """Write lineages, or that of the whole ledger, as W3C PROV-JSON.

        Parameters
        ----------
        path : path-like
        *what : str
            References as of :meth:`.Ledger.explain`; everything when left out.

        Returns
        -------
        Record
            ``path`` (absolute), ``nodes``, ``relations``, and ``rows``, which is both together.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such thing, or the file is there already.

        Examples
        --------
        >>> db.export.prov("provenance.json", "ibxl50clq").nodes > 0
        True
        """
        out = checked(path)
        made = self._services.export_prov.export(out, what)
        return Record(
            {**asdict(made), "path": str(out.absolute()), "rows": made.nodes + made.relations}
        )
