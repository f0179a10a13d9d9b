"""Measurements of one exposure while its pixels are in memory.

The level of a chip within the footprint of another one needs the pixels of the first and
only the outline of the second. So exposures are read one by one, each once, whatever
their overlaps, and the pixels of few are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey, Level, MeasuredChip
from skydb.domain.signal import has_sky_signal
from skydb.files.pixels import ChipFile, ChipPixels
from skydb.interruption import check
from skydb.sky.levels import SkyStatistic
from skydb.sky.pairs import ChipFrame, ChipImage, brightness_per_unit
from skydb.threads import Threads

#: A chip, and one of another exposure that shares sky with it.
Side = tuple[ChipKey, ChipKey]


@dataclass(frozen=True)
class ExposureWork:
    """Measurements to make of one exposure.

    Parameters
    ----------
    rootname : str
    chips : mapping of int to ChipFile
        Its chips by EXTVER, of which those that are asked for are read.
    whole : frozenset of int
        Chips whose own level is wanted.
    within : mapping of Side to ndarray
        Outlines of other chips, in ICRS degrees, within which a level is wanted.
    """

    rootname: str
    chips: Mapping[int, ChipFile]
    whole: frozenset[int]
    within: Mapping[Side, NDArray[np.float64]]


@dataclass(frozen=True)
class ExposureLevels:
    """Measurements of one exposure."""

    chips: Sequence[MeasuredChip]
    within: Mapping[Side, Level | None]


def look_at_all(
    works: Sequence[ExposureWork],
    statistic: SkyStatistic,
    jobs: int,
    advance: Callable[[], None],
) -> list[ExposureLevels]:
    """Measure exposures, several beside each other; numpy leaves the interpreter to others.

    Parameters
    ----------
    works : sequence of ExposureWork
    statistic : SkyStatistic
    jobs : int
        Exposures whose pixels are held at a time.
    advance : callable
        Called when one is done.

    Raises
    ------
    FileRejectedError
        When pixels cannot be read.
    """
    found = []
    with Threads(jobs) as pool:
        for levels in pool.map(partial(look_at, statistic=statistic), works):
            found.append(levels)
            advance()
    return found


def look_at(work: ExposureWork, statistic: SkyStatistic) -> ExposureLevels:
    """Read one exposure, chip by chip, and measure what is asked."""
    chips: list[MeasuredChip] = []
    within: dict[Side, Level | None] = {}
    for extver in sorted(work.whole | {own[1] for own, _ in work.within}):
        check()
        image = _image(work.rootname, work.chips[extver].load(), statistic)
        if extver in work.whole:
            chips.append(image.measure(statistic))
        for side, outline in work.within.items():
            if side[0] == image.key:
                within[side] = image.level_within(outline, statistic)
    return ExposureLevels(chips, within)


def _image(rootname: str, chip: ChipPixels, statistic: SkyStatistic) -> ChipImage:
    good = statistic.good_pixels(chip.science, chip.quality)
    if not has_sky_signal(chip.science, good):
        good[:] = False
    return ChipImage(
        (rootname, chip.extver),
        chip.science,
        good,
        ChipFrame(chip.wcs),
        chip.unit,
        brightness_per_unit(
            pixel_scale_arcsec=chip.pixel_scale_arcsec,
            exptime_s=chip.exptime_s,
            is_rate=chip.is_rate,
        ),
    )
