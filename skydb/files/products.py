"""WCS objects of a product's chips, for measuring on the sky."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skydb.errors import NotHstImageError
from skydb.files.quiet import quiet_astropy
from skydb.files.structure import open_skeleton
from skydb.files.wcs import distorted_wcs

if TYPE_CHECKING:
    from astropy.wcs import WCS


def read_hstwcs(path: Path) -> dict[int, WCS]:
    """Primary WCS of every SCI extension, by EXTVER.

    SIP and the lookup tables (D2IMARR, WCSDVARR) are part of it, all terms are double
    precision, and ``pixel_shape`` is (NAXIS1, NAXIS2).

    Parameters
    ----------
    path : pathlib.Path
        Any image that :func:`skydb.files.reader.read_facts` takes.

    Raises
    ------
    FileRejectedError
        When the file cannot be read, has no SCI extension or a WCS cannot be built.
    """
    with quiet_astropy(), open_skeleton(path) as skeleton:
        chips = distorted_wcs(skeleton)
    if not chips:
        raise NotHstImageError(path, "no SCI image extension")
    return chips


def image_shape_pix(path: Path) -> tuple[int, int]:
    """(NAXIS1, NAXIS2) of an image: its first SCI extension, else its primary array.

    Raises
    ------
    FileRejectedError
        When the file cannot be read or holds no image.
    """
    with quiet_astropy(), open_skeleton(path) as skeleton:
        header = (*skeleton.named("SCI"), skeleton.primary)[0].header
    if header.get("NAXIS") != 2:
        raise NotHstImageError(path, "no image in two dimensions")
    return int(header["NAXIS1"]), int(header["NAXIS2"])
