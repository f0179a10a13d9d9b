"""Comparison of methods, runs, dates and reprocessings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, table_of
from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import SkyMethod
from skydb.store.scope import Scope

if TYPE_CHECKING:
    from astropy.table import QTable


class ComparisonFacade(Facade):
    """Comparison of methods, runs, dates and reprocessings."""

    def sky_compare(self, *runs: int | str) -> QTable:
        """MDRIZSKY of every chip, one column a method; see :meth:`sky_compare_across`."""
        return table_of(self.services.questions.comparison([run_number(run) for run in runs]))

    def sky_compare_across(
        self,
        *runs: int | str,
        between: tuple[int, int] | None = None,
        rootnames: Sequence[str] = (),
        visits: Sequence[str] = (),
        proposal: int | None = None,
    ) -> QTable:
        """What changed between runs of one method: differences and their causes.

        Of the runs that are named, or of two groups; else of all runs that ever gave a value
        of the exposures (`skydb sky compare --history`). Columns: :class:`.SkyChange`.
        """
        scope = Scope(tuple(rootnames), tuple(visits), proposal)
        service = self.services.comparison.skies
        if between is not None:
            rows = service.groups(*between, scope)
        else:
            rows = (
                service.runs([run_number(run) for run in runs], scope)
                if runs
                else service.history(scope)
            )
        return table_of(asdict(row) for row in rows)

    def sky_stats(
        self,
        by: StatisticsBy | str = StatisticsBy.VISIT,
        method: SkyMethod | str | None = None,
        *,
        visits: Sequence[str] = (),
        proposal: int | None = None,
    ) -> QTable:
        """Median, scatter and spread of the sky; columns: :class:`.SkyStatistics`."""
        wanted = None if method is None else SkyMethod(method)
        scope = Scope(visits=tuple(visits), proposal_id=proposal)
        rows = self.services.comparison.statistics.statistics(StatisticsBy(by), wanted, scope)
        return table_of(asdict(row) for row in rows)

    def sky_timeline(self, *rootnames: str, visits: Sequence[str] = ()) -> QTable:
        """Skies and alignments in order of time; columns: :class:`.TimePoint`."""
        scope = Scope(rootnames, tuple(visits))
        points = self.services.comparison.timeline.timeline(scope)
        return table_of(asdict(point) for point in points)

    def align_changes(
        self,
        since: str | None = None,
        *,
        visits: Sequence[str] = (),
        proposal: int | None = None,
        min_mas: float = 0.0,
    ) -> QTable:
        """Exposures that the archive delivered anew; columns: :class:`.AlignmentChange`."""
        from skydb.services.comparison import moment

        scope = Scope(visits=tuple(visits), proposal_id=proposal)
        when = moment(since) if since else None
        rows = self.services.comparison.deliveries.changes(scope, when, min_mas)
        return table_of(asdict(row) for row in rows)
