"""Weighted sums of drizzled exposures, one for each sky: the arithmetic of one pass.

A mosaic is the mean of ``d - s`` with the weights of the kernel, where ``d`` is an exposure
drizzled as it is and ``s`` its sky on the scale of the mosaic. The sums are kept where the
mosaics will be, so that nothing grows with the number of exposures.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skydb.drizzle.tasks.onepass_courses import Course

Array = NDArray[Any]

#: As FITS stores it: another order of bytes is turned in place while it is written, and back.
FLOAT, INTEGER = np.dtype(">f4"), np.dtype(">i4")
#: Rows that are summed at a time: they stay in the cache of a core.
_ROWS = 64
_ALL = slice(None)


@dataclass(frozen=True)
class Box:
    """A part of the mosaic, in pixels counted from zero, ends not included."""

    x0: int
    x1: int
    y0: int
    y1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y1 - self.y0, self.x1 - self.x0

    @property
    def window(self) -> tuple[slice, slice]:
        """The part as an index of the whole."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


@dataclass(frozen=True)
class Drizzled:
    """One chip on the grid of the mosaic.

    Parameters
    ----------
    box : Box
        The part of the mosaic that the arrays cover.
    science : array
        Drizzled as it is; NaN where the chip does not reach.
    weight : array
        Weight of every pixel; zero where only bad pixels reach.
    context : array of int32 or None
        Bit of the chip where it has weight.
    plane : int
        Plane of the context image that has its bit.
    """

    box: Box
    science: Array
    weight: Array
    context: Array | None = None
    plane: int = 0


class Sums:
    """The mosaics in the making, in memory that forked processes share.

    Kept are the sum of ``w d`` and of ``w`` in double precision, since single precision
    would lose in the sum what the kernel has kept, and for each mosaic the sum of ``w s``
    in single precision, which has room enough for a sky. Of a mosaic that follows another one
    only what is not a part of the weights is summed, and memory that is never used is none.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the mosaic.
    mosaics : sequence of Course
        How the skies of each go.
    planes : int
        Planes of the context image; none when 0.
    """

    def __init__(self, shape: tuple[int, int], mosaics: Sequence[Course], planes: int = 0) -> None:
        self.context = shared((planes, *shape), np.int32) if planes else None
        self._mosaics = list(mosaics)
        self._flux = shared(shape, np.float64)
        self._weight = shared(shape, np.float64)
        self._skies = shared((len(self._mosaics), *shape), np.float32)
        #: Mosaics of which anything is in the sums of skies.
        self._has_sum = shared((len(self._mosaics),), np.bool_)
        #: Scale of the first chip, by which the weights are multiplied.
        self._scale = shared((1,), np.float64)
        #: Pixels whose value is that of a bad pixel, until a good one comes.
        self._poor = shared(shape, np.bool_)

    def add(self, chip: Drizzled, skies: Sequence[float], scale: float = 1.0) -> None:
        """Add one chip.

        Parameters
        ----------
        chip : Drizzled
            Its arrays are overwritten.
        skies : sequence of float
            What every mosaic subtracts, in the unit of the exposures.
        scale : float
            From that unit to the scale of the mosaic.
        """
        self._scale[0] = self._scale[0] or scale
        off = scale - self._scale[0]
        shares, bad = list(skies), list(skies)
        for number, course in enumerate(self._mosaics):
            is_own = course.like == number
            bad[number] = scale * (skies[number] if is_own else course.beyond)
            shares[number] = bad[number] if is_own else off * course.beyond
        for first in range(0, chip.box.shape[0], _ROWS):
            self._add_rows(chip, slice(first, first + _ROWS), shares, bad)

    def _add_rows(
        self, chip: Drizzled, rows: slice, shares: Sequence[float], bad: Sequence[float]
    ) -> None:
        whole = chip.box.window
        part = (slice(*_within(whole[0], rows)), whole[1])
        value, weight = chip.science[rows], chip.weight[rows]
        if chip.context is not None and self.context is not None:
            self.context[chip.plane][part] |= chip.context[rows]
        weighs = weight != 0
        self._keep_poor(part, value, weighs, bad)
        np.copyto(value, 0, where=~weighs)
        self._flux[part] += np.multiply(value, weight, dtype=np.float64)
        self._weight[part] += weight
        for number, sky in enumerate(shares):
            if sky:
                self._has_sum[number] = True
                self._skies[number][part] += np.multiply(weight, np.float32(sky), out=value)

    def _keep_poor(
        self, part: tuple[slice, slice], value: Array, weighs: Array, skies: Sequence[float]
    ) -> None:
        """Do with bad pixels what the kernel does.

        It writes the value of a bad pixel where nothing has any weight yet, so that the
        last one stays, until a good pixel replaces it.
        """
        poor = self._poor[part]
        better = poor & weighs
        if better.any():
            self._flux[part][better] = 0
            for total, is_used in zip(self._skies, self._has_sum, strict=True):
                if is_used:
                    total[part][better] = 0
            poor[better] = False
        bad = np.nonzero(~(weighs | np.isnan(value)))
        first = self._weight[part][bad] == 0
        bad = (bad[0][first], bad[1][first])
        if len(bad[0]):
            self._flux[part][bad] = value[bad]
            for number, sky in enumerate(skies):
                if sky or self._has_sum[number]:
                    self._has_sum[number] = True
                    self._skies[number][part][bad] = sky
            poor[bad] = True

    @property
    def blocks(self) -> Iterator[slice]:
        """The rows of the mosaics, as many at a time as a core can keep."""
        for first in range(0, len(self._weight), _ROWS):
            yield slice(first, first + _ROWS)

    def weight(self, mosaic: int, rows: slice = _ALL) -> Array:
        """Weight image of one mosaic, or some rows of it, with the bytes in FITS's order."""
        del mosaic  # all have the same
        return self._weight[rows].astype(FLOAT)

    def context_of(self, mosaic: int, plane: int, rows: slice = _ALL) -> Array:
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
        rows: slice = _ALL,
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

    def _rows_of(self, mosaic: int, rows: slice, empty: float, fill: float | None) -> Array:
        weight = self._weight[rows]
        good = weight != 0
        values: Array = self._flux[rows] - self._sky_of(mosaic, rows)
        np.divide(values, weight, out=values, where=good)
        if fill is None:
            values[~(good | self._poor[rows])] = empty
        else:
            values[~good] = fill
        return values

    def _sky_of(self, mosaic: int, rows: slice) -> Array:
        """Return the sum of ``w s`` of one mosaic."""
        like, beyond = self._mosaics[mosaic]
        sky: Array = (beyond * self._scale[0]) * self._weight[rows]
        for number in {like, mosaic} - {None}:
            if self._has_sum[number]:
                sky += self._skies[number][rows]
        return sky


def _within(whole: slice, rows: slice) -> tuple[int, int]:
    return whole.start + rows.start, min(whole.start + rows.stop, whole.stop)


def shared(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros that a forked process and its parent both see."""
    size = max(1, int(np.prod(shape)) * np.dtype(dtype).itemsize)
    zeros: Array = np.frombuffer(mmap.mmap(-1, size), dtype=dtype, count=int(np.prod(shape)))
    return zeros.reshape(shape)
