"""Clipping and ranks of many pixels without sorting them.

A look at all pixels that only compares or adds is a hundred times cheaper than sorting
them. Most pixels lie between two limits that no clipping reaches: they are added up once,
and rounds of clipping look at the rest. A rank is found between two limits that a small
sample of the pixels gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]

#: Pixels that are sorted to know about where the others lie.
_SAMPLE = 1 << 14
#: Half the width of what is taken for out of reach of clipping, in that between the middle of
#: the sample and the parts of it that one standard deviation leaves out; should clipping reach
#: it after all, all pixels are looked at.
_CORE_SIGMA = 3.0
_ONE_SIGMA_PARTS = (0.16, 0.84)
#: Pixels that are added up at a time, few enough to stay in the processor's cache.
_BLOCK = 1 << 16
#: Largest number that a pixel can be.
_LARGEST = float(np.finfo(np.float32).max)
#: Standard deviations of a rank of the sample between which the true one is looked for.
_RANK_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class _Sums:
    """Number of pixels, and the sums of their offsets and of the squares of these."""

    count: int
    first: float
    second: float

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(self.count + other.count, self.first + other.first, self.second + other.second)


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, mean and standard deviation (N - 1) of pixels, in double precision."""

    count: int
    mean: float
    deviation: float


class RangeStatistics:
    """Pixels of which parts between limits are wanted.

    Parameters
    ----------
    values : ndarray of float32, shape (N,)
        Finite, at least one.
    """

    def __init__(self, values: Pixels) -> None:
        self._values = values
        self._sample = np.sort(values[:: -(-values.size // _SAMPLE)])
        self._pivot = self._sample[self._sample.size // 2]
        self._core = self._out_of_reach()
        low, high = self._core
        outside = values < low
        outside |= values > high
        self._outside = _few(values, outside)
        self._inside = self._core_sums()

    def moments(self, low: float = -np.inf, high: float = np.inf) -> Moments:
        """Moments of the pixels between two limits, which belong to them.

        The limits are rounded to the precision of the pixels.
        """
        limits = np.float32(low), np.float32(high)
        if limits[0] <= self._core[0] and limits[1] >= self._core[1]:
            outside = _between(self._outside, *limits)
            return _moments(self._inside + _totals(outside, self._pivot), self._pivot)
        inside = _between(self._values, *limits)
        if not inside.size:
            return Moments(0, 0.0, 0.0)
        # Offsets from a pixel that is not between the limits, and may be far from those that
        # are, would leave no digits for these.
        pivot = inside[inside.size // 2]
        return _moments(_totals(inside, pivot), pivot)

    def between(self, low: float, high: float) -> Pixels:
        """The pixels between two limits, which belong to them."""
        return _between(self._values, np.float32(low), np.float32(high))

    def below(self, limit: float) -> int:
        """Count the pixels lower than a limit, which is rounded to their precision."""
        end = np.float32(limit)
        pixels = self._outside if end <= self._core[0] else self._values
        return int(np.count_nonzero(pixels < end))

    def above(self, limit: float) -> int:
        """Count the pixels higher than a limit, which is rounded to their precision."""
        end = np.float32(limit)
        pixels = self._outside if end >= self._core[1] else self._values
        return int(np.count_nonzero(pixels > end))

    def median(self, low: float, high: float, count: int) -> float:
        """Median of the pixels between two limits.

        Parameters
        ----------
        low, high : float
            The limits, which belong to them.
        count : int
            How many they are, as :meth:`moments` said; at least one.
        """
        below = self.below(low)
        ranks = below + (count - 1) // 2, below + count // 2
        nearby, skipped = self._around_middle(np.float32(low), np.float32(high))
        if not (skipped <= ranks[0] and ranks[1] < skipped + nearby.size):
            nearby, skipped = self._values, 0
        places = sorted({rank - skipped for rank in ranks})
        middle = np.partition(nearby, places)[places]
        return float(middle.mean())

    def _around_middle(self, low: np.float32, high: np.float32) -> tuple[Pixels, int]:
        """Pixels around the middle of those between limits, and how many are lower than these."""
        first = int(np.searchsorted(self._sample, low, "left"))
        last = int(np.searchsorted(self._sample, high, "right")) - 1
        reach = int(_RANK_SIGMA * np.sqrt(max(last - first, 0)) / 2) + 1
        middle = (first + last) // 2
        top = self._sample.size - 1
        start = self._sample[min(max(middle - reach, 0), top)]
        end = self._sample[max(min(middle + reach, top), 0)]
        values = self._values
        inside = values >= start
        skipped = values.size - int(np.count_nonzero(inside))
        inside &= values <= end
        return _few(values, inside), skipped

    def _out_of_reach(self) -> tuple[np.float32, np.float32]:
        last = self._sample.size - 1
        pivot = float(self._pivot)
        parts = (float(self._sample[round(part * last)]) for part in _ONE_SIGMA_PARTS)
        ends = (pivot + _CORE_SIGMA * (part - pivot) for part in parts)
        low, high = (np.float32(min(max(end, -_LARGEST), _LARGEST)) for end in ends)
        return low, high

    def _core_sums(self) -> _Sums:
        """Sums over the pixels that no clipping reaches.

        All others are moved to the nearer limit, and that is taken off the sums again: so
        nothing is picked out. The limits are near, or far pixels would drown these.
        """
        low, high = self._core
        below = self.below(float(low))
        above = self._outside.size - below
        sums = _totals(self._values, self._pivot, self._core)
        ends = float(low) - float(self._pivot), float(high) - float(self._pivot)
        return _Sums(
            sums.count - below - above,
            sums.first - below * ends[0] - above * ends[1],
            sums.second - below * ends[0] ** 2 - above * ends[1] ** 2,
        )


def _moments(sums: _Sums, pivot: np.float32) -> Moments:
    """Moments of at least one pixel, of which sums of offsets from a pivot are known."""
    spread = max(sums.second - sums.first**2 / sums.count, 0.0)
    deviation = float(np.sqrt(spread / (sums.count - 1))) if sums.count > 1 else 0.0
    return Moments(sums.count, float(pivot) + sums.first / sums.count, deviation)


def _totals(
    values: Pixels, pivot: np.float32, limits: tuple[np.float32, np.float32] | None = None
) -> _Sums:
    """Sums over all of some pixels, moved to within limits if there are any.

    Offsets are taken in double precision: in single, a pixel of 1.2 that is 1e6 away from the
    pivot would have lost all of its digits.
    """
    first = second = 0.0
    room, near = np.empty(min(values.size, _BLOCK)), np.empty(_BLOCK if limits else 0, np.float32)
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        offsets = room[: block.size]
        if limits:
            block = np.clip(block, *limits, out=near[: block.size])
        np.subtract(block, np.float64(pivot), out=offsets)
        first += float(offsets.sum())
        second += float(np.multiply(offsets, offsets, out=offsets).sum())
    return _Sums(values.size, first, second)


def _between(values: Pixels, low: np.float32, high: np.float32) -> Pixels:
    inside = values >= low
    inside &= values <= high
    return values[inside]


def _few(values: Pixels, chosen: NDArray[np.bool_]) -> Pixels:
    """Pixels that are chosen; by their places, which is faster where they are few."""
    return values.take(np.flatnonzero(chosen))
