"""Results of an import for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from skydb.services.history.plan import AlignmentPlan, Note, Plan, SkyPlan


class HistoryKind(StrEnum):
    """Kind of an imported thing."""

    SKY_RUN = "sky-run"
    ALIGNMENT = "alignment"
    PRODUCT = "product"
    """A drizzled product, with facts of the run that made it."""
    FILE = "file"
    """A file that could not be used."""


class HistoryStatus(StrEnum):
    """Result of an import for a thing."""

    NEW = "new"
    KNOWN = "known"
    """It is on record already."""
    SKIPPED = "skipped"
    """It was left out, and the reason is given."""


@dataclass(frozen=True, slots=True)
class HistoryOutcome:
    """One run, or one file that could not be used.

    ``exposures`` counts those of a sky run and the products of an alignment; ``skipped`` the
    lines, names and files that were left out. ``findings`` are sentences on these and on
    other problems. ``directory`` is the one that was asked for.
    """

    kind: HistoryKind
    status: HistoryStatus
    log: str
    run: int | None = None
    tool_version: str | None = None
    started_at: datetime | None = None
    requested_method: str | None = None
    method: str | None = None
    downgraded: bool = False
    run_status: str | None = None
    exposures: int = 0
    skipped: int = 0
    first_line: int | None = None
    reason: str | None = None
    findings: tuple[str, ...] = ()
    directory: str | None = None

    @property
    def is_flagged(self) -> bool:
        """Whether something was left out, or is not what it seems."""
        return self.downgraded or self.skipped > 0 or self.status is HistoryStatus.SKIPPED


def outcome_of(
    plan: Plan, run_id: int, *, is_new: bool, kind: HistoryKind, notes: Sequence[Note] = ()
) -> HistoryOutcome:
    """Make the result of one plan."""
    noted = (*plan.notes, *notes)
    sky = plan if isinstance(plan, SkyPlan) else None
    counted = sky.exposures if sky else plan.fits if isinstance(plan, AlignmentPlan) else ()
    return HistoryOutcome(
        kind=kind,
        status=HistoryStatus.NEW if is_new else HistoryStatus.KNOWN,
        log=str(plan.source.path),
        run=run_id,
        tool_version=plan.software.tool_version,
        started_at=plan.started_at,
        requested_method=sky.requested.value if sky and sky.requested else None,
        method=sky.effective.value if sky and sky.effective else None,
        downgraded=bool(sky and sky.is_downgraded),
        run_status="failed" if plan.error else "succeeded",
        exposures=len(counted),
        skipped=sum(note.is_doubt for note in noted),
        first_line=plan.source.first_line,
        reason=plan.error or plan.remark,
        findings=tuple(f"{note.subject} {note.message}" for note in noted),
    )
