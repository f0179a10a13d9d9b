"""Check that the WCS in a fitted file is the fit of the match file.

The match file has the pixel of each source, its position in the catalogue, and the residual of
the fit between the two. The WCS of every chip has to give the same residuals.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.files.matchfile import MatchFile
from skydb.files.products import read_hstwcs
from skydb.sky.geometry import ARCSEC_PER_RADIAN, centre_of, tangent_plane

Floats = NDArray[np.float64]


def applied_offsets_pix(product: Path, matches: MatchFile) -> dict[int, float]:
    """Compare the header with the match file, chip by chip.

    Parameters
    ----------
    product : Path
        The file that was fitted.
    matches : MatchFile
        Its matches, with the places of the catalogue in degrees.

    Returns
    -------
    dict of int to float
        By EXTVER, the median of where the header puts the matched sources from where the
        fit puts them, in pixels; a chip without matches, or a match file that has
        no original positions, is not in it.

    Raises
    ------
    FileRejectedError
        When a WCS cannot be built.
    """
    columns = (matches.x_in_original_pix, matches.y_in_original_pix)
    fitted = np.column_stack((matches.ra_fit_deg, matches.dec_fit_deg))
    if not len(matches) or not np.isfinite([*columns, *fitted.T]).all():
        return {}
    chips = read_hstwcs(product)
    extver = matches.extver if np.isfinite(matches.extver).all() and len(chips) > 1 else None
    offsets = {}
    for chip, wcs in chips.items():
        mine = np.ones(len(matches), dtype=bool) if extver is None else extver == chip
        if mine.any():
            sky = np.asarray(wcs.all_pix2world(*(column[mine] for column in columns), 1)).T
            scale = 3600.0 * float(np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))
            offsets[chip] = float(np.median(_separations_arcsec(sky, fitted[mine]))) / scale
    return offsets


def _separations_arcsec(one: Floats, other: Floats) -> Floats:
    centre = centre_of(other)
    apart = tangent_plane(one, centre) - tangent_plane(other, centre)
    return np.asarray(np.hypot(*apart.T) * ARCSEC_PER_RADIAN)
