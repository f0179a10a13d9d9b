"""Pixels of one chip: the science array, its flags, and what its numbers mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import NotHstImageError, TruncatedFileError, UnreadableFileError
from skydb.files.cards import Cards
from skydb.files.instruments import sky_unit_of
from skydb.files.structure import FitsSkeleton, HduRecord, open_skeleton, quiet_astropy
from skydb.files.wcs import distorted_wcs, image_size_pix

if TYPE_CHECKING:
    from astropy.wcs import WCS


@dataclass(frozen=True, eq=False)
class ChipPixels:
    """One chip of an exposure as it is in its file.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    science : ndarray of float32, shape (ny, nx)
        The image.
    quality : ndarray of int, shape (ny, nx), or None
        DQ flags, when the file has them.
    wcs : astropy.wcs.WCS
        With distortion and ``pixel_shape``.
    unit : SkyUnit or None
        Of the image; None when BUNIT does not say.
    is_rate : bool
        Whether the image is per second. Without a BUNIT it is taken to be, as skypac does.
    exptime_s : float or None
        EXPTIME.
    pixel_scale_arcsec : float
        IDCSCALE, else PAMSCALE, else that of the linear WCS.
    """

    extver: int
    science: NDArray[np.float32]
    quality: NDArray[np.integer[Any]] | None
    wcs: WCS
    unit: SkyUnit | None
    is_rate: bool
    exptime_s: float | None
    pixel_scale_arcsec: float


def read_pixels(path: Path) -> dict[int, ChipPixels]:
    """Every chip of an exposure, by EXTVER.

    Raises
    ------
    FileRejectedError
        When the file cannot be read, has no SCI extension or a WCS cannot be built.
    """
    with quiet_astropy(), open_skeleton(path) as skeleton:
        frames = distorted_wcs(skeleton)
        if not frames:
            raise NotHstImageError(path, "no SCI image extension")
        flags = {hdu.version: hdu for hdu in skeleton.named("DQ")}
        return {
            chip.version: _chip(skeleton, chip, flags.get(chip.version), frames[chip.version])
            for chip in skeleton.named("SCI")
        }


def _chip(skeleton: FitsSkeleton, chip: HduRecord, flags: HduRecord | None, wcs: WCS) -> ChipPixels:
    cards = Cards(skeleton.path, (chip.header, skeleton.primary.header))
    unit = cards.text("BUNIT")
    return ChipPixels(
        extver=chip.version,
        science=_array(skeleton, chip).astype(np.float32, copy=False),
        quality=None if flags is None else _array(skeleton, flags),
        wcs=wcs,
        unit=sky_unit_of(unit),
        is_rate=unit is None or "/" in unit,
        exptime_s=cards.number("EXPTIME"),
        pixel_scale_arcsec=_pixel_scale_arcsec(cards, wcs),
    )


def _pixel_scale_arcsec(cards: Cards, wcs: WCS) -> float:
    stated = cards.number("IDCSCALE") or cards.number("PAMSCALE")
    if stated:
        return stated
    return float(3600.0 * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))


def _array(skeleton: FitsSkeleton, hdu: HduRecord) -> NDArray[Any]:
    """Data of one image; a constant one is a header with PIXVALUE and no data."""
    if hdu.data_bytes == 0:
        nx, ny = image_size_pix(hdu)
        value = hdu.header.get("PIXVALUE", 0)
        return np.full((ny, nx), value, dtype=np.int16 if hdu.name == "DQ" else np.float32)
    data = skeleton.data_of(hdu).ljust(hdu.padded_bytes, b"\0")
    if len(data) < hdu.padded_bytes:
        raise TruncatedFileError(skeleton.path, f"truncated: {hdu.name} is not whole")
    image = fits.ImageHDU.fromstring(hdu.header_bytes + data)
    array = np.asarray(image.data)
    if array.ndim != 2:
        raise UnreadableFileError(skeleton.path, f"{hdu.name} has no two dimensions")
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))
