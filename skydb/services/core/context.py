"""Context of every service."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sqlalchemy import select

from skydb import domain
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import SkydbError
from skydb.files.workspace import Workspace
from skydb.interruption import check, held, reason
from skydb.services.core.progress import Progress, Quiet
from skydb.store.statistics import refresh_statistics
from skydb.store.unit_of_work import Store
from skydb.version import __version__

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

A = TypeVar("A", bound="domain.Activity")

#: Makes an activity, given the session that it will belong to and the stamp that it must carry.
Maker: TypeAlias = "Callable[[Session, domain.Stamp], domain.Activity]"


#: Longest name that the ledger has room for.
_LONGEST_AGENT = 64


def default_agent() -> str:
    """Name the user: the login name, or ``unknown`` where there is none."""
    try:
        return getpass.getuser()[:_LONGEST_AGENT]
    except OSError:
        return "unknown"


@dataclass(frozen=True)
class Context:
    """The collaborators of a service.

    Parameters
    ----------
    store : Store
        Where rows go.
    workspace : Workspace
        Where files go.
    progress : Progress
        Display of the progress of long work.
    agent : str
        Who asks; kept with every activity.
    attempt : int
        Which attempt at an activity this is, counted from 1: each has files of its own.
    moves_on : bool
        Whether another process continues an activity when this one receives a signal.
    """

    store: Store
    workspace: Workspace
    progress: Progress = field(default_factory=Quiet)
    agent: str = field(default_factory=default_agent)
    attempt: int = 1
    moves_on: bool = False

    def begin(self, make: Maker) -> int:
        """Commit a running activity, and return its id.

        Parameters
        ----------
        make : callable
            Makes the activity, given the session that it will belong to and the
            stamp that it must carry.
        """
        return self.begin_all(lambda session, stamp: [make(session, stamp)])[0]

    def begin_all(
        self, make: Callable[[Session, domain.Stamp], Sequence[domain.Activity]]
    ) -> list[int]:
        """Commit running activities, all or none; see :meth:`begin`.

        What a process that is gone has left of the same work is ended as interrupted.

        Raises
        ------
        Interrupted
            When a signal was received: nothing is begun any more.
        """
        from skydb.services.core.begun import note_begun
        from skydb.services.core.environment import remember_environment, remember_process
        from skydb.services.core.openruns import end_dead_alike

        check()
        with self.store.writing() as session:
            stamp = domain.Stamp(
                self.agent, __version__, remember_environment(session), remember_process(session)
            )
            begun = make(session, stamp)
            end_dead_alike(session, begun)
            for activity in begun:
                session.add(activity)
                activity.start()
            session.flush()
            ids = [activity.id for activity in begun]
            # Before they are there: an interruption may come right after.
            note_begun(self.store, ids)
            session.commit()
            return ids

    @contextmanager
    def guarded(self, kind: type[A], activity_id: int, label: str | None = None) -> Iterator[None]:
        """Run the long work of an activity and record its failure.

        It has failed, or was interrupted when a signal was received. If another worker
        continues the activity, that worker ends it.

        Parameters
        ----------
        kind, activity_id
            The activity.
        label : str, optional
            Its scratch directory's; the logs of a failed run are kept under it.

        Raises
        ------
        BaseException
            Whatever the work raised, after the row was written.
        """
        from skydb.services.core.attempts import end_attempts
        from skydb.services.core.begun import interrupted_by

        try:
            yield
        except BaseException as error:
            with held(), self.store.writing() as session:
                activity = session.get_one(kind, activity_id)
                # An error after the end, such as in tidying up, does not change the status.
                by = reason(error)
                if activity.status is ActivityStatus.RUNNING and not self._is_of_another(
                    session, activity_id, by
                ):
                    if by is None:
                        activity.fail(_describe(error), self._logs(label))
                    else:
                        activity.interrupt(interrupted_by(by), self._logs(label))
                    end_attempts(session, activity)
                session.commit()
            raise
        finally:
            self.progress.end()

    @contextmanager
    def closing(self, kind: type[A], activity_id: int) -> Iterator[tuple[Session, A]]:
        """Commit the good end of a running activity together with what the block adds."""
        with self.closing_all(kind, [activity_id]) as (session, activities):
            yield session, activities[0]

    @contextmanager
    def closing_all(
        self, kind: type[A], activity_ids: Sequence[int]
    ) -> Iterator[tuple[Session, list[A]]]:
        """Commit the good end of running activities, all or none; see :meth:`closing`."""
        from skydb.services.core.attempts import end_attempts
        from skydb.store.byid import each_of

        with self.store.writing() as session:
            activities = each_of(session, kind, activity_ids)
            yield session, activities
            for activity in activities:
                if activity.status is ActivityStatus.RUNNING:
                    activity.succeed()
            end_attempts(session, *activities)
            session.commit()
        refresh_statistics(self.store.engine)

    def _is_of_another(self, session: Session, activity_id: int, by: str | None) -> bool:
        """Whether somebody else does this work by now, or will when this process stops."""
        later = select(domain.RunAttempt.number).where(
            domain.RunAttempt.activity_id == activity_id, domain.RunAttempt.number > self.attempt
        )
        return (self.moves_on and by is not None) or session.scalar(later.limit(1)) is not None

    def _logs(self, label: str | None) -> str | None:
        if label is None or not self.workspace.logs(label).is_dir():
            return None
        return self.workspace.relative(self.workspace.logs(label))


def _describe(error: BaseException) -> str:
    if isinstance(error, SkydbError):
        return str(error)
    return f"{type(error).__name__}: {error}".rstrip(": ")
