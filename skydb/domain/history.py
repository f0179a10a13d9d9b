"""Runs that were made before the ledger, and attempts of workers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity
from skydb.domain.base import Base, add_beside, choice, utc_now
from skydb.domain.process import Process
from skydb.domain.vocabulary import ActivityKind, AttemptOutcome
from skydb.errors import StateError


class HistoryImport(Activity):
    """Import of runs that were made without skydb."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.IMPORT}


class Repair(Activity):
    """Repair of files and rows that disagree; each is a finding."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.REPAIR}


class RunAttempt(Base):
    """One attempt of one worker at an activity.

    Parameters
    ----------
    activity : Activity
        What is tried.
    number : int
        Counted from 1 for this activity.
    worker : str
        Host and process, or the address of the worker.
    process : Process, optional
        The process itself.
    """

    __tablename__ = "run_attempts"

    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(String(255))
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    outcome: Mapped[AttemptOutcome] = mapped_column(choice(AttemptOutcome))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    activity: Mapped[Activity] = relationship()
    process: Mapped[Process | None] = relationship()

    def __init__(
        self, activity: Activity, number: int, worker: str, process: Process | None = None
    ) -> None:
        self.activity = activity
        self.number = number
        self.worker = worker
        self.process = process
        self.outcome = AttemptOutcome.RUNNING
        self.started_at = utc_now()
        add_beside(activity, self)

    def end(self, outcome: AttemptOutcome, error: str | None = None) -> None:
        """Record the end of the attempt.

        Raises
        ------
        StateError
            When it has ended before.
        """
        if self.outcome is not AttemptOutcome.RUNNING:
            raise StateError(f"Attempt {self.number} at activity {self.activity_id} has ended.")
        self.outcome = outcome
        self.error = error
        self.finished_at = utc_now()
