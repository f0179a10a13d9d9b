"""Many small polygons on the sphere at once: tests of points, circles and overlaps.

Everything works on unit vectors, so that neither RA 0 nor a pole is special. An outline
is taken in the tangent plane of its own middle, where its sides (great circles) are
straight; so it must be smaller than a hemisphere, as every image is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skydb.domain.directions import position_of
from skydb.domain.values import unit_vectors

Vectors = NDArray[np.float64]
Verdicts = NDArray[np.bool_]

#: Closer than this (radians; 0.2 microarcsec) is on the line.
TOLERANCE = 1e-12

#: Numbers in one of the arrays that hold every side of every polygon.
_ROOM = 4_000_000


def outlines_of(regions: Sequence[str]) -> Vectors:
    """Unit vectors of outlines.

    Parameters
    ----------
    regions : sequence of str
        ``POLYGON ICRS ra dec ...`` as :attr:`.ChipGeometry.s_region` writes them.

    Returns
    -------
    ndarray, shape (N, M, 3)
        M is the largest number of vertices; the last one is repeated where there are fewer.
    """
    words = [region.split()[2:] for region in regions]
    longest = max((len(numbers) for numbers in words), default=6)
    flat = [
        w for numbers in words for w in numbers + numbers[-2:] * ((longest - len(numbers)) // 2)
    ]
    return unit_vectors(np.array(flat, dtype=float).reshape(-1, 2)).reshape(-1, longest // 2, 3)


def middles_of(outlines: Vectors) -> Vectors:
    """Unit vectors (N, 3) in the middle of outlines (N, M, 3)."""
    middles = outlines.mean(axis=1)
    return np.asarray(middles / np.linalg.norm(middles, axis=1, keepdims=True))


def separations_deg(vectors: Vectors, point: Vectors) -> Vectors:
    """Great-circle distances (N,) of unit vectors (N, 3) from one, in degrees."""
    chords = np.linalg.norm(vectors - point, axis=-1)
    return np.asarray(np.degrees(2 * np.arcsin(np.minimum(chords / 2, 1.0))))


def circle_around(radec_deg: Vectors) -> tuple[float, float, float] | None:
    """Find a circle that holds positions, around their mean direction.

    Parameters
    ----------
    radec_deg : ndarray, shape (N, 2)

    Returns
    -------
    tuple of float or None
        RA, Dec and radius in degrees; None without a position.
    """
    vectors = unit_vectors(radec_deg)
    place = position_of(*vectors.sum(axis=0).tolist())
    if place is None:
        return None
    return *place, float(separations_deg(vectors, unit_vectors(np.array([place]))).max())


def holding(outlines: Vectors, points: Vectors) -> Verdicts:
    """Find outlines (N, M, 3) that hold points (K, 3): shape (N, K), by the even-odd rule."""
    room = max(1, _ROOM // (outlines.shape[1] * max(len(points), 1)))
    parts = [
        _holding(outlines[first : first + room], points) for first in range(0, len(outlines), room)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(points)), dtype=bool)


def _holding(outlines: Vectors, points: Vectors) -> Verdicts:
    middles = middles_of(outlines)
    ra = np.arctan2(middles[:, 1], middles[:, 0])
    east = np.stack((-np.sin(ra), np.cos(ra), np.zeros_like(ra)), axis=1)
    north = np.cross(middles, east)
    depth = points @ middles.T  # (K, N)
    seen = depth > 0
    depth = np.where(seen, depth, 1.0)
    px, py = (points @ east.T / depth).T[:, None, :], (points @ north.T / depth).T[:, None, :]
    far = np.einsum("nmi,ni->nm", outlines, middles)
    x = (np.einsum("nmi,ni->nm", outlines, east) / far)[:, :, None]
    y = (np.einsum("nmi,ni->nm", outlines, north) / far)[:, :, None]
    next_x, next_y = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    spans = (y > py) != (next_y > py)
    # The side crosses the height of the point to its right: written without a division.
    rise = next_y - y
    right = ((next_x - x) * (py - y) - (px - x) * rise) * np.sign(rise) > 0
    crossings = (spans & right).sum(axis=1)
    return np.asarray((crossings % 2 == 1) & seen.T)


def distances_to_sides(outlines: Vectors, point: Vectors) -> Vectors:
    """Great-circle distance (N,) in radians of a point (3,) from the nearest side of each."""
    start, end = outlines, np.roll(outlines, -1, axis=1)
    normal = np.cross(start, end - start)
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    normal = normal / np.where(length > 0, length, 1.0)
    beyond_start = np.einsum("nmi,i->nm", np.cross(normal, start), point) >= 0
    before_end = np.einsum("nmi,i->nm", np.cross(end, normal), point) >= 0
    beside = beyond_start & before_end & (length[:, :, 0] > 0)
    # From a corner, not from the centre of the sphere, which would lose the small digits.
    across = np.abs(np.einsum("nmi,nmi->nm", point - start, normal))
    to_corner = 2 * np.arcsin(np.minimum(np.linalg.norm(point - start, axis=2) / 2, 1.0))
    to_side = np.where(beside, np.arcsin(np.minimum(across, 1.0)), np.inf)
    return np.asarray(np.minimum(to_side, to_corner).min(axis=1))


def crossings_with(outlines: Vectors, other: Vectors) -> tuple[Verdicts, Verdicts]:
    """Find outlines (N, M, 3) with a side that crosses, or touches, one of another.

    Parameters
    ----------
    outlines : ndarray, shape (N, M, 3)
    other : ndarray, shape (K, 3)

    Returns
    -------
    crossing, touching : ndarray of bool, shape (N,)
    """
    room = max(1, _ROOM // (3 * outlines.shape[1] * len(other)))
    parts = [
        _crossings(outlines[first : first + room], other) for first in range(0, len(outlines), room)
    ]
    crossing, touching = zip(*parts, strict=True) if parts else ((), ())
    none = np.zeros(0, dtype=bool)
    return np.concatenate((none, *crossing)), np.concatenate((none, *touching))


def _crossings(outlines: Vectors, other: Vectors) -> tuple[Verdicts, Verdicts]:
    a = outlines[:, :, None, :]
    b = np.roll(outlines, -1, axis=1)[:, :, None, :]
    c = other[None, None, :, :]
    d = np.roll(other, -1, axis=0)[None, None, :, :]
    c_side, d_side = _side(a, b, c), _side(a, b, d)
    a_side, b_side = _side(c, d, a), _side(c, d, b)
    same_half = ((a + b) * (c + d)).sum(axis=3) > 0
    through = (c_side * d_side < 0) & (a_side * b_side < 0) & same_half
    meet = (c_side * d_side <= 0) & (a_side * b_side <= 0) & same_half & ~through
    return through.any(axis=(1, 2)), meet.any(axis=(1, 2))


def _side(start: Vectors, end: Vectors, point: Vectors) -> NDArray[np.int8]:
    """1 left of a great circle, -1 right of it, 0 on it."""
    normal = np.cross(start, end - start)
    length = np.linalg.norm(normal, axis=-1)
    across = (normal * (point - start)).sum(axis=-1)
    return np.asarray(
        np.sign(np.where(np.abs(across) <= TOLERANCE * length, 0.0, across)), dtype=np.int8
    )
