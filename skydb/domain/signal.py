"""Selection of pixels by value and by flags, and of images with a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: No detector of HST gives such a number, whatever its unit: pixels of WFC3, ACS, STIS and
#: NICMOS are full at about 1e5 electrons (instrument handbooks), a thousandth of this.
LARGEST_VALUE = 1e8
#: All flags of a pixel: the data quality of HST has 16 (instrument data handbooks).
FLAGS = 0xFFFF
#: Rows that are looked at first for a signal.
_FEW_ROWS = 32


def measured(science: NDArray[Any]) -> NDArray[np.bool_]:
    """Select the pixels that are a measurement: finite, and in the range of every detector.

    Parameters
    ----------
    science : ndarray
        An image in counts or electrons, or a rate of these.
    """
    if science.size and science.min() >= -LARGEST_VALUE and science.max() <= LARGEST_VALUE:
        return np.ones(science.shape, dtype=bool)  # nearly all images; looked at in half the time
    return np.asarray(np.abs(science) <= LARGEST_VALUE)


def flagged(quality: NDArray[np.integer[Any]], accepted: int = 0) -> NDArray[np.bool_]:
    """Select the pixels with a flag that is not accepted, whatever integers hold the flags.

    Parameters
    ----------
    quality : ndarray of integers
        DQ flags. HST has 16, of which int16 shows the last as the sign; a sum may also be in
        a type with fewer or more bits.
    accepted : int
        Sum of the flags that do not count.

    Returns
    -------
    ndarray of bool
        Of the same shape.
    """
    if quality.dtype.itemsize <= 2:
        unsigned = np.dtype(f"u{quality.dtype.itemsize}").newbyteorder(quality.dtype.byteorder)
        bits, every = quality.view(unsigned), int(np.iinfo(unsigned).max)
        return np.asarray((bits & (~accepted & every)) != 0)
    bits = quality.astype(np.uint64)
    # A negative number is the sign of an int16 in a wider type, and no flag beyond the 16.
    bits = np.where(quality < 0, bits & np.uint64(FLAGS), bits)
    return np.asarray((bits & ~np.uint64(accepted)) != 0)


def has_sky_signal(science: NDArray[Any], good: NDArray[np.bool_]) -> bool:
    """Whether an image holds a signal: noise makes two of its good pixels differ.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        The image.
    good : ndarray of bool, shape (ny, nx)
        Its pixels that are measured, without a flag.
    """
    # In most images a few rows show it.
    return _differ(science[:_FEW_ROWS][good[:_FEW_ROWS]]) or _differ(science[good])


def _differ(values: NDArray[Any]) -> bool:
    return bool(values.size > 1 and values.min() < values.max())
