"""What a page about a ledger covers: its exposures, what was used of them, what failed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from skydb.store import coverage_queries
from skydb.store.queries import Row
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class Coverage:
    """Read-only; every answer is a list of rows."""

    store: Store

    def exposures(self) -> list[Row]:
        """Every exposure, those known only from logs too, and whether it is aligned."""
        with self.store.reading() as session:
            return coverage_queries.exposure_states(session)

    def inputs(self, run_ids: Collection[int]) -> list[Row]:
        """File versions that runs used, and the newest delivery of each."""
        with self.store.reading() as session:
            return coverage_queries.run_inputs(session, run_ids)

    def failed_fits(self) -> list[Row]:
        """Products whose newest fit failed."""
        with self.store.reading() as session:
            return coverage_queries.failed_fits(session)

    def failed_runs(self) -> list[Row]:
        """Runs that failed and were not repeated."""
        with self.store.reading() as session:
            return coverage_queries.failed_runs(session)

    def findings(self) -> list[Row]:
        """Every finding, the newest first."""
        with self.store.reading() as session:
            return coverage_queries.all_findings(session)
