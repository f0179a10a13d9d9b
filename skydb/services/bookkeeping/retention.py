"""Retention of sky runs: pins, released and purged mosaics, hidden runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from skydb.domain import BookEntry, Mosaic, SkyRun
from skydb.domain.retention import RetentionPolicy
from skydb.errors import StateError
from skydb.files.removal import PURGE_LABEL, require_below, set_aside
from skydb.interruption import held
from skydb.services.bookkeeping.notes import BooksService, entry_row
from skydb.services.core import Context
from skydb.store import books_queries, queries
from skydb.store.required import require_run


class PurgeStatus(StrEnum):
    """Result of the purge of a mosaic."""

    PLANNED = "planned"
    """It would be deleted: a dry run."""
    PURGED = "purged"
    """It was deleted."""


@dataclass(frozen=True, slots=True)
class PurgeOutcome:
    """Files of one run that were, or would be, deleted."""

    run: int
    method: str
    status: PurgeStatus
    freed_bytes: int
    files: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class RetentionService:
    """Decisions about runs; every one has an author and a reason, and leaves all rows."""

    context: Context

    def pin(self, run_id: int, why: str, author: str | None = None) -> queries.Row:
        """Protect a run; raises as :meth:`.SkyRun.pin`."""
        return self._decide(run_id, lambda run, who: run.pin(who, why), author)

    def unpin(self, run_id: int, why: str, author: str | None = None) -> queries.Row:
        """Take the protection away; raises as :meth:`.SkyRun.unpin`."""
        return self._decide(run_id, lambda run, who: run.unpin(who, why), author)

    def metrics_only(self, run_id: int, why: str, author: str | None = None) -> queries.Row:
        """Release a mosaic; raises as :meth:`.SkyRun.keep_metrics_only`."""
        return self._decide(run_id, lambda run, who: run.keep_metrics_only(who, why), author)

    def delete(self, run_id: int, why: str, author: str | None = None) -> queries.Row:
        """Hide a run; raises as :meth:`.SkyRun.delete`."""
        return self._decide(run_id, lambda run, who: run.delete(who, why), author)

    def undelete(self, run_id: int, why: str, author: str | None = None) -> queries.Row:
        """Show a hidden run again; raises as :meth:`.SkyRun.undelete`."""
        return self._decide(run_id, lambda run, who: run.undelete(who, why), author)

    def purge(
        self, run_ids: Sequence[int], why: str, author: str | None = None, *, dry_run: bool = False
    ) -> list[PurgeOutcome]:
        """Delete mosaics of runs, and masks of cosmic rays; values, checksums and rows stay.

        Only files below the data root are deleted. Nothing is when one of the runs
        must not be purged.

        Raises
        ------
        NotFoundError
            When there is no such run.
        StateError
            When one is pinned, has no mosaic (any more), its files are not skydb's or are
            another run's too, or no reason is given.
        """
        ids = list(dict.fromkeys(run_ids))
        if not dry_run and not why.strip():
            raise StateError("A purge needs a reason.")
        with self.context.store.reading() as session:
            planned = [self._plan(session, require_run(session, SkyRun, run_id)) for run_id in ids]
        if dry_run:
            return planned
        return [self._purge(run_id, why, author) for run_id in ids]

    def purge_by(
        self,
        policy: RetentionPolicy,
        why: str,
        author: str | None = None,
        *,
        dry_run: bool = False,
    ) -> list[PurgeOutcome]:
        """Delete the mosaics that a policy releases, and those released by hand.

        Pinned runs are passed over; raises as :meth:`purge`.
        """
        with self.context.store.reading() as session:
            released = _released(books_queries.runs_with_mosaics(session), policy)
        return self.purge(released, why, author, dry_run=dry_run)

    def _decide(
        self, run_id: int, verb: Callable[[SkyRun, str], BookEntry], author: str | None
    ) -> queries.Row:
        who = BooksService(self.context).author(author)
        with self.context.store.writing() as session:
            row = entry_row(session, verb(require_run(session, SkyRun, run_id), who))
            session.commit()
            return row

    def _purge(self, run_id: int, why: str, author: str | None) -> PurgeOutcome:
        """Delete all files, with the row that records it, or none."""
        who = BooksService(self.context).author(author)
        with self.context.store.reading() as session:
            plan = self._plan(session, require_run(session, SkyRun, run_id))
        paths = {text: self._path(text) for text in plan.files}
        gone = [text for text, path in paths.items() if path.is_file()]
        with (
            self.context.workspace.scratch(f"{PURGE_LABEL}{run_id}", is_litter=False) as aside,
            self.context.store.writing() as session,
        ):
            # It may have to wait here for another writer, and can be interrupted.
            run = require_run(session, SkyRun, run_id)
            # The files are back if it cannot be committed.
            with held(), set_aside(list(paths.values()), aside) as freed:
                run.purge(who, why, _summary(gone, freed))
                session.commit()
        there = tuple(str(paths[text]) for text in gone)
        return PurgeOutcome(run_id, plan.method, PurgeStatus.PURGED, freed, tuple(gone), there)

    def _plan(self, session: Session, run: SkyRun) -> PurgeOutcome:
        run.require_purgeable()
        if run.mosaic is None:
            raise StateError(f"Run {run.id} has no mosaic.")
        files = run.pixel_files
        _require_unshared(session, run.id, files)
        paths = [self._path(text) for text in files]
        freed = sum(path.stat().st_size for path in paths if path.is_file())
        there = tuple(map(str, paths))
        return PurgeOutcome(run.id, run.method.value, PurgeStatus.PLANNED, freed, files, there)

    def _path(self, text: str) -> Path:
        workspace = self.context.workspace
        return require_below(workspace.root, workspace.resolve(text))


def _require_unshared(session: Session, run_id: int, files: Sequence[str]) -> None:
    other = select(Mosaic.run_id).where(
        Mosaic.run_id != run_id,
        Mosaic.purged_at.is_(None),
        or_(Mosaic.science_path.in_(files), Mosaic.weight_path.in_(files)),
    )
    found = session.scalar(other)
    if found is not None:
        raise StateError(f"The mosaic of run {run_id} is that of run {found}, too.")


def _released(runs: Iterable[SkyRun], policy: RetentionPolicy) -> list[int]:
    """Runs, the newest first, whose mosaics may go.

    Deleted ones and repetitions do not count in the order.
    """
    newer: Counter[tuple[int, str]] = Counter()
    released = []
    for run in runs:
        key = (run.group_id, run.method.value)
        is_there = run.mosaic is not None and run.mosaic.purged_at is None
        counts = run.deleted_at is None and run.replay_of_id is None
        rank = newer[key] if counts else policy.keep_latest
        if is_there and policy.releases(run, rank):
            released.append(run.id)
        newer[key] += is_there and counts
    return sorted(released)


def _summary(files: Sequence[str], freed_bytes: int) -> str:
    if not files:
        return "(Its files were gone already.)"
    return f"(Deleted {', '.join(files)}: {freed_bytes:,} bytes.)"
