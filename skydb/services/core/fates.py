"""State of processes that began or continue activities."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skydb.domain.processmark import Fate
from skydb.files.processes import fate_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from skydb.domain import Activity, Process


@dataclass(frozen=True)
class Fates:
    """State of processes, each looked up once.

    Parameters
    ----------
    gone : collection of str
        Machines of which somebody says that no process of skydb runs there any more.
    """

    gone: Collection[str] = ()
    _known: dict[int, Fate] = field(default_factory=dict)

    def of(self, process: Process | None) -> Fate:
        """Fate of a process; unknown when it is not on record."""
        if process is None:
            return Fate.UNKNOWN
        if process.id not in self._known:
            fate = fate_of(process.identity.mark)
            is_given_up = fate is Fate.UNKNOWN and process.host in self.gone
            self._known[process.id] = Fate.DEAD if is_given_up else fate
        return self._known[process.id]

    def of_activity(self, session: Session, activity: Activity) -> Fate:
        """Find the state: alive while one of its processes is; dead once all are known to be.

        Its processes are the one that began it and those of attempts.
        """
        # A check that finds nothing open needs no entities.
        from skydb.services.core.attempts import open_attempts

        workers = [attempt.process for attempt in open_attempts(session, activity.id)]
        fates = {self.of(process) for process in [activity.process, *workers]}
        for fate in (Fate.ALIVE, Fate.UNKNOWN):
            if fate in fates:
                return fate
        return Fate.DEAD
