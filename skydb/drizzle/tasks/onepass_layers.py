"""Sums of mosaics that leave out different pixels: what all have, and the rest of each.

Masks of cosmic rays depend on the sky, but most pixels are good by the masks of all methods.
These are drizzled once. The few that only some methods keep are drizzled once more for each
of them, into a layer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skydb.drizzle.tasks.onepass_courses import Course
from skydb.drizzle.tasks.onepass_mosaics import FLOAT, INTEGER, Array, shared
from skydb.drizzle.tasks.onepass_sums import Sums


class LayeredSums(Sums):
    """Sums of the pixels that all mosaics have, with a layer for each mosaic.

    A layer holds what the kernel makes of pixels from which the sky has been subtracted: their
    weighted mean, and their weight.

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
        super().__init__(shape, mosaics, planes)
        count = len(mosaics)
        self.layer_science = shared((count, *shape), np.float32)
        self.layer_weight = shared((count, *shape), np.float32)
        self.layer_context = shared((count, planes, *shape), np.int32) if planes else None

    def weight(self, mosaic: int, rows: slice = slice(None)) -> Array:
        """Weight image of one mosaic, or some rows of it, with the bytes in FITS's order."""
        both: Array = (self._weight[rows] + self.layer_weight[mosaic][rows]).astype(FLOAT)
        return both

    def context_of(self, mosaic: int, plane: int, rows: slice = slice(None)) -> Array:
        """A plane of the context image of one mosaic, or some rows of it, in FITS's order."""
        common = super().context_of(mosaic, plane, rows)
        if self.layer_context is None:
            return common
        both: Array = (common | self.layer_context[mosaic, plane, rows]).astype(INTEGER)
        return both

    def _rows_of(self, mosaic: int, rows: slice, empty: float, fill: float | None) -> Array:
        common, more = self._weight[rows], self.layer_weight[mosaic][rows]
        weight = common + more
        good = weight != 0
        values: Array = self._flux[rows] - self._sky_of(mosaic, rows)
        # Where the layer has pixels, the value of a bad one does not count.
        values[(common == 0) & (more != 0)] = 0
        values += np.multiply(self.layer_science[mosaic][rows], more, dtype=np.float64)
        np.divide(values, weight, out=values, where=good)
        if fill is None:
            values[~(good | self._poor[rows])] = empty
        else:
            values[~good] = fill
        return values
