"""Pixels of drizzled products, and their exposed part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydb.errors import NotHstImageError, UnreadableFileError
from skydb.files.quiet import quiet_astropy

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
    """A sentence on a mosaic without weight, or with pixels that have weight and no value.

    None for a mosaic with some weight, and a value wherever it has any. A weight that is not
    finite is none that a pixel can have; the lanczos kernels of drizzle are below 0 in places,
    and so may be the weights that they leave.

    Parameters
    ----------
    science, weight : pathlib.Path
        The images of a mosaic: the SCI and the WHT of their files, of one file with both, too, or
        the first of each.

    Raises
    ------
    UnreadableFileError
        When a file cannot be read, or has no such image.
    """
    holes = wrong = exposed = 0
    try:
        with quiet_astropy(), fits.open(science) as values, fits.open(weight) as weights:
            pixels, given = _plane(values, "SCI", science), _plane(weights, "WHT", weight)
            for start in range(0, len(pixels), _ROWS):
                rows = slice(start, start + _ROWS)
                holes += int(np.count_nonzero((given[rows] != 0) & ~np.isfinite(pixels[rows])))
                exposed += int(np.count_nonzero(given[rows]))
                wrong += int(np.count_nonzero(~np.isfinite(given[rows])))
    except OSError as error:
        raise UnreadableFileError(science, f"or its weight cannot be read ({error})") from error
    if not exposed:
        return (
            f"none of the {given.size} pixels of the mosaic has a weight: no good pixel of an "
            "exposure falls on it."
        )
    if not holes and not wrong:
        return None
    return (
        f"{holes} pixels of the mosaic have a weight and no value, and {wrong} a weight that none "
        "can have: a weight or an error of an input is not a number, or an error is 0."
    )


def _plane(hdus: fits.HDUList, name: str, path: Path) -> NDArray[np.floating[Any]]:
    """Image of a name; the first of a file where none has a name."""
    planes = [one for one in hdus if one.header.get("NAXIS") == 2 and one.is_image]
    named = [one for one in planes if one.name == name]
    chosen = named or [one for one in planes if not {"SCI", "WHT"} & {p.name for p in planes}]
    if not chosen:
        raise UnreadableFileError(path, f"has no {name} image in two dimensions")
    return np.asarray(chosen[0].data)


def _image(hdus: fits.HDUList, name: str) -> Image | None:
    found = next((hdu for hdu in hdus if hdu.name == name and hdu.header.get("NAXIS") == 2), None)
    return None if found is None or found.data is None else np.asarray(found.data, dtype=float)
