"""Selection of pixels that are measurements, and of images with a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: No detector of HST gives such a number, whatever its unit: pixels of WFC3, ACS, STIS and
#: NICMOS are full at about 1e5 electrons (instrument handbooks), a thousandth of this.
LARGEST_VALUE = 1e8
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
