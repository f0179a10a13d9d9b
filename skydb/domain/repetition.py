"""Repetitions of runs, and their comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skydb.domain.vocabulary import FindingKind, ReplayVerdict
from skydb.errors import StateError

if TYPE_CHECKING:
    from skydb.domain.activity import Activity

    _Base = Activity
else:
    _Base = object


class Repeatable(_Base):
    """Behaviour of an activity with the columns ``replay_of_id`` and ``replay_verdict``."""

    if TYPE_CHECKING:
        replay_of: Any
        replay_of_id: Any
        replay_verdict: Any

    def record_verdict(self, verdict: ReplayVerdict, said: str) -> None:
        """Record the comparison of this run with the one that it repeats.

        Raises
        ------
        StateError
            When it repeats none.
        """
        if self.replay_of_id is None:
            raise StateError(f"Run {self.id} repeats no other run.")
        self.replay_verdict = verdict
        if verdict is ReplayVerdict.DIFFERENT:
            self.notice(FindingKind.CONTRADICTION, f"run {self.id}", said)
