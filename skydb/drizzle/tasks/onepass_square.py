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
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skydb.drizzle.tasks.onepass_corners import Corners, Interpolate
from skydb.drizzle.tasks.onepass_mosaics import Array

if TYPE_CHECKING:
    from skydb.drizzle.tasks.onepass_fronts import Front

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
#: Columns between pixels of a chip that reach one of the mosaic, in the sides of both: their
#: diagonals, and some for distortion.
_SLANT = 1.6
#: Rows whose corners are mapped at a time: they stay in the cache of a core.
_ROWS = 32


class ChipRefusedError(RuntimeError):
    """A chip is for drizzlepac's own kernel."""


@dataclass(frozen=True)
class SquareKernel:
    """drizzle's square kernel for the pixels of a chip.

    Parameters
    ----------
    add_rows : callable
        :func:`.onepass_areas.add_rows`, compiled.
    interpolate : callable
        :func:`.onepass_areas.interpolate`, compiled.
    """

    add_rows: Callable[..., bool]
    interpolate: Interpolate

    @classmethod
    def compiled(cls, mosaics: int = 1) -> SquareKernel | None:
        """The kernel, ready to be shared by forked processes; None without a numba that works.

        Parameters
        ----------
        mosaics : int
            How many are made at a time.
        """
        unusable: tuple[type[Exception], ...] = _UNUSABLE
        try:
            areas = importlib.import_module(_AREAS)
            unusable = (*_UNUSABLE, areas.NumbaError)
            kernel = cls(_keep_compiled(areas.add_rows), _keep_compiled(areas.interpolate))
            return kernel._warmed(mosaics)
        except unusable as error:
            _LOG.warning("No numba (%s): drizzlepac's square kernel is taken.", error)
            return None

    def _warmed(self, mosaics: int) -> SquareKernel:
        """Compile it, or load what was compiled before."""
        pixel, nowhere = np.zeros((1, 1), np.float32), np.zeros((1, 1), np.int32)
        science = np.zeros((1, 1, mosaics), np.float32)
        skies, factors = (0.0,) * mosaics, (np.float32(1),) * 2
        own = pixel, pixel, skies, factors, np.zeros((2, 2, 2)), 1, 1
        self.add_rows(*own, science, pixel, nowhere, np.int32(0))
        self.interpolate(np.zeros((2, 2, 2)), np.zeros(1), np.zeros(1), np.empty((2, 1, 1)))
        return self

    def drizzle(
        self,
        pixels: Array,
        input_wcs: Any,  # noqa: ANN401
        weights: Array,
        output_wcs: Any,  # noqa: ANN401
        target: Target,
        scales: Scales,
        front: Front | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Drizzle one chip.

        Parameters
        ----------
        pixels, weights : array (rows, columns)
            The chip; not changed.
        input_wcs, output_wcs : HSTWCS
            Of the chip and of the mosaic, or of the part of it that the target is.
        target : Target
            What the chip is added to.
        scales : Scales
            What is done to pixels and weights before.
        front : Front, optional
            Way over a target that other processes add to.
        **options : object
            As of ``adrizzle.do_driz``.

        Raises
        ------
        ChipRefusedError
            When this kernel cannot do it; the target is of no use then.
        """
        ratio = output_wcs.pscale / options["wcslin_pscale"]
        if not suits(ratio, options):
            raise ChipRefusedError("The options of a chip are for drizzlepac's kernel.")
        wcs = input_wcs, output_wcs
        corners = Corners(*wcs, pixels.shape, options, self.interpolate)
        skies, factors = scales.skies, scales.factors(ratio)
        slant = math.ceil(_SLANT * (ratio + options["pixfrac"])) + 1
        bit = np.int32(0) if target.context is None else _bit(options["uniqid"])
        bits = np.zeros((1, 1), np.int32) if target.context is None else target.context
        blocks = [
            slice(first, min(first + _ROWS, len(pixels))) for first in range(0, len(pixels), _ROWS)
        ]
        if front is not None:
            front.plan([corners.border_of(rows) for rows in blocks])
        for number, rows in enumerate(blocks):
            own = _in_single(pixels[rows]), scales.weigh(_in_single(weights[rows]))
            places = corners.of(rows)
            steps = places, corners.steps, slant
            mosaics = target.science, target.weight, bits, bit
            seen = places[:, corners.bends(rows)]
            with nullcontext() if front is None else front.block(number, seen):
                if not self.add_rows(*own, skies, factors, *steps, *mosaics):
                    raise ChipRefusedError("A pixel of a chip reaches too far for the fast kernel.")


class Target(NamedTuple):
    """Arrays that a kernel adds chips to.

    Parameters
    ----------
    science : array of float32 (rows, columns, mosaics)
        Weighted means, NaN where there is nothing yet.
    weight : array of float32 (rows, columns)
        Weight that all mosaics have, 0 at first.
    context : array of int32 (rows, columns) or None
        Bits of the chips.
    """

    science: Array
    weight: Array
    context: Array | None


class Scales:
    """Changes of a chip before it is drizzled, rounded to single precision at every step.

    Parameters
    ----------
    weight : float
        Factor of its weights.
    seconds : float
        Divisor of its pixels: the exposure time, 1 for rates.
    skies : sequence of float
        What each mosaic subtracts from it, in the unit of the exposure.
    """

    def __init__(self, weight: float, seconds: float, skies: Sequence[float] = (0.0,)) -> None:
        #: Skies as a kernel takes them.
        self.skies = tuple(_as_measured(sky) for sky in skies)
        self._weight = np.float32(weight)
        self._seconds = np.float32(seconds)

    def factors(self, ratio: float) -> tuple[np.float32, np.float32]:
        """Find what pixels are multiplied with.

        Parameters
        ----------
        ratio : float
            Size of a pixel of the mosaic in pixels of the chip.
        """
        return np.float32(1) / self._seconds, np.float32(ratio * ratio)

    def weigh(self, weights: Array) -> Array:
        """Weights as a kernel adds them."""
        return weights if self._weight == 1 else weights * self._weight


def _keep_compiled(function: Any) -> Any:  # noqa: ANN401
    """Let numba keep what it compiles for the next process, where it finds a place."""
    try:
        function.enable_caching()
    except RuntimeError as error:
        _LOG.warning("numba compiles each time: %s", error)
    return function


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


def _as_measured(sky: float) -> float:
    """A sky as skypac subtracts it: medians are of single precision, and headers round them."""
    single = np.float32(sky)
    return float(single) if float(str(single)) == sky else sky


def _in_single(rows: Array) -> Array:
    found: Array = np.ascontiguousarray(rows, np.float32)
    return found


def _bit(number: int) -> np.int32:
    """Bit of a chip in its plane of the context image."""
    return np.uint32(1 << (number - 1) % 32).astype(np.int32)
