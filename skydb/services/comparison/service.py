"""Comparisons of sky runs: those that are named, two groups, or everything that ever ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.services.comparison.across import Comparison, SkyChange
from skydb.services.comparison.changes import ChangeService
from skydb.services.comparison.methods import MethodTable
from skydb.services.comparison.pairing import Series, best_of, by_date, series_of
from skydb.services.comparison.significance import criterion_sentences
from skydb.services.comparison.statistics import StatisticsService
from skydb.services.comparison.timeline import TimelineService
from skydb.store import comparison_queries as selects
from skydb.store import queries
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class Comparisons:
    """Every comparison of one ledger."""

    store: Store

    @property
    def methods(self) -> MethodTable:
        """Methods side by side."""
        return MethodTable(self.store)

    @property
    def skies(self) -> SkyComparisonService:
        """Sky values across runs."""
        return SkyComparisonService(self.store)

    @property
    def deliveries(self) -> ChangeService:
        """Exposures that the archive reprocessed."""
        return ChangeService(self.store)

    @property
    def timeline(self) -> TimelineService:
        """Exposures and visits over time."""
        return TimelineService(self.store)

    @property
    def statistics(self) -> StatisticsService:
        """Statistics of sky values."""
        return StatisticsService(self.store)


@dataclass(frozen=True)
class SkyComparisonService:
    """Compares the same chip and the same method across runs; reads, never writes."""

    store: Store

    def runs(self, run_ids: Sequence[int], scope: Scope | None = None) -> list[SkyChange]:
        """Compare runs that are named, each with the one of its method before it.

        Raises
        ------
        NotFoundError
            When one is not there or has no values.
        UsageError
            When no two of them did, or were to do, one method.
        """
        with self.store.reading() as session:
            series = series_of(_named(session, run_ids))
            if all(len(runs) < 2 for runs in series.values()):
                raise UsageError(
                    f"No two of the runs {_listed(run_ids)} are of one method.",
                    advice="Name two of one method; see `skydb runs`.",
                )
            return _changes(session, series, scope)

    def groups(self, first: int, second: int, scope: Scope | None = None) -> list[SkyChange]:
        """Compare the newest good run of each method of two groups.

        Raises
        ------
        NotFoundError
            When a group has no good run.
        UsageError
            When the two have no method in common.
        """
        with self.store.reading() as session:
            one, other = (_of_group(session, group_id) for group_id in (first, second))
            series = {method: _pair(one, other, method) for method in SkyMethod}
            compared = {method: runs for method, runs in series.items() if runs}
            if not compared:
                raise UsageError(
                    f"The groups {first} and {second} have no method in common.",
                    advice="Choose groups with runs of one method.",
                )
            return _changes(session, compared, scope)

    def history(self, scope: Scope | None = None, *, replays: bool = False) -> list[SkyChange]:
        """Compare every value that exposures ever had with the one before it.

        Parameters
        ----------
        scope : Scope, optional
            Which exposures; those of the newest group when left out.
        replays : bool
            Also runs that repeat another one, whose values say nothing of what changed.

        Raises
        ------
        NotFoundError
            When there are no such exposures, or no run has a value of them.
        """
        with self.store.reading() as session:
            wanted = _exposures(session, scope or Scope())
            found = selects.runs_with_ids(session, selects.run_ids_of_exposures(session, wanted))
            runs = [run for run in found if replays or run.replay_of_id is None]
            if not runs:
                raise NotFoundError(
                    f"No sky run has a value of {(scope or Scope()).label}.",
                    advice="Start with `skydb sky run`.",
                )
            series = {m: same for m, same in series_of(by_date(runs)).items() if same}
            return Comparison(session, series, wanted).changes()

    @staticmethod
    def criterion(rows: Iterable[SkyChange]) -> list[str]:
        """Explain ``changed`` in these rows, in sentences."""
        return criterion_sentences([row.significance for row in rows if row.difference is not None])

    def have_a_method_in_common(self, run_ids: Sequence[int]) -> bool:
        """Whether two of some runs really did one method, so that no table has room for both."""
        with self.store.reading() as session:
            runs = selects.runs_with_ids(session, set(run_ids))
        did = [run.effective_method for run in runs if run.effective_method]
        return len(did) > len(set(did))


def _changes(session: Session, series: Series, scope: Scope | None) -> list[SkyChange]:
    is_all = scope is None or scope.is_everything
    wanted = None if is_all or scope is None else scope.exposure_ids(session)
    return Comparison(session, series, wanted).changes()


def _named(session: Session, run_ids: Iterable[int]) -> list[SkyRun]:
    # Numbers out of a table are numpy's, which SQLite would take for bytes.
    asked = list(dict.fromkeys(int(run_id) for run_id in run_ids))
    found = {run.id: run for run in selects.runs_with_ids(session, asked)}
    missing = [run_id for run_id in asked if run_id not in found]
    if missing:
        raise NotFoundError(
            f"There are no sky values of run {missing[0]}.", advice="Name runs that succeeded."
        )
    return [found[run_id] for run_id in asked]


def _of_group(session: Session, group_id: int) -> list[SkyRun]:
    runs = selects.runs_of_groups(session, [group_id])
    if not runs:
        raise NotFoundError(
            f"Group {group_id} has no good sky run.", advice="See group_id in v_sky_values."
        )
    return runs


def _pair(one: Sequence[SkyRun], other: Sequence[SkyRun], method: SkyMethod) -> list[SkyRun]:
    pair = [run for run in (best_of(one, method), best_of(other, method)) if run]
    return pair if len(pair) > 1 else []


def _exposures(session: Session, scope: Scope) -> set[int]:
    if not scope.is_everything:
        return scope.exposure_ids(session)
    newest = selects.runs_of_groups(session, [queries.latest_group(session)])
    return {value.exposure_id for value in selects.values_of_runs(session, [r.id for r in newest])}


def _listed(run_ids: Iterable[int]) -> str:
    return ", ".join(map(str, run_ids))
