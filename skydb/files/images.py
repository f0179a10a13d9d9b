"""Pixels of drizzled products, and their exposed part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydb.errors import NotHstImageError, UnreadableFileError
from skydb.files.structure import quiet_astropy

Image = NDArray[np.float64]
Mask = NDArray[np.bool_]


def read_exposed(path: Path) -> tuple[Image, Mask]:
    """Science image of a product and which of its pixels were exposed.

    A pixel was exposed where the weight is positive; without a weight image, where the
    science image is finite and not exactly 0, which is what AstroDrizzle fills with.

    Parameters
    ----------
    path : pathlib.Path
        A product whose first SCI extension is the image.

    Returns
    -------
    tuple of ndarray, shape (ny, nx)

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    NotHstImageError
        When it has no SCI image in two dimensions.
    """
    try:
        with quiet_astropy(), fits.open(path, memmap=False) as hdus:
            science = _image(hdus, "SCI")
            weight = _image(hdus, "WHT")
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error})") from error
    if science is None:
        raise NotHstImageError(path, "no SCI image in two dimensions")
    exposed = np.isfinite(science)
    exposed &= science != 0 if weight is None or weight.shape != science.shape else weight > 0
    return science, exposed


def _image(hdus: fits.HDUList, name: str) -> Image | None:
    found = next((hdu for hdu in hdus if hdu.name == name and hdu.header.get("NAXIS") == 2), None)
    return None if found is None or found.data is None else np.asarray(found.data, dtype=float)
