"""The ledger of every WCS: the part of ``ledger.align`` that is about recorded solutions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Unpack

from skydb.api.base import Group, solution_number
from skydb.api.checking import path
from skydb.api.names import names_of
from skydb.api.results import Record, Result
from skydb.api.selecting import Selecting, scope_of
from skydb.domain.vocabulary import SolutionStatus


class Solutions(Result):
    """Every WCS that files ever had.

    Attributes
    ----------
    about : str
        The name or the selection, for a title.
    """

    about: str


class WcsGroup(Group):
    """Every WCS that files ever had."""

    def history(self, name: str | None = None, **chosen: Unpack[Selecting]) -> Solutions:
        """Show every WCS of an exposure, a product, or all files of a selection.

        Parameters
        ----------
        name : str, optional
            An exposure or a file.
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When nothing is named or selected, or there is no such name.

        Examples
        --------
        >>> db.align.history("ibxl50clq")[0].origin
        'archive'
        """
        scope = scope_of(chosen)
        found = Solutions(self._services.solutions.history(name, scope))
        found.about = name or scope.label
        return found

    def diff(self, a: int | str, b: int | str) -> Record:
        """Measure how far two solutions of an image are apart, and name the causes.

        Parameters
        ----------
        a, b : int or str
            Numbers of solutions, ``31`` or ``solution:31``.

        Returns
        -------
        Record
            ``median_mas``, ``max_mas``, ``rotation_deg``, ``scale``, ``cause`` and more.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such solution, or they are of different images.

        Examples
        --------
        >>> db.align.diff("solution:1", "solution:1").max_mas
        0.0
        """
        return Record(asdict(self._services.wcs_diff.diff(solution_number(a), solution_number(b))))

    def changes(
        self,
        since: str | None = None,
        *,
        min_mas: float = 0.0,
        **chosen: Unpack[Selecting],
    ) -> Result:
        """List exposures that the archive reprocessed: how far each moved (mas), and why.

        Parameters
        ----------
        since : str, optional
            Only file versions recorded on this date (UTC) or later.
        min_mas : float
            Only shifts of this size or more.
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> len(db.align.changes())
        0
        """
        from skydb.services.comparison import AlignmentChange, moment

        scope = scope_of(chosen)
        when = moment(since) if since else None
        rows = self._services.comparison.deliveries.changes(scope, when, min_mas)
        return Result(rows, names_of(AlignmentChange))

    def restore(self, solution: int | str) -> Record:
        """Write an earlier solution to a new version of its file, and measure it.

        Parameters
        ----------
        solution : int or str
            Its number, ``31`` or ``solution:31``.

        Raises
        ------
        NotFoundError, StateError
            When there is no such solution or file, or it is active already or a proposal.

        Examples
        --------
        >>> accepted = db.align.accept(4)
        >>> db.align.restore(db.align.history("ibxl50clq")[0].id).status
        'applied'
        """
        outcome = self._services.wcs_ledger.restore(solution_number(solution))
        failed = outcome.status is SolutionStatus.FAILED
        said = [f"{outcome.product}: {outcome.reason}"] if outcome.reason else []
        return Record(
            asdict(outcome), remarks=said, has_failed=failed, is_flagged=bool(said) and not failed
        )

    def export(self, solution: int | str, headerlet: str | Path) -> Record:
        """Write a solution as a headerlet, which stwcs applies and :meth:`.Ledger.ingest` takes.

        Parameters
        ----------
        solution : int or str
            Its number, ``31`` or ``solution:31``.
        headerlet : path-like
            The file, e.g. ``ibxl50clq_hlet.fits``.

        Raises
        ------
        NotFoundError, UsageError, StateError
            When there is no such solution, it is not of an exposure or a proposal, or the file is
            there already.

        Examples
        --------
        >>> first = db.align.history("ibxl50clq")[0].id
        >>> exported = db.align.export(first, "ibxl50clq_hlet.fits")
        """
        done = self._services.wcs_ledger.export(
            solution_number(solution), path(headerlet, "headerlet")
        )
        return Record(asdict(done))
