"""Coverage of a page about a ledger: its exposures, their use, and failures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.orm import Session

from skydb.domain.vocabulary import ActivityKind
from skydb.errors import NotFoundError
from skydb.services.comparison import values_of_groups
from skydb.store import coverage_queries, queries
from skydb.store.queries import Row
from skydb.store.scope import Scope
from skydb.store.selected_queries import (
    Selected,
    alignments_showing,
    groups_covering,
    runs_using,
)
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class Coverage:
    """Read-only; every answer is a list of rows about a scope.

    Parameters
    ----------
    store : Store
    scope : Scope
        The exposures that the page is about.
    named : sequence of int
        Runs to show, of sky or alignment, instead of the newest of their kind; without any
        exposures the page is about theirs.

    Raises
    ------
    NotFoundError, UsageError
        From every method: when the scope or a run means nothing, or more than one thing.
    """

    store: Store
    scope: Scope = field(default_factory=Scope)
    named: Sequence[int] = ()

    @cached_property
    def about(self) -> Scope:
        """The exposures that the page is about; those of the runs when only these are named."""
        if not self.scope.is_everything or not self.named:
            return self.scope
        with self.store.reading() as session:
            names = coverage_queries.exposures_of_runs(session, self._kinds(session))
        return Scope(rootnames=tuple(sorted(names)))

    @property
    def label(self) -> str:
        """Subject of the page."""
        runs = ", ".join(f"run {run}" for run in self.named)
        if self.scope.is_everything and self.named:
            return f"exposures of {runs}"
        return ", ".join(filter(None, [self.scope.label, runs]))

    @cached_property
    def selected(self) -> Selected | None:
        """The resolved scope; None for the whole ledger."""
        if self.about.is_everything:
            return None
        with self.store.reading() as session:
            return Selected.of(session, self.about)

    def exposures(self) -> list[Row]:
        """Exposures, those known only from logs too, and whether each is aligned."""
        with self.store.reading() as session:
            chosen = self.selected
            keys = None if chosen is None else chosen.exposures
            return coverage_queries.exposure_states(session, keys)

    def left_out(self) -> int:
        """Number of exposures of the ledger that are not on the page."""
        with self.store.reading() as session:
            total = coverage_queries.count_exposures(session)
        return 0 if self.selected is None else total - len(self.selected.exposures)

    def runs(self) -> list[Row]:
        """The sky runs that show the exposures: those named, or each exposure's newest group."""
        with self.store.reading() as session:
            if wanted := self._named(session, ActivityKind.SKY_RUN):
                named = coverage_queries.sky_runs(session, wanted)
                return [queries.sky_run_row(run) for run in named]
            return [
                queries.sky_run_row(run)
                for group in self._groups(session)
                for run in queries.runs_of_group(session, group)
            ]

    def values(self) -> list[Row]:
        """Sky values of those runs, one column a method, each exposure in its newest group."""
        with self.store.reading() as session:
            return values_of_groups(session, self._groups(session))

    def _groups(self, session: Session) -> dict[int, set[str]]:
        """Exposures that each group of runs shows, by name."""
        names = coverage_queries.rootnames_by_key(
            session, None if self.selected is None else self.selected.exposures
        )
        return groups_covering(session, names)

    def alignments(self) -> dict[int, frozenset[str]]:
        """The alignment runs that are shown: those named, or those with fits that matter.

        Returns
        -------
        dict of int to frozenset of str
            File names of the products whose fits are shown, by run, the newest run first. They
            are those of which the run has the newest fit, or the one that is active.
        """
        with self.store.reading() as session:
            products = None if self.selected is None else self.selected.products
            if wanted := self._named(session, ActivityKind.ALIGNMENT):
                return coverage_queries.alignments_named(session, wanted, products)
            return alignments_showing(session, products)

    def has_skies_named(self) -> bool:
        """Whether a sky run is among the runs that were named."""
        with self.store.reading() as session:
            return bool(self._named(session, ActivityKind.SKY_RUN))

    def _named(self, session: Session, kind: ActivityKind) -> list[int]:
        """The runs of one kind that were named; where none was, the newest are shown."""
        kinds = self._kinds(session) if self.named else {}
        return [run for run in self.named if kinds[run] is kind]

    def _kinds(self, session: Session) -> dict[int, ActivityKind]:
        """Kinds of all runs that were named."""
        kinds = coverage_queries.kinds_of_runs(session, self.named)
        for run in self.named:
            if run not in kinds:
                raise NotFoundError(f"There is no sky or alignment run {run} that succeeded.")
        return kinds

    def inputs(self, run_ids: Collection[int]) -> list[Row]:
        """File versions that runs used, and the newest archive version of each."""
        with self.store.reading() as session:
            rows = coverage_queries.run_inputs(session, run_ids)
        chosen = self.selected
        return [row for row in rows if chosen is None or row["rootname"] in chosen.rootnames]

    def failed_fits(self) -> list[Row]:
        """Products whose newest fit failed."""
        with self.store.reading() as session:
            chosen = self.selected
            keys = None if chosen is None else chosen.products
            return coverage_queries.failed_fits(session, keys)

    def failed_runs(self) -> list[Row]:
        """Runs that failed and were not repeated."""
        with self.store.reading() as session:
            among = None if self.selected is None else runs_using(session, self.selected.products)
            return coverage_queries.failed_runs(session, among)

    def findings(self) -> list[Row]:
        """Every valid finding, the newest first, without those about other subjects."""
        with self.store.reading() as session:
            rows = coverage_queries.all_findings(session)
            if self.selected is None:
                return rows
            ours = runs_using(session, self.selected.products)
            about = {row["activity"] for row in rows}, {row["subject"] for row in rows}
            theirs = coverage_queries.runs_with_inputs(session, about[0]) - ours
            others = coverage_queries.names_among(session, about[1]) - {
                *self.selected.rootnames,
                *self.selected.products.values(),
                *self.selected.visits.values(),
            }
        return [
            row for row in rows if row["activity"] not in theirs and row["subject"] not in others
        ]
