"""Chips that are added to the same mosaics at the same time, each behind the one before it.

What a pixel of a mosaic becomes depends on the order of the chips. A chip must therefore be
added before the next where both reach, but not elsewhere. Each one goes over the mosaics
in blocks of rows; it says where it has yet to go, along one direction, and those after it wait
until their next block lies outside. Exposures of one orientation follow each other closely.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from skydb.drizzle.tasks.onepass_mosaics import Array, shared
from skydb.drizzle.tasks.onepass_processes import Waiting
from skydb.drizzle.tasks.onepass_square import ChipRefusedError

#: Pixels of the mosaic around corners that their pixels of the chip can change.
_REACH_PIX = 2.0
#: What corners inside a block may lie outside those of its first and last row, pixels.
_BEND_PIX = 4.0


class Span(NamedTuple):
    """A part of the mosaic along one direction, pixels."""

    lowest: float
    highest: float

    def wider(self, by_pix: float) -> Span:
        """Add something on both sides."""
        return Span(self.lowest - by_pix, self.highest + by_pix)

    def has(self, other: Span) -> bool:
        """Whether another one lies inside; never where there is no number."""
        return self.lowest <= other.lowest and other.highest <= self.highest


#: What is left to do of a chip that has not begun, and of one that is done.
_ALL, _NOTHING = Span(-math.inf, math.inf), Span(math.inf, -math.inf)


class Fronts(Waiting):
    """Ways that the chips have yet to go, in memory that forked processes share.

    Parameters
    ----------
    chips : int
        Number of chips.
    direction : tuple of float
        x and y of a vector on the mosaic.
    """

    def __init__(self, chips: int, direction: tuple[float, float]) -> None:
        super().__init__()
        self._direction = direction
        self._left = shared((chips, 2), np.float64)
        self._left[:] = _ALL

    def span(self, places: Array) -> Span:
        """Extent of positions (2, ...) along the direction, with what they can change."""
        along = places[0] * self._direction[0] + places[1] * self._direction[1]
        return Span(float(along.min()), float(along.max())).wider(_REACH_PIX)

    def wait(self, chip: int, span: Span) -> None:
        """Wait until no chip before this one has yet to go where it goes now.

        Raises
        ------
        GivenUpError
            When one of them will never get there.
        """
        with self._condition:
            self._wait_until(lambda: self._is_free(chip, span))

    def _is_free(self, chip: int, span: Span) -> bool:
        lowest, highest = self._left[:chip].T
        return not ((lowest <= span.highest) & (span.lowest <= highest)).any()

    def leave(self, chip: int, left: Span) -> None:
        """Say what is left of a chip."""
        with self._condition:
            self._left[chip] = left
            self._condition.notify_all()


class Front:
    """The way of one chip over the mosaics.

    Parameters
    ----------
    fronts : Fronts
        Those of all chips.
    chip : int
        Its number.
    """

    def __init__(self, fronts: Fronts, chip: int) -> None:
        self._fronts, self._chip = fronts, chip
        self._blocks: list[Span] = []
        self._left: list[Span] = []

    def plan(self, borders: Sequence[Array]) -> None:
        """Say where the chip will go.

        Parameters
        ----------
        borders : sequence of array (2, ...)
            Positions of the corners along the first and last row of each block.
        """
        self._blocks = [self._fronts.span(places).wider(_BEND_PIX) for places in borders]
        left = [_NOTHING]
        for block in reversed(self._blocks):
            lowest, highest = zip(left[-1], block, strict=True)
            left.append(Span(min(lowest), max(highest)))
        self._left = left[::-1]
        self._fronts.leave(self._chip, self._left[0])

    @contextmanager
    def block(self, number: int, places: Array) -> Iterator[None]:
        """Add one block when those before it are out of its way.

        Parameters
        ----------
        number : int
            Which block.
        places : array (2, M, N)
            Positions of the corners of its pixels.

        Raises
        ------
        ChipRefusedError
            When they lie elsewhere than was planned.
        GivenUpError
            When another process has failed.
        """
        span = self._fronts.span(places)
        if not self._blocks[number].has(span):
            raise ChipRefusedError("Rows of a chip are bent too much for the fast kernel.")
        self._fronts.wait(self._chip, span)
        yield
        self._fronts.leave(self._chip, self._left[number + 1])


def direction_of_rows(input_wcs: Any, output_wcs: Any) -> tuple[float, float]:  # noqa: ANN401
    """Direction in which the rows of a chip follow each other on the mosaic."""
    nx, ny = input_wcs.pixel_shape
    sky = input_wcs.all_pix2world([[nx / 2, 1], [nx / 2, ny]], 1)
    first, last = output_wcs.wcs_world2pix(sky, 1)
    x, y = last - first
    length = math.hypot(x, y)
    return float(x / length), float(y / length)
