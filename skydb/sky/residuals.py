"""Residuals of a set of skies where exposures overlap: pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skydb.domain.overlap import ChipKey, MeasuredChip
from skydb.domain.vocabulary import SkyUnit
from skydb.sky.methods import Measures, PairSky

#: Exposure times and pixel scales that differ by less are the same.
_SAME = 1e-6

#: Unit of a surface brightness where images have no unit in common.
BRIGHTNESS_UNIT = "electron/s/arcsec2"


@dataclass(frozen=True, slots=True)
class AuditUnit:
    """A unit that residuals of different exposures can be given in.

    Parameters
    ----------
    name : str
        That of the images where they all have the same exposure time and pixel scale.
    per_brightness : float
        What a surface brightness, per second and per square arcsecond, is multiplied with.
    """

    name: str
    per_brightness: float


@dataclass(frozen=True, slots=True)
class Residual:
    """Remaining difference of two exposures in their common sky.

    Parameters
    ----------
    exposure_a, exposure_b : str
        Rootnames, in alphabetical order.
    area_arcsec2 : float
        Common area.
    before : float
        Level of a minus level of b, as observed.
    after : float or None
        The same once each has its sky subtracted; None when one has no sky.
    sigma : float
        Standard deviation of either, from the noise of the pixels.
    unit : str
        Of the last three.
    island : int
        Number of the connected group that the two belong to, from 1.
    """

    exposure_a: str
    exposure_b: str
    area_arcsec2: float
    before: float
    after: float | None
    sigma: float
    unit: str
    island: int


@dataclass(frozen=True, slots=True)
class ExposureResidual:
    """Rms of the residuals that one exposure takes part in, and how many they are."""

    rootname: str
    rms: float
    pairs: int


def residuals(
    measures: Measures, skies: Mapping[ChipKey, float | None], unit: AuditUnit | None = None
) -> list[Residual]:
    """Residual of every pair of exposures, before and after skies are subtracted.

    Parameters
    ----------
    measures : Measures
        Levels of the exposures in their overlaps.
    skies : mapping of ChipKey to float or None
        MDRIZSKY of every chip, in the unit of its image.
    unit : AuditUnit, optional
        What to express residuals in; :func:`common_unit` of the chips when left out.
    """
    chosen = unit or common_unit(measures.chips)
    after = {(p.first, p.second): p.difference for p in measures.without(skies).pairs}
    islands = {name: n for n, names in enumerate(measures.islands, start=1) for name in names}
    return [
        _residual(pair, after.get((pair.first, pair.second)), chosen, islands[pair.first])
        for pair in measures.pairs
    ]


def common_unit(chips: Sequence[MeasuredChip]) -> AuditUnit:
    """Unit in which differences between these chips make sense.

    That of the images when a level means the same in all of them; else a surface
    brightness, which always does.
    """
    factors = np.array([chip.brightness_per_unit for chip in chips] or [1.0])
    units = {chip.unit for chip in chips}
    if len(units) == 1 and np.ptp(factors) <= _SAME * factors.max():
        return AuditUnit(_name(next(iter(units))), 1.0 / float(factors[0]))
    return AuditUnit(BRIGHTNESS_UNIT, 1.0)


def rms(values: Iterable[float | None]) -> float | None:
    """Root mean square of the known values; None when none is known."""
    known = np.array([value for value in values if value is not None], dtype=float)
    return float(np.sqrt(np.mean(known**2))) if known.size else None


def worst_pairs(found: Sequence[Residual], count: int = 3) -> list[Residual]:
    """Pairs with the largest residuals that are left, the worst first."""
    known = [one for one in found if one.after is not None]
    return sorted(known, key=lambda one: -abs(one.after or 0.0))[:count]


def worst_exposures(found: Sequence[Residual], count: int = 3) -> list[ExposureResidual]:
    """Exposures whose pairs are worst, by the rms of what is left in them."""
    by_name: dict[str, list[float]] = defaultdict(list)
    for one in found:
        if one.after is not None:
            by_name[one.exposure_a].append(one.after)
            by_name[one.exposure_b].append(one.after)
    ranked = [
        ExposureResidual(name, rms(values) or 0.0, len(values))
        for name, values in sorted(by_name.items())
    ]
    return sorted(ranked, key=lambda one: -one.rms)[:count]


def _residual(pair: PairSky, after: float | None, unit: AuditUnit, island: int) -> Residual:
    factor = unit.per_brightness
    return Residual(
        pair.first,
        pair.second,
        pair.area_arcsec2,
        before=pair.difference * factor,
        after=None if after is None else after * factor,
        sigma=pair.sigma * factor,
        unit=unit.name,
        island=island,
    )


def _name(unit: SkyUnit | None) -> str:
    return unit.value if unit is not None else "unknown"
