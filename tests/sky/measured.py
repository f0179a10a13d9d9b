"""Measurements made up from known skies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skydb.domain.overlap import ChipKey, Level, MeasuredChip, MeasuredOverlap
from skydb.domain.vocabulary import SkyUnit
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.sky.overlaps import ChipOverlap
from skydb.sky.pairs import ChipImage

PIXELS = 1000


def chip(
    rootname: str,
    level: float | None,
    extver: int = 1,
    *,
    factor: float = 1.0,
    unit: SkyUnit | None = SkyUnit.ELECTRON_PER_S,
) -> MeasuredChip:
    """A chip with a level, or without any good pixel."""
    known = None if level is None else Level(level, 0.01, PIXELS)
    return MeasuredChip(rootname, extver, known, unit, factor)


def overlap(
    first: ChipKey,
    second: ChipKey,
    levels: tuple[float | None, float | None],
    pixels: tuple[int, int] = (PIXELS, PIXELS),
    area_arcsec2: float = 10.0,
) -> MeasuredOverlap:
    """The common sky of two chips."""
    one, other = (
        None if value is None else Level(value, 0.01, number)
        for value, number in zip(levels, pixels, strict=True)
    )
    return MeasuredOverlap(first, second, area_arcsec2, one, other)


def measure_overlap(
    first: ChipImage, second: ChipImage, overlap: ChipOverlap, statistic: SkyStatistic
) -> MeasuredOverlap:
    """Level of both chips in their common sky, each within the outline of the other."""
    return MeasuredOverlap(
        overlap.first,
        overlap.second,
        overlap.area_arcsec2,
        first.level_within(second.frame.outline_deg, statistic),
        second.level_within(first.frame.outline_deg, statistic),
    )


def measures(
    skies: Mapping[str, float], edges: Sequence[tuple[str, str]], scene: float = 5.0
) -> Measures:
    """Exposures of one chip each that see the same scene, brighter than their skies."""
    return Measures(
        tuple(chip(name, sky) for name, sky in skies.items()),
        tuple(
            overlap((a, 1), (b, 1), (skies[a] + scene, skies[b] + scene))
            for a, b in (sorted(edge) for edge in edges)
        ),
    )
