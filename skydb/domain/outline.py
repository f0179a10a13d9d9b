"""Pixel positions that represent a whole chip: its outline and a grid over it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def outline_pix(naxis_pix: tuple[int, int], points_per_side: int = 5) -> NDArray[np.float64]:
    """Outer edge of an image, from its lower left corner along the x axis first.

    Parameters
    ----------
    naxis_pix : tuple of int
        (NAXIS1, NAXIS2): x first, whatever the order of the array's axes.
    points_per_side : int
        Points on each side, one corner included; a distorted side is curved.

    Returns
    -------
    ndarray, shape (4 * points_per_side, 2)
        FITS pixels (centre of the first pixel 1, so edges at 0.5 and N + 0.5), not closed.
    """
    return _outline_pix(*naxis_pix, points_per_side).copy()


# Most files of a batch have chips of one size.
@lru_cache(maxsize=64)
def _outline_pix(nx: int, ny: int, points_per_side: int) -> NDArray[np.float64]:
    step = np.arange(points_per_side) / points_per_side
    zero, one = np.zeros_like(step), np.ones_like(step)
    x = np.concatenate((step, one, 1 - step, zero))
    y = np.concatenate((zero, step, one, 1 - step))
    return np.column_stack((0.5 + nx * x, 0.5 + ny * y))


def grid_pix(naxis_pix: tuple[int, int], points_per_side: int = 9) -> NDArray[np.float64]:
    """Even grid over an image, from edge to edge.

    Parameters
    ----------
    naxis_pix : tuple of int
        (NAXIS1, NAXIS2).
    points_per_side : int
        Points along each axis.

    Returns
    -------
    ndarray, shape (points_per_side ** 2, 2)
        FITS pixels, x running fastest.
    """
    nx, ny = naxis_pix
    step = np.linspace(0.0, 1.0, points_per_side)
    y, x = np.meshgrid(0.5 + ny * step, 0.5 + nx * step, indexing="ij")
    return np.column_stack((x.ravel(), y.ravel()))
