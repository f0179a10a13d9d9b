"""Outlines of chips on the sky and the area two of them share.

A distorted outline is curved and may be slightly hollow, so nothing here takes it for
convex: an outline is cut into triangles around its middle, and the other one is clipped
with each of them. x and y are never exchanged; the shape comes from ``pixel_shape``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.domain.outline import outline_pix
from skydb.domain.values import unit_vectors
from skydb.errors import UsageError
from skydb.sky.geometry import (
    ARCSEC_PER_RADIAN,
    middle_of,
    projected,
)

if TYPE_CHECKING:
    from astropy.wcs import WCS

Point = tuple[float, float]


def chip_polygon(wcs: WCS, points_per_side: int = 5) -> NDArray[np.float64]:
    """Distorted outline of one chip.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        With ``pixel_shape`` (NAXIS1, NAXIS2).
    points_per_side : int
        Points on each side, one corner included.

    Returns
    -------
    ndarray, shape (4 * points_per_side, 2)
        ICRS vertices in degrees, not closed.

    Raises
    ------
    UsageError
        When the WCS does not know the size of its image.
    """
    if not wcs.pixel_shape:
        raise UsageError("A footprint needs a WCS that knows the size of its image.")
    nx, ny = wcs.pixel_shape
    return np.asarray(wcs.all_pix2world(outline_pix((int(nx), int(ny)), points_per_side), 1))


def overlap_area_arcsec2(first_deg: NDArray[np.float64], second_deg: NDArray[np.float64]) -> float:
    """Area that two outlines share.

    Parameters
    ----------
    first_deg, second_deg : ndarray, shape (N, 2)
        ICRS vertices in degrees, not closed; either may be hollow or run either way round.

    Returns
    -------
    float
        Square arcsec in the tangent plane between the two; 0.0 when they are apart. The
        projection stretches areas by 1.5 theta^2: 1e-6 at 3 arcmin.
    """
    return SkyOutline.of(first_deg).overlap_arcsec2(SkyOutline.of(second_deg))


@dataclass(frozen=True, slots=True)
class SkyOutline:
    """An outline as unit vectors, for areas that it shares with many others.

    Parameters
    ----------
    vectors : ndarray, shape (N, 3)
        Of its vertices.
    centre : ndarray, shape (3,)
        Their middle.
    chord : float
        Distance of the farthest from it.
    """

    vectors: NDArray[np.float64]
    centre: NDArray[np.float64]
    chord: float

    @classmethod
    def of(cls, outline_deg: NDArray[np.float64]) -> SkyOutline:
        """Outline of ICRS vertices (N, 2) in degrees, not closed."""
        vectors = unit_vectors(outline_deg)
        centre = middle_of(vectors)
        return cls(vectors, centre, float(np.linalg.norm(vectors - centre, axis=1).max()))

    def overlap_arcsec2(self, other: SkyOutline) -> float:
        """Area shared with another, as :func:`overlap_area_arcsec2` gives it."""
        if self._is_apart(other):
            return 0.0
        centre = middle_of(np.vstack((self.vectors, other.vectors)))
        first, second = (
            _points(projected(one.vectors, centre) * ARCSEC_PER_RADIAN) for one in (self, other)
        )
        # Signed triangles add up to the outline even if its middle is outside of it.
        return abs(sum(_shared_with_triangle(first, triangle) for triangle in _fan(second)))

    def _is_apart(self, other: SkyOutline) -> bool:
        """Whether caps around the two do not touch: cheap, and keeps the tangent plane valid."""
        apart = float(np.linalg.norm(self.centre - other.centre))
        return apart > (self.chord + other.chord) * 1.0001


def _points(plane: NDArray[np.float64]) -> list[Point]:
    return [(x, y) for x, y in plane.tolist()]


def _signed_area(polygon: list[Point]) -> float:
    """Shoelace formula around the first vertex, positive when counterclockwise."""
    if len(polygon) < 3:
        return 0.0
    x0, y0 = polygon[0]
    area = 0.0
    for (xa, ya), (xb, yb) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        area += (xa - x0) * (yb - y0) - (xb - x0) * (ya - y0)
    return area / 2


def _fan(polygon: list[Point]) -> list[list[Point]]:
    middle = (sum(x for x, _ in polygon) / len(polygon), sum(y for _, y in polygon) / len(polygon))
    following = polygon[1:] + polygon[:1]
    return [[middle, a, b] for a, b in zip(polygon, following, strict=True)]


def _shared_with_triangle(polygon: list[Point], triangle: list[Point]) -> float:
    """Area of a polygon inside a triangle, with the sign of the triangle's direction."""
    direction = _signed_area(triangle)
    if not direction:
        return 0.0
    corners = triangle if direction > 0 else triangle[::-1]
    inside = polygon
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        inside = _clipped(inside, start, end)
    return abs(_signed_area(inside)) * (1 if direction > 0 else -1)


def _clipped(polygon: list[Point], start: Point, end: Point) -> list[Point]:
    """Part of a polygon left of a line (Sutherland and Hodgman 1974)."""
    (x0, y0), dx, dy = start, end[0] - start[0], end[1] - start[1]
    sides = [dx * (y - y0) - dy * (x - x0) for x, y in polygon]
    if all(side >= 0 for side in sides):
        return polygon
    kept: list[Point] = []
    for i, (here, side) in enumerate(zip(polygon, sides, strict=True)):
        before, side_before = polygon[i - 1], sides[i - 1]
        if (side >= 0) != (side_before >= 0):
            t = side_before / (side_before - side)
            kept.append(
                (before[0] + t * (here[0] - before[0]), before[1] + t * (here[1] - before[1]))
            )
        if side >= 0:
            kept.append(here)
    return kept
