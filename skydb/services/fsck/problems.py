"""Problem of a ledger, and the checks that find problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from skydb.errors import SkydbError
from skydb.services.core import Context, Fates


class ProblemKind(StrEnum):
    """Kind of a problem."""

    DEAD_RUN = "dead-run"
    """Something is running by the ledger, and its process is gone."""
    UNKNOWN_RUN = "unknown-run"
    """Something is running by the ledger, and its process cannot be asked after."""
    OPEN_ATTEMPT = "open-attempt"
    """An attempt at something that has ended is open."""
    HALF_WRITTEN_HEADERS = "half-written-headers"
    """Headers of the user's files were being written when the process died."""
    MISSING_FILE = "missing-file"
    """A file of which the ledger knows the place is not there."""
    CHANGED_FILE = "changed-file"
    """A file does not have the recorded checksum."""
    OTHER_WCS = "other-wcs"
    """The WCS in a file is not the recorded one."""
    ORPHANED_FILE = "orphaned-file"
    """A file of the data root that no row names."""
    DRAFT = "draft"
    """A file that a process which is gone has not finished."""
    SCRATCH = "scratch"
    """The scratch directory of a process that is gone."""
    OLD_DOWNLOAD = "old-download"
    """Part of a file whose download was abandoned."""
    LOOSE_END = "loose-end"
    """A row that refers to something that is not there, or that nothing leads to."""
    SUMMARY = "summary"
    """Counts of a visit are not what its rows say, or would not be renewed."""
    DATABASE = "database"
    """The database itself is damaged, or its tables are not those of this skydb."""


#: Puts a problem right; returns what was done, when it is not what was announced.
Mend = Callable[[], str | None]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    kind : ProblemKind
    subject : str
        File, run or table that it is about.
    known : str
        What is known of it.
    repair : str
        What `--repair` does; what the user can do when it does nothing.
    mend : callable, optional
        Does it; None when only the user can.
    repaired : bool or None
        How that ended; None before, and for what only the user can put right.
    """

    kind: ProblemKind
    subject: str
    known: str
    repair: str
    mend: Mend | None = field(default=None, compare=False, repr=False)
    repaired: bool | None = None

    def mended(self) -> Problem:
        """The same problem once the repair was tried; as it is when there is none."""
        if self.mend is None:
            return self
        try:
            done = self.mend()
        except (SkydbError, OSError) as error:
            return replace(self, repaired=False, repair=f"failed: {error}")
        return replace(self, repaired=True, repair=done or self.repair)

    def as_row(self) -> dict[str, object]:
        """One row of the table of problems."""
        return {
            "problem": self.kind.value,
            "subject": self.subject,
            "known": self.known,
            "repair": self.repair,
            "repaired": self.repaired,
        }


class Check(Protocol):
    """Finds problems of one kind; changes nothing."""

    def look(self) -> Iterator[Problem]:
        """Find problems."""


@dataclass(frozen=True)
class CheckOfProcesses:
    """Check that depends on which processes have ended."""

    context: Context
    fates: Fates
