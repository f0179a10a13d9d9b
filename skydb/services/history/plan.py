"""Plan of an import, made without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skydb.domain.jsontext import JsonText
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import FindingKind, SkyMethod, SolutionStatus
from skydb.files.logs import LoggedActivity

#: Clock of the times of an imported run, kept with its parameters.
CLOCK = "local time of an unknown zone, recorded as if it were UTC"

_LONGEST_TOOL = 64

#: Findings that are history themselves, and no reason to doubt the import.
_HARMLESS = frozenset(
    {
        FindingKind.WEAK_FIT,
        FindingKind.FIT_FAILED,
        FindingKind.NO_OVERLAP,
        FindingKind.NOTHING_TO_FIT,
    }
)


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
    """Place where a run was read.

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
    beginnings : mapping of int to str
        Identity of its first lines, by their number, as far as it was asked for.
    notebook : mapping
        The cell that printed it, when a notebook did.
    """

    path: Path
    first_line: int | None
    last_line: int | None
    identity: str
    count: int = 0
    beginnings: Mapping[int, str] = field(default_factory=dict, repr=False)
    notebook: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, run: LoggedActivity, beside: Mapping[str, Any]) -> Source:
        """The source of a run in a log: what comes after its end is not its own."""
        lines = run.lines
        return cls(
            path,
            lines.first,
            lines.last,
            lines.identity,
            lines.count,
            lines.beginnings,
            beside.get("notebook", {}),
        )

    @property
    def facts(self) -> dict[str, Any]:
        """Facts that identify the run when it is read again."""
        return {
            "name": self.path.name,
            "directory": str(self.path.parent),
            "first_line": self.first_line,
            "last_line": self.last_line,
            "identity": self.identity,
            "lines": self.count,
            **({"notebook": dict(self.notebook)} if self.notebook else {}),
        }

    def place(self, line_number: int) -> str:
        """A line of it, as findings and `explain` name it."""
        return f"{self.path.name}:{line_number}"


@dataclass(frozen=True)
class Software:
    """Software of the run, as far as the log names it."""

    tool_version: str | None
    python_version: str | None
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """One run to be recorded; ``error`` is the reason of its failure.

    ``remark`` is the reason that the log gives for an end that was not a failure.
    """

    source: Source
    software: Software
    started_at: datetime | None
    finished_at: datetime | None
    parameters: dict[str, Any] | JsonText
    notes: tuple[Note, ...]
    error: str | None
    is_complete: bool
    remark: str | None = field(default=None, kw_only=True)

    @property
    def facts(self) -> dict[str, Any]:
        """The parameters, also when they are written as JSON."""
        given = self.parameters
        found: dict[str, Any] = json.loads(given) if isinstance(given, JsonText) else given
        return found


@dataclass(frozen=True)
class SkyPlan(Plan):
    """Plan of a sky run.

    ``inputs`` are files as the log names them, ``exposures`` their rootnames, where the
    names have them.
    """

    requested: SkyMethod | None
    effective: SkyMethod | None
    levels: tuple[SkyLevel, ...]
    inputs: tuple[str, ...]
    exposures: tuple[str, ...]
    written: tuple[str, ...] = ()
    lines: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """Line of the log that each value stands in, by rootname and EXTVER."""

    @property
    def is_downgraded(self) -> bool:
        """Whether another method ran than was asked for."""
        return None not in (self.requested, self.effective) and self.requested is not self.effective


@dataclass(frozen=True)
class FitPlan:
    """One fit to be.

    Parameters
    ----------
    numbers : mapping
        Columns of an AlignmentSolution by their names.
    origins : mapping of str to str
        File and line that each number was read from, by the name of its column.
    """

    product: str
    status: SolutionStatus
    wcs_name: str
    reason: str | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AlignmentPlan(Plan):
    """Plan of an alignment run, with the files beside its log."""

    reference: str | None
    fits: tuple[FitPlan, ...]
    evidence: tuple[Path, ...]


def tool_of(plan: Plan) -> str | None:
    """Task and version of a run, as the ledger keeps them."""
    return (plan.software.tool_version or "")[:_LONGEST_TOOL] or None


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
