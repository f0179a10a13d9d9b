"""What an import is about to record, made without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import FindingKind, SkyMethod, SolutionStatus
from skydb.files.alignmentlog import LoggedAlignment
from skydb.files.drizzlelog import LoggedRun
from skydb.files.logs import RunLines

#: What the times of an imported run are, kept with its parameters.
CLOCK = "local time of an unknown zone, recorded as if it were UTC"

#: Findings that are history themselves, and no reason to doubt the import.
_HARMLESS = frozenset({FindingKind.WEAK_FIT, FindingKind.FIT_FAILED, FindingKind.NO_OVERLAP})


@dataclass(frozen=True, slots=True)
class Note:
    """A finding to be."""

    kind: FindingKind
    subject: str
    message: str

    @property
    def is_doubt(self) -> bool:
        """Whether something was left out, or cannot be believed as it stands."""
        return self.kind not in _HARMLESS


@dataclass(frozen=True)
class Source:
    """Where a run was read.

    Parameters
    ----------
    path : Path
        The log, or the product.
    first_line, last_line : int or None
        Its lines there, counted from 1.
    identity : str
        SHA-256 of what the run itself left, wherever that stands.
    count : int
        Lines that make up the identity.
    """

    path: Path
    first_line: int | None
    last_line: int | None
    identity: str
    count: int = 0
    lines: RunLines | None = field(default=None, repr=False)

    @classmethod
    def of(cls, path: Path, run: LoggedRun | LoggedAlignment) -> Source:
        """The source of a run in a log: what comes after its end is not its own."""
        assert run.lines is not None
        count = run.lines.count_to(run.last_line)
        last = run.lines.lines[count - 1][0]
        return cls(path, run.first_line, last, run.lines.identity(count), count, run.lines)

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept with the run, so that it is known again."""
        return {
            "name": self.path.name,
            "directory": str(self.path.parent),
            "first_line": self.first_line,
            "last_line": self.last_line,
            "identity": self.identity,
            "lines": self.count,
        }


@dataclass(frozen=True)
class Software:
    """What ran, as far as the log names it."""

    tool_version: str | None
    python_version: str | None
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """One run to be recorded; ``error`` tells why it failed."""

    source: Source
    software: Software
    started_at: datetime | None
    finished_at: datetime | None
    parameters: dict[str, Any]
    notes: tuple[Note, ...]
    error: str | None
    is_complete: bool


@dataclass(frozen=True)
class SkyPlan(Plan):
    """A sky run to be.

    ``inputs`` are files as the log names them, ``exposures`` their rootnames, as far as the
    names tell.
    """

    requested: SkyMethod | None
    effective: SkyMethod | None
    levels: tuple[SkyLevel, ...]
    inputs: tuple[str, ...]
    exposures: tuple[str, ...]
    written: tuple[str, ...] = ()

    @property
    def is_downgraded(self) -> bool:
        """Whether another method ran than was asked for."""
        return None not in (self.requested, self.effective) and self.requested is not self.effective


@dataclass(frozen=True)
class FitPlan:
    """One fit to be; ``numbers`` are columns of an AlignmentSolution by their names."""

    product: str
    status: SolutionStatus
    wcs_name: str
    reason: str | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AlignmentPlan(Plan):
    """An alignment run to be, with the files that bear witness."""

    reference: str | None
    fits: tuple[FitPlan, ...]
    evidence: tuple[Path, ...]


def as_recorded(when: datetime | None) -> datetime | None:
    """A time without a zone as the ledger keeps it; see :data:`CLOCK`."""
    return None if when is None else when.replace(tzinfo=UTC)


def unreadable(path: Path, problems: list[tuple[int, str]]) -> list[Note]:
    """Findings on lines that could not be understood."""
    kind = FindingKind.UNREADABLE_LINE
    return [
        Note(kind, f"{path.name}:{number}", f"cannot be read: {text[:200]!r}")
        for number, text in problems
    ]
