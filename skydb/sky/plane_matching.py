"""Pairs of two lists of positions once their offset is about known, with the outliers taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skydb.sky.planemaps import LEAST_POINTS, PlaneMap, fit_map
from skydb.sky.votes import mutual_pairs

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_ROUNDS = 12
#: Median length of a residual over its standard deviation along one axis, when it is normal.
_MEDIAN_LENGTH = 1.1774
_CLIP_SIGMA = 4.0


@dataclass(frozen=True)
class Reach:
    """Largest distance of the two positions of one source.

    Parameters
    ----------
    widest, narrowest : float
        Limits to four times the scatter of the pairs.
    """

    widest: float
    narrowest: float

    def around(self, lengths: Floats) -> float:
        """The reach for residuals of these lengths."""
        scatter = float(np.median(lengths)) / _MEDIAN_LENGTH
        return float(np.clip(_CLIP_SIGMA * scatter, self.narrowest, self.widest))


@dataclass(frozen=True, eq=False)
class Matched:
    """Pairs of two lists, and the map that brings the first to the second.

    Parameters
    ----------
    first, second : ndarray of int, shape (K,)
        Indices of the pairs, in the order of the first list.
    placed : PlaneMap
        Least-squares map of these pairs.
    residuals : ndarray, shape (K, 2)
        Where the second list has a source, minus where the map puts that of the first.
    before : int
        Pairs within the widest reach, of which some were clipped.
    """

    first: Indices
    second: Indices
    placed: PlaneMap
    residuals: Floats
    before: int

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.first)

    def only(self, keep: NDArray[np.bool_]) -> Matched:
        """Some of the pairs, with the map as it was."""
        return replace(
            self,
            first=self.first[keep],
            second=self.second[keep],
            residuals=self.residuals[keep],
        )

    @property
    def rms(self) -> float:
        """Root mean square of the residuals along one axis."""
        return float(np.sqrt((self.residuals**2).mean())) if len(self) else 0.0


def match_from(
    start: PlaneMap, moving: Floats, fixed: Floats, geometry: str, reach: Reach
) -> Matched:
    """Match two lists from a first map on, until the pairs no longer change.

    Parameters
    ----------
    start : PlaneMap
        Brings the first list to the second to within the widest reach.
    moving, fixed : ndarray, shape (N, 2) and (M, 2)
    geometry : str
        ``shift``, ``rshift``, ``rscale`` or ``general``.
    reach : Reach
        In the unit of the positions.
    """
    placed, within, before = start, reach.widest, 0
    first = second = np.empty(0, dtype=np.intp)
    for _ in range(_ROUNDS):
        pairs = mutual_pairs(placed(moving), fixed, within)
        if len(pairs[0]) < LEAST_POINTS[geometry]:
            break
        is_same = np.array_equal(pairs[0], first) and np.array_equal(pairs[1], second)
        (first, second), before = pairs, before or len(pairs[0])
        placed = fit_map(moving[first], fixed[second], geometry)
        if is_same:
            break
        within = reach.around(np.linalg.norm(fixed[second] - placed(moving[first]), axis=1))
    residuals = fixed[second] - placed(moving[first])
    return Matched(first, second, placed, residuals, max(before, len(first)))
