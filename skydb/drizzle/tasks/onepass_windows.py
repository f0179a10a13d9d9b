"""Sums over the neighbours of every pixel, faster than ``scipy.signal.convolve2d``.

drizzlepac grows masks by convolving them with kernels of ones.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_PAD_MODES = {"symm": "symmetric", "fill": "constant"}
#: Wider windows could overflow what counts the neighbours.
_WIDEST = 15


def convolve2d(image: Array, kernel: Array, mode: str = "full", boundary: str = "fill") -> Array:
    """Replace ``scipy.signal.convolve2d``.

    Zeros and ones with an odd square kernel of equal numbers are counted; all else is left to
    scipy.

    Parameters
    ----------
    image, kernel : array
        The image, and what it is convolved with.
    mode, boundary : str
        See scipy.

    Returns
    -------
    array
        For a kernel of whole numbers what scipy returns; else equal to rounding, and zero
        in the same pixels.
    """
    size = kernel.shape[0]
    one = kernel.flat[0]
    is_window = kernel.shape == (size, size) and size % 2 and size <= _WIDEST
    is_known = mode == "same" and boundary in _PAD_MODES and is_window and (kernel == one).all()
    if not is_known or (image.dtype != np.bool_ and ((image != 0) & (image != 1)).any()):
        from scipy import signal

        found: Array = signal.convolve2d(image, kernel, mode=mode, boundary=boundary)
        return found
    if one == 0:
        return np.zeros(image.shape, np.uint8)
    counted = _counted(image.astype(np.uint8), size, _PAD_MODES[boundary])
    return counted if one == 1 else counted * one


def _counted(image: Array, size: int, pad_mode: Any) -> Array:  # noqa: ANN401 - numpy's literals
    if size == 1:
        return image
    padded = np.pad(image, size // 2, mode=pad_mode)
    rows, columns = image.shape
    across: Array = np.zeros((padded.shape[0], columns), np.uint8)
    for first in range(size):
        across += padded[:, first : first + columns]
    both: Array = np.zeros(image.shape, np.uint8)
    for first in range(size):
        both += across[first : first + rows]
    return both


#: Stands in for the module ``scipy.signal``.
SIGNAL = SimpleNamespace(convolve2d=convolve2d)
