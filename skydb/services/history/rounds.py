"""Groups of runs: one round of methods on the same exposures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from skydb.domain.activity import fingerprint
from skydb.services.history.plan import SkyPlan

#: Parameters that differ between the methods of one round.
_OWN = frozenset({"skymethod", "output", "runfile", "logfile"})
#: Longest pause within a round, which may pass midnight.
_LONGEST_PAUSE = timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)

Round = list[SkyPlan]


def rounds_of(plans: Iterable[SkyPlan]) -> list[Round]:
    """Rounds of runs, each in the order of time.

    The runs of a round were logged in one directory, with equal inputs and parameters. A
    method that comes again begins another round, and so does another date.
    """
    rounds: list[Round] = []
    latest: dict[str, Round] = {}
    for plan in in_order(plans):
        key = _signature(plan)
        current = latest.get(key)
        if current is None or not _belongs(plan, current):
            current = latest[key] = []
            rounds.append(current)
        current.append(plan)
    return rounds


def in_order(plans: Iterable[SkyPlan]) -> list[SkyPlan]:
    """Runs in the order of time; those without a time stay where their log has them."""
    ordered: list[tuple[datetime, str, int, SkyPlan]] = []
    latest: dict[str, datetime] = {}
    for plan in plans:
        log = str(plan.source.path)
        latest[log] = plan.started_at or latest.get(log, _NEVER)
        ordered.append((latest[log], log, plan.source.first_line or 0, plan))
    return [plan for *_, plan in sorted(ordered, key=lambda one: one[:3])]


def round_fingerprint(round_: Sequence[SkyPlan]) -> str:
    """Identity of a round: that of the run that began it."""
    return fingerprint({"imported": round_[0].source.identity})


def _signature(plan: SkyPlan) -> str:
    sections = {
        section: {name: value for name, value in values.items() if name not in _OWN}
        for section, values in plan.parameters["astrodrizzle"].items()
    }
    return fingerprint(
        {
            "directory": str(plan.source.path.parent),
            "inputs": sorted(plan.inputs),
            "parameters": sections,
            "software": [plan.software.tool_version, dict(plan.software.packages)],
        }
    )


def _belongs(plan: SkyPlan, round_: Round) -> bool:
    done = {one.effective or one.requested for one in round_ if one.error is None}
    method = plan.effective or plan.requested
    if plan.error is None and method is not None and method in done:
        return False
    before = round_[-1].finished_at or round_[-1].started_at
    if plan.started_at is None or before is None:
        return True
    pause = plan.started_at - before
    return plan.started_at.date() == before.date() or pause <= _LONGEST_PAUSE
