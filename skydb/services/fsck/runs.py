"""Activities that are running by the ledger, compared with the processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Activity, HeaderRestore, HeaderWrite, RunAttempt, SkyRun
from skydb.domain.base import utc_now
from skydb.domain.processmark import Fate
from skydb.domain.vocabulary import ActivityStatus, AttemptOutcome, Engine
from skydb.files.processes import this_process
from skydb.services.core import Context, Fates, end_attempts, end_dead, open_activities
from skydb.services.fsck.problems import CheckOfProcesses, Problem, ProblemKind

#: Longer than anything runs: what was begun elsewhere is then asked after.
_LONG = timedelta(days=1)

_OPEN = (ActivityStatus.PENDING, ActivityStatus.RUNNING)


@dataclass(frozen=True)
class DeadRuns(CheckOfProcesses):
    """Activities that are running by the ledger and of which the process has ended.

    The state of a process on another machine is unknown. It is only reported after a
    day, or when a process on a machine of this name began it, as in a container that was
    made again; it is taken as ended when `fates` was given its machine.
    """

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.reading() as session:
            found = [
                (activity, self.fates.of_activity(session, activity))
                for activity in open_activities(session)
                # These are completed or undone, which ends them.
                if not isinstance(activity, HeaderRestore)
                if not (isinstance(activity, HeaderWrite) and activity.backups)
            ]
            problems = [self._problem(activity, fate) for activity, fate in found]
        yield from filter(None, problems)

    def _problem(self, activity: Activity, fate: Fate) -> Problem | None:
        activity_id, who = activity.id, str(activity.process or "a process that is not on record")
        subject = f"{activity.kind} {activity_id}"
        begun = activity.started_at or activity.created_at
        known = f"{activity.status} since {begun:%Y-%m-%d %H:%M} UTC by {who}"
        if fate is Fate.DEAD:
            return Problem(
                ProblemKind.DEAD_RUN,
                subject,
                f"{known}, which has ended",
                "its row becomes interrupted",
                lambda: self._end(activity_id),
            )
        is_here = activity.process is not None and activity.process.host == this_process().host
        if fate is Fate.UNKNOWN and (is_here or utc_now() - begun > _LONG):
            host = activity.process.host if activity.process else None
            cure = f"skydb fsck --repair --gone {host}" if host else "skydb runs abandon"
            return Problem(
                ProblemKind.UNKNOWN_RUN,
                subject,
                f"{known}, whose state is unknown here",
                f"`{cure}`, when nothing runs there any more",
            )
        return None

    def _end(self, activity_id: int) -> str | None:
        with self.context.store.writing() as session:
            activity = session.get_one(Activity, activity_id)
            if activity.status not in _OPEN:
                return "it has ended in the meantime"
            logs = _logs(self.context, session, activity)
            end_dead(session, activity, logs)
            session.commit()
        return None


@dataclass(frozen=True)
class OpenAttempts(CheckOfProcesses):
    """Attempts that are open although what was tried has ended, or their process is gone."""

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        asked = (
            select(RunAttempt)
            .where(RunAttempt.outcome == AttemptOutcome.RUNNING)
            .order_by(RunAttempt.activity_id, RunAttempt.number)
        )
        with self.context.store.reading() as session:
            over = [one for one in session.scalars(asked) if one.activity.status not in _OPEN]
            attempts = [(one.activity_id, one.number, str(one.activity.status)) for one in over]
        for activity_id, number, status in attempts:
            yield Problem(
                ProblemKind.OPEN_ATTEMPT,
                f"attempt {number} at run {activity_id}",
                f"open, while the run is {status}",
                "it ends as the run did",
                lambda activity_id=activity_id: self._end(activity_id),  # type: ignore[misc]
            )

    def _end(self, activity_id: int) -> None:
        with self.context.store.writing() as session:
            end_attempts(session, session.get_one(Activity, activity_id))
            session.commit()


def others_at_work(session: Session, fates: Fates) -> list[Activity]:
    """Find activities that may still run; their files may not be recorded yet."""
    own = this_process().mark
    return [
        activity
        for activity in open_activities(session)
        if fates.of_activity(session, activity) is not Fate.DEAD
        and (activity.process is None or activity.process.identity.mark != own)
    ]


def passes_before(session: Session, activity: Activity) -> list[int]:
    """Runs that may have been of one pass with a run and have begun before it, latest first."""
    if not isinstance(activity, SkyRun) or activity.engine is not Engine.SKYDB:
        return []
    together = select(SkyRun.id).where(
        SkyRun.group_id == activity.group_id,
        SkyRun.process_id == activity.process_id,
        SkyRun.engine == Engine.SKYDB,
        SkyRun.id < activity.id,
    )
    return list(session.scalars(together.order_by(SkyRun.id.desc())))


def _logs(context: Context, session: Session, activity: Activity) -> str | None:
    """Find the directory of the logs of the run, when there are any.

    Runs of one pass have them under the number of the first.
    """
    for number in (activity.id, *passes_before(session, activity)):
        found = sorted(context.workspace.root.glob(f"logs/*-{number}"))
        if found:
            return context.workspace.relative(found[0])
    return None
