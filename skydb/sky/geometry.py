"""Positions and small figures on the sphere, exact for small angles, at RA 0 and at the poles.

Everything works on unit vectors: no right ascension is ever subtracted from another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors

MAS_PER_RADIAN = float(np.degrees(1.0) * 3_600_000.0)
ARCSEC_PER_RADIAN = float(np.degrees(1.0) * 3600.0)


def separations_mas(
    first_deg: NDArray[np.float64], second_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Great-circle separations of pairs of positions.

    Parameters
    ----------
    first_deg, second_deg : ndarray, shape (N, 2)
        ICRS right ascension and declination in degrees.

    Returns
    -------
    ndarray, shape (N,)
        Separations in mas, by the chord, which keeps its precision for small angles.
    """
    chords = np.linalg.norm(unit_vectors(first_deg) - unit_vectors(second_deg), axis=1)
    return np.asarray(2 * np.arcsin(np.minimum(chords / 2, 1.0)) * MAS_PER_RADIAN)


def centre_of(radec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector (3,) in the middle of positions (N, 2)."""
    return middle_of(unit_vectors(radec_deg))


def middle_of(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector (3,) in the middle of unit vectors (N, 3)."""
    middle = vectors.mean(axis=0)
    return np.asarray(middle / np.linalg.norm(middle))


def tangent_plane(
    radec_deg: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Gnomonic projection (FITS WCS paper II, section 5.1.3).

    Parameters
    ----------
    radec_deg : ndarray, shape (N, 2)
        Positions less than 90 degrees from the centre.
    centre : ndarray, shape (3,)
        Unit vector of the tangent point.

    Returns
    -------
    ndarray, shape (N, 2)
        East and north offsets in radians.
    """
    return projected(unit_vectors(radec_deg), centre)


def projected(vectors: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors (N, 3) in the plane of :func:`tangent_plane`."""
    east, north = _axes(centre)
    depth = vectors @ centre
    return np.column_stack((vectors @ east / depth, vectors @ north / depth))


def off_tangent_plane(
    plane: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Positions (N, 2) in ICRS degrees of points of :func:`tangent_plane`."""
    east, north = _axes(centre)
    x, y, z = (centre + plane[:, :1] * east + plane[:, 1:] * north).T
    return np.column_stack(
        (np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y))))
    )


def inside_outline(points: NDArray[np.float64], outline: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find the points (N, 2) inside an outline (M, 2) of a plane, by the even-odd rule."""
    found = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        crosses = (y1 > y) != (y2 > y)
        if crosses.any():
            at = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
            found ^= crosses & (x < at)
    return found


def _axes(centre: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors to the east and north at a position; at a pole, those of RA 0."""
    ra = np.arctan2(centre[1], centre[0])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    return east, np.cross(centre, east)
