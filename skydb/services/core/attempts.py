"""Attempts at an activity end with it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Activity, RunAttempt
from skydb.domain.vocabulary import ActivityStatus, AttemptOutcome

_OUTCOMES = {
    ActivityStatus.SUCCEEDED: AttemptOutcome.SUCCEEDED,
    ActivityStatus.FAILED: AttemptOutcome.FAILED,
    ActivityStatus.INTERRUPTED: AttemptOutcome.INTERRUPTED,
}


def open_attempts(session: Session, activity_id: int) -> list[RunAttempt]:
    """Attempts at an activity that have not ended."""
    asked = select(RunAttempt).where(
        RunAttempt.activity_id == activity_id, RunAttempt.outcome == AttemptOutcome.RUNNING
    )
    return list(session.scalars(asked))


def end_attempts(
    session: Session, activity: Activity, outcome: AttemptOutcome | None = None
) -> int:
    """End the attempts at an activity that has ended, in the same transaction; count them.

    A process that is killed between two transactions would leave them open for ever. They end
    as the activity did, unless another status is given.
    """
    outcome = outcome or _OUTCOMES.get(activity.status)
    attempts = open_attempts(session, activity.id) if outcome is not None else []
    for attempt in attempts:
        attempt.end(outcome or AttemptOutcome.LOST, activity.error)
    return len(attempts)
