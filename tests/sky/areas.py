"""Areas of outlines, by the formula of Gauss in a tangent plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import ARCSEC_PER_RADIAN, centre_of, tangent_plane


def polygon_area_arcsec2(polygon_deg: NDArray[np.float64]) -> float:
    """Area of an outline (N, 2) in the tangent plane of its middle, in square arcsec."""
    x, y = tangent_plane(polygon_deg, centre_of(polygon_deg)).T * ARCSEC_PER_RADIAN
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
