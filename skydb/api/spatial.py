"""What was observed where, and tables out of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Facade, table_of

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.store.scope import Scope


class SpatialFacade(Facade):
    """What was observed where, and tables out of the ledger."""

    def find(
        self,
        *,
        cone: Sequence[float | str] | None = None,
        position: Sequence[float | str] | None = None,
        overlapping: str | None = None,
        polygon: str | None = None,
        filter_name: str | None = None,
        detector: str | None = None,
        proposal_id: int | None = None,
    ) -> QTable:
        """Chips that saw a piece of sky, the nearest first; see :meth:`.Finder.search`."""
        from skydb.services.lookup import COLUMNS
        from skydb.store.scope import Scope

        ways = {"cone": cone, "position": position, "overlapping": overlapping, "polygon": polygon}
        asked = {way: what for way, what in ways.items() if what is not None}
        scope = Scope(filter=filter_name, detector=detector, proposal_id=proposal_id)
        return table_of(self.services.finder.search(asked, scope), COLUMNS)

    def export(
        self,
        path: str | Path,
        *,
        view: str | None = None,
        sql: str | None = None,
        raw: bool = False,
        as_is: bool = False,
    ) -> QTable:
        """Write a view or an answer to a file; see :meth:`.ExportService.export`.

        With ``raw`` a CSV file has texts that a spreadsheet would run as they are.
        """
        from dataclasses import asdict

        from skydb.services.lookup import ExportStyle

        style = ExportStyle(is_raw=raw, as_is=as_is)
        done = self.services.export.export(Path(path), view=view, sql=sql, style=style)
        return table_of([asdict(done)])

    def export_footprints(
        self, path: str | Path, scope: Scope | None = None, *, order: int = 18
    ) -> QTable:
        """Write what chips cover, in the WCS in force; see :meth:`.FootprintService.export`.

        Parameters
        ----------
        path : str or Path
            ``.reg`` (DS9), ``.moc.fits`` or ``.json``.
        scope : Scope, optional
            Only these exposures.
        order : int
            HEALPix order of a MOC; cells are 0.8 arcsec wide for 18.

        Examples
        --------
        >>> ledger.export_footprints("field.reg")["rows"]  # doctest: +SKIP
        """
        from dataclasses import asdict

        done = self.services.footprints.export(Path(path), scope, order=order)
        return table_of([asdict(done)])
