"""What statistics of sky values are, computed of every value one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, SkyRun, SkyValue, Visit
from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import ActivityStatus, SkyMethod
from skydb.services.comparison.statistics import SkyStatistics
from skydb.services.comparison.zeros import Zero, common_zeros

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """One value, its run and its exposure."""

    value: SkyValue
    run: SkyRun
    exposure: Exposure
    visit: Visit

    @property
    def chip(self) -> tuple[int, int]:
        return self.value.exposure_id, self.value.extver

    @property
    def level(self) -> float:
        assert self.value.mdrizsky is not None
        return self.value.mdrizsky

    def key(self, by: StatisticsBy) -> str:
        known: Any = {
            StatisticsBy.VISIT: f"{self.visit.program}{self.visit.number}",
            StatisticsBy.FILTER: self.exposure.filters,
            StatisticsBy.DETECTOR: self.exposure.detector,
            StatisticsBy.PROPOSAL: self.visit.proposal_id,
        }[by]
        return "unknown" if known is None else str(known)

    def row(self, by: StatisticsBy) -> tuple[str, str, str]:
        method, unit = self.run.effective_method, self.value.unit
        return (
            self.key(by),
            method.value if method else "unknown",
            unit.value if unit else "unknown",
        )


def defined(
    session: Session, by: StatisticsBy, *, replays: bool = False, only: Sequence[int] = ()
) -> list[SkyStatistics]:
    """The statistics of all exposures, or of those of some visits."""
    good = [one for one in _all(session) if replays or one.run.replay_of_id is None]
    values = [one for one in good if not only or one.visit.id in only]
    constants = {
        run: float(np.median([one.level for one in same]))
        for run, same in _by(_all_values(session), lambda one: one.run.id).items()
    }
    newest = [
        max(same, key=lambda one: (one.run.started_at or LONG_AGO, one.run.id))
        for same in _by(values, lambda one: (one.chip, one.run.effective_method)).values()
    ]
    counted, rows = _by(values, lambda one: one.row(by)), _by(newest, lambda one: one.row(by))
    spreads = _spreads(newest, by, constants)
    mixed = {
        run
        for same in rows.values()
        if same[0].run.effective_method is SkyMethod.MATCH
        for runs in [{one.run.id for one in same}]
        if len(runs) > 1
        for run in runs
    }
    chips: dict[int, dict[Any, float]] = defaultdict(dict)
    for one in _all_values(session):
        if one.run.id in mixed:
            chips[one.run.id][*one.chip, one.value.unit] = one.level
    zeros = common_zeros(chips, sorted(mixed))
    order = [method.value for method in SkyMethod]
    places = {method: place for place, method in enumerate(order)}
    return [
        _row(row, rows[row], counted[row], spreads[row[0], row[2]], constants, zeros)
        for row in sorted(rows, key=lambda row: (row[0], places.get(row[1], len(order)), row[2]))
    ]


def _row(
    row: tuple[str, str, str],
    same: Sequence[Known],
    counted: Sequence[Known],
    spreads: Sequence[float],
    constants: Mapping[int, float],
    zeros: Mapping[int, Zero],
) -> SkyStatistics:
    values, zero = np.array([one.level for one in same]), "absolute"
    levels = values
    if row[1] == SkyMethod.MATCH:
        mine = [zeros.get(one.run.id, Zero(one.run.id)) for one in same]
        runs = {one.run.id for one in same}
        zero = str(mine[0]) if len({one.run for one in mine}) == 1 else f"apart, {len(runs)} runs"
        values = levels = values + np.array([one.shift for one in mine])
        if zero.startswith("apart"):
            levels = np.array([one.level - constants[one.run.id] for one in same])
    is_apart = zero.startswith("apart")
    ever = {one.run.id: one.run for one in counted}.values()
    return SkyStatistics(
        *row,
        exposures=len({one.exposure.id for one in same}),
        chips=len(same),
        median=None if is_apart else float(np.median(values)),
        scatter=robust_scatter(levels) if len(same) > 1 else None,
        least=None if is_apart else float(values.min()),
        greatest=None if is_apart else float(values.max()),
        method_spread=float(np.median(spreads)) if spreads else None,
        method_spread_max=max(spreads) if spreads else None,
        runs=len(ever),
        downgraded_runs=sum(run.downgraded is True for run in ever),
        imported_runs=sum(run.imported_by_id is not None for run in ever),
        replayed_runs=sum(run.replay_of_id is not None for run in ever),
        zero=zero,
    )


def _spreads(
    newest: Sequence[Known], by: StatisticsBy, constants: Mapping[int, float]
) -> dict[tuple[str, str], list[float]]:
    """Of each chip the methods of the newest group of runs that has several."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for same in _by(newest, lambda one: (one.chip, one.value.unit)).values():
        groups = [
            group for group in _by(same, lambda one: one.run.group_id).values() if len(group) > 1
        ]
        if groups:
            group = max(groups, key=lambda several: max(one.run.id for one in several))
            levels = [one.level - constants[one.run.id] for one in group]
            key, _, unit = group[0].row(by)
            found[key, unit].append(max(levels) - min(levels))
    return found


def _all(session: Session) -> list[Known]:
    return [
        one
        for one in _all_values(session)
        if one.run.status is ActivityStatus.SUCCEEDED and one.run.deleted_at is None
    ]


def _all_values(session: Session) -> list[Known]:
    query = (
        select(SkyValue, SkyRun, Exposure, Visit)
        .join(SkyRun, SkyRun.id == SkyValue.run_id)
        .join(Exposure, Exposure.id == SkyValue.exposure_id)
        .join(Visit, Visit.id == Exposure.visit_id)
        .where(SkyValue.mdrizsky.is_not(None))
        .order_by(SkyValue.exposure_id, SkyValue.extver, SkyValue.run_id)
    )
    return [Known(*row) for row in session.execute(query)]


def _by(values: Sequence[Known], key: Any) -> Any:
    found: dict[Any, list[Known]] = defaultdict(list)
    for _, same in groupby(values, key=key):
        several = list(same)
        found[key(several[0])] += several
    return found


def robust_scatter(values: NDArray[np.float64]) -> float:
    """Standard deviation of normal values: 1.4826 times their median absolute deviation."""
    return float(1.482602218505602 * np.median(np.abs(values - np.median(values))))
