"""WCS of made-up detectors."""

from __future__ import annotations

import numpy as np
from astropy.wcs import WCS, Sip


def tan_wcs(
    crval_deg: tuple[float, float],
    *,
    scale_arcsec: float = 0.04,
    shape_xy: tuple[int, int] = (1024, 512),
    rotation_deg: float = 0.0,
    crpix: tuple[float, float] | None = None,
    sip: float = 0.0,
) -> WCS:
    """TAN image with north up and east left, turned from north through east."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"] if sip else ["RA---TAN", "DEC--TAN"]
    nx, ny = shape_xy
    wcs.wcs.crpix = crpix or (nx / 2 + 0.5, ny / 2 + 0.5)
    wcs.wcs.crval = crval_deg
    angle, step = np.radians(rotation_deg), scale_arcsec / 3600
    wcs.wcs.cd = step * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if sip:
        a, b = np.zeros((3, 3)), np.zeros((3, 3))
        a[2, 0], a[1, 1], b[0, 2], b[1, 1] = sip, -sip, -sip, sip
        wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    wcs.pixel_shape = shape_xy
    return wcs
