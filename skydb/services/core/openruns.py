"""Activities that have not ended, and the state of their processes."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from skydb.domain import Activity, HeaderRestore, HeaderWrite, SkyRun, VisitDrizzle
from skydb.domain.activitystatus import OPEN
from skydb.domain.fingerprint import fingerprint
from skydb.domain.processmark import Fate
from skydb.domain.vocabulary import AttemptOutcome
from skydb.services.core.attempts import end_attempts
from skydb.services.core.fates import Fates


def open_activities(session: Session) -> list[Activity]:
    """Activities that have not ended, the oldest first."""
    asked = select(Activity).where(text(f"activities.{OPEN}")).order_by(Activity.id)
    return list(session.scalars(asked))


def end_dead(session: Session, activity: Activity, log_path: str | None = None) -> None:
    """Record that an activity was interrupted, because its process has ended."""
    who = activity.process or "its process"
    activity.interrupt(f"{who} ended before it was done.", log_path)
    end_attempts(session, activity, outcome=AttemptOutcome.LOST)


def end_dead_alike(session: Session, begun: Iterable[Activity]) -> list[int]:
    """End activities of ended processes that are the same work as the one that begins now.

    Writes to headers are left to those who can complete or undo them.

    Parameters
    ----------
    session : Session
    begun : iterable of Activity
        Of this session, about to begin.

    Returns
    -------
    list of int
        The activities that were ended.
    """
    begun = list(begun)
    kinds, recipes = {one.kind for one in begun}, [_recipe(one) for one in begun]
    fates, ended = Fates(), []
    with session.no_autoflush:
        found = [one for one in open_activities(session) if one.kind in kinds and one not in begun]
    for activity in found:
        if isinstance(activity, HeaderWrite | HeaderRestore) or _recipe(activity) not in recipes:
            continue
        if fates.of_activity(session, activity) is Fate.DEAD:
            end_dead(session, activity)
            ended.append(activity.id)
    return ended


def _recipe(activity: Activity) -> tuple[object, ...]:
    """Key by which two activities are the same work."""
    if isinstance(activity, SkyRun | VisitDrizzle):
        return activity.kind, activity.recipe_hash, activity.replay_of_id
    return activity.kind, fingerprint(activity.parameters), None
