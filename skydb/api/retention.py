"""Methods of ``ledger.runs`` that decide what is kept of a run."""

from __future__ import annotations

from skydb.api.base import Group, run_number
from skydb.api.names import names_of
from skydb.api.results import Record, Result
from skydb.errors import UsageError


class RetentionGroup(Group):
    """Decisions on what is kept of sky runs, with a reason and an author; all rows stay."""

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
