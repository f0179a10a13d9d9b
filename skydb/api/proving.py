"""Commands that check what is recorded, what ran, and what runs here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skydb.api.answers import ReplayRecord
from skydb.api.base import run_number
from skydb.api.checking import counts
from skydb.api.results import Result
from skydb.api.selecting import several
from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.services.selftest import FieldMaker


class ProvingCommands:
    """Commands without a group that check what was done."""

    if TYPE_CHECKING:
        fields: FieldMaker

        @property
        def services(self) -> Services: ...  # noqa: D102 - see Ledger
        @property
        def exists(self) -> bool: ...  # noqa: D102 - see Ledger
        def _say(self, sentence: str) -> None: ...

    def fsck(self, *, repair: bool = False, deep: bool = False, gone: Sequence[str] = ()) -> Result:
        """Compare the ledger with processes, files and headers, and repair it on request.

        Parameters
        ----------
        repair : bool
            Repair what can be repaired; see docs/reliability.md.
        deep : bool
            Compare the content of every file.
        gone : sequence of str
            Machines on which no process of skydb runs any more.

        Returns
        -------
        Result
            ``problem``, ``subject``, ``known``, ``repair``, ``repaired``; empty when all is
            well.

        Raises
        ------
        UsageError
            When an argument is not of its type.

        Examples
        --------
        >>> len(db.fsck())
        0
        """
        service = self.services.fsck
        found = (service.repair if repair else service.check)(deep=deep, gone=several(gone))
        left = sum(one.repaired is None for one in found)
        what = "problem" if left == 1 else "problems"
        mendable = sum(one.mend is not None and one.repaired is None for one in found)
        cure = f"; `skydb fsck --repair` puts {mendable} right" if mendable else ""
        return Result(
            [problem.as_row() for problem in found],
            ("problem", "subject", "known", "repair", "repaired"),
            remarks=[f"{left} {what}{cure}."] if left else [],
            has_failed=any(problem.repaired is False for problem in found),
            is_flagged=left > 0,
        )

    def replay(
        self,
        run: int | str,
        tolerance: float | None = None,
        *,
        jobs: int = 2,
        selftest: bool = True,
    ) -> ReplayRecord:
        """Make a run again from the same inputs with the same parameters, and compare.

        Parameters
        ----------
        run : int or str
            Sky run, alignment run or product of a visit.
        tolerance : float, optional
            In the unit of the sky, or in pixels for fits.
        jobs : int
            Exposures at the same time.
        selftest : bool
            Check a new environment first.

        Returns
        -------
        ReplayRecord
            ``verdict`` (``identical``, ``within-tolerance``, ``different``, ``incomplete``);
            its rows are the differences.

        Raises
        ------
        NotFoundError, StateError, UsageError
            When there is no such run, it cannot be repeated, or the tolerance is below 0.

        Examples
        --------
        >>> db.replay(8).verdict
        'identical'
        """
        counts(jobs=jobs)
        if tolerance is not None and tolerance < 0:
            raise UsageError(f"A tolerance is not {tolerance:g}.", advice="Give 0 or more.")
        found = self.services.replay(jobs).replay(run_number(run), tolerance, selftest=selftest)
        return ReplayRecord.of(found)

    def doctor(self) -> Result:
        """Check on tiny simulated fields that this environment computes the right numbers.

        Returns
        -------
        Result
            ``check``, ``verdict``, ``detail``; the verdict is kept with the environment.

        Examples
        --------
        >>> {check.verdict for check in db.doctor()}  # doctest: +SKIP
        {'passed'}
        """
        from skydb.domain.selftest import verdict_of
        from skydb.domain.vocabulary import Verdict
        from skydb.services.selftest import examine

        results = self.services.doctor.run() if self.exists else examine(self.fields, say=self._say)
        return Result(results, has_failed=verdict_of(results) is not Verdict.PASSED)
