"""Check of writes to headers that have not ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import Activity, HeaderRestore, HeaderWrite
from skydb.domain.processmark import Fate
from skydb.services.core import HeaderRescue, open_activities
from skydb.services.fsck.problems import CheckOfProcesses, Problem, ProblemKind


@dataclass(frozen=True)
class HalfWritten(CheckOfProcesses):
    """Writes to headers of the user's files of which the process died in the middle."""

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.reading() as session:
            problems = [self._problem(one) for one in self._dead(session)]
        yield from problems

    def paths(self) -> set[Path]:
        """Files that were being written, or are just now."""
        with self.context.store.reading() as session:
            writes = [_write_of(session, one) for one in open_activities(session)]
            return {Path(backup.path) for one in writes if one for backup in one.backups}

    def _dead(self, session: Session) -> list[Activity]:
        return [
            one
            for one in open_activities(session)
            if (isinstance(one, HeaderWrite) and one.backups) or isinstance(one, HeaderRestore)
            if self.fates.of_activity(session, one) is Fate.DEAD
        ]

    def _problem(self, activity: Activity) -> Problem:
        journal, who = HeaderRescue(self.context), activity.process or "its process"
        if isinstance(activity, HeaderRestore):
            write_id = int(activity.parameters["write"])
            mend, repair = partial(journal.restore_again, activity.id, write_id), "it is completed"
        else:
            mend = partial(journal.settle, activity.id)
            repair = "it is completed when all files were written, else undone"
        return Problem(
            ProblemKind.HALF_WRITTEN_HEADERS,
            f"{activity.kind} {activity.id}",
            f"{who} has ended, and was writing to files of the user's",
            repair,
            mend,
        )


def _write_of(session: Session, activity: Activity) -> HeaderWrite | None:
    if isinstance(activity, HeaderRestore):
        return session.get(HeaderWrite, activity.parameters["write"])
    return activity if isinstance(activity, HeaderWrite) else None
