"""Selection of pixels that are measurements, and of images with a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: No detector of HST gives such a number, whatever its unit: pixels of WFC3, ACS, STIS and
#: NICMOS are full at about 1e5 electrons (instrument handbooks), a thousandth of this.
LARGEST_VALUE = 1e8


def measured(science: NDArray[Any]) -> NDArray[np.bool_]:
    """Select the pixels that are a measurement: finite, and in the range of every detector.

    Parameters
    ----------
    science : ndarray
        An image in counts or electrons, or a rate of these.
    """
    return np.asarray(np.abs(science) <= LARGEST_VALUE)


def has_sky_signal(values: NDArray[Any]) -> bool:
    """Whether pixels that are measured hold a signal: noise makes two of them differ.

    Parameters
    ----------
    values : ndarray, shape (N,)
        Good pixels.
    """
    return bool(values.size > 1 and values.min() < values.max())
