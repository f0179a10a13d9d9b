"""What was observed where, and tables out of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Facade, table_of

if TYPE_CHECKING:
    from astropy.table import QTable


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
