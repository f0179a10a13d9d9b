"""Statistics of sky values per visit, filter, detector or proposal; units are never mixed."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import SkyMethod, SkyUnit
from skydb.errors import NotFoundError
from skydb.services.comparison.zeros import Zero, zeros_of_runs
from skydb.store import statistics_queries as selects
from skydb.store.rows import batches
from skydb.store.scope import Scope
from skydb.store.statistics_queries import RunCount, Sample
from skydb.store.unit_of_work import Store

#: Name of an unknown key, method or unit.
UNKNOWN = "unknown"
#: Standard deviations of a normal distribution in a median absolute deviation.
_SIGMAS_IN_MAD = 1.482602218505602
#: Runs whose constants are taken at once.
_BATCH = 500

_Row = tuple[str | int | None, SkyMethod | None, SkyUnit | None]
_Group = tuple[str | int | None, SkyUnit | None]


@dataclass(frozen=True, slots=True)
class SkyStatistics:
    """Sky of one visit, filter, detector or proposal by one method, in one unit.

    The newest value of every chip counts, from any run.

    Parameters
    ----------
    key : str
        Visit, filter, detector or proposal; ``unknown`` for exposures from a log.
    method, unit : str
        Method that really ran, and unit of all numbers; or ``unknown``.
    exposures, chips : int
        How many have a value.
    median, least, greatest : float or None
        None for values that are relative to several runs without a common zero.
    scatter : float or None
        1.48 times the median absolute deviation; of values without a common zero from the
        median of their own run. None for a single chip.
    method_spread, method_spread_max : float or None
        Largest less least of the methods of one group of runs, each less the median of its
        run: the median and the largest over the chips. None where no chip has two methods.
    runs, downgraded_runs, imported_runs, replayed_runs : int
        Runs that ever gave values here; those to which another method had been asked for,
        those from a log, and those that repeat another one.
    zero : str
        Where the zero of the numbers lies: ``absolute``; ``run 7``, on whose zero the values
        of all runs were put by the chips that they have in common; or ``apart, 3 runs``.
    """

    key: str
    method: str
    unit: str
    exposures: int
    chips: int
    median: float | None
    scatter: float | None
    least: float | None
    greatest: float | None
    method_spread: float | None
    method_spread_max: float | None
    runs: int
    downgraded_runs: int
    imported_runs: int
    replayed_runs: int
    zero: str


@dataclass
class _Values:
    """Values of one row, as they come, chip after chip; plain arrays, for they may be millions."""

    values: array[float] = field(default_factory=lambda: array("d"))
    runs: array[int] = field(default_factory=lambda: array("q"))
    exposures: int = 0
    _last: int | None = None

    def add(self, sample: Sample) -> None:
        self.values.append(sample.mdrizsky)
        self.runs.append(sample.run_id)
        self.exposures += sample.exposure_id != self._last
        self._last = sample.exposure_id


@dataclass(frozen=True)
class StatisticsService:
    """Counts in the database, medians of one select; reads, never writes."""

    store: Store

    def statistics(
        self,
        by: StatisticsBy,
        method: SkyMethod | None = None,
        scope: Scope | None = None,
        *,
        replays: bool = False,
    ) -> list[SkyStatistics]:
        """One row a visit (filter, detector, proposal), method and unit.

        Parameters
        ----------
        by : StatisticsBy
            Property by which rows are grouped.
        method : SkyMethod, optional
            Only this one; the spread is that of all methods all the same.
        scope : Scope, optional
            Which exposures; all when left out.
        replays : bool
            Also runs that repeat another one.

        Raises
        ------
        NotFoundError
            When there are no such exposures or values.
        """
        wanted = scope or Scope()
        with self.store.reading() as session:
            if not wanted.is_everything:
                wanted.exposure_ids(session)
            constants = _constants(session, selects.run_ids(session, wanted, replays=replays))
            counts = {c[:3]: c for c in selects.run_counts(session, by, wanted, replays=replays)}
            found = selects.samples(session, by, wanted, replays=replays)
            table, spreads = _collected(found, constants)
            zeros = zeros_of_runs(session, sorted(_mixed(table)))
            rows = [
                _statistics(row, table[row], spreads[row[0], row[2]], constants, zeros, counts[row])
                for row in sorted(table, key=_place)
            ]
        if not rows:
            raise NotFoundError(
                f"There are no sky values of {wanted.label}.", advice="Start with `skydb sky run`."
            )
        return [row for row in rows if method is None or row.method == method.value]


def _constants(session: Session, run_ids: Iterable[int]) -> dict[int, float]:
    """Median of all chips of each run, those too that are not asked for."""
    found: dict[int, float] = {}
    for batch in batches(run_ids, _BATCH):
        found |= _medians(list(selects.levels(session, batch)))
    return found


def _medians(levels: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Median of the values of each run: of thousands at once, for numpy takes long for each."""
    if not levels:
        return {}
    runs, values = np.array([run for run, _ in levels]), np.array([value for _, value in levels])
    order = np.lexsort((values, runs))
    runs, values = runs[order], values[order]
    firsts = np.flatnonzero(np.diff(runs, prepend=runs[0] - 1))
    counts = np.diff(firsts, append=runs.size)
    middle = (values[firsts + (counts - 1) // 2] + values[firsts + counts // 2]) / 2
    return dict(zip(runs[firsts].tolist(), middle.tolist(), strict=True))


def _mixed(table: Mapping[_Row, _Values]) -> set[int]:
    """Runs whose relative values stand in one row with those of others."""
    several = (set(values.runs) for row, values in table.items() if row[1] is SkyMethod.MATCH)
    return {run for runs in several if len(runs) > 1 for run in runs}


def _collected(
    found: Iterable[Sample], constants: Mapping[int, float]
) -> tuple[dict[_Row, _Values], dict[_Group, array[float]]]:
    """The values of each row, and the spreads of the methods of its chips."""
    table: dict[_Row, _Values] = defaultdict(_Values)
    spreads: dict[_Group, array[float]] = defaultdict(lambda: array("d"))
    for _, chip in groupby(found, key=lambda sample: (sample.exposure_id, sample.extver)):
        samples = list(chip)
        for sample in samples:
            table[sample.key, sample.method, sample.unit].add(sample)
        for group, spread in _spreads(samples, constants):
            spreads[group].append(spread)
    return table, spreads


def _place(row: _Row) -> tuple[str, int, str]:
    key, method, unit = row
    order = list(SkyMethod)
    place = order.index(method) if method else len(order)
    return (UNKNOWN if key is None else str(key), place, unit or UNKNOWN)


def _spreads(
    samples: Iterable[Sample], constants: Mapping[int, float]
) -> Iterator[tuple[_Group, float]]:
    """Max - min of the methods of one chip, in the newest runs of one group."""
    runs: dict[tuple[_Group, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        runs[(sample.key, sample.unit), sample.group_id].append(sample)
    several = {place: same for place, same in runs.items() if len(same) > 1}
    newest: dict[_Group, list[Sample]] = {}
    for (group, _), same in sorted(several.items(), key=lambda item: _newest(item[1])):
        newest[group] = same
    for group, same in newest.items():
        levels = [sample.mdrizsky - constants[sample.run_id] for sample in same]
        yield group, max(levels) - min(levels)


def _newest(samples: Iterable[Sample]) -> int:
    return max(sample.run_id for sample in samples)


def _statistics(
    row: _Row,
    sample: _Values,
    spreads: array[float],
    constants: Mapping[int, float],
    zeros: Mapping[int, Zero],
    count: RunCount,
) -> SkyStatistics:
    key, method, unit = row
    values, zero = _on_one_zero(np.asarray(sample.values), sample.runs, method, zeros)
    has_zero = zero is not None
    levels = values if has_zero else values - np.array([constants[run] for run in sample.runs])
    return SkyStatistics(
        key=UNKNOWN if key is None else str(key),
        method=method.value if method else UNKNOWN,
        unit=unit.value if unit else UNKNOWN,
        exposures=sample.exposures,
        chips=values.size,
        median=float(np.median(values)) if has_zero else None,
        scatter=robust_scatter(levels) if values.size > 1 else None,
        least=float(values.min()) if has_zero else None,
        greatest=float(values.max()) if has_zero else None,
        method_spread=float(np.median(spreads)) if spreads else None,
        method_spread_max=max(spreads) if spreads else None,
        runs=count.runs,
        downgraded_runs=count.downgraded,
        imported_runs=count.imported,
        replayed_runs=count.replays,
        zero=zero or f"apart, {len(set(sample.runs))} runs",
    )


def _on_one_zero(
    values: NDArray[np.float64],
    runs: Sequence[int],
    method: SkyMethod | None,
    zeros: Mapping[int, Zero],
) -> tuple[NDArray[np.float64], str | None]:
    """Values on a common zero, and which it is; None where they have none."""
    if method is not SkyMethod.MATCH:
        return values, "absolute"
    mine = {run: zeros.get(run, Zero(run)) for run in runs}
    if len({zero.run for zero in mine.values()}) > 1:
        return values, None
    return values + np.array([mine[run].shift for run in runs]), str(mine[runs[0]])


def robust_scatter(values: NDArray[np.float64]) -> float:
    """1.48 times the median absolute deviation from the median."""
    return float(_SIGMAS_IN_MAD * np.median(np.abs(values - np.median(values))))
