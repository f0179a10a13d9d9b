"""Runs that earlier imports recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Activity
from skydb.domain.vocabulary import ActivityKind
from skydb.services.history.plan import Plan, SkyPlan, tool_of
from skydb.services.history.rows import RunRow

_KINDS = (ActivityKind.SKY_RUN, ActivityKind.ALIGNMENT)


#: Kind, version and first moment of a run.
Beginning = tuple[ActivityKind, str | None, datetime]


@dataclass(frozen=True, slots=True)
class _Open:
    """A run whose log ended in the middle of it."""

    run: int
    identity: str
    lines: int


@dataclass
class Register:
    """Imported runs by the identity of what they left, read once for an import."""

    _runs: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, RunRow] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _begun_at: dict[Beginning, list[RunRow | int]] = field(default_factory=dict)
    _unsettled: list[Beginning] = field(default_factory=list)

    @classmethod
    def read(cls, session: Session) -> Self:
        """The runs that the ledger knows from logs and products, hidden ones too."""
        register = cls()
        asked = (Activity.id, Activity.deleted_at, Activity.parameters["log"])
        beginning = (Activity.kind, Activity.tool_version, Activity.started_at)
        imported = select(*asked, Activity.parameters["complete"], *beginning).where(
            Activity.kind.in_(_KINDS), Activity.imported_by_id.is_not(None)
        )
        for run, deleted_at, log, is_complete, *begun in session.execute(imported):
            register._runs[log["identity"]] = run
            if deleted_at is None and begun[-1] is not None:
                register._begun_at.setdefault(tuple(begun), []).append(run)
            # SQLite gives 0 for false.
            if not is_complete and deleted_at is None:
                register._open.append(_Open(run, log["identity"], log["lines"]))
        return register

    def run_of(self, plan: Plan) -> RunRow | int | None:
        """The run that was recorded of these lines, or of their beginning.

        It is a row without a number yet when it waits to be written.
        """
        identity = plan.source.identity
        known = self._waiting.get(identity) or self._runs.get(identity)
        return known if known or plan.is_complete else self.begun(plan)

    def begun(self, plan: Plan) -> int | None:
        """The same run, recorded when its log ended in the middle of it."""
        begun = plan.source.beginnings
        same = (one.run for one in self._open if begun.get(one.lines) == one.identity)
        return next(same, None)

    @property
    def checkpoints(self) -> frozenset[int]:
        """Numbers of lines after which a run may have been cut off when it was read before."""
        return frozenset(one.lines for one in self._open)

    def add(self, plan: Plan, run: RunRow) -> None:
        """Add a run, which may not be written yet."""
        self._waiting[plan.source.identity] = run
        if (beginning := _beginning(plan)) is not None:
            self._begun_at.setdefault(beginning, []).append(run)
            self._unsettled.append(beginning)

    def begun_with(self, plan: Plan) -> Sequence[RunRow | int]:
        """Runs of the same task and version that began at the same moment."""
        beginning = _beginning(plan)
        return () if beginning is None else tuple(self._begun_at.get(beginning, ()))

    def link(self, plan: Plan, run: RunRow | int) -> None:
        """Remember that a plan is of a run that was recorded of other lines."""
        if isinstance(run, int):
            self._runs[plan.source.identity] = run
        else:
            self._waiting[plan.source.identity] = run

    def leave_out(self, plan: Plan, run: RunRow | int) -> None:
        """Forget a run in whose place that of a plan is recorded."""
        beginning = _beginning(plan)
        if beginning is not None:
            self._begun_at[beginning].remove(run)

    def settle(self) -> None:
        """Add the numbers of runs that are written now."""
        self._runs |= {identity: run.id for identity, run in self._waiting.items()}
        self._waiting.clear()
        # Rows hold all values of their runs: ten thousand runs would fill 100 MB.
        for beginning in self._unsettled:
            runs = self._begun_at[beginning]
            runs[:] = [run if isinstance(run, int) else run.id for run in runs]
        self._unsettled.clear()


def _beginning(plan: Plan) -> Beginning | None:
    if plan.started_at is None:
        return None
    kind = ActivityKind.SKY_RUN if isinstance(plan, SkyPlan) else ActivityKind.ALIGNMENT
    return kind, tool_of(plan), plan.started_at
