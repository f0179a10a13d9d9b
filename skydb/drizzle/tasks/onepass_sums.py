"""Weighted sums of drizzled exposures, one for each sky: the arithmetic of one pass.

A mosaic is the mean of ``d - s`` with the weights of the kernel, where ``d`` is an exposure
drizzled as it is and ``s`` its sky on the scale of the mosaic. The sums are kept where the
mosaics will be, so that nothing grows with the number of exposures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skydb.drizzle.tasks.onepass_courses import Course
from skydb.drizzle.tasks.onepass_mosaics import ALL, FLOAT, ROWS, Array, Mosaics, shared


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


class Sums(Mosaics):
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
        super().__init__(shape, planes)
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
        for first in range(0, chip.box.shape[0], ROWS):
            self._add_rows(chip, slice(first, first + ROWS), shares, bad)

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

    def weight(self, mosaic: int, rows: slice = ALL) -> Array:
        """Weight image of one mosaic, or some rows of it, with the bytes in FITS's order."""
        del mosaic  # all have the same
        return self._weight[rows].astype(FLOAT)

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
