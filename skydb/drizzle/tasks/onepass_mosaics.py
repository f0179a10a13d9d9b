"""The mosaics of a pass in the making, in memory that forked processes share."""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

#: As FITS stores it: another order of bytes is turned in place while it is written, and back.
FLOAT, INTEGER = np.dtype(">f4"), np.dtype(">i4")
#: Rows that are worked on at a time: they stay in the cache of a core.
ROWS = 64
#: All rows.
ALL = slice(None)


class Mosaics(ABC):
    """The images of all mosaics, which come a few rows at a time.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of each.
    planes : int
        Planes of the context image; none when 0.
    """

    def __init__(self, shape: tuple[int, int], planes: int = 0) -> None:
        self.context = shared((planes, *shape), np.int32) if planes else None
        self._height = shape[0]

    @property
    def blocks(self) -> Iterator[slice]:
        """The rows of the mosaics, as many at a time as a core can keep."""
        for first in range(0, self._height, ROWS):
            yield slice(first, first + ROWS)

    @abstractmethod
    def weight(self, mosaic: int, rows: slice = ALL) -> Array:
        """Weight image of one mosaic, or some rows of it, with the bytes in FITS's order."""

    def context_of(self, mosaic: int, plane: int, rows: slice = ALL) -> Array:
        """A plane of the context image of one mosaic, or some rows of it, in FITS's order.

        Raises
        ------
        ValueError
            When there is none.
        """
        del mosaic  # all have the same
        if self.context is None:
            raise ValueError("These mosaics have no context image.")
        return self.context[plane, rows].astype(INTEGER)

    def science(
        self,
        mosaic: int,
        empty: float,
        fill: float | None = None,
        factor: float = 1.0,
        rows: slice = ALL,
    ) -> Array:
        """One mosaic, or some rows of it.

        Parameters
        ----------
        mosaic : int
            Which one.
        empty : float
            Value of pixels that no chip reaches.
        fill : float, optional
            Value of pixels without weight, also where a bad pixel reaches.
        factor : float
            From the unit of the kernel to that of the mosaic.
        rows : slice
            Which rows.

        Returns
        -------
        array of float32
            The image, with the bytes in FITS's order.
        """
        values = self._rows_of(mosaic, rows, empty, fill)
        values *= factor
        return values.astype(FLOAT)

    @abstractmethod
    def _rows_of(self, mosaic: int, rows: slice, empty: float, fill: float | None) -> Array:
        """Some rows of one mosaic in the unit of the kernel, and a copy."""


def shared(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros that a forked process and its parent both see."""
    count = int(np.prod(shape))
    size = max(1, count * np.dtype(dtype).itemsize)
    zeros: Array = np.frombuffer(mmap.mmap(-1, size), dtype=dtype, count=count)
    return zeros.reshape(shape)
