"""Pixels of one chip: the science array, its flags, and their meaning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import NotHstImageError, TruncatedFileError, UnreadableFileError
from skydb.files.cards import Cards
from skydb.files.dqfile import flags_beside, flags_by_chip
from skydb.files.instruments import sky_unit_of
from skydb.files.quiet import quiet_astropy
from skydb.files.structure import FitsSkeleton, HduRecord, open_skeleton
from skydb.files.tangent import tangent_wcs
from skydb.files.wcs import distorted_wcs, image_size_pix

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: Numbers of FITS images by BITPIX (FITS standard 4.0, table 8).
_NUMBERS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True, eq=False)
class ChipMeaning:
    """Meaning of the pixels of one chip.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
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
    wcs: WCS
    unit: SkyUnit | None
    is_rate: bool
    exptime_s: float | None
    pixel_scale_arcsec: float


@dataclass(frozen=True, eq=False)
class ChipPixels(ChipMeaning):
    """One chip of an exposure as it is in its file.

    Parameters
    ----------
    science : ndarray of float32, shape (ny, nx)
        The image.
    quality : ndarray of int, shape (ny, nx), or None
        DQ flags, when the file has them.
    """

    science: NDArray[np.float32]
    quality: NDArray[np.integer[Any]] | None


@dataclass(frozen=True, eq=False)
class ChipFile:
    """One chip of which nothing but the headers was read.

    Parameters
    ----------
    path : Path
        The file.
    meaning : ChipMeaning
        What its headers say.
    science, quality : HduRecord
        Where its pixels and flags are.
    quality_path : Path or None
        The file with its flags, when it is another one.
    """

    path: Path
    meaning: ChipMeaning
    science: HduRecord
    quality: HduRecord | None
    quality_path: Path | None = None

    def load(self) -> ChipPixels:
        """Read the pixels, from any thread.

        Raises
        ------
        FileRejectedError
            When the file cannot be read, or they are no image.
        """
        with open_skeleton(self.path) as skeleton:
            science = _array(skeleton, self.science).astype(np.float32, copy=False)
            quality = None
            if self.quality is not None and self.quality_path is None:
                quality = _flags(skeleton, self.quality)
        if self.quality is not None and self.quality_path is not None:
            with open_skeleton(self.quality_path) as beside:
                quality = _flags(beside, self.quality)
        return ChipPixels(**vars(self.meaning), science=science, quality=quality)


def open_chips(path: Path) -> dict[int, ChipFile]:
    """Every chip of an exposure, by EXTVER, with the pixels still in the file.

    Raises
    ------
    FileRejectedError
        When the file cannot be read, has no SCI extension or a WCS cannot be built.
    """
    with quiet_astropy(), open_skeleton(path) as skeleton:
        chips = skeleton.named("SCI")
        if not chips:
            raise NotHstImageError(path, "no SCI image extension")
        apart = None if skeleton.named("DQ") else flags_beside(path)
        with nullcontext() if apart is None else open_skeleton(apart) as beside:
            flags = flags_by_chip(skeleton, beside)
        return {
            chip.version: ChipFile(
                path, _meaning(skeleton, chip), chip, flags.get(chip.version), apart
            )
            for chip in chips
        }


@dataclass(frozen=True, eq=False)
class ChipPlanes:
    """The images of one chip, without their meaning.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    science, error, quality : ndarray, shape (ny, nx)
        The image, its errors and its flags; None of what the file does not have.
    """

    extver: int
    science: NDArray[Any]
    error: NDArray[Any] | None
    quality: NDArray[np.integer[Any]] | None


def planes_of(
    path: Path, *, with_errors: bool = True, rows: int | None = None
) -> Iterator[ChipPlanes]:
    """The images of an exposure chip by chip, in the order of EXTVER.

    Parameters
    ----------
    path : Path
        The exposure.
    with_errors : bool
        Whether the errors are read.
    rows : int, optional
        Read no more than the first rows.

    Raises
    ------
    FileRejectedError
        When the file cannot be read, or they are no images.
    """
    with open_skeleton(path) as skeleton:
        apart = None if skeleton.named("DQ") else flags_beside(path)
        with nullcontext() if apart is None else open_skeleton(apart) as beside:
            flags = flags_by_chip(skeleton, beside)
            errors = {hdu.version: hdu for hdu in skeleton.named("ERR") if with_errors}
            for chip in skeleton.named("SCI"):
                error, quality = errors.get(chip.version), flags.get(chip.version)
                yield ChipPlanes(
                    chip.version,
                    _array(skeleton, chip, rows),
                    None if error is None else _array(skeleton, error, rows),
                    None if quality is None else _flags(beside or skeleton, quality, rows),
                )


