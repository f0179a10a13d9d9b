"""Differences of the pixels of two files, and the noise of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydb.errors import UnreadableFileError
from skydb.files.quiet import quiet_astropy

#: Rows that are compared at once, so that two large mosaics need little memory.
_ROWS = 512

#: Number of pixels from which the noise is measured; more do not improve it.
_SAMPLE = 200_000

#: Standard deviation of Gaussian noise by its median absolute deviation.
_SIGMA_BY_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class PixelDifference:
    """Two images, pixel by pixel.

    Parameters
    ----------
    is_equal : bool
        Whether they have the same shape and every pixel the same value, NaN included.
    largest : float or None
        Largest absolute difference; None when shapes differ or one has NaN where the
        other has a number.
    magnitude : float
        Largest absolute value where they differ: what rounding is measured against.
    """

    is_equal: bool
    largest: float | None
    magnitude: float = 0.0


def compare_pixels(first: Path, second: Path) -> PixelDifference:
    """Compare the images of two FITS files, HDU by HDU; headers do not matter.

    Raises
    ------
    UnreadableFileError
        When one cannot be read.
    """
    with quiet_astropy(), _opened(first) as ours, _opened(second) as theirs:
        images = [[hdu.data for hdu in hdus if hdu.is_image] for hdus in (ours, theirs)]
        if [_shape(data) for data in images[0]] != [_shape(data) for data in images[1]]:
            return PixelDifference(False, None)
        pairs = zip(*images, strict=True)
        found = [_compare(a, b) for a, b in pairs if a is not None]
    return _joined(found)


def pixel_noise(path: Path) -> float:
    """Standard deviation of the sky pixels of the first image in a file, robustly, in its unit.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read or has no finite pixel.
    """
    with quiet_astropy(), _opened(path) as hdus:
        data = next((hdu.data for hdu in hdus if hdu.is_image and hdu.data is not None), None)
        if data is None:
            raise UnreadableFileError(path, "it has no image")
        step = max(1, data.size // _SAMPLE)
        sample = np.asarray(data).ravel()[::step].astype(np.float64)
    # The fill value of AstroDrizzle is not sky.
    sample = sample[np.isfinite(sample) & (sample != 0.0)]
    if not sample.size:
        return 0.0
    return float(_SIGMA_BY_MAD * np.median(np.abs(sample - np.median(sample))))


def _opened(path: Path) -> fits.HDUList:
    try:
        return fits.open(path, memmap=True)
    except (OSError, ValueError) as error:
        raise UnreadableFileError(path, f"cannot be read as FITS ({error})") from error


def _shape(data: NDArray[np.generic] | None) -> tuple[int, ...] | None:
    return None if data is None else data.shape


def _compare(first: NDArray[np.generic], second: NDArray[np.generic]) -> PixelDifference:
    return _joined(
        [
            _compare_rows(first[row : row + _ROWS], second[row : row + _ROWS])
            for row in range(0, first.shape[0], _ROWS)
        ]
    )


def _compare_rows(first: NDArray[np.generic], second: NDArray[np.generic]) -> PixelDifference:
    ours, theirs = (np.asarray(rows, dtype=np.float64) for rows in (first, second))
    if np.array_equal(ours, theirs, equal_nan=True):
        return PixelDifference(True, 0.0)
    differs = (ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs))
    apart = np.abs(ours[differs] - theirs[differs])
    if not np.isfinite(apart).all():
        return PixelDifference(False, None)
    magnitude = np.maximum(np.abs(ours[differs]), np.abs(theirs[differs])).max()
    return PixelDifference(False, float(apart.max()), float(magnitude))


def _joined(parts: list[PixelDifference]) -> PixelDifference:
    if all(part.is_equal for part in parts):
        return PixelDifference(True, 0.0)
    if any(part.largest is None for part in parts):
        return PixelDifference(False, None)
    worst = max(parts, key=lambda part: part.largest or 0.0)
    return PixelDifference(False, worst.largest, worst.magnitude)
