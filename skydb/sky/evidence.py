"""Statistics for the choice of a sky method, from measured levels alone.

Every number is a surface brightness, per second and per square arcsecond, unless noted
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np

from skydb.domain.overlap import ChipKey, Level, MeasuredChip
from skydb.domain.vocabulary import SkyMethod
from skydb.sky.gradients import plane_left
from skydb.sky.methods import Islands, Measures, MethodSkies, sky_of
from skydb.sky.skewness import Pull, pull_of_stars

#: More standard deviations than this are significant.
_BEYOND_SIGMA = 3.0
#: Noise of a median over that of a mean, both squared; a ramp of the range R, in standard
#: deviations of a pixel, adds 0.36 R to that; a smaller one is not distinguished from none.
_MEDIAN_NOISE, _RAMP, _FLAT = np.pi / 2, 0.36, 0.3
#: Independent regions of a chip that is overlapped on some sides.
_REGIONS = 2
#: A smaller part of the pixels in common makes two chips separate places, a larger one the
#: region of an overlap the whole chip.
_SEPARATE, _WHOLE = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Zero:
    """The lowest level of one island, and whether it is the sky.

    Parameters
    ----------
    places : int
        Separate places that have it, within its noise.
    chips : int
        Chips that have it.
    light : float
        Extended light that is seen there: how far the next separate place is above it, what
        the parts of its chip differ by, and how far it spreads the pixels, beyond noise.
    """

    places: int
    chips: int
    light: float


class SkyEvidence:
    """Statistics of the levels of exposures for the choice of a sky method.

    Parameters
    ----------
    measures : Measures
        Of all exposures; those without any level are left out.
    exptimes_s : mapping of str to float
        Exposure times, of rootnames where they are known.
    """

    def __init__(
        self,
        measures: Measures,
        exptimes_s: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.measures, self.left_out = _lit(measures)
        self._exptimes_s = exptimes_s

    @property
    def islands(self) -> Islands:
        """Connected groups of exposures."""
        return self.measures.islands

    @property
    def chips_of_exposure(self) -> int:
        """Chips of an exposure."""
        return round(len(self.measures.chips) / len(self.measures.rootnames))

    @cached_property
    def unchecked(self) -> tuple[str, ...]:
        """Exposures that overlap no other one."""
        return tuple(group[0] for group in self.islands if len(group) == 1)

    @cached_property
    def observed_rms(self) -> float | None:
        """Rms of the differences in all overlaps."""
        return rms(pair.difference for pair in self.measures.pairs)

    @cached_property
    def observed_noise(self) -> float | None:
        """Rms of the noise of these differences."""
        return rms(pair.sigma for pair in self.measures.pairs)

    @cached_property
    def match_noise(self) -> float | None:
        """Rms of what noise alone makes the offsets of ``match`` leave."""
        return rms(s for match in self.measures.matches for s in match.residual_sigmas().values())

    def skies(self, method: SkyMethod) -> MethodSkies:
        """Compute the skies of a method."""
        if method not in self._skies:
            self._skies[method] = sky_of(method, self.measures)
        return self._skies[method]

    @cached_property
    def _skies(self) -> dict[SkyMethod, MethodSkies]:
        return {}

    def residual_rms(self, method: SkyMethod) -> float | None:
        """Rms of the differences that the skies of a method leave in the overlaps."""
        return rms(self._left(method).values())

    def _left(self, method: SkyMethod) -> dict[tuple[str, str], float]:
        chips = self.measures.chips
        skies = self.skies(method).in_image_units(chips)
        pairs = self.measures.without(skies).pairs
        return {(pair.first, pair.second): pair.difference for pair in pairs}

    @cached_property
    def left(self) -> float:
        """Rms of what no constants remove, beyond noise: the least that any method leaves."""
        return beyond(self.residual_rms(SkyMethod.MATCH), self.match_noise, self._freedom)

    @cached_property
    def _freedom(self) -> int:
        """Differences that are more than the offsets can follow."""
        return len(self.measures.pairs) - len(self.measures.rootnames) + len(self.islands)

    @cached_property
    def left_by_gradients(self) -> float | None:
        """The same, once the sky of every exposure may be a plane; None with too few data."""
        residuals = self._left(SkyMethod.MATCH)
        found = plane_left(self.measures, residuals) if self.left else None
        return None if found is None else beyond(found, self.match_noise, self._freedom)

    @cached_property
    def pixel_noise(self) -> float:
        """Median of the noise of a pixel."""
        found = [lev.noise * factor for lev, factor in self._sides.values() if lev.noise > 0]
        return float(np.median(found)) if found else 0.0

    @cached_property
    def stars(self) -> Pull:
        """Measure by how much stars, cosmic rays and counts raise levels on average."""
        return pull_of_stars(self.measures.chips, self._exptimes_s)

    @cached_property
    def _sides(self) -> dict[tuple[ChipKey, ChipKey], tuple[Level, float]]:
        """Level of a chip in its overlap with another, and the factor to a brightness."""
        found = {}
        for one in self.measures.overlaps:
            for own, other, level in (
                (one.first, one.second, one.first_level),
                (one.second, one.first, one.second_level),
            ):
                if level is not None:
                    found[own, other] = (level, self.measures.by_key[own].brightness_per_unit)
        return found

    @cached_property
    def match_sigma(self) -> float | None:
        """Rms noise of the offsets of ``match`` about their mean.

        Of offsets from one exposure half the variance is that of this exposure.
        """
        found = [s for match in self.measures.matches for s in match.sigmas().values() if s > 0]
        return None if not found else (rms(found) or 0.0) / float(np.sqrt(2))

    def level_sigma(self, method: SkyMethod) -> float:
        """Rms noise of the values of a method."""
        return rms(sky.sigma for sky in self.skies(method).skies.values() if sky) or 0.0

    @cached_property
    def extended_pull(self) -> float:
        """Rms of ``localmin`` less ``match`` about the mean of each island, beyond noise.

        Where light fills some exposures more than others, their levels are lifted more.
        """
        lowest = self.skies(SkyMethod.LOCALMIN).skies
        apart: list[float] = []
        freedom = 0
        for match in self.measures.matches:
            found = np.array([sky.value - match.offsets[name]
                              for name in match.offsets if (sky := lowest[name])])  # fmt: skip
            apart += (found - found.mean()).tolist()
            freedom += found.size - 1
        if freedom < 1:
            return 0.0
        scatter = float(np.sqrt(np.sum(np.square(apart)) / freedom))
        noise = np.hypot(self.level_sigma(SkyMethod.LOCALMIN), self.match_sigma or 0.0)
        return beyond(scatter, float(noise), freedom)

    @cached_property
    def unequal(self) -> float:
        """Rms of ``globalmin`` less ``globalmin+match``, beyond noise: how unequal skies are.

        An exposure that overlaps no other has its own lowest level instead.
        """
        one, lifted, lowest = (
            self.skies(method).skies
            for method in (SkyMethod.GLOBALMIN, SkyMethod.GLOBALMIN_MATCH, SkyMethod.LOCALMIN)
        )
        apart = rms(
            a.value - b.value for n in one if (a := one[n]) and (b := lifted[n] or lowest[n])
        )
        noise = np.hypot(self.level_sigma(SkyMethod.GLOBALMIN), self.match_sigma or 0.0)
        return beyond(apart, float(noise), len(one))

    @cached_property
    def zeros(self) -> tuple[Zero, ...]:
        """The lowest level of every island, the largest first."""
        islands = [match.offsets for match in self.measures.matches]
        return tuple(map(self._zero, [*islands, *({name: 0.0} for name in self.unchecked)]))

    @property
    def is_zero_checked(self) -> bool:
        """Whether every island has its lowest level in two separate places at least.

        Light that covers a single pointing evenly cannot be separated from its sky.
        """
        return all(zero.places > 1 for zero in self.zeros)

    def _zero(self, offsets: Mapping[str, float]) -> Zero:
        levels = [
            (chip.level.value * chip.brightness_per_unit - offsets[chip.rootname], chip)
            for chip in self.measures.chips
            if chip.level is not None and chip.rootname in offsets
        ]
        ranked = sorted(levels, key=lambda one: one[0])
        lowest, first = ranked[0]
        near = [chip for level, chip in ranked if level - lowest <= self._noise_above(first, chip)]
        light = (self._gap(ranked, near), self._inside(first), self._ramp(first))
        return Zero(self._places(near), len(near), float(np.sqrt(np.sum(np.square(light)))))

    def _noise_above(self, first: MeasuredChip, chip: MeasuredChip) -> float:
        """Limit of the level of a chip above the lowest that noise explains."""
        between = np.sqrt(2) * (self.match_sigma or 0.0)
        return _BEYOND_SIGMA * float(np.sqrt(_noise(first) ** 2 + _noise(chip) ** 2 + between**2))

    def _places(self, chips: Sequence[MeasuredChip]) -> int:
        """Separate places among some chips."""
        found: list[MeasuredChip] = []
        for chip in chips:
            if not any(self._shares(chip, place) for place in found):
                found.append(chip)
        return len(found)

    def _gap(
        self, ranked: Sequence[tuple[float, MeasuredChip]], near: Sequence[MeasuredChip]
    ) -> float:
        """Difference of the lowest place and the next separate one; 0 without one."""
        (lowest, first), *others = ranked
        apart = [(level, chip) for level, chip in others if not self._shares(chip, first)]
        if not apart or any(chip in near for _, chip in apart):
            return 0.0
        return apart[0][0] - lowest

    def _ramp(self, chip: MeasuredChip) -> float:
        """Range of extended light on a chip, by the noise of its median.

        A median has more noise than that of a flat sky where light spreads the pixels.
        """
        mean = chip.mean
        if mean is None or chip.level is None or mean.sigma <= 0:
            return 0.0
        excess = (chip.level.sigma / mean.sigma) ** 2 / _MEDIAN_NOISE - 1
        pixel = mean.sigma * float(np.sqrt(mean.pixels)) * chip.brightness_per_unit
        return (1 + excess) / _RAMP * pixel if excess > _FLAT else 0.0

    def _shares(self, one: MeasuredChip, other: MeasuredChip) -> bool:
        """Whether two chips are mostly the same place."""
        if one.rootname == other.rootname:
            return False
        found = self._sides.get((one.key, other.key))
        return found is not None and self._part(found[0], one) > _SEPARATE

    def _part(self, region: Level, chip: MeasuredChip) -> float:
        return region.pixels / chip.level.pixels if chip.level else 1.0

    def _inside(self, chip: MeasuredChip) -> float:
        """Largest difference of parts of a chip from the whole, beyond noise."""
        apart, noise = [], []
        for (own, _), (level, factor) in self._sides.items():
            if own == chip.key and chip.level and self._part(level, chip) < _WHOLE:
                apart.append((level.value - chip.level.value) * factor)
                noise.append(level.sigma * factor)
        return beyond(rms(apart), rms(noise), min(len(apart), _REGIONS))


def rms(values: Iterable[float]) -> float | None:
    """Root mean square; None of nothing."""
    found = np.array(list(values), dtype=float)
    return float(np.sqrt(np.mean(found**2))) if found.size else None


def beyond(found: float | None, noise: float | None, count: int) -> float:
    """Subtract the noise from an rms; 0 where it may be noise.

    Parameters
    ----------
    found, noise : float or None
        The rms, and what it is of noise alone.
    count : int
        Independent numbers in it, whose rms scatters by its root over twice of them.
    """
    if found is None or noise is None or count < 1:
        return 0.0
    if found <= (1 + _BEYOND_SIGMA / np.sqrt(2 * count)) * noise:
        return 0.0
    return float(np.sqrt(found**2 - noise**2))


def _noise(chip: MeasuredChip) -> float:
    return chip.level.sigma * chip.brightness_per_unit if chip.level else 0.0


def _lit(measures: Measures) -> tuple[Measures, tuple[str, ...]]:
    """The exposures that have a level, and the others."""
    lit = {chip.rootname for chip in measures.chips if chip.level is not None}
    dark = tuple(name for name in measures.rootnames if name not in lit)
    if not dark:
        return measures, ()
    chips = tuple(chip for chip in measures.chips if chip.rootname in lit)
    overlaps = tuple(o for o in measures.overlaps if {o.first[0], o.second[0]} <= lit)
    return replace(measures, chips=chips, overlaps=overlaps), dark
