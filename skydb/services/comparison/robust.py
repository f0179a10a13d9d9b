"""Medians of many groups of numbers at once, and the distinct ones among many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Standard deviations of a normal distribution in a median absolute deviation.
_SIGMAS_IN_MAD = 1.482602218505602
#: Marks for each number of a run, of which some are set.
_MARKS = 64

Integers = NDArray[np.int64]


class Robust(NamedTuple):
    """Median, scatter, least and greatest of each of some groups of values."""

    median: list[float]
    scatter: list[float]
    least: list[float]
    greatest: list[float]


def robust(groups: Sequence[bytes | bytearray]) -> Robust:
    """Statistics of groups of doubles, those of one size at once; 0 of an empty group."""
    found = Robust(*([0.0] * len(groups) for _ in range(4)))
    of_size: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        of_size[len(group)].append(place)
    of_size.pop(0, None)
    for places in of_size.values():
        several = [groups[place] for place in places]
        numbers = several[0] if len(several) == 1 else b"".join(several)
        values = doubles(numbers).reshape(len(places), -1)
        median = np.median(values, axis=1)
        away = values - median[:, np.newaxis]
        np.abs(away, out=away)
        computed = (
            median,
            _SIGMAS_IN_MAD * np.median(away, axis=1, overwrite_input=True),
            values.min(axis=1),
            values.max(axis=1),
        )
        for ones, column in zip(computed, found, strict=True):
            for place, number in zip(places, ones.tolist(), strict=True):
                column[place] = number
    return found


def doubles(numbers: bytes | bytearray) -> NDArray[np.float64]:
    """Numbers of a pack, as they stand there."""
    return np.frombuffer(numbers, dtype="<f8")


def integers(numbers: bytes | bytearray) -> Integers:
    """Integers of a pack, as they stand there."""
    return np.frombuffer(numbers, dtype="<i8")


def distinct(numbers: bytes | bytearray) -> Integers:
    """Each of some integers once, in order.

    Numbers of runs are as many as there are runs, or nearly: a mark for each that there may be
    takes a tenth of the time of `numpy.unique`.
    """
    found = integers(numbers)
    if not found.size or found.min() < 0 or found.max() > _MARKS * found.size:
        return np.unique(found)
    marks = np.zeros(int(found.max()) + 1, dtype=bool)
    marks[found] = True
    return np.flatnonzero(marks)
