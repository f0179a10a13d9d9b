"""The kernel of drizzlepac on the part of the mosaic that a chip reaches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skydb.drizzle.tasks.onepass_mosaics import Array
from skydb.drizzle.tasks.onepass_square import Scales, SquareKernel, Target
from skydb.drizzle.tasks.onepass_sums import Box, Drizzled

#: Widest reach of a kernel (``lanczos3``, ``gaussian``) in pixels of the exposure, and
#: what the interpolation of the mapping may be off, in pixels of the mosaic.
_REACH_PIX = 4.0
_SLACK_PIX = 3


@dataclass
class KernelCall:
    """Stands in for ``adrizzle.do_driz``: drizzles into a cut-out and hands it on.

    Parameters
    ----------
    receive : callable
        Gets the number of each chip within its exposure, the drizzled chip, and what one
        unit of its image is in the mosaic.
    has_context : bool
        Whether there will be a context image.
    square : SquareKernel or None
        Faster kernel than drizzlepac's.
    """

    receive: Callable[[int, Drizzled, float], None]
    has_context: bool
    square: SquareKernel | None = None
    #: Number of chips that have been drizzled.
    chips: int = field(default=0, init=False)
    #: drizzlepac's own function.
    real: Callable[..., str] = field(init=False)

    def __post_init__(self) -> None:
        from drizzlepac import adrizzle

        self.real = adrizzle.do_driz

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
        wcslin_pscale: float,
        uniqid: int,
        fillval: object,
        **options: Any,  # noqa: ANN401
    ) -> str:
        """Drizzle one chip; the arrays of the mosaic stay as they are.

        Raises
        ------
        ChipRefusedError
            When the faster kernel cannot do it.
        """
        del outsci, outwht, outcon, fillval
        pix_ratio = output_wcs.pscale / wcslin_pscale
        box = footprint(input_wcs, output_wcs, pix_ratio)
        science = np.full(box.shape, np.nan, np.float32)
        weight = np.zeros(box.shape, np.float32)
        context = np.zeros(box.shape, np.int32) if self.has_context else None
        seconds = 1.0 if in_units == "cps" else expin
        own = (insci, input_wcs, inwht, cut_out(output_wcs, box))
        options.update(wcslin_pscale=wcslin_pscale, uniqid=(uniqid - 1) % 32 + 1)
        version = "square"
        if self.square is not None:
            target = Target(science[..., np.newaxis], weight, context)
            self.square.drizzle(*own, target, Scales(wt_scl, seconds), **options)
        else:
            bits = np.zeros(box.shape, np.int32) if context is None else context
            rest = (science, weight, bits, expin, in_units, wt_scl)
            version = self.real(*own, *rest, fillval=None, **options)
            del bits, rest  # As large as the chip, and in the way of the sums.
        plane = (uniqid - 1) // 32
        drizzled = Drizzled(box, science, weight, context, plane)
        self.receive(self.chips, drizzled, pix_ratio**2 / seconds)
        self.chips += 1
        return version


def footprint(input_wcs: Any, output_wcs: Any, pix_ratio: float) -> Box:  # noqa: ANN401
    """The part of the mosaic that a chip can reach with any kernel.

    A chip that lies outside gets the first pixel, where it has no weight.
    """
    nx, ny = output_wcs.pixel_shape
    margin = math.ceil(_REACH_PIX / pix_ratio) + _SLACK_PIX
    sky = input_wcs.all_pix2world(_border(*input_wcs.pixel_shape), 1)
    x, y = output_wcs.wcs_world2pix(sky, 0).T
    x0, x1 = _reach(x, margin, nx)
    y0, y1 = _reach(y, margin, ny)
    if x0 >= x1 or y0 >= y1:
        return Box(0, 1, 0, 1)
    return Box(x0, x1, y0, y1)


def _reach(positions: Array, margin: int, size: int) -> tuple[int, int]:
    first, last = math.floor(positions.min()) - margin, math.ceil(positions.max()) + margin + 1
    return max(0, first), min(size, last)


def _border(nx: int, ny: int) -> Array:
    """Positions (N, 2) around the pixels of a chip."""
    x, y = np.arange(nx + 1) + 0.5, np.arange(ny + 1) + 0.5
    sides = [
        (x, np.full_like(x, 0.5)),
        (x, np.full_like(x, ny + 0.5)),
        (np.full_like(y, 0.5), y),
        (np.full_like(y, nx + 0.5), y),
    ]
    return np.concatenate([np.column_stack(side) for side in sides])


def cut_out(output_wcs: Any, box: Box) -> Any:  # noqa: ANN401
    """The WCS of a part of the mosaic."""
    wcs = output_wcs.deepcopy()
    wcs.wcs.crpix = wcs.wcs.crpix - np.array([box.x0, box.y0])
    wcs.pixel_shape = box.shape[::-1]
    wcs.wcs.set()
    return wcs
