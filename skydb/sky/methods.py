"""The four sky methods as pure functions of measured levels.

They give the results of stsci.skypac where these are right. Two things differ on purpose: an
exposure that overlaps nothing has no value, and exposures of
different islands (connected groups of the overlap graph) are not given a common zero
without support in the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey, Level, MeasuredChip, MeasuredOverlap
from skydb.domain.units import Conversion
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError
from skydb.sky.matching import IslandMatch
from skydb.sky.overlaps import Overlap, islands_of

Islands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PairSky:
    """Common sky of two exposures, over all pairs of their chips.

    Parameters
    ----------
    first, second : str
        Rootnames, in alphabetical order.
    area_arcsec2 : float
        Common area.
    first_sky, second_sky : float
        Surface brightness of each, per second and per square arcsecond.
    sigma : float
        Standard deviation of their difference.
    pixels : float
        Mean of the pixels that counted in the two: the weight of the pair.
    """

    first: str
    second: str
    area_arcsec2: float
    first_sky: float
    second_sky: float
    sigma: float
    pixels: float

    @property
    def difference(self) -> float:
        """Brightness of the first above the second."""
        return self.first_sky - self.second_sky


@dataclass(frozen=True)
class Measures:
    """All that was measured of a set of exposures.

    Parameters
    ----------
    chips : tuple of MeasuredChip
        Every chip of every exposure.
    overlaps : tuple of MeasuredOverlap
        Every pair of chips that share sky.
    outlines : mapping of ChipKey to ndarray
        Outlines (N, 2) of all chips in ICRS degrees, which show what overlaps have in
        common; without, levels in them are taken as independent.
    """

    chips: tuple[MeasuredChip, ...]
    overlaps: tuple[MeasuredOverlap, ...]
    outlines: Mapping[ChipKey, NDArray[np.float64]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @cached_property
    def rootnames(self) -> tuple[str, ...]:
        """The exposures, in order."""
        return tuple(sorted({chip.rootname for chip in self.chips}))

    @cached_property
    def by_key(self) -> Mapping[ChipKey, MeasuredChip]:
        """Chips by rootname and EXTVER."""
        return {chip.key: chip for chip in self.chips}

    @cached_property
    def pairs(self) -> tuple[PairSky, ...]:
        """Pairs of exposures that both have good pixels in their common sky.

        As skypac has it, the chips of an exposure are averaged by the number of pixels
        that each has in the overlap.
        """
        groups: dict[tuple[str, str], list[MeasuredOverlap]] = defaultdict(list)
        for one in self.overlaps:
            groups[one.first[0], one.second[0]].append(one)
        found = (self._pair(names, group) for names, group in sorted(groups.items()))
        return tuple(pair for pair in found if pair is not None)

    @cached_property
    def islands(self) -> Islands:
        """Connected groups of exposures, the largest first; one without overlap is alone."""
        edges = [Overlap(pair.first, pair.second, pair.area_arcsec2) for pair in self.pairs]
        return tuple(tuple(group) for group in islands_of(self.rootnames, edges))

    @cached_property
    def matches(self) -> tuple[IslandMatch, ...]:
        """Offsets within each island of several exposures, in the order of the islands."""
        home = {name: number for number, names in enumerate(self.islands) for name in names}
        pairs: list[list[PairSky]] = [[] for _ in self.islands]
        for pair in self.pairs:
            pairs[home[pair.first]].append(pair)
        several = ((names, pairs[n]) for n, names in enumerate(self.islands) if len(names) > 1)
        return tuple(IslandMatch(self, names, inside) for names, inside in several)

    def without(self, skies: Mapping[ChipKey, float | None]) -> Measures:
        """The same with a sky, in the unit of its image, taken from every chip.

        A chip whose sky is None or not given has no level any more.
        """
        return Measures(
            tuple(_darker(chip, skies.get(chip.key)) for chip in self.chips),
            tuple(
                replace(
                    one,
                    first_level=_less(one.first_level, skies.get(one.first)),
                    second_level=_less(one.second_level, skies.get(one.second)),
                )
                for one in self.overlaps
            ),
            self.outlines,
        )

    def converted(self, conversions: Mapping[str, Conversion]) -> Measures:
        """The same, with the exposures of some rootnames in another unit.

        Parameters
        ----------
        conversions : mapping of str to Conversion
            A gain makes the brightness another one, an exposure time does not.
        """
        if not conversions:
            return self
        return Measures(
            tuple(_in_unit(chip, conversions.get(chip.rootname)) for chip in self.chips),
            tuple(
                replace(
                    one,
                    first_level=_times(one.first_level, conversions.get(one.first[0])),
                    second_level=_times(one.second_level, conversions.get(one.second[0])),
                )
                for one in self.overlaps
            ),
            self.outlines,
        )

    def _pair(self, names: tuple[str, str], group: Iterable[MeasuredOverlap]) -> PairSky | None:
        members = list(group)
        first = self._mean_sky((one.first, one.first_level) for one in members)
        second = self._mean_sky((one.second, one.second_level) for one in members)
        if first is None or second is None:
            return None
        return PairSky(
            *names,
            area_arcsec2=sum(one.area_arcsec2 for one in members),
            first_sky=first.value,
            second_sky=second.value,
            sigma=float(np.hypot(first.sigma, second.sigma)),
            pixels=(first.pixels + second.pixels) / 2,
        )

    def _mean_sky(self, levels: Iterable[tuple[ChipKey, Level | None]]) -> Level | None:
        known = [(self.by_key[key].brightness_per_unit, lev) for key, lev in levels if lev]
        if not known:
            return None
        pixels = sum(level.pixels for _, level in known)
        value = sum(factor * level.value * level.pixels for factor, level in known)
        noise = np.sqrt(sum((factor * lev.sigma * lev.pixels) ** 2 for factor, lev in known))
        return Level(value / pixels, float(noise) / pixels, pixels)


@dataclass(frozen=True, slots=True)
class ExposureSky:
    """Sky of one exposure: surface brightness and its standard deviation.

    The sigma is that against the zero of the value: of the level where it is a level, of
    the difference where it is an offset from one exposure.
    """

    value: float
    sigma: float


@dataclass(frozen=True, slots=True)
class ChipSky:
    """Sky to subtract from a chip, MDRIZSKY, and its standard deviation."""

    value: float
    sigma: float


@dataclass(frozen=True)
class MethodSkies:
    """Result of a method.

    Parameters
    ----------
    method : SkyMethod
        The method.
    skies : mapping of str to ExposureSky or None
        By rootname; None where the method has nothing to say.
    islands : tuple of tuple of str
        Groups that have each a zero of their own. For a method that needs overlaps,
        values of different groups cannot be compared.
    """

    method: SkyMethod
    skies: Mapping[str, ExposureSky | None]
    islands: Islands

    def of_chips(self, chips: Iterable[MeasuredChip]) -> dict[ChipKey, ChipSky | None]:
        """Sky to subtract from every chip, in the unit of its image."""
        skies = {chip: self.skies.get(chip.rootname) for chip in chips}
        return {
            chip.key: None if sky is None else ChipSky(
                sky.value / chip.brightness_per_unit, sky.sigma / chip.brightness_per_unit
            )
            for chip, sky in skies.items()
        }  # fmt: skip

    def in_image_units(self, chips: Iterable[MeasuredChip]) -> dict[ChipKey, float | None]:
        """The values of :meth:`of_chips` alone: MDRIZSKY."""
        skies = self.of_chips(chips)
        return {key: None if sky is None else sky.value for key, sky in skies.items()}


def sky_of(method: SkyMethod, measures: Measures) -> MethodSkies:
    """Apply one method.

    Raises
    ------
    UsageError
        When there are no chips at all.
    """
    if not measures.chips:
        raise UsageError("A sky method needs at least one chip.")
    functions = {
        SkyMethod.LOCALMIN: localmin,
        SkyMethod.MATCH: match,
        SkyMethod.GLOBALMIN_MATCH: globalmin_match,
        SkyMethod.GLOBALMIN: globalmin,
    }
    return functions[method](measures)


def localmin(measures: Measures) -> MethodSkies:
    """Every exposure the lowest level of its chips."""
    return MethodSkies(SkyMethod.LOCALMIN, _lowest_chips(measures), measures.islands)


def globalmin(measures: Measures) -> MethodSkies:
    """Every exposure the lowest level of all chips of all exposures."""
    lowest = _lowest(_lowest_chips(measures).values())
    skies = dict.fromkeys(measures.rootnames, lowest)
    return MethodSkies(SkyMethod.GLOBALMIN, skies, measures.islands)


def match(measures: Measures) -> MethodSkies:
    """Offsets that make the levels in the overlaps equal, the lowest of an island zero.

    The least-squares solution with the pixels of each pair as its weight, as in skypac.
    Standard deviations follow from the noise of all levels (:class:`.IslandMatch`), and are
    relative to the exposure at zero, which has none of its own.
    """
    skies: dict[str, ExposureSky | None] = dict.fromkeys(measures.rootnames)
    for island in measures.matches:
        skies |= _skies(island.offsets, island.sigmas())
    return MethodSkies(SkyMethod.MATCH, skies, measures.islands)


def globalmin_match(measures: Measures) -> MethodSkies:
    """``match`` plus the lowest level that it leaves in any chip of the island.

    With a single island this is what skypac does. With several, each is lifted by its own
    lowest level, since their zeros are independent. Standard deviations have
    the noise of that level, too.
    """
    skies: dict[str, ExposureSky | None] = dict.fromkeys(measures.rootnames)
    for island in measures.matches:
        left = [
            (chip.level.value * chip.brightness_per_unit - island.offsets[chip.rootname], chip.key)
            for chip in measures.chips
            if chip.level is not None and chip.rootname in island.offsets
        ]
        if left:
            lowest, chip = min(left)
            values = {name: offset + lowest for name, offset in island.offsets.items()}
            skies |= _skies(values, island.sigmas_above(chip))
    return MethodSkies(SkyMethod.GLOBALMIN_MATCH, skies, measures.islands)


def _skies(values: Mapping[str, float], sigmas: Mapping[str, float]) -> dict[str, ExposureSky]:
    return {name: ExposureSky(value, sigmas[name]) for name, value in values.items()}


def _lowest_chips(measures: Measures) -> dict[str, ExposureSky | None]:
    """Lowest brightness of the chips of every exposure; None without any level."""
    found: dict[str, list[ExposureSky]] = {name: [] for name in measures.rootnames}
    for chip in measures.chips:
        if chip.level is not None:
            factor = chip.brightness_per_unit
            sky = ExposureSky(chip.level.value * factor, chip.level.sigma * factor)
            found[chip.rootname].append(sky)
    return {name: _lowest(skies) for name, skies in found.items()}


def _lowest(skies: Iterable[ExposureSky | None]) -> ExposureSky | None:
    known = [sky for sky in skies if sky is not None]
    return min(known, key=lambda sky: sky.value, default=None)


def _in_unit(chip: MeasuredChip, conversion: Conversion | None) -> MeasuredChip:
    if conversion is None:
        return chip
    return replace(
        chip,
        level=_times(chip.level, conversion),
        mean=_times(chip.mean, conversion),
        unit=conversion.unit,
        brightness_per_unit=chip.brightness_per_unit / conversion.time_factor,
    )


def _times(level: Level | None, conversion: Conversion | None) -> Level | None:
    return level if level is None or conversion is None else times(level, conversion)


def times(level: Level, conversion: Conversion) -> Level:
    """Convert a level, with all numbers of its pixels, to another unit."""
    factor = conversion.factor
    return replace(
        level,
        value=level.value * factor,
        sigma=level.sigma * factor,
        noise=level.noise * factor,
        slope=level.slope / factor,
    )


def _darker(chip: MeasuredChip, sky: float | None) -> MeasuredChip:
    return replace(chip, level=_less(chip.level, sky), mean=_less(chip.mean, sky))


def _less(level: Level | None, sky: float | None) -> Level | None:
    if level is None or sky is None:
        return None
    return replace(level, value=level.value - sky)
