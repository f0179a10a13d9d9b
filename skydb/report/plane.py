"""Places on the sky as offsets on a plane, for maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors

Floats = NDArray[np.float64]

_ARCSEC_PER_RADIAN = float(np.degrees(3600.0))


def middle_of(radec_deg: Floats) -> Floats:
    """Vector (3,) to the middle of positions (N, 2), shorter than 1 as they lie apart."""
    return np.asarray(unit_vectors(radec_deg).mean(axis=0), dtype=float)


def offsets_arcsec(radec_deg: Floats, middle: Floats) -> Floats:
    """Offsets (N, 2), east and north, on the plane that touches the sky at a middle.

    It is the gnomonic projection (FITS WCS paper II, section 5.1.3), safe at RA 0 and at the
    poles, of places less than 90 degrees from the middle.
    """
    middle = middle / np.linalg.norm(middle)
    ra = np.arctan2(middle[1], middle[0])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(middle, east)
    vectors = unit_vectors(radec_deg)
    plane = np.column_stack((vectors @ east, vectors @ north))
    return np.asarray(plane / (vectors @ middle)[:, None] * _ARCSEC_PER_RADIAN, dtype=float)


def radec_of(middle: Floats) -> tuple[float, float]:
    """ICRS right ascension and declination of a vector, degrees."""
    x, y, z = middle / np.linalg.norm(middle)
    return float(np.degrees(np.arctan2(y, x))) % 360.0, float(np.degrees(np.arcsin(z)))
