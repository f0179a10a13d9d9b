"""Attempts at runs: their workers, and their ends.

A run is begun once and recorded once, however often it is tried: a worker first claims its
runs, which ends the attempt of a worker that went away, and only a run that still is running
can be closed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import RunAttempt, SkyRun
from skydb.domain.vocabulary import ActivityStatus, AttemptOutcome, FindingKind
from skydb.interruption import held
from skydb.services.core import Context, remember_environment, remember_process
from skydb.store.byid import each_of

#: Number of an attempt, by run.
Claims = Mapping[int, int]


def this_process() -> str:
    """Name of a worker that is this very process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(context: Context, run_ids: Sequence[int], worker: str) -> Claims:
    """Begin an attempt at those of the runs that have not ended.

    An attempt that another worker has not ended is taken to be lost, and a finding says so.
    The environment of a run is that of the worker that does it.
    """
    claims: dict[int, int] = {}
    with context.store.writing() as session:
        environment, process = remember_environment(session), remember_process(session)
        for run in each_of(session, SkyRun, run_ids):
            if run.status is not ActivityStatus.RUNNING:
                continue
            number = _give_up_earlier(session, run, worker) + 1
            attempt = RunAttempt(run, number, worker, process)
            run.moved_to(environment)
            claims[run.id] = attempt.number
        session.commit()
    return claims


@contextmanager
def attempted(context: Context, claims: Claims) -> Iterator[None]:
    """Work on claimed runs; the attempts end as the runs do."""
    try:
        yield
    finally:
        with held(), context.store.writing() as session:
            for run_id, number in claims.items():
                _end(session.get_one(RunAttempt, (run_id, number)))
            session.commit()


def still_running(context: Context, run_ids: Sequence[int]) -> bool:
    """Whether one of the runs has not ended."""
    running = select(SkyRun.id).where(
        SkyRun.id.in_(run_ids), SkyRun.status == ActivityStatus.RUNNING
    )
    with context.store.reading() as session:
        return session.scalar(running.limit(1)) is not None


def fail_lost(
    context: Context, run_ids: Sequence[int], why: str, *, interrupted: bool = False
) -> None:
    """End runs that no worker did; those that have ended stay as they are."""
    with context.store.writing() as session:
        for run_id in run_ids:
            run = session.get_one(SkyRun, run_id)
            if run.status is not ActivityStatus.RUNNING:
                continue
            if interrupted:
                run.interrupt(why)
                for attempt in _attempts(session, run):
                    _end(attempt)
            else:
                _give_up_earlier(session, run, "nobody")
                run.fail(why)
        session.commit()


def _give_up_earlier(session: Session, run: SkyRun, worker: str) -> int:
    """End what is left open of an earlier attempt; the number of the last one."""
    attempts = _attempts(session, run)
    for attempt in attempts:
        if attempt.outcome is AttemptOutcome.RUNNING:
            attempt.end(AttemptOutcome.LOST, "the worker died")
            message = f"{attempt.worker} went away; {worker} took attempt {attempt.number + 1}."
            run.notice(FindingKind.WORKER_LOST, f"run {run.id}", message)
    return attempts[-1].number if attempts else 0


def _attempts(session: Session, run: SkyRun) -> list[RunAttempt]:
    tried = select(RunAttempt).where(RunAttempt.activity_id == run.id).order_by(RunAttempt.number)
    return list(session.scalars(tried))


_STOPPED = "the worker received a signal"

_OUTCOMES = {
    ActivityStatus.SUCCEEDED: AttemptOutcome.SUCCEEDED,
    ActivityStatus.INTERRUPTED: AttemptOutcome.INTERRUPTED,
    # It goes on elsewhere.
    ActivityStatus.RUNNING: AttemptOutcome.INTERRUPTED,
}


def _end(attempt: RunAttempt) -> None:
    if attempt.outcome is AttemptOutcome.RUNNING:
        outcome = _OUTCOMES.get(attempt.activity.status, AttemptOutcome.FAILED)
        goes_on = attempt.activity.status is ActivityStatus.RUNNING
        attempt.end(outcome, _STOPPED if goes_on else attempt.activity.error)
