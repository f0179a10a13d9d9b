"""Corners of the pixels of a chip on the mosaic, by drizzlepac's own mapping.

drizzlepac maps every tenth pixel exactly and those between by bilinear interpolation. With its
table in our hands the same sums take a fifth of the time, several corners at once; they are
compared with drizzlepac's, to the last bit, before they are trusted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skydb.drizzle.tasks.onepass_mosaics import Array

#: Its warnings go to the log of the task.
_LOG = logging.getLogger(__name__)

#: Rows of corners of which one is compared with drizzlepac's.
_PROBE_EVERY = 61
#: Neighbours in the table that are further apart are taken for two sides of 0 degrees, pixels.
_TURN = 359.0

#: Called as :func:`.onepass_areas.interpolate`.
Interpolate = Callable[..., None]


class Corners:
    """Places of the corners of the pixels of a chip.

    Parameters
    ----------
    input_wcs, output_wcs : HSTWCS
        Of the chip and of the mosaic, or of a part of it.
    shape : tuple of int
        Rows and columns of the chip.
    options : mapping
        With ``stepsize`` and ``pixfrac``, as of ``adrizzle.do_driz``.
    interpolate : callable, optional
        :func:`.onepass_areas.interpolate`, compiled.
    """

    def __init__(
        self,
        input_wcs: Any,  # noqa: ANN401
        output_wcs: Any,  # noqa: ANN401
        shape: tuple[int, ...],
        options: Mapping[str, Any],
        interpolate: Interpolate | None = None,
    ) -> None:
        from drizzlepac import cdriz

        own, step = input_wcs.pixel_shape, options["stepsize"]
        self._map = cdriz.DefaultWCSMapping(input_wcs, output_wcs, *own, step)
        self._half = 0.5 * options["pixfrac"]
        #: Whether neighbours have a corner in common.
        self.steps = 1 if options["pixfrac"] == 1 else 2
        self._x = self._places(0, shape[1])
        self._grid: _Grid | None = None
        if interpolate is not None and step > 0:
            grid = _Grid(_table(input_wcs, output_wcs, own, step), step, self._x, interpolate)
            self._grid = grid if self._agrees(grid, shape[0]) else None

    def _agrees(self, grid: _Grid, rows: int) -> bool:
        """Whether a grid gives what drizzlepac does, in some rows, to the last bit."""
        y = self._places(0, rows)
        some = y[np.unique([*range(0, len(y), _PROBE_EVERY), len(y) - 1])]
        is_right = grid.is_plain and np.array_equal(grid.of(some), self._mapped(some))
        if not is_right:
            _LOG.warning("drizzlepac maps all corners of a chip: its table is read otherwise here.")
        return is_right

    def _places(self, first: int, last: int) -> Array:
        """Positions of the corners of pixels in one direction; pixels count from one there."""
        if self.steps == 1:
            return np.arange(first, last + 1) + 0.5
        centres = np.arange(first + 1.0, last + 1.0)
        return np.column_stack([centres - self._half, centres + self._half]).ravel()

    def of(self, rows: slice) -> Array:
        """Positions (2, M, N) of the corners of some rows, counted from zero."""
        y = self._places(rows.start, rows.stop)
        return self._mapped(y) if self._grid is None else self._grid.of(y)

    def border_of(self, rows: slice) -> Array:
        """Positions (2, 2, N) of the corners along the first and the last of some rows."""
        y = self._places(rows.start, rows.stop)[[0, -1]]
        return self._mapped(y) if self._grid is None else self._grid.of(y)

    def bends(self, rows: slice) -> Array:
        """Number those rows of corners between which a place lies between theirs.

        An interpolation is straight along each row and each column of a cell of its table.
        """
        y = self._places(rows.start, rows.stop)
        if self._grid is None:
            return np.arange(len(y))
        cells = self._grid.cells_of(y)
        is_first = np.diff(cells, prepend=cells[0] - 1) != 0
        is_last = np.diff(cells, append=cells[-1] + 1) != 0
        return np.nonzero(is_first | is_last)[0]

    def _mapped(self, y: Array) -> Array:
        shape = len(y), len(self._x)
        x, y = self._map(np.tile(self._x, len(y)), np.repeat(y, len(self._x)))
        found: Array = np.stack([x.reshape(shape), y.reshape(shape)])
        return found - 1


def _table(input_wcs: Any, output_wcs: Any, size: tuple[int, int], step: float) -> Array:  # noqa: ANN401
    """Places (2, rows, columns) on the mosaic of every tenth pixel, as drizzlepac maps them."""
    columns, rows = (int(pixels / step) + 2 for pixels in size)
    y, x = np.mgrid[:rows, :columns] * float(step)
    sky = input_wcs._all_pix2world(np.column_stack([x.ravel(), y.ravel()]), 1)
    found: Array = output_wcs.wcs.s2p(sky, 1)["pixcrd"]
    return np.ascontiguousarray(found.T.reshape(2, rows, columns))


@dataclass(frozen=True)
class _Grid:
    """drizzlepac's table, read as it reads it.

    Parameters
    ----------
    table : array (2, rows, columns)
        Places on the mosaic.
    step : float
        Pixels between two of them.
    x : array
        Positions of the corners of a row.
    interpolate : callable
        See above.
    """

    table: Array
    step: float
    x: Array
    interpolate: Interpolate

    @property
    def is_plain(self) -> bool:
        """Whether nothing in it is taken for a turn by 360 degrees."""
        return bool((np.abs(np.diff(self.table[0], axis=1)) <= _TURN).all())

    def cells_of(self, y: Array) -> Array:
        """Rows of the table below some rows of corners."""
        return np.floor(y / self.step).astype(np.int64)

    def of(self, y: Array) -> Array:
        """Positions (2, M, N) of the corners of some rows, counted from zero."""
        found = np.empty((2, len(y), len(self.x)))
        self.interpolate(self.table, self.x / self.step, y / self.step, found)
        return found
