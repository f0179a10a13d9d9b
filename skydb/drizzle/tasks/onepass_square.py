"""Large chips drizzled by a faster square kernel, where numba is installed.

The mapping stays drizzlepac's; so does every kernel but ``square``, and the square one where
numba is not installed, where there are few pixels, or where a pixel of a chip reaches
more than three of the mosaic. Both kernels compute the same areas in double precision and
add them in the same order in single precision.
"""

from __future__ import annotations

import importlib
import logging
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skydb.drizzle.tasks.onepass_sums import Array

#: Its warnings go to the log of the task.
_LOG = logging.getLogger(__name__)

_AREAS = "skydb.drizzle.tasks.onepass_areas"
#: Failures of a numba that is missing, for another numpy, broken, or has a damaged or full cache.
_UNUSABLE = (
    *(ImportError, AttributeError, SystemError, RuntimeError, OSError, EOFError),
    pickle.UnpicklingError,
)
#: Drops of a smaller part of a pixel are points to drizzlepac.
_SMALLEST_DROP = 0.001
#: Widest reach of a pixel's diagonal on the mosaic, in its pixels: one less than the areas
#: have room for, wherever it begins, and some for distortion.
_LONGEST_PIX = 1.8
#: Rows whose corners are mapped at a time: they stay in the cache of a core.
_ROWS = 32


@dataclass(frozen=True)
class SquareKernel:
    """drizzle's square kernel for the pixels of a chip.

    Parameters
    ----------
    add_rows : callable
        :func:`.onepass_areas.add_rows`, compiled.
    """

    add_rows: Callable[..., bool]

    @classmethod
    def compiled(cls) -> SquareKernel | None:
        """The kernel, ready to be shared by forked processes; None without a numba that works."""
        try:
            areas = importlib.import_module(_AREAS)
            _keep_compiled(areas.add_rows)
            return cls(areas.add_rows)._warmed()
        except _UNUSABLE as error:
            _LOG.warning("No numba (%s): drizzlepac's square kernel is taken.", error)
            return None

    def _warmed(self) -> SquareKernel:
        """Compile it, or load what was compiled before."""
        pixel, nowhere = np.zeros((1, 1), np.float32), np.zeros((1, 1), np.int32)
        corners = np.zeros((2, 2, 2))
        self.add_rows(pixel, pixel, corners, 1, pixel, pixel, nowhere, np.int32(0))
        return self

    def drizzle(
        self,
        pixels: Array,
        input_wcs: Any,  # noqa: ANN401
        weights: Array,
        output_wcs: Any,  # noqa: ANN401
        arrays: tuple[Array, Array, Array | None],
        scales: tuple[float, float],
        **options: Any,  # noqa: ANN401
    ) -> bool:
        """Drizzle one chip into arrays that have nothing yet.

        Parameters
        ----------
        pixels, weights : array (rows, columns)
            The chip; not changed.
        input_wcs, output_wcs : HSTWCS
            Of the chip and of the part of the mosaic.
        arrays : tuple of array
            Weighted mean (NaN so far), weight (0) and bits of the chips, or None.
        scales : tuple of float
            Factor of the weights, and what pixels are divided by: the exposure time in
            seconds, 1 for rates.
        **options : object
            As of ``adrizzle.do_driz``.

        Returns
        -------
        bool
            False when this kernel cannot do it. The arrays are as they were then.
        """
        ratio = output_wcs.pscale / options["wcslin_pscale"]
        if not suits(ratio, options):
            return False
        corners = _Corners(input_wcs, output_wcs, pixels.shape, options)
        science, weight, context = arrays
        bit = np.int32(0) if context is None else _bit(options["uniqid"])
        bits = np.zeros((1, 1), np.int32) if context is None else context
        for first in range(0, len(pixels), _ROWS):
            rows = slice(first, min(first + _ROWS, len(pixels)))
            own = _values(pixels[rows], scales[1], ratio), _shares(weights[rows], scales[0])
            places = corners.of(rows), corners.steps
            if not self.add_rows(*own, *places, science, weight, bits, bit):
                science.fill(np.nan)
                weight.fill(0)
                bits.fill(0)
                return False
        return True


def _keep_compiled(function: Any) -> None:  # noqa: ANN401
    """Let numba keep what it compiles for the next process, where it finds a place."""
    try:
        function.enable_caching()
    except RuntimeError as error:
        _LOG.warning("numba compiles each time: %s", error)


def suits(ratio: float, options: Mapping[str, Any]) -> bool:
    """Whether this kernel may drizzle a chip.

    Parameters
    ----------
    ratio : float
        Size of a pixel of the mosaic in pixels of the chip.
    options : mapping
        With ``kernel`` and ``pixfrac``, as of ``adrizzle.do_driz``.
    """
    if options["kernel"] != "square" or options.get("wcsmap") is not None:
        return False
    # drizzlepac refuses what is negative, and takes another kernel for what is nearly nothing.
    is_drop = options["pixfrac"] > _SMALLEST_DROP
    return bool(is_drop and math.sqrt(2) * options["pixfrac"] / ratio <= _LONGEST_PIX)


def _values(pixels: Array, divisor: float, ratio: float) -> Array:
    """Pixels as a kernel adds them, with its rounding to single precision at every step."""
    values: Array = np.array(pixels, np.float32, order="C")
    if divisor != 1:
        values *= np.float32(1) / np.float32(divisor)
    values *= np.float32(ratio * ratio)
    return values


def _shares(weights: Array, factor: float) -> Array:
    """Weights as a kernel adds them."""
    shares: Array = np.ascontiguousarray(weights, np.float32)
    return shares if factor == 1 else shares * np.float32(factor)


def _bit(number: int) -> np.int32:
    """Bit of a chip in its plane of the context image."""
    return np.uint32(1 << (number - 1) % 32).astype(np.int32)


class _Corners:
    """Corners of the pixels of a chip on the mosaic, by drizzlepac's own mapping."""

    def __init__(
        self,
        input_wcs: Any,  # noqa: ANN401
        output_wcs: Any,  # noqa: ANN401
        shape: tuple[int, ...],
        options: dict[str, Any],
    ) -> None:
        from drizzlepac import cdriz

        own = input_wcs.pixel_shape
        self._map = cdriz.DefaultWCSMapping(input_wcs, output_wcs, *own, options["stepsize"])
        self._half = 0.5 * options["pixfrac"]
        #: Whether neighbours have a corner in common.
        self.steps = 1 if options["pixfrac"] == 1 else 2
        self._x = self._places(0, shape[1])

    def _places(self, first: int, last: int) -> Array:
        """Positions of the corners of pixels in one direction; pixels count from one there."""
        if self.steps == 1:
            return np.arange(first, last + 1) + 0.5
        centres = np.arange(first + 1.0, last + 1.0)
        return np.column_stack([centres - self._half, centres + self._half]).ravel()

    def of(self, rows: slice) -> Array:
        """Positions (2, M, N) of the corners of some rows, counted from zero."""
        y = self._places(rows.start, rows.stop)
        shape = len(y), len(self._x)
        x, y = self._map(np.tile(self._x, len(y)), np.repeat(y, len(self._x)))
        found: Array = np.stack([x.reshape(shape), y.reshape(shape)])
        return found - 1
