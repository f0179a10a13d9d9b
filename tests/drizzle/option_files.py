"""Files that options can name, small and right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

_GRID = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 85.0, "CRVAL2": -2.0, "CRPIX1": 5.0,
    "CRPIX2": 5.0, "CD1_1": -1e-5, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-5,
}  # fmt: skip
#: Options whose file is an image; those of the others are texts.
IMAGES = ("final_refimage", "driz_sep_refimage", "refimage")


def write_grid(path: Path, *, in_extension: bool = False, value: int = 0) -> Path:
    """An image with a WCS, in the primary HDU or in ``[sci,1]`` behind an empty one."""
    image = np.full((8, 8), value, np.float32)
    header = fits.Header(_GRID)
    hdus = (
        [fits.PrimaryHDU(), fits.ImageHDU(image, header, name="SCI")]
        if in_extension
        else [fits.PrimaryHDU(image, header)]
    )
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def write_for(option: str, path: Path) -> Path:
    """A file that an option can name."""
    if option in IMAGES:
        return write_grid(path)
    path.write_text("x.fits 1\n" if option in ("skyfile", "skyuser") else "x.fits\n")
    return path
