"""Retention of sky runs: decisions by users, and a policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from skydb.domain.activity import Activity
from skydb.domain.base import utc_now
from skydb.domain.books import BookEntry
from skydb.domain.vocabulary import ActivityKind, ActivityStatus, EntryKind, Retention
from skydb.errors import StateError, UsageError

if TYPE_CHECKING:
    from skydb.domain.sky import SkyRun

_AGE = re.compile(r"(\d{1,5})([dw])")


class Retained:
    """Decisions on a sky run; each is recorded as a note with author and reason.

    Values, checksums and every other row are kept.
    """

    def pin(self, author: str, why: str) -> BookEntry:
        """Protect the run: it can be neither purged nor deleted.

        Raises
        ------
        StateError
            When it is pinned or deleted already.
        """
        run = self._standing("pinned")
        self._require_unpinned("pinned again")
        entry = BookEntry(run, EntryKind.PIN, author, why)
        run.retention = Retention.PINNED
        return entry

    def unpin(self, author: str, why: str) -> BookEntry:
        """Remove the protection.

        Raises
        ------
        StateError
            When the run is not pinned.
        """
        run = self._run
        if run.retention is not Retention.PINNED:
            raise StateError(f"Run {run.id} is not pinned.")
        entry = BookEntry(run, EntryKind.UNPIN, author, why)
        run.retention = Retention.NORMAL
        return entry

    def keep_metrics_only(self, author: str, why: str) -> BookEntry:
        """Release the mosaic: the next purge by policy takes it.

        Raises
        ------
        StateError
            When the run is pinned, deleted, or released already.
        """
        run = self._standing("released")
        self._require_unpinned("released")
        if run.retention is Retention.METRICS_ONLY:
            raise StateError(f"Only the values of run {run.id} are to be kept already.")
        entry = BookEntry(run, EntryKind.METRICS_ONLY, author, why)
        run.retention = Retention.METRICS_ONLY
        return entry

    def purge(self, author: str, why: str, deleted: str = "") -> BookEntry:
        """Record that the mosaic was deleted.

        Parameters
        ----------
        author, why : str
            Who decided so, and the reason.
        deleted : str
            Which files, and how much room that gave.

        Raises
        ------
        StateError
            When the run is pinned, or has no mosaic (any more).
        """
        run = self._run
        self.require_purgeable()
        entry = BookEntry(run, EntryKind.PURGE, author, why)
        entry.reason = f"{why} {deleted}".strip()
        run.retention = Retention.METRICS_ONLY
        if run.mosaic is not None:
            run.mosaic.purged_at = entry.made_at
        return entry

    def require_purgeable(self) -> None:
        """Refuse a run whose mosaic must not, or cannot, be deleted.

        Raises
        ------
        StateError
            With the reason.
        """
        run = self._run
        self._require_unpinned("purged")
        if run.mosaic is None:
            raise StateError(f"Run {run.id} has no mosaic that could be purged.")
        if run.mosaic.purged_at is not None:
            raise StateError(f"The mosaic of run {run.id} was purged already.")

    def delete(self, author: str, why: str) -> BookEntry:
        """Hide the run from views, comparisons and searches; its rows and files stay.

        Raises
        ------
        StateError
            When it is pinned, deleted already, or still going on.
        """
        run = self._standing("deleted")
        self._require_unpinned("deleted")
        if run.status in (ActivityStatus.PENDING, ActivityStatus.RUNNING):
            raise StateError(f"Run {run.id} is {run.status}.", advice="See `skydb runs abandon`.")
        entry = BookEntry(run, EntryKind.DELETE, author, why)
        run.deleted_at = entry.made_at
        return entry

    def undelete(self, author: str, why: str) -> BookEntry:
        """Show a deleted run again.

        Raises
        ------
        StateError
            When it is not deleted.
        """
        run = self._run
        if run.deleted_at is None:
            raise StateError(f"Run {run.id} is not deleted.")
        entry = BookEntry(run, EntryKind.UNDELETE, author, why)
        run.deleted_at = None
        return entry

    @property
    def has_mosaic(self) -> bool:
        """Whether there is a mosaic that was not purged."""
        mosaic = self._run.mosaic
        return mosaic is not None and mosaic.purged_at is None

    @property
    def _run(self) -> SkyRun:
        return cast("SkyRun", self)

    def _standing(self, verb: str) -> SkyRun:
        run = self._run
        if run.deleted_at is not None:
            raise StateError(
                f"Run {run.id} is deleted and cannot be {verb}.",
                advice="See `skydb runs undelete`.",
            )
        return run

    def _require_unpinned(self, verb: str) -> None:
        if self._run.retention is Retention.PINNED:
            raise StateError(
                f"Run {self._run.id} is pinned and cannot be {verb}.",
                advice="See `skydb books list` for who pinned it and why.",
            )


def abandon(activity: Activity, author: str, why: str) -> BookEntry:
    """Fail an activity whose process has ended.

    Raises
    ------
    StateError
        When it is not running, or no reason is given.
    """
    if activity.status is not ActivityStatus.RUNNING:
        raise StateError(
            f"Run {activity.id} is {activity.status}: only one that is running can be given up.",
            advice=_instead_of_giving_up(activity),
        )
    entry = BookEntry(activity, EntryKind.NOTE, author, why, label="abandoned")
    activity.fail(f"Given up by {author}: {why}")
    return entry


def _instead_of_giving_up(activity: Activity) -> str:
    if activity.kind is ActivityKind.SKY_RUN:
        return f"Hide it with `skydb runs delete {activity.id}`."
    return f"See `skydb runs show {activity.id}`."


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Rule that decides which mosaics may be purged.

    Parameters
    ----------
    older_than : timedelta
        Runs that ended longer ago.
    keep_latest : int
        As many of the newest runs of each method of each group keep theirs.
    """

    older_than: timedelta
    keep_latest: int = 2

    @classmethod
    def parse(cls, age: str, keep_latest: int) -> RetentionPolicy:
        """Make the policy of an age such as ``90d`` or ``12w``.

        Raises
        ------
        UsageError
            When it is no age, or less than none is to be kept.
        """
        match = _AGE.fullmatch(age.strip().lower())
        if match is None:
            raise UsageError(f"Invalid age {age!r}.", advice="Write 90d for days, 12w for weeks.")
        if keep_latest < 0:
            raise UsageError(f"{keep_latest} runs cannot be kept.")
        days = int(match[1]) * (7 if match[2] == "w" else 1)
        return cls(timedelta(days=days), keep_latest)

    def releases(self, run: SkyRun, rank: int) -> bool:
        """Whether the mosaic of a run may go.

        Parameters
        ----------
        run : SkyRun
            One that succeeded.
        rank : int
            Its place among the runs of its method in its group, 0 for the newest.
        """
        if run.retention is Retention.PINNED:
            return False
        if run.retention is Retention.METRICS_ONLY:
            return True
        ended = run.finished_at or run.created_at
        return rank >= self.keep_latest and ended < utc_now() - self.older_than
