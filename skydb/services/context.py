"""What every service is given."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session

import skydb
from skydb.domain import Activity, Stamp
from skydb.errors import NotFoundError, SkydbError
from skydb.files.workspace import Workspace
from skydb.services.environment import remember_environment
from skydb.services.progress import Progress, Quiet
from skydb.store.unit_of_work import Store

A = TypeVar("A", bound=Activity)


def default_agent() -> str:
    """Who is asking: the login name, or ``unknown`` where there is none."""
    try:
        return getpass.getuser()
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
        Who is told of long work.
    agent : str
        Who asks; kept with every activity.
    """

    store: Store
    workspace: Workspace
    progress: Progress = field(default_factory=Quiet)
    agent: str = field(default_factory=default_agent)

    def begin(self, make: Callable[[Session, Stamp], Activity]) -> int:
        """Commit a running activity, and return its id.

        Parameters
        ----------
        make : callable
            Makes the activity, given the session that it will belong to and the
            stamp that it must carry.
        """
        with self.store.writing() as session:
            environment = remember_environment(session)
            activity = make(session, Stamp(self.agent, skydb.__version__, environment))
            session.add(activity)
            activity.start()
            session.flush()
            return activity.id

    @contextmanager
    def guarded(self, kind: type[A], activity_id: int) -> Iterator[None]:
        """Long work of a running activity: whatever ends it badly leaves a FAILED row.

        Raises
        ------
        BaseException
            Whatever the work raised, after the row was written.
        """
        try:
            yield
        except BaseException as error:
            with self.store.writing() as session:
                log = getattr(error, "log", None)
                activity = session.get_one(kind, activity_id)
                activity.fail(_describe(error), None if log is None else str(log))
            raise

    @contextmanager
    def closing(self, kind: type[A], activity_id: int) -> Iterator[A]:
        """Commit the good end of a running activity together with what the block adds.

        Raises
        ------
        NotFoundError
            When there is no such activity.
        """
        with self.store.writing() as session:
            activity = session.get(kind, activity_id)
            if activity is None:
                raise NotFoundError(f"There is no activity {activity_id}.")
            yield activity
            activity.succeed()


def _describe(error: BaseException) -> str:
    if isinstance(error, SkydbError):
        return str(error)
    return f"{type(error).__name__}: {error}".rstrip(": ")
