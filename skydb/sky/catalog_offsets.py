"""Two sets of positions of a field: two catalogues, or the fits of an archive and our own.

A catalogue that is off as a whole gives fits with small residuals, confirmed by every star. Only
a comparison with another set shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import centre_of, tangent_plane
from skydb.sky.votes import Search, best_offset

Floats = NDArray[np.float64]

#: Catalogues are looked for at such offsets; pairs that agree to the reach are of one offset.
_SEARCH = Search(radius=2500.0, reach=100.0)
_MAS_PER_RADIAN = 206_264_806.247
#: Fewer common sources say nothing of two catalogues.
LEAST_SOURCES = 6
#: What is no more than this is the noise of catalogues: zones of guide stars, proper motions.
LEAST_MAS = 50.0
#: A difference counts from so many times its error.
SIGMAS = 5.0
#: An archive's fit is good to this at best; its visits agree to so many of its errors.
_ARCHIVE_ERROR_MAS, _AGREE_SIGMAS = 5.0, 3.0


@dataclass(frozen=True, slots=True)
class Offset:
    """Offset between two sets of positions.

    Parameters
    ----------
    east_mas, north_mas : float
        First minus second.
    error_mas : float
        Of its length.
    count : int
        Sources, or visits, that say so.
    """

    east_mas: float
    north_mas: float
    error_mas: float
    count: int

    @property
    def size_mas(self) -> float:
        """Its length."""
        return float(np.hypot(self.east_mas, self.north_mas))

    def is_beyond(self, more_error_mas: float) -> bool:
        """Whether it is much more than its error and another one."""
        error = float(np.hypot(self.error_mas, more_error_mas))
        return self.size_mas > max(SIGMAS * error, LEAST_MAS)


def catalog_offset(first_deg: Floats, second_deg: Floats) -> Offset | None:
    """Median offset of the sources that two catalogues have in common.

    Parameters
    ----------
    first_deg, second_deg : ndarray, shape (N, 2) and (M, 2)
        Positions of one epoch in one field.

    Returns
    -------
    Offset or None
        None when they have no offset in common, or too few sources.
    """
    from scipy.spatial import cKDTree

    if min(len(first_deg), len(second_deg)) < LEAST_SOURCES:
        return None
    centre = centre_of(second_deg)
    one = tangent_plane(first_deg, centre) * _MAS_PER_RADIAN
    other = tangent_plane(second_deg, centre) * _MAS_PER_RADIAN
    peak = best_offset(one, other, _SEARCH)
    if peak is None or not peak.is_sure:
        return None
    placed = peak.placed(one)
    distance, nearest = cKDTree(other).query(placed)
    _, back = cKDTree(placed).query(other)
    mutual = (back[nearest] == np.arange(len(one))) & (distance <= 2 * _SEARCH.reach)
    steps = one[mutual] - other[nearest[mutual]]
    if len(steps) < LEAST_SOURCES:
        return None
    east, north = np.median(steps, axis=0)
    spread = 1.4826 * np.median(np.abs(steps - (east, north)), axis=0)
    error = 1.2533 * float(np.hypot(*spread)) / np.sqrt(len(steps))
    return Offset(float(east), float(north), float(error), len(steps))


def common_offset(moved: Sequence[Offset]) -> Offset | None:
    """The one offset that all visits have from fits of an archive, which were made one by one.

    Fits of an archive that are wrong are wrong each in its own way; when all of two visits or
    more differ by one and the same offset, what they have in common is off.

    Parameters
    ----------
    moved : sequence of Offset
        Of each visit.

    Returns
    -------
    Offset or None
        None when there are fewer than two, or they do not agree.
    """
    if len(moved) < 2:
        return None
    steps = np.array([(one.east_mas, one.north_mas) for one in moved])
    errors = np.array([max(one.error_mas, _ARCHIVE_ERROR_MAS) for one in moved])
    mean = np.average(steps, axis=0, weights=errors**-2)
    if (np.hypot(*(steps - mean).T) > _AGREE_SIGMAS * errors).any():
        return None
    error = float(np.sum(errors**-2) ** -0.5)
    return Offset(float(mean[0]), float(mean[1]), error, len(moved))
