"""Check of what the database derives from its tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skydb.services.core import Context
from skydb.services.fsck.problems import Problem, ProblemKind
from skydb.store.derived import make_derived_anew, missing_derived


@dataclass(frozen=True)
class Derived:
    """Views and tables of kept counts that somebody has dropped.

    Nothing else can be written while they are missing, the repair of other things neither.
    """

    context: Context

    def missing(self) -> list[str]:
        """Names of what is missing."""
        with self.context.store.asking() as connection:
            return missing_derived(connection)

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        for name in self.missing():
            yield Problem(
                ProblemKind.DATABASE,
                name,
                "the database does not have it; it follows from the other tables",
                "all views are made anew, and all visits are counted anew",
                self._make,
            )

    def _make(self) -> None:
        # The first of them mends the others.
        if self.missing():
            make_derived_anew(self.context.store.engine)
