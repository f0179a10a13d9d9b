"""Scatter of matched sources on the sky, from pixels alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MAS_PER_DEG = 3.6e6
#: Fewest sources that hold a linear map of the plane.
_FEWEST = 4
#: Largest ratio of the axes of a map from pixels to sky that is believed.
_WORST_CONDITION = 1.1


def scatter_mas(
    position_pix: tuple[Array, Array],
    position_deg: tuple[Array, Array],
    residual_pix: tuple[Array, Array],
) -> tuple[float, float] | None:
    """Standard deviation of residuals towards east and north.

    The map from pixels to the sky is fitted to the positions of the same sources. Within
    the minutes of arc of one image it is linear to better than the digits of a position.

    Parameters
    ----------
    position_pix : tuple of ndarray, shape (N,)
        x and y, counted from anywhere.
    position_deg : tuple of ndarray, shape (N,)
        Right ascension and declination of the same sources.
    residual_pix : tuple of ndarray, shape (N,)
        Residuals along x and y.

    Returns
    -------
    tuple of float or None
        In mas; None when the sources are too few, or in one line.
    """
    numbers = np.vstack((*position_pix, *position_deg, *residual_pix))
    if numbers.shape[1] < _FEWEST or not np.isfinite(numbers).all():
        return None
    pixels, sky = np.vstack(position_pix), _plane_deg(*position_deg)
    pixels = pixels - pixels.mean(axis=1, keepdims=True)
    cd_deg = np.linalg.lstsq(pixels.T, sky.T, rcond=None)[0].T
    # Of sources in one line or place it is infinite.
    if np.linalg.cond(cd_deg) > _WORST_CONDITION:
        return None
    east, north = (cd_deg @ np.vstack(residual_pix)).std(axis=1) * _MAS_PER_DEG
    return float(east), float(north)


def _plane_deg(ra_deg: Array, dec_deg: Array) -> Array:
    """East and north of anywhere near, shape (2, N); right ascension may pass 360 degrees."""
    east = (ra_deg - ra_deg[0] + 180.0) % 360.0 - 180.0
    return np.vstack((east * np.cos(np.radians(dec_deg.mean())), dec_deg))
