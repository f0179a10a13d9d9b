"""Pixels of positions on the sky, also of positions that are far outside a distorted image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import separations_mas

if TYPE_CHECKING:
    from astropy.wcs import WCS

Floats = NDArray[np.float64]

#: Tolerance of the position that a pixel gives back.
_CLOSED_PIX = 0.05


def pixels_of_sky(wcs: WCS, radec_deg: Floats, origin: int) -> Floats:
    """Pixels of positions by the whole WCS; NaN where the distortion has no inverse.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        With or without distortion.
    radec_deg : ndarray, shape (N, 2)
        Positions in degrees.
    origin : int
        The number of the first pixel, 0 or 1.

    Returns
    -------
    ndarray, shape (N, 2)
    """
    if not len(radec_deg):
        return np.empty((0, 2))
    if not wcs.has_distortion:
        return np.asarray(wcs.wcs_world2pix(radec_deg, origin))
    # A polynomial diverges far from the chip, where it describes nothing.
    with np.errstate(all="ignore"):
        pixels = np.asarray(wcs.all_world2pix(radec_deg, origin, quiet=True), dtype=float)
        back = np.asarray(wcs.all_pix2world(np.nan_to_num(pixels), origin))
        apart_mas = separations_mas(back, radec_deg)
    scale_mas = 3.6e6 * float(np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))
    pixels[~(apart_mas < _CLOSED_PIX * scale_mas)] = np.nan
    return pixels