def _meaning(skeleton: FitsSkeleton, chip: HduRecord) -> ChipMeaning:
    wcs = _positions(skeleton, chip)
    cards = Cards(skeleton.path, (chip.scanned, skeleton.primary.scanned))
    unit = cards.text("BUNIT")
    return ChipMeaning(
        extver=chip.version,
        wcs=wcs,
        unit=sky_unit_of(unit),
        is_rate=unit is None or "/" in unit,
        # As skypac has it: that of the chip counts where the primary header has none.
        exptime_s=Cards(cards.path, cards.headers[::-1]).number("EXPTIME"),
        pixel_scale_arcsec=_pixel_scale_arcsec(cards, wcs),
    )


def _positions(skeleton: FitsSkeleton, chip: HduRecord) -> WCS:
    """The WCS of a chip, from its numbers when it is of the usual kind."""
    wcs = tangent_wcs(skeleton, chip.scanned)
    if wcs is None:
        return distorted_wcs(skeleton)[chip.version]
    wcs.pixel_shape = image_size_pix(chip)
    return wcs


def _pixel_scale_arcsec(cards: Cards, wcs: WCS) -> float:
    stated = cards.number("IDCSCALE") or cards.number("PAMSCALE")
    if stated:
        return stated
    return float(3600.0 * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))


def _flags(
    skeleton: FitsSkeleton, hdu: HduRecord, rows: int | None = None
) -> NDArray[np.integer[Any]]:
    flags = _array(skeleton, hdu, rows)
    if not np.issubdtype(flags.dtype, np.integer):
        raise UnreadableFileError(skeleton.path, f"{hdu.name} has flags that are not integers")
    return flags


def _array(skeleton: FitsSkeleton, hdu: HduRecord, rows: int | None = None) -> NDArray[Any]:
    """Data of one image, or of its first rows; a constant one has PIXVALUE and no data."""
    nx, ny = image_size_pix(hdu)
    ny = ny if rows is None else min(ny, rows)
    if hdu.data_bytes == 0:
        value = hdu.scanned.get("PIXVALUE", 0)
        # An image of whole numbers may be the flags, whatever its name.
        whole = hdu.name == "DQ" or int(hdu.scanned["BITPIX"]) > 0
        return np.full((ny, nx), value, dtype=np.int16 if whole else np.float32)
    if int(hdu.scanned["NAXIS"]) != 2:
        raise UnreadableFileError(skeleton.path, f"{hdu.name} has no two dimensions")
    if hdu.scanned.get("BSCALE", 1) != 1 or hdu.scanned.get("BZERO", 0) != 0:
        return _scaled(hdu, _bytes(skeleton, hdu, hdu.data_bytes))[:ny]
    number = np.dtype(_NUMBERS[int(hdu.scanned["BITPIX"])])
    data = _bytes(skeleton, hdu, nx * ny * number.itemsize)
    return np.frombuffer(data, number).reshape(ny, nx).astype(number.newbyteorder("="))


def _bytes(skeleton: FitsSkeleton, hdu: HduRecord, count: int) -> bytes:
    data = skeleton.data_of(hdu, count)
    if len(data) < count:
        raise TruncatedFileError(skeleton.path, f"truncated: {hdu.name} is not whole")
    return data


def _scaled(hdu: HduRecord, data: bytes) -> NDArray[Any]:
    """Numbers that are scaled or converted in the file."""
    with quiet_astropy():
        image = fits.ImageHDU.fromstring(hdu.header_bytes + data.ljust(hdu.padded_bytes, b"\0"))
        array = np.asarray(image.data)
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))
