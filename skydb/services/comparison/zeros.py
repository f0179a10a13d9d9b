"""Common zeros of values that are offsets from one image of their own run, as those of match.

Each run has a zero of its own. Runs that measured the same chips are put on the zero of the
first of them by the median difference of those chips; others stay apart. A run of groups of
exposures that share no sky has no zero for all of its values, and stays apart, too.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import SkyMethod
from skydb.store.manypacks import runs_of
from skydb.store.packed_queries import Keyed, packs_by
from skydb.store.rows import batches
from skydb.store.scope import Scope
from skydb.store.statistics_queries import chip_values, split_runs

#: Runs whose values are read at once.
_BATCH = 500
#: A constant that is taken from fewer differences than this leaves nothing to look at.
FEWEST_FOR_OFFSET = 2
#: More runs than these are first set apart by their visits.
_FEW = 300
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Zero:
    """Zero of the values of a run.

    Parameters
    ----------
    run : int
        The run whose zero it is.
    shift : float
        What to add to a value to have it on that zero, in the unit of the values.
    is_split : bool
        Whether every island of the run has a zero of its own.
    """

    run: int
    shift: float = 0.0
    is_split: bool = False

    def __str__(self) -> str:
        return f"{'islands of ' if self.is_split else ''}run {self.run}"


def common_zeros(
    values: Mapping[int, Mapping[Hashable, float]],
    order: Sequence[int],
    split: Collection[int] = (),
) -> dict[int, Zero]:
    """The zero of each run, shared with as many runs as have chips in common.

    Parameters
    ----------
    values : mapping of int to mapping
        Values of each run by chip; chips of different units are different chips.
    order : sequence of int
        The runs, the one whose zero is kept first.
    split : collection of int
        Runs without a zero for all of their values.
    """
    place = {run: number for number, run in enumerate(order)}
    zeros = {run: Zero(run, is_split=True) for run in order if run in split}
    having: dict[Hashable, list[int]] = defaultdict(list)
    for run in order:
        for chip in {} if run in zeros else values.get(run, {}):
            having[chip].append(run)
    for run in order:
        if run not in zeros:
            zeros |= _reached(run, values, having, place)
    return zeros


def _reached(
    first: int,
    values: Mapping[int, Mapping[Hashable, float]],
    having: Mapping[Hashable, Sequence[int]],
    place: Mapping[int, int],
) -> dict[int, Zero]:
    """The runs that can be put on the zero of one, step by step, the earlier first."""
    zeros = {first: Zero(first)}
    known = dict(values.get(first, {}))
    waiting = _neighbours(values.get(first, {}), having, place)
    while waiting:
        _, run = heapq.heappop(waiting)
        both = [known[chip] - value for chip, value in values[run].items() if chip in known]
        if run in zeros or len(both) < FEWEST_FOR_OFFSET:
            continue
        zeros[run] = Zero(first, float(np.median(both)))
        for chip, value in values[run].items():
            known.setdefault(chip, value + zeros[run].shift)
        for other in _neighbours(values[run], having, place):
            heapq.heappush(waiting, other)
    return zeros


def _neighbours(
    chips: Mapping[Hashable, float],
    having: Mapping[Hashable, Sequence[int]],
    place: Mapping[int, int],
) -> list[tuple[int, int]]:
    """Runs with any of some chips, as a heap."""
    found = {(place[run], run) for chip in chips for run in having[chip]}
    return sorted(found)


def zeros_of_runs(
    session: Session, runs: Sequence[int], split: Collection[int] | None = None
) -> dict[int, Zero]:
    """The zeros of some runs, of all chips that they measured; the zero of the first is kept.

    Parameters
    ----------
    session : Session
    runs : sequence of int
    split : collection of int, optional
        Runs without a zero for all of their values; they are read when they are not given.
    """
    values: dict[int, dict[Hashable, float]] = defaultdict(dict)
    for batch in batches(runs, _BATCH):
        for run, chip, value in chip_values(session, batch):
            values[run][chip] = value
    return common_zeros(values, runs, split_runs(session) if split is None else split)


class Links:
    """Pairs of a run of match and a visit in which it has values, gathered from packs."""

    def __init__(self) -> None:
        self._visits, self._runs = [_NONE], [_NONE]

    @classmethod
    def of_everything(cls, session: Session, *, replays: bool) -> Links:
        """Gather those of all packs, with or without runs that repeat another one."""
        links = cls()
        for some in packs_by(session, StatisticsBy.FILTER, Scope(), replays=replays):
            links.add(some)
        return links

    def add(self, packs: Sequence[Keyed]) -> None:
        """Take the runs of some packs; a visit may have several packs, at any time."""
        if packs:
            of_packs, runs = runs_of([pack for *_, pack in packs], SkyMethod.MATCH)
            visits = np.array([visit for visit, *_ in packs], dtype=np.int64)
            self._visits.append(visits[of_packs])
            self._runs.append(runs)

    def parts(self, runs: NDArray[np.int64]) -> NDArray[np.int64]:
        """A number for each run; where they differ, the runs have no visit in common, by no way.

        Parameters
        ----------
        runs : ndarray
            At least one, in order.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        visits, found = np.concatenate(self._visits), np.concatenate(self._runs)
        places = np.minimum(np.searchsorted(runs, found), runs.size - 1)
        is_known = runs[places] == found
        _, of_visits = np.unique(visits[is_known], return_inverse=True)
        known, size = places[is_known], runs.size + of_visits.size
        links = coo_array((np.ones(known.size, bool), (known, runs.size + of_visits)), (size, size))
        parts = connected_components(links, directed=False)[1]
        return np.asarray(parts[: runs.size], dtype=np.int64)


def shared_zeros(
    session: Session,
    groups: Sequence[NDArray[np.int64]],
    split: Collection[int],
    links: Links | None = None,
    *,
    replays: bool = False,
) -> dict[int, Zero]:
    """The zeros of the runs of some groups, those of a group left out that cannot share one.

    They are those of :func:`zeros_of_runs` of the runs of all groups.

    Parameters
    ----------
    session : Session
    groups : sequence of ndarray
        Runs of values that are to be put on one zero, each run once.
    split : collection of int
        Runs without a zero for all of their values.
    links : Links, optional
        Those of everything; they are read where they are needed and not given.
    replays : bool
        Whether there may be runs that repeat another one.
    """
    if not groups:
        return {}
    runs = np.unique(np.concatenate(groups))
    if runs.size <= _FEW:
        return zeros_of_runs(session, runs.tolist(), split)
    known = links or Links.of_everything(session, replays=replays)
    parts = known.parts(runs)
    of_groups = [np.unique(parts[np.searchsorted(runs, group)]) for group in groups]
    wanted = [of_group[0] for of_group in of_groups if of_group.size == 1]
    return zeros_of_runs(session, runs[np.isin(parts, wanted)].tolist(), split)
