"""Runs that somebody gives up because their process is gone."""

from __future__ import annotations

from sqlalchemy.orm import Session

from skydb.domain import Activity, BookEntry, HeaderRestore, HeaderWrite
from skydb.domain.processmark import Fate
from skydb.domain.retention import abandon
from skydb.domain.vocabulary import ActivityStatus, AttemptOutcome
from skydb.errors import StateError
from skydb.files.processes import this_process
from skydb.services.core import Fates, end_attempts, end_dead, open_activities


def give_up(session: Session, activity: Activity, author: str, why: str) -> BookEntry:
    """Fail an activity; all else that its process had begun and not ended is interrupted.

    Writes to headers are left to those who can complete or undo them.

    Raises
    ------
    StateError
        When it is not running, is a write to headers, or its process is at work; or no
        reason is given.
    """
    if activity.status is ActivityStatus.RUNNING:
        _require_alone(session, activity)
    entry = abandon(activity, author, why)
    end_attempts(session, activity, outcome=AttemptOutcome.LOST)
    for other in open_activities(session) if activity.process is not None else ():
        if other.process is activity.process and not _is_journalled(other):
            end_dead(session, other)
    return entry


def _require_alone(session: Session, activity: Activity) -> None:
    """Refuse what a process works on, or another command has to end."""
    if _is_journalled(activity):
        raise StateError(
            f"Run {activity.id} was writing to files of yours.",
            advice="`skydb fsck --repair` completes or undoes it; add --gone HOST for a machine "
            "on which nothing runs any more.",
        )
    process = activity.process
    # What this process has begun itself, in Python, may be given up.
    is_own = process is not None and process.identity.mark == this_process().mark
    if not is_own and Fates().of_activity(session, activity) is Fate.ALIVE:
        raise StateError(
            f"Run {activity.id} goes on in {process}.",
            advice="End that process; it closes its rows itself.",
        )


def _is_journalled(activity: Activity) -> bool:
    return isinstance(activity, HeaderRestore) or (
        isinstance(activity, HeaderWrite) and bool(activity.backups)
    )
