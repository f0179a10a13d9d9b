"""Means of vectors in square bins, for fields with too many of them to be seen one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

#: As many vectors are drawn one by one.
MOST_SINGLE = 150
#: Fewest vectors of a bin that has an arrow.
FEWEST_OF_BIN = 3
#: Vectors that a bin is made wide enough for, on average.
_WANTED_OF_BIN = 6
_MOST_BINS = 12
#: Sizes of bins, times a power of ten.
_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Vectors:
    """Vectors over a plane, or their means in bins.

    Parameters
    ----------
    places : ndarray, shape (N, 2)
        Where each is drawn: of a mean, the mean place.
    steps : ndarray, shape (N, 2)
        The vectors.
    bin_size : float or None
        Side of a bin in the unit of the places; None when each vector is its own.
    """

    places: Values
    steps: Values
    bin_size: float | None = None


def side_of_bins(places: Values) -> float | None:
    """The side of the bins that vectors at some places want; None when they can be drawn singly.

    It is a round number, so that a caption can name it.
    """
    if len(places) <= MOST_SINGLE:
        return None
    extent = float(np.ptp(places, axis=0).max())
    if not extent > 0:
        return None
    bins = min(_MOST_BINS, int(np.sqrt(len(places) / _WANTED_OF_BIN)))
    wanted = extent / bins
    decade = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step * decade for step in _ROUND if step * decade >= wanted))


def in_bins(places: Values, steps: Values, side: float | None) -> Vectors:
    """The means of vectors in square bins, those bins left out that have fewer than three.

    Parameters
    ----------
    places, steps : ndarray, shape (N, 2)
    side : float or None
        Side of a bin in the unit of the places; None leaves every vector as it is.
    """
    if side is None or not len(places):
        return Vectors(places, steps)
    # Counted from the origin, so that several fields have the same bins.
    cells = np.floor(places / side).astype(np.int64)
    _, number = np.unique(cells, axis=0, return_inverse=True)
    number = number.reshape(-1)
    count = np.bincount(number)
    means = [
        np.column_stack([np.bincount(number, column) / count for column in values.T])
        for values in (places, steps)
    ]
    enough = count >= FEWEST_OF_BIN
    return Vectors(means[0][enough], means[1][enough], side)


def key_length(steps: Values) -> float:
    """Length of the arrow that stands for the scale: the round number nearest a typical one."""
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    typical = float(np.sqrt(np.mean(lengths**2))) if lengths.size else 0.0
    if typical <= 0:
        return 0.1
    decade = 10.0 ** np.floor(np.log10(typical))
    choices = np.array([1.0, 2.0, 5.0, 10.0]) * decade
    return float(choices[np.argmin(np.abs(np.log(choices / typical)))])
