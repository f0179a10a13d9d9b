"""What is kept of sky runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, table_of

if TYPE_CHECKING:
    from astropy.table import QTable


class RetentionFacade(Facade):
    """What is kept of sky runs; every decision has a reason, and leaves all rows."""

    def fsck(self, *, repair: bool = False, deep: bool = False, gone: Sequence[str] = ()) -> QTable:
        """What does not agree with the ledger: runs, files, headers; put right when asked to.

        Parameters
        ----------
        repair : bool
            Put right what can be; see docs/reliability.md.
        deep : bool
            Compare the content of every file.
        gone : sequence of str
            Machines on which no process of skydb runs any more.
        """
        service = self.services.fsck
        found = (service.repair if repair else service.check)(deep=deep, gone=gone)
        names = ("problem", "subject", "known", "repair", "repaired")
        return table_of([problem.as_row() for problem in found], names)

    def pin(self, run: int | str, why: str, *, author: str | None = None) -> QTable:
        """Protect a run: it can be neither purged nor deleted."""
        return table_of([self.services.retention.pin(run_number(run), why, author)])

    def unpin(self, run: int | str, why: str, *, author: str | None = None) -> QTable:
        """Take the protection of a run away."""
        return table_of([self.services.retention.unpin(run_number(run), why, author)])

    def metrics_only(self, run: int | str, why: str, *, author: str | None = None) -> QTable:
        """Release the mosaic of a run: the next purge by age takes it."""
        return table_of([self.services.retention.metrics_only(run_number(run), why, author)])

    def delete_run(self, run: int | str, why: str, *, author: str | None = None) -> QTable:
        """Hide a run from views and comparisons."""
        return table_of([self.services.retention.delete(run_number(run), why, author)])

    def undelete_run(self, run: int | str, why: str, *, author: str | None = None) -> QTable:
        """Show a deleted run again."""
        return table_of([self.services.retention.undelete(run_number(run), why, author)])

    def purge(
        self, *runs: int | str, why: str = "", author: str | None = None, dry_run: bool = False
    ) -> QTable:
        """Delete the mosaics of runs; values, checksums and rows stay."""
        wanted = [run_number(run) for run in runs]
        outcomes = self.services.retention.purge(wanted, why, author, dry_run=dry_run)
        return table_of(asdict(outcome) for outcome in outcomes)

    def purge_older_than(
        self,
        age: str,
        *,
        keep_latest: int = 2,
        why: str = "",
        author: str | None = None,
        dry_run: bool = False,
    ) -> QTable:
        """Delete the mosaics of all but the newest runs that ended longer ago, e.g. ``90d``."""
        from skydb.domain.retention import RetentionPolicy

        policy = RetentionPolicy.parse(age, keep_latest)
        outcomes = self.services.retention.purge_by(policy, why, author, dry_run=dry_run)
        return table_of(asdict(outcome) for outcome in outcomes)
