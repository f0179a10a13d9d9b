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
#: Rows that are looked at together.
_ROWS = 512


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


def holes_in(science: Path, weight: Path) -> str | None:
    """A sentence on pixels of a mosaic that have weight and no value; None without any.

    A weight that is not finite is none that a pixel can have; the lanczos kernels of drizzle are
    below 0 in places, and so may be the weights that they leave.

    Parameters
    ----------
    science, weight : pathlib.Path
        The images of a mosaic, each the first of its file.

    Raises
    ------
    UnreadableFileError
        When a file cannot be read.
    """
    holes = wrong = 0
    try:
        with quiet_astropy(), fits.open(science) as values, fits.open(weight) as weights:
            for start in range(0, len(values[0].data), _ROWS):
                value = values[0].data[start : start + _ROWS]
                given = weights[0].data[start : start + _ROWS]
                holes += int(np.count_nonzero((given != 0) & ~np.isfinite(value)))
                wrong += int(np.count_nonzero(~np.isfinite(given)))
    except OSError as error:
        raise UnreadableFileError(science, f"or its weight cannot be read ({error})") from error
    if not holes and not wrong:
        return None
    return (
        f"{holes} pixels of the mosaic have a weight and no value, and {wrong} a weight that none "
        "can have: a weight or an error of an input is not a number, or an error is 0."
    )


def _image(hdus: fits.HDUList, name: str) -> Image | None:
    found = next((hdu for hdu in hdus if hdu.name == name and hdu.header.get("NAXIS") == 2), None)
    return None if found is None or found.data is None else np.asarray(found.data, dtype=float)
