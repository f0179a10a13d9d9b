"""Activities that this process has begun, so that none is left open when it ends early."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from skydb.domain import Activity, AlignmentRun, AlignmentSolution, Download, RunAttempt
from skydb.domain.guards import listed
from skydb.domain.vocabulary import (
    ActivityStatus,
    AttemptOutcome,
    DownloadStatus,
    SolutionStatus,
)
from skydb.errors import StoreError
from skydb.interruption import at_end
from skydb.store.unit_of_work import Store

_BATCH = 500
_BEGUN: WeakKeyDictionary[Engine, list[int]] = WeakKeyDictionary()


def interrupted_by(by: str) -> str:
    """Make the error text of an interrupted activity."""
    return f"It was interrupted by {by}."


def note_begun(store: Store, activity_ids: Iterable[int]) -> None:
    """Remember activities, which may not be committed yet."""
    _BEGUN.setdefault(store.engine, []).extend(activity_ids)


def close_begun(store: Store, by: str) -> None:
    """Interrupt what this process has begun in a ledger and not ended, with all attempts at it."""
    with store.writing() as session:
        for ids in _batches(store):
            _close(session, ids, by)
        session.commit()


@at_end
def close_all_begun(by: str) -> str:
    """Interrupt whatever this process has begun and not ended; how all of it ended, in words."""
    sentences = []
    for engine in list(_BEGUN):
        store = Store(engine)
        try:
            close_begun(store, by)
            sentences.append(_standing(store))
        except StoreError as error:
            sentences.append(f"{error} Rows may be left open: `skydb fsck --repair` closes them.")
    return " ".join(filter(None, sentences))


def _batches(store: Store) -> Iterator[Sequence[int]]:
    ids = _BEGUN.get(store.engine, [])
    return (ids[first : first + _BATCH] for first in range(0, len(ids), _BATCH))


def _close(session: Session, ids: Sequence[int], by: str) -> None:
    running = select(Activity).where(
        Activity.id.in_(ids), Activity.status == ActivityStatus.RUNNING
    )
    for activity in session.scalars(running):
        activity.interrupt(interrupted_by(by))
    tried = select(RunAttempt).where(
        RunAttempt.activity_id.in_(ids), RunAttempt.outcome == AttemptOutcome.RUNNING
    )
    for attempt in session.scalars(tried):
        attempt.end(AttemptOutcome.INTERRUPTED, interrupted_by(by))
    fetched = select(Download).where(Download.activity_id.in_(ids), Download.status.is_(None))
    for download in session.scalars(fetched):
        download.fail(DownloadStatus.FAILED, interrupted_by(by))


def _standing(store: Store) -> str:
    """Describe how activities ended, as ``sky-run 3, 4 succeeded; sky-run 5 interrupted``."""
    ended: dict[tuple[str, str], list[str]] = defaultdict(list)
    fits: list[str] = []
    with store.reading() as session:
        for ids in _batches(store):
            rows = select(Activity.kind, Activity.status, Activity.id).where(Activity.id.in_(ids))
            for kind, status, number in session.execute(rows.order_by(Activity.id)):
                ended[status.value, kind.value].append(str(number))
            fits += _fits_that_stand(session, ids)
    sentences = [f"{kind} {listed(ids)} {status}" for (status, kind), ids in sorted(ended.items())]
    return " ".join([f"{'; '.join(sentences)}.", *fits]) if sentences else ""


def _fits_that_stand(session: Session, ids: Sequence[int]) -> list[str]:
    """Describe the use of the fits of interrupted alignment runs, a sentence for each run."""
    waiting = (
        select(AlignmentRun.id, func.count(AlignmentSolution.id))
        .join(AlignmentSolution, AlignmentSolution.activity_id == AlignmentRun.id)
        .where(
            AlignmentRun.id.in_(ids),
            AlignmentRun.status == ActivityStatus.INTERRUPTED,
            AlignmentSolution.status == SolutionStatus.PROPOSED,
        )
        .group_by(AlignmentRun.id)
        .order_by(AlignmentRun.id)
    )
    return [
        f"Proposals of it that stand: {count} (`skydb align accept {run}`); a repetition fits all."
        for run, count in session.execute(waiting)
    ]
