"""``ledger.runs``: everything that ran, and what is kept of it."""

from __future__ import annotations

from datetime import date
from typing import Unpack

from skydb.api.base import run_number
from skydb.api.results import Record, Result
from skydb.api.retention import RetentionGroup
from skydb.api.selecting import Names, Selecting, scope_of, several
from skydb.domain.columns import ColumnKind

#: Keys of a run, where there is none to show them.
_NAMES = (
    *("run", "kind", "status", "started_at", "method", "about", "inputs", "mosaic"),
    *("stored_path", "requested_method", "effective_method", "mosaic_purged_at", "finished_at"),
    *("downgraded", "retention", "agent", "tool_version", "skydb_version", "imported_by"),
    *("deleted_at", "error"),
)

#: The inputs of a run are files here, and their number elsewhere.
_KINDS = {"inputs": ColumnKind.STRING}


class RunsGroup(RetentionGroup):
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
