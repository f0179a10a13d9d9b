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


def open_attempts(session: Session, *activity_ids: int) -> list[RunAttempt]:
    """Attempts at some activities that have not ended."""
    asked = select(RunAttempt).where(
        RunAttempt.activity_id.in_(activity_ids), RunAttempt.outcome == AttemptOutcome.RUNNING
    )
    return list(session.scalars(asked))


def end_attempts(
    session: Session, *activities: Activity, outcome: AttemptOutcome | None = None
) -> int:
    """End the attempts at activities that have ended, in the same transaction; count them.

    A process that is killed between two transactions would leave them open for ever. They end
    as the activity did, unless another status is given.
    """
    ended = {
        one.id: (outcome or _OUTCOMES[one.status], one.error)
        for one in activities
        if outcome or one.status in _OUTCOMES
    }
    attempts = open_attempts(session, *ended) if ended else []
    for attempt in attempts:
        attempt.end(*ended[attempt.activity_id])
    return len(attempts)
