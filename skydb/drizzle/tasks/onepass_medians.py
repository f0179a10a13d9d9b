"""Median images of several sky methods from separate drizzles that are made once.

AstroDrizzle drizzles every exposure alone (step 3) and combines these images into one without
cosmic rays (step 4). The sky is a constant of each drizzled chip, so that the images of one
method are those of another less a number. They are combined by drizzlepac's own functions,
tile by tile, each with the exposures that reach it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from skydb.drizzle.tasks.onepass_chips import chips_of, drizzle_exposure, pixels
from skydb.drizzle.tasks.onepass_field import Field
from skydb.drizzle.tasks.onepass_kernel import KernelCall, footprint
from skydb.drizzle.tasks.onepass_mosaics import Array, shared
from skydb.drizzle.tasks.onepass_processes import Turns
from skydb.drizzle.tasks.onepass_static import StaticMasks
from skydb.drizzle.tasks.onepass_sums import Box, Drizzled
from skydb.drizzle.tasks.onepass_windows import SIGNAL

_STEP_MEDIAN = 4
#: Rows and columns that are combined at a time.
_TILE = 256
#: Fewest exposures whose median drizzlepac takes as that of many; of two it takes the mean.
_MANY = 3
#: Weights below this are none (``createMedian``).
_LEAST_WEIGHT = 1e-8


@dataclass(frozen=True)
class Single:
    """One chip alone on the grid of the median, in memory that forked processes share.

    Parameters
    ----------
    box : Box
        Part of the grid that the arrays cover.
    science : array of float32
        Drizzled as it is; NaN where the chip does not reach.
    weight : array of float32
        Weight of every pixel.
    skies : array of float64
        What every mosaic subtracts, on the scale of the image.
    """

    box: Box
    science: Array
    weight: Array
    skies: Array


@dataclass
class Medians:
    """The separate drizzles, and the medians made of them.

    Parameters
    ----------
    exposures : Field
        The exposures and the grid.
    skies : sequence of mapping
        For every mosaic the sky of every chip by file name and EXTVER.
    static : StaticMasks
        Pixels that are bad in all exposures.
    """

    exposures: Field
    skies: Sequence[Mapping[tuple[str, int], float | None]]
    static: StaticMasks
    #: Median image of every mosaic.
    images: list[Array] = field(init=False)
    _singles: list[list[Single]] = field(init=False)
    _separated: Turns = field(default_factory=Turns, init=False)

    def __post_init__(self) -> None:
        shape = self.exposures.wcs.single_wcs.array_shape
        self.images = [shared(shape, np.float32) for _ in self.skies]
        self._singles = [
            [self._room(chip) for chip in chips_of(image)] for image in self.exposures.images
        ]
        #: Weight below which a pixel of an exposure is bad.
        self._least = shared((len(self._singles),), np.float64)

    def _room(self, chip: Any) -> Single:  # noqa: ANN401
        wcs = self.exposures.wcs.single_wcs
        box = footprint(chip.wcs, wcs, wcs.pscale / chip.wcslin_pscale)
        science, weight = (shared(box.shape, np.float32) for _ in range(2))
        return Single(box, science, weight, shared((len(self.skies),), np.float64))

    def mask(self, index: int) -> None:
        """Let one exposure say which pixels are bad in all."""
        with self._giving_up():
            self.static.add(index)

    def separate(self, index: int) -> None:
        """Drizzle one exposure alone, once all masks are known."""
        self.static.wait()
        image = self.exposures.images[index]
        kernel = KernelCall(partial(self._receive, index, chips_of(image)), has_context=False)
        resetbits = int(self.exposures.config["resetbits"])
        with self._giving_up():
            with pixels(image, {image.scienceExt, image.maskExt}, resetbits):
                drizzle_exposure(
                    self.exposures, index, kernel, self.static.by_kind, is_separate=True
                )
            self._least[index] = self._mean_weight(index) * self._options["combine_maskpt"]
            with self._separated.turn(index):
                pass

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """End the waiting of all processes when this one fails."""
        try:
            yield
        except BaseException:
            self.static.give_up()
            self._separated.give_up()
            raise

    def _receive(
        self, index: int, chips: Sequence[Any], order: int, drizzled: Drizzled, unit: float
    ) -> None:
        """Keep one drizzled chip, in the unit of the exposure (``run_driz_chip``)."""
        image, chip, room = self.exposures.images[index], chips[order], self._singles[index][order]
        is_native = self.exposures.parameters["proc_unit"].lower() == "native"
        is_counts = image.native_units.lower().startswith("counts")
        gain = chips[-1]._gain if is_native and is_counts else 1.0
        np.divide(drizzled.science, np.float32(gain), out=room.science)
        room.weight[:] = drizzled.weight
        for mosaic, skies in enumerate(self.skies):
            sky = skies[image._filename, chip.extver] or 0.0
            room.skies[mosaic] = sky * unit * chip._effGain / gain

    def _mean_weight(self, index: int) -> float:
        """Mean of the weights of an exposure (``createMedian``)."""
        from stsci.imagestats import ImageStats

        chips = self._singles[index]
        x0, x1 = min(chip.box.x0 for chip in chips), max(chip.box.x1 for chip in chips)
        y0, y1 = min(chip.box.y0 for chip in chips), max(chip.box.y1 for chip in chips)
        _, weight = stacked(chips, Box(x0, x1, y0, y1), None)
        try:
            statistics = ImageStats(weight, lower=_LEAST_WEIGHT, fields="mean", nclip=0)
        except ValueError:  # no pixel has any weight
            return 0.0
        return float(statistics.mean)

    @property
    def _options(self) -> Mapping[str, Any]:
        from drizzlepac import util

        config = self.exposures.config
        found: Mapping[str, Any] = config[util.getSectionName(config, _STEP_MEDIAN)]
        return found

    def combine(self, mosaic: int) -> None:
        """Combine the exposures with the skies of one mosaic, once all are drizzled."""
        from drizzlepac import minmed

        self._separated.all_before(len(self._singles))
        image = self.images[mosaic]
        combiner = Combiner.of(self._options, self.exposures, self.skies[mosaic], image.shape)
        with self._giving_up(), mock.patch.object(minmed, "signal", SIGNAL):
            for inner, outer in tiles(image.shape, combiner.grow):
                combined = self._combined(combiner, mosaic, outer)
                if combined is not None:
                    rows = slice(inner.y0 - outer.y0, inner.y1 - outer.y0)
                    columns = slice(inner.x0 - outer.x0, inner.x1 - outer.x0)
                    image[inner.window] = combined[rows, columns]

    def _combined(self, combiner: Combiner, mosaic: int, tile: Box) -> Array | None:
        """Median of one tile; None where it is empty."""
        everything = range(len(self._singles))
        reaching = [
            index
            for index in everything
            if any(_overlap(chip.box, tile) for chip in self._singles[index])
        ]
        if not combiner.is_minmed:
            chosen = list(everything)
        else:
            # Others have no weight here; without any mask they would count all the same.
            chosen = [i for i in everything if i in reaching or self._least[i] <= 0]
            if not chosen:
                return None
            others = [i for i in everything if i not in chosen]
            chosen = sorted([*chosen, *others[: max(0, _MANY - len(chosen))]])
        stacks = [stacked(self._singles[index], tile, mosaic) for index in chosen]
        science = np.stack([each[0] for each in stacks])
        weight = np.stack([each[1] for each in stacks])
        return combiner.combine(chosen, science, weight, self._least[chosen])


@dataclass(frozen=True)
class Combiner:
    """Step 4 of AstroDrizzle on a stack of images (``createMedian._median``).

    Parameters
    ----------
    options : mapping
        Parameters of the step.
    grow : int
        Neighbours of a pixel that count.
    noises, seconds, levels : list of float
        Readnoise, exposure time and sky of every exposure.
    """

    options: Mapping[str, Any]
    grow: int
    noises: list[float]
    seconds: list[float]
    levels: list[float]

    @classmethod
    def of(
        cls,
        options: Mapping[str, Any],
        exposures: Field,
        skies: Mapping[tuple[str, int], float | None],
        shape: tuple[int, ...],
    ) -> Combiner:
        """Take what the step takes from the exposures."""
        noises, seconds, levels = [], [], []
        for image in exposures.images:
            chips = chips_of(image)
            lowest: float | None = None
            for chip in chips:
                sky = skies[image._filename, chip.extver] or 0.0
                # As it stands there: compared before, kept after the conversion.
                if lowest is None or lowest > sky:
                    lowest = sky * chip._conversionFactor
            noises.append(math.sqrt(sum(chip._rdnoise**2 for chip in chips) / len(chips)))
            seconds.append(image._image["sci", 1]._exptime)
            levels.append(lowest or 0.0)
        return cls(options, _grow(options, shape), noises, seconds, levels)

    @property
    def type(self) -> str:
        """Name of the algorithm."""
        return str(self.options["combine_type"]).lower()

    @property
    def is_minmed(self) -> bool:
        """Whether the median may give way to the minimum."""
        return "minmed" in self.type

    def combine(self, chosen: Sequence[int], science: Array, weight: Array, least: Array) -> Array:
        """Combine images (exposure, rows, columns) of the chosen exposures."""
        from drizzlepac.minmed import min_med
        from stsci.image.numcombine import num_combine

        masks = np.less(weight, least[:, None, None]).astype(np.uint8)
        found: Array
        if self.is_minmed:
            sigmas = [float(text) for text in str(self.options["combine_nsigma"]).split()]
            found = min_med(
                science,
                weight,
                [self.noises[index] for index in chosen],
                [self.seconds[index] for index in chosen],
                [self.levels[index] for index in chosen],
                weight_masks=masks,
                combine_grow=self.grow,
                combine_nsigma1=sigmas[0],
                combine_nsigma2=sigmas[1],
                fillval=self.type.startswith("i"),
            )
        else:
            found = num_combine(
                science,
                masks=masks,
                combination_type=self.type,
                nlow=self.options["combine_nlow"],
                nhigh=self.options["combine_nhigh"],
            )
        return found


def _grow(options: Mapping[str, Any], shape: tuple[int, ...]) -> int:
    """Neighbours that count, which no section of the image may fall short of."""
    from drizzlepac.createMedian import BUFSIZE

    if "minmed" not in str(options["combine_type"]).lower():
        return 0
    grow = int(options["combine_grow"])
    rows = max(1, min(shape[0], BUFSIZE // (shape[1] * np.dtype(np.float32).itemsize)))
    return grow if rows > 2 * grow else (rows - 1) // 2


def stacked(chips: Sequence[Single], tile: Box, mosaic: int | None) -> tuple[Array, Array]:
    """Science and weight of an exposure on a tile, as if its chips had been drizzled in turn.

    Parameters
    ----------
    chips : sequence of Single
        Of one exposure.
    tile : Box
        Part of the grid.
    mosaic : int or None
        Whose sky is subtracted; None subtracts nothing.
    """
    science, weight = np.zeros(tile.shape, np.float32), np.zeros(tile.shape, np.float32)
    for chip in chips:
        common = _overlap(chip.box, tile)
        if common is None:
            continue
        there, here = _within(common, chip.box), _within(common, tile)
        value, more = chip.science[there], chip.weight[there]
        if mosaic is not None:
            value = value - np.float32(chip.skies[mosaic])
        _add(science[here], weight[here], value, more)
    return science, weight


def _add(science: Array, weight: Array, value: Array, more: Array) -> None:
    """Add one chip to the weighted mean, as the kernel does pixel by pixel."""
    is_new = (weight == 0) & ~np.isnan(value)
    both = (weight != 0) & (more != 0)
    if both.any():
        total = weight[both] + more[both]
        science[both] = (science[both] * weight[both] + value[both] * more[both]) / total
    np.copyto(science, value, where=is_new)
    weight += more


def _overlap(first: Box, second: Box) -> Box | None:
    x0, x1 = max(first.x0, second.x0), min(first.x1, second.x1)
    y0, y1 = max(first.y0, second.y0), min(first.y1, second.y1)
    return Box(x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None


def _within(part: Box, whole: Box) -> tuple[slice, slice]:
    """A part as an index of the arrays of the whole."""
    return (
        slice(part.y0 - whole.y0, part.y1 - whole.y0),
        slice(part.x0 - whole.x0, part.x1 - whole.x0),
    )


def tiles(shape: tuple[int, ...], margin: int) -> Iterator[tuple[Box, Box]]:
    """Parts of an image, each also with the neighbours that it needs."""
    rows, columns = shape
    for y0 in range(0, rows, _TILE):
        for x0 in range(0, columns, _TILE):
            inner = Box(x0, min(x0 + _TILE, columns), y0, min(y0 + _TILE, rows))
            yield (
                inner,
                Box(
                    max(0, inner.x0 - margin),
                    min(inner.x1 + margin, columns),
                    max(0, inner.y0 - margin),
                    min(inner.y1 + margin, rows),
                ),
            )
