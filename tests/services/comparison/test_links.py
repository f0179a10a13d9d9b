"""Runs that have visits in common, found while packs are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from skydb.domain.vocabulary import SkyMethod
from skydb.services.comparison.zeros import Links
from skydb.store.skypacks import Packer, Value

#: Visit, and what has values there: whether they are by match, and the run.
PACKS = st.lists(
    st.tuples(st.integers(1, 8), st.sets(st.tuples(st.booleans(), st.integers(1, 12)), min_size=1)),
    max_size=12,
)


def pack_of(visit: int, known: Iterable[tuple[bool, int]]) -> bytes:
    """The pack of some runs in a visit; of each method the last one has the newest value."""
    values = []
    for number, (is_match, run) in enumerate(sorted(known)):
        method = (SkyMethod.MATCH if is_match else SkyMethod.LOCALMIN).value
        place = 1 + number % 2
        value = Value(visit, "F160W", "IR", number, 1, method, "electron/s", 0.5, run, 1, 1, place)
        values.append(value)
    ((_, pack),) = Packer(dict.fromkeys(range(1, 13), 0.25)).packs(values)
    return pack


def parts_by_hand(
    packs: Sequence[tuple[int, set[tuple[bool, int]]]], runs: Sequence[int]
) -> set[frozenset[int]]:
    """Runs joined one by one as long as any two have a visit in common."""
    parts = [{run} for run in runs]
    for visit in {visit for visit, _ in packs}:
        there = {run for one, known in packs if one == visit for is_match, run in known if is_match}
        met = [part for part in parts if part & there]
        parts = [part for part in parts if not part & there]
        parts += [set().union(*met)] if met else []
    return {frozenset(part) for part in parts}


@given(PACKS, st.sets(st.integers(1, 12), min_size=1), st.integers(1, 4), st.randoms())
def test_runs_of_one_part_are_those_that_visits_join(
    packs: list[tuple[int, set[tuple[bool, int]]]],
    wanted: set[int],
    together: int,
    dice: Random,
) -> None:
    runs = np.array(sorted(wanted), dtype=np.int64)
    for known in (packs, dice.sample(packs, len(packs))):
        links = Links()
        for first in range(0, len(known), together):
            some = known[first : first + together]
            links.add([(visit, "F160W", "electron/s", pack_of(visit, of)) for visit, of in some])
        assert grouped(runs, links.parts(runs)) == parts_by_hand(packs, runs.tolist())


def grouped(runs: NDArray[np.int64], parts: NDArray[np.int64]) -> set[frozenset[int]]:
    return {frozenset(runs[parts == part].tolist()) for part in np.unique(parts)}
