"""Checks that are made only when there is something for them.

Entities take longer to load than all other checks of a ledger in which nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from skydb.services.core import Context, Fates
from skydb.services.fsck.derived import Derived
from skydb.services.fsck.problems import Check, Problem
from skydb.services.fsck.unnamed import files_below, unnamed
from skydb.store.open_queries import has_open_activities

_OPEN_ATTEMPT = "SELECT 1 FROM run_attempts WHERE outcome = 'running' LIMIT 1"


@dataclass(frozen=True)
class Occasional:
    """A check that is made when it is needed.

    Parameters
    ----------
    is_needed : callable
        Whether there may be something for it; cheap.
    make : callable
        Makes the check.
    """

    is_needed: Callable[[], bool]
    make: Callable[[], Check]

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        if self.is_needed():
            yield from self.make().look()


@dataclass(frozen=True)
class Occasions:
    """Makes these checks, and knows when they are needed.

    Parameters
    ----------
    context : Context
    fates : Fates
    deep : bool
        Whether all visits are counted.
    """

    context: Context
    fates: Fates
    deep: bool = False

    def paths_being_written(self) -> set[Path]:
        """Files of which headers are being written just now, or were when a process died."""
        if not self._has_open():
            return set()
        from skydb.services.fsck.unfinished import HalfWritten

        return HalfWritten(self.context, self.fates).paths()

    @property
    def half_written(self) -> Check:
        """Writes to headers of which the process died."""

        def make() -> Check:
            from skydb.services.fsck.unfinished import HalfWritten

            return HalfWritten(self.context, self.fates)

        return Occasional(self._has_open, make)

    @property
    def dead_runs(self) -> Check:
        """Activities of which the process died."""

        def make() -> Check:
            from skydb.services.fsck.runs import DeadRuns

            return DeadRuns(self.context, self.fates)

        return Occasional(self._has_open, make)

    @property
    def open_attempts(self) -> Check:
        """Attempts at what has ended."""

        def make() -> Check:
            from skydb.services.fsck.runs import OpenAttempts

            return OpenAttempts(self.context, self.fates)

        return Occasional(self._has_open_attempts, make)

    @property
    def orphans(self) -> Check:
        """Files that no row names."""

        def make() -> Check:
            from skydb.services.fsck.orphans import Orphans

            return Orphans(self.context, self.fates)

        return Occasional(self._has_unnamed, make)

    @property
    def summaries(self) -> Check:
        """Counts that are kept of visits, where there are tables for them."""

        def make() -> Check:
            from skydb.services.fsck.summaries import Summaries

            return Summaries(self.context, self.deep)

        return Occasional(lambda: not Derived(self.context).missing(), make)

    def _has_open(self) -> bool:
        with self.context.store.asking() as connection:
            return has_open_activities(connection)

    def _has_open_attempts(self) -> bool:
        with self.context.store.asking() as connection:
            return connection.execute(text(_OPEN_ATTEMPT)).first() is not None

    def _has_unnamed(self) -> bool:
        files = files_below(self.context.workspace)
        with self.context.store.asking() as connection:
            return bool(unnamed(connection, self.context.workspace, files))
