"""Pixels that have one value without a flag: an amplifier not read, or a hole that was filled.

Calibrated pixels are divided by a flat field, so that hardly two of an image are equal. A
look at a few of them is enough to see a part of the detector.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydb.files.structure import FitsSkeleton, HduRecord

#: Pieces of an image that are looked at, and pixels in a row of each. Their places follow the
#: golden ratio, which neither rows nor columns do.
_PIECES, _PIXELS, _STEP = 16, 128, (5**0.5 - 1) / 2
#: Part of the pixels without a flag that has one value: more than one piece has it.
_SHARE = 0.1
_FLOATS, _FLAGS = {-32: ">f4", -64: ">f8"}, {8: "u1", 16: ">i2", 32: ">i4"}


def equal_pixels(
    skeleton: FitsSkeleton, chip: HduRecord, flags: HduRecord | None
) -> tuple[float, float] | None:
    """Share of the pixels of a chip that have one value and no flag, and that value.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file.
    chip, flags : HduRecord
        Its image, and its flags where the file has some.

    Returns
    -------
    tuple of float or None
        None for less than a tenth of all pixels, or of those without a flag, and for an image of
        which all pixels are the same.
    """
    numbers = _sample(skeleton, chip, _FLOATS)
    found = None if numbers is None else _most_frequent(numbers)
    if numbers is None or found is None or flags is None:
        return found
    # Flags are read where they can change something: of nearly no image.
    dirty = _sample(skeleton, flags, _FLAGS)
    has_flags = dirty is not None and dirty.size == numbers.size
    return _most_frequent(numbers[dirty == _stored_zero(flags)]) if has_flags else found


def _stored_zero(hdu: HduRecord) -> float:
    """Number in the file that stands for 0; unsigned numbers are stored with an offset."""
    return -float(hdu.scanned.get("BZERO", 0)) / float(hdu.scanned.get("BSCALE", 1) or 1)


def _most_frequent(numbers: NDArray[Any]) -> tuple[float, float] | None:
    finite = np.sort(numbers[np.isfinite(numbers)])
    # So many pixels in a row of the sorted ones would be equal; of nearly every image none are.
    least = max(1, math.ceil(_SHARE * numbers.size))
    if least > finite.size or not (finite[least - 1 :] == finite[: finite.size - least + 1]).any():
        return None
    values, counts = np.unique(finite, return_counts=True)
    if values.size < 2:
        return None
    most = int(counts.argmax())
    share = float(counts[most]) / numbers.size
    return (share, float(values[most])) if share >= _SHARE else None


def _sample(skeleton: FitsSkeleton, hdu: HduRecord, kinds: dict[int, str]) -> NDArray[Any] | None:
    """Pixels of an image here and there; None where they are of another kind, or few."""
    kind = kinds.get(int(hdu.early("BITPIX", 0)))
    if kind is None:
        return None
    stored = np.dtype(kind)
    width = stored.itemsize
    room = hdu.data_bytes // width - _PIXELS
    if room < _PIECES * _PIXELS:
        return None
    pieces: list[bytes] = []
    for number in range(_PIECES):
        first = int(number * _STEP % 1.0 * room) * width
        pieces += skeleton.blocks_of(hdu, first, first + _PIXELS * width, _PIXELS * width)
    # In the order of bytes of this machine, in which numbers are sorted several times as fast.
    return np.frombuffer(b"".join(pieces), stored).astype(stored.newbyteorder("="))
