"""Services of one ledger that only read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL

    from skydb.services.alignment import SolutionTables
    from skydb.services.comparison import Comparisons
    from skydb.services.core import Context
    from skydb.services.intake import Selection
    from skydb.services.lookup import (
        Coverage,
        Evidence,
        ExportService,
        Finder,
        FootprintService,
        ImageTables,
        PlainQuestions,
    )
    from skydb.services.provenance import ExplainService, ProvExportService
    from skydb.store.scope import Scope


class LookupServices:
    """The part of the services of one ledger that only read."""

    context: Context
    url: URL

    @property
    def plain(self) -> PlainQuestions:
        """Questions in SQL."""
        from skydb.services.lookup import PlainQuestions

        return PlainQuestions(self.context.store, self.url)

    @property
    def images(self) -> ImageTables:
        """Tables of exposures and products."""
        from skydb.services.lookup import ImageTables

        return ImageTables(self.context.store)

    @property
    def solutions(self) -> SolutionTables:
        """Tables of fits and of every WCS."""
        from skydb.services.alignment import SolutionTables

        return SolutionTables(self.context.store)

    @property
    def evidence(self) -> Evidence:
        """Files behind rows."""
        from skydb.services.lookup import Evidence

        return Evidence(self.context.store, self.context.workspace)

    def coverage(self, scope: Scope | None = None, runs: Sequence[int] = ()) -> Coverage:
        """Exposures, runs and findings of a scope or the whole ledger, for a page."""
        from skydb.services.lookup import Coverage
        from skydb.store.scope import Scope

        return Coverage(self.context.store, scope or Scope(), tuple(runs))

    @property
    def export(self) -> ExportService:
        """Tables out."""
        from skydb.services.lookup import ExportService

        return ExportService(self.url, self.context.store)

    @property
    def footprints(self) -> FootprintService:
        """Footprints in files."""
        from skydb.services.lookup import FootprintService

        return FootprintService(self.context.store)

    @property
    def finder(self) -> Finder:
        """Searches by position."""
        from skydb.services.lookup import Finder

        return Finder(self.context.store)

    @property
    def comparison(self) -> Comparisons:
        """Comparing runs, dates and reprocessings."""
        from skydb.services.comparison import Comparisons

        return Comparisons(self.context.store)

    @property
    def explain(self) -> ExplainService:
        """Lineages."""
        from skydb.services.provenance import ExplainService

        return ExplainService(self.context.store, self.context.workspace)

    @property
    def export_prov(self) -> ProvExportService:
        """Lineages out, as PROV-JSON."""
        from skydb.services.provenance import ProvExportService

        return ProvExportService(self.explain)

    def exposure_paths(self, selection: Selection) -> dict[str, Path]:
        """Path of the newest version of every selected exposure, by rootname."""
        from skydb.services.intake import choose_inputs

        workspace = self.context.workspace
        with self.context.store.reading() as session:
            return {
                one.rootname: workspace.resolve(one.version.path)
                for one in choose_inputs(session, workspace, selection)
            }
