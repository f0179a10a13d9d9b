"""Mosaics as AstroDrizzle has them: means that every pixel of a chip moves on, in single precision.

The faster kernel finds the areas that a pixel shares with the mosaic, which is nearly all of its
work, once for all mosaics. What it adds to each is then what AstroDrizzle would add, the sky of
that mosaic subtracted first, in AstroDrizzle's order and with its rounding at every step. Sums
in double precision are nearer to the truth, but further from AstroDrizzle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skydb.drizzle.tasks.onepass_fronts import Front
from skydb.drizzle.tasks.onepass_mosaics import ALL, FLOAT, Array, Mosaics, shared
from skydb.drizzle.tasks.onepass_square import Scales, SquareKernel, Target


class Means(Mosaics):
    """The weighted means of all mosaics, and the weight that they have in common.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of each mosaic.
    mosaics : int
        How many there are.
    planes : int
        Planes of the context image; none when 0.
    """

    def __init__(self, shape: tuple[int, int], mosaics: int, planes: int = 0) -> None:
        super().__init__(shape, planes)
        self._weight = shared(shape, np.float32)
        # The values of a pixel in all mosaics lie side by side: they change together.
        self._science = shared((*shape, mosaics), np.float32)
        self._science.fill(np.nan)

    def target(self, plane: int) -> Target:
        """Arrays that a kernel changes."""
        bits = None if self.context is None else self.context[plane]
        return Target(self._science, self._weight, bits)

    def weight(self, mosaic: int, rows: slice = ALL) -> Array:
        """Weight image of one mosaic, or some rows of it, with the bytes in FITS's order."""
        del mosaic  # all have the same
        return self._weight[rows].astype(FLOAT)

    def _rows_of(self, mosaic: int, rows: slice, empty: float, fill: float | None) -> Array:
        values: Array = self._science[rows, :, mosaic].copy()
        weightless = self._weight[rows] == 0
        if fill is None:
            values[weightless & np.isnan(values)] = empty
        else:
            values[weightless] = fill
        return values


@dataclass
class MeansKernel:
    """Stands in for ``adrizzle.do_driz``: adds the chips of an exposure to all mosaics.

    Parameters
    ----------
    square : SquareKernel
        The kernel.
    means : Means
        The mosaics.
    skies : sequence of sequence of float
        For every chip what each mosaic subtracts, in the unit of the exposure.
    front : callable
        Given the number of a chip within the exposure, its way over the mosaics.
    """

    square: SquareKernel
    means: Means
    skies: Sequence[Sequence[float]]
    front: Callable[[int], Front]
    _chips: int = field(default=0, init=False)

    def __call__(
        self,
        insci: Array,
        input_wcs: Any,  # noqa: ANN401
        inwht: Array,
        output_wcs: Any,  # noqa: ANN401
        outsci: Array,
        outwht: Array,
        outcon: Array,
        expin: float,
        in_units: str,
        wt_scl: float,
        *,
        uniqid: int,
        fillval: object,
        **options: Any,  # noqa: ANN401
    ) -> str:
        """Drizzle one chip.

        Raises
        ------
        ChipRefusedError
            When this kernel cannot do it; the mosaics are of no use then.
        GivenUpError
            When another process has failed.
        """
        del outsci, outwht, outcon, fillval
        scales = Scales(wt_scl, 1.0 if in_units == "cps" else expin, self.skies[self._chips])
        target = self.means.target((uniqid - 1) // 32)
        own = insci, input_wcs, inwht, output_wcs
        self.square.drizzle(*own, target, scales, self.front(self._chips), uniqid=uniqid, **options)
        self._chips += 1
        return "square"
