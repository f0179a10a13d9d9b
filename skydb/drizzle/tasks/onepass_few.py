"""The kernel of drizzlepac on a few pixels of a chip, as if it had drizzled all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skydb.drizzle.tasks.onepass_mosaics import Array

#: Options of ``do_driz`` that the mapping needs.
_STEPSIZE = "stepsize"


@dataclass(frozen=True)
class Call:
    """Arguments of ``do_driz`` for one chip that stay the same whatever its pixels are.

    Parameters
    ----------
    real : callable
        drizzlepac's own ``do_driz``.
    input_wcs, output_wcs : HSTWCS
        Of the chip and of the mosaic.
    exposure_s : float
        Exposure time by which the kernel divides.
    in_units : str
        Unit of the pixels: ``cps`` or ``counts``.
    weight_scale : float
        Factor of the weights.
    options : mapping
        Named arguments.
    """

    real: Callable[..., str]
    input_wcs: Any
    output_wcs: Any
    exposure_s: float
    in_units: str
    weight_scale: float
    options: Mapping[str, Any]

    def __call__(self, science: Array, weight: Array, target: Target, **more: object) -> None:
        """Drizzle pixels (rows, columns) into a target."""
        self.real(
            science,
            self.input_wcs,
            weight,
            self.output_wcs,
            target.science,
            target.weight,
            target.context,
            self.exposure_s,
            self.in_units,
            self.weight_scale,
            **{**self.options, **more},
        )


@dataclass(frozen=True)
class Target:
    """Arrays of the whole mosaic that the kernel adds to.

    Parameters
    ----------
    science, weight : array of float32
        Weighted mean and weight.
    context : array of int32
        Bits of the exposures.
    """

    science: Array
    weight: Array
    context: Array


class FewPixels:
    """Some pixels of a chip in one row, with the places that they have on the mosaic.

    Parameters
    ----------
    call : Call
        How the chip is drizzled.
    shape : tuple of int
        Rows and columns of the chip.
    """

    def __init__(self, call: Call, shape: tuple[int, int]) -> None:
        from drizzlepac import cdriz

        self._call = call
        self._shape = shape
        ny, nx = shape
        stepsize = call.options[_STEPSIZE]
        self._exact = cdriz.DefaultWCSMapping(call.input_wcs, call.output_wcs, nx, ny, stepsize)
        self._x: Array = np.empty(0)
        self._y: Array = np.empty(0)

    def drizzle(
        self, science: Array, weight: Array, chosen: Array, sky: float, target: Target
    ) -> None:
        """Drizzle chosen pixels less a sky.

        Parameters
        ----------
        science, weight : array of float32 (rows, columns)
            All pixels of the chip; not changed.
        chosen : array of bool (rows, columns)
            Those that count.
        sky : float
            What is subtracted from them.
        target : Target
            What they are added to.
        """
        y, x = np.nonzero(chosen)
        if len(x) == 0:
            return
        self._x, self._y = x + 1.0, y + 1.0
        if self._all_inside():
            values = science[chosen] - np.float32(sky)
            self._drizzle_row(values, weight[chosen], target)
        else:
            # The kernel takes a row by its ends, which says nothing of scattered pixels.
            rest = science - np.float32(sky)
            self._call(rest, np.where(chosen, weight, np.float32(0)), target)

    def _drizzle_row(self, values: Array, weights: Array, target: Target) -> None:
        if len(values) == 1:
            # The kernel passes over a row of one pixel; without a weight the second is nothing.
            self._x, self._y = np.repeat(self._x, 2), np.repeat(self._y, 2)
            values, weights = np.repeat(values, 2), np.array([*weights, 0], weights.dtype)
        row = values[np.newaxis], weights[np.newaxis]
        self._call(*row, target, wcsmap=lambda *_: self)

    def _all_inside(self) -> bool:
        nx, ny = self._call.output_wcs.pixel_shape
        x, y = self._exact(self._x, self._y)
        return bool((x >= 1).all() and (x <= nx).all() and (y >= 1).all() and (y <= ny).all())

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Map positions on the row of chosen pixels to the mosaic.

        The kernel asks for the centres or for one corner of all pixels, or, to see whether the
        row reaches the mosaic, for the centres of some.
        """
        if len(x) == len(self._x):
            found = self._exact(self._x + (x[0] - 1.0), self._y + (y[0] - 1.0))
        else:
            which = np.asarray(x, dtype=np.intp) - 1
            found = self._exact(self._x[which], self._y[which])
        first, second = found
        return first, second
