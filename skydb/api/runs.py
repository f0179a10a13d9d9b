"""``ledger.runs``: everything that ran, and what is kept of it."""

from __future__ import annotations

from datetime import date
from typing import Unpack

from skydb.api.base import Group, run_number
from skydb.api.names import names_of
from skydb.api.results import Record, Result
from skydb.api.selecting import Names, Selecting, scope_of, several
from skydb.domain.columns import ColumnKind
from skydb.errors import UsageError

#: Keys of a run, where there is none to show them.
_NAMES = (
    *("run", "kind", "status", "started_at", "method", "about", "inputs", "mosaic"),
    *("stored_path", "requested_method", "effective_method", "mosaic_purged_at", "finished_at"),
    *("downgraded", "retention", "agent", "tool_version", "skydb_version", "imported_by"),
    *("deleted_at", "error"),
)

#: The inputs of a run are files here, and their number elsewhere.
_KINDS = {"inputs": ColumnKind.STRING}


class RunsGroup(Group):
    """Every activity of any kind, and what is kept of it.

    Decisions have a reason and an author (else the login name); all rows stay.
    """

    def __call__(
        self,
        kind: Names = (),
        *,
        status: Names = (),
        since: str | date | None = None,
        deleted: bool = False,
        **chosen: Unpack[Selecting],
    ) -> Result:
        """List runs, the newest first.

        Parameters
        ----------
        kind : str or sequence of str
            Only these kinds: ``sky-run``, ``alignment``, ...; a beginning is enough.
        status : str or sequence of str
            Only these states: ``succeeded``, ``failed``, ``interrupted``, ``running``.
        since : str or datetime.date, optional
            Only what ran on this date (UTC) or later; a text may have a time.
        deleted : bool
            Those that were deleted too.
        **chosen
            Only runs about these exposures: see :class:`.Selecting`.

        Returns
        -------
        Result
            ``run``, ``kind``, ``status``, ``started_at`` (UTC), ``method``, ``inputs``,
            ``mosaic`` (absolute path), ``stored_path`` and more.

        Raises
        ------
        NotFoundError, UsageError
            When nothing is selected, a kind does not exist, or a date cannot be read.

        Examples
        --------
        >>> {run.kind for run in db.runs("sky", visit="bxl50")}
        {'sky-run'}
        """
        from skydb.services.activities import kinds_named, moment_named, statuses_named
        from skydb.store.run_lists import RunFilter

        scope = scope_of(chosen)
        wanted = RunFilter(
            kinds_named(several(kind)),
            statuses_named(several(status)),
            None if since is None else moment_named(str(since)),
            deleted,
        )
        return Result(self._services.runs.listed(scope, wanted), _NAMES, kinds=_KINDS)

    def show(self, run: int | str) -> Record:
        """Show all that is known of one run, of any kind.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.

        Returns
        -------
        Record
            ``parameters`` (``name``, ``value``, ``usual``, ``source``), ``used``, ``outputs``,
            ``findings``, ``attempts``, ``mosaic``, ``all_parameters``, software and more. Its
            rows are the parameters that differ from the preset or the defaults.

        Raises
        ------
        NotFoundError
            When there is no such run.

        Examples
        --------
        >>> db.runs.show(4).kind
        'alignment'
        """
        known = self._services.runs.show(run_number(run))
        given = [one for one in known["parameters"] if one["value"] != one["usual"]]
        return Record(known, given, ("name", "value", "usual", "source"))

    def pin(self, run: int | str, why: str, *, author: str | None = None) -> Record:
        """Protect a sky run: it can be neither purged nor deleted.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such sky run, it is pinned, or no reason is given.

        Examples
        --------
        >>> db.runs.pin(6, "figure 3 of the paper").kind
        'pin'
        """
        return Record(self._services.retention.pin(run_number(run), why, author))

    def unpin(self, run: int | str, why: str, *, author: str | None = None) -> Record:
        """Remove the protection of a sky run.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such sky run, it is not pinned, or no reason is given.

        Examples
        --------
        >>> pinned = db.runs.pin(6, "figure 3")
        >>> db.runs.unpin(6, "the paper is out").kind
        'unpin'
        """
        return Record(self._services.retention.unpin(run_number(run), why, author))

    def metrics_only(self, run: int | str, why: str, *, author: str | None = None) -> Record:
        """Release the mosaic of a sky run to the next purge by age; the values stay.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such sky run, it is pinned, or no reason is given.

        Examples
        --------
        >>> db.runs.metrics_only(6, "a trial").kind
        'metrics-only'
        """
        return Record(self._services.retention.metrics_only(run_number(run), why, author))

    def delete(self, run: int | str, why: str, *, author: str | None = None) -> Record:
        """Hide a sky run from views and comparisons; its rows and files stay.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such sky run, it is pinned or deleted, or no reason is given.

        Examples
        --------
        >>> db.runs.delete(8, "made with the wrong flat").kind
        'delete'
        """
        return Record(self._services.retention.delete(run_number(run), why, author))

    def undelete(self, run: int | str, why: str, *, author: str | None = None) -> Record:
        """Show a deleted sky run again.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such sky run, it is not deleted, or no reason is given.

        Examples
        --------
        >>> deleted = db.runs.delete(8, "wrong flat")
        >>> db.runs.undelete(8, "another run had the wrong flat").kind
        'undelete'
        """
        return Record(self._services.retention.undelete(run_number(run), why, author))

    def purge(
        self,
        *runs: int | str,
        older_than: str | None = None,
        keep_latest: int = 2,
        why: str = "",
        dry_run: bool = False,
        author: str | None = None,
    ) -> Result:
        """Delete the mosaics of sky runs; values, checksums and all rows stay.

        Parameters
        ----------
        *runs : int or str
            Sky runs.
        older_than : str, optional
            Instead: all that ended longer ago, e.g. ``90d``; pinned runs are kept.
        keep_latest : int
            With `older_than`: newest runs of each method of a group to keep.
        why : str
            The reason.
        dry_run : bool
            Show what would be deleted.

        Returns
        -------
        Result
            ``run``, ``freed_bytes`` and more.

        Raises
        ------
        UsageError
            Unless either runs or `older_than` is given.

        Examples
        --------
        >>> len(db.runs.purge(older_than="90d", dry_run=True))
        0
        """
        from skydb.domain.retention import RetentionPolicy
        from skydb.services.bookkeeping import PurgeOutcome

        if bool(runs) == (older_than is not None):
            raise UsageError("Name either runs or --older-than.")
        service, names = self._services.retention, names_of(PurgeOutcome)
        if older_than is None:
            numbers = [run_number(run) for run in runs]
            return Result(service.purge(numbers, why, author, dry_run=dry_run), names)
        policy = RetentionPolicy.parse(older_than, keep_latest)
        return Result(service.purge_by(policy, why, author, dry_run=dry_run), names)

    def abandon(self, run: int | str, why: str, *, author: str | None = None) -> Record:
        """Give up a run of any kind whose process is gone: its status becomes ``failed``.

        What else that process had begun is interrupted.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such run, it is not running or goes on, or it writes to headers.

        Examples
        --------
        >>> db.runs.abandon(6, "the node went down")
        Traceback (most recent call last):
        skydb.errors.StateError: ...
        """
        return Record(self._services.books.abandon(run_number(run), why, author))
