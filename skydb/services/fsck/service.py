"""Search for problems of a ledger, and their repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skydb import domain
from skydb.services.core import Context
from skydb.services.fsck.problems import Check, Problem, ProblemKind
from skydb.store.open_queries import has_open_activities


@dataclass(frozen=True)
class FsckService:
    """Compares the ledger with processes, files and headers."""

    context: Context

    def check(self, *, deep: bool = False, gone: Sequence[str] = ()) -> list[Problem]:
        """Find problems; nothing is changed.

        Parameters
        ----------
        deep : bool
            Read every file and compare its checksum and its WCS; read the whole database.
        gone : sequence of str
            Machines on which no process of skydb runs any more, whatever the ledger says.
        """
        checks = [self._derived(), *self._checks(gone, deep=deep)]
        return [problem for check in checks for problem in check.look()]

    def repair(self, *, deep: bool = False, gone: Sequence[str] = ()) -> list[Problem]:
        """Find and repair problems.

        The repair is an activity, with a finding for each problem. There is none when
        nothing can be put right. The user's files are never deleted, and written to only to
        complete or undo what skydb had begun.

        Parameters
        ----------
        deep, gone
            As for :meth:`check`.
        """
        if not any(problem.mend for problem in self.check(deep=deep, gone=gone)):
            return self.check(deep=deep, gone=gone)
        from skydb.domain.vocabulary import FindingKind

        # Without these nothing can be recorded.
        derived = [problem.mended() for problem in self._derived().look()]
        asked = {"deep": deep, "gone": list(gone)}
        activity_id = self.context.begin(lambda _, stamp: domain.Repair(asked, stamp))
        with self.context.guarded(domain.Repair, activity_id):
            tried = list(derived)
            # Each runs after those before it, because the files of a dead run are known by the run.
            for check in self._checks(gone, deep=deep):
                tried += [problem.mended() for problem in list(check.look())]
            with self.context.closing(domain.Repair, activity_id) as (_, activity):
                for one in tried:
                    if one.repaired is not None:
                        kind = FindingKind.REPAIRED if one.repaired else FindingKind.NOT_REPAIRED
                        activity.notice(kind, one.subject, f"{one.kind}: {one.known}; {one.repair}")
                failed = sum(one.repaired is False for one in tried)
                if failed:
                    activity.fail(f"{failed} problems could not be repaired.")
        return tried

    def dead_runs(self) -> list[Problem]:
        """Find activities that run by the ledger although their process has ended; cheap."""
        with self.context.store.asking() as connection:
            if not has_open_activities(connection):
                return []
        from skydb.services.core import Fates
        from skydb.services.fsck.runs import DeadRuns
        from skydb.services.fsck.unfinished import HalfWritten

        fates = Fates()
        runs = DeadRuns(self.context, fates).look()
        dead = [one for one in runs if one.kind is ProblemKind.DEAD_RUN]
        return [*dead, *HalfWritten(self.context, fates).look()]

    def _derived(self) -> Check:
        from skydb.services.fsck.derived import Derived

        return Derived(self.context)

    def _checks(self, gone: Sequence[str], *, deep: bool) -> list[Check]:
        # `status` needs the dead runs alone, and shall not wait for these.
        from skydb.services.core import Fates
        from skydb.services.fsck.database import DatabaseItself, LooseEnds
        from skydb.services.fsck.files import EvidenceOfFits, Files
        from skydb.services.fsck.headers import WcsInFiles
        from skydb.services.fsck.litter import Litter
        from skydb.services.fsck.occasions import Occasions

        fates = Fates(tuple(gone))
        occasions = Occasions(self.context, fates, deep)
        being_written = occasions.paths_being_written()
        return [
            DatabaseItself(self.context, deep),
            # Before the runs, so that these know where their logs are kept.
            Litter(self.context, fates),
            occasions.half_written,
            occasions.dead_runs,
            occasions.open_attempts,
            Files(self.context, deep, being_written),
            EvidenceOfFits(self.context),
            WcsInFiles(self.context, deep, being_written),
            LooseEnds(self.context),
            occasions.summaries,
            occasions.orphans,
        ]
