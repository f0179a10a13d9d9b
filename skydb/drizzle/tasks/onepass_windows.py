"""Comparisons of pixels with their neighbours, faster than drizzlepac's, with equal results.

drizzlepac grows masks by convolving them with kernels of ones, and takes slopes of images in
double precision.
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


#: Neighbours that ``qderiv`` compares with pixels, as parts of an image.
_NEIGHBOURS = (
    (np.s_[:-1, :-2], np.s_[:-1, 1:-1]),
    (np.s_[:-1, 1:-1], np.s_[:-1, :-2]),
    (np.s_[:-2, :-1], np.s_[1:-1, :-1]),
    (np.s_[1:-1, :-1], np.s_[:-2, :-1]),
)
#: Pixels for which one neighbour or more counts as zero.
_EDGES = (np.s_[:1, :], np.s_[-2:, :], np.s_[:, :1], np.s_[:, -2:])


def slopes(image: Array) -> Array:
    """Replace ``quickDeriv.qderiv``: the largest difference of each pixel from its neighbours.

    Parameters
    ----------
    image : array of float32 (rows, columns)
        Finite numbers. The difference of two of them is rounded once in single precision, and
        to the same number as in double precision and then in single.

    Returns
    -------
    array of float32
        Without sign; at the edges also the number itself.
    """
    steepest = np.zeros(image.shape, np.float32)
    for there, here in _NEIGHBOURS:
        np.maximum(steepest[here], np.abs(image[here] - image[there]), out=steepest[here])
    for edge in _EDGES:
        np.maximum(steepest[edge], np.abs(image[edge]), out=steepest[edge])
    return steepest


#: Stands in for the module ``scipy.signal``.
SIGNAL = SimpleNamespace(convolve2d=convolve2d)
