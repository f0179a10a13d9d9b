"""``match`` of one island of exposures, with the errors of its offsets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey, Level, MeasuredOverlap
from skydb.sky.noise import unequal_noise_shift
from skydb.sky.shares import common_part_of_medians, shared_correlations
from skydb.sky.solver import Equation, NoiseBlock, OffsetFit

if TYPE_CHECKING:
    from skydb.sky.methods import Measures, PairSky


class _Part(NamedTuple):
    """The level of one chip in the sky of another, and what it does to a difference."""

    equation: int
    partner: ChipKey
    effect: float
    level: Level


class IslandMatch:
    """Offsets of exposures that are connected by overlaps.

    The noise is that of the levels of chips, carried through the least squares. Levels of
    one chip in several overlaps have pixels in common, by which they correlate - medians the
    less the farther apart they are; without outlines they are taken as independent.

    Parameters
    ----------
    measures : Measures
        All that was measured.
    names : sequence of str
        The exposures.
    pairs : sequence of PairSky
        All pairs of them.
    """

    def __init__(self, measures: Measures, names: Sequence[str], pairs: Sequence[PairSky]) -> None:
        self._measures = measures
        self._index = {name: number for number, name in enumerate(names)}
        self._pairs = pairs
        self._known: dict[ChipKey, NDArray[np.float64]] = {}
        self._fit = OffsetFit(
            len(names),
            [Equation(self._index[p.first], self._index[p.second], p.difference, p.pixels, p.sigma)
             for p in pairs],
        )  # fmt: skip

    @property
    def offsets(self) -> dict[str, float]:
        """Brightness of every exposure above the lowest."""
        return dict(zip(self._index, self._fit.offsets.tolist(), strict=True))

    def sigmas(self, relative_to: str | None = None) -> dict[str, float]:
        """Standard deviations of the differences from one exposure.

        Parameters
        ----------
        relative_to : str, optional
            Its rootname; the exposure at zero, when left out.
        """
        ground = self._fit.lowest if relative_to is None else self._index[relative_to]
        return self._sigmas(ground, [self._block(*one) for one in self._parts.items()])

    def sigmas_above(self, chip: ChipKey) -> dict[str, float]:
        """Standard deviations of the offsets from the exposure of a chip, plus its level."""
        others = [self._block(*one) for one in self._parts.items() if one[0] != chip]
        return self._sigmas(self._index[chip[0]], [self._lifted(chip), *others])

    def residual_sigmas(self) -> dict[tuple[str, str], float]:
        """Standard deviations of what the offsets leave of every pair, from noise alone."""
        blocks = [self._block(*one) for one in self._parts.items()]
        found = self._fit.residual_sigmas(blocks, self._unequal_noise)
        names = [(pair.first, pair.second) for pair in self._pairs]
        return dict(zip(names, found.tolist(), strict=True))

    def _sigmas(self, ground: int, blocks: Sequence[NoiseBlock]) -> dict[str, float]:
        noise = self._fit.sigmas(ground, blocks)
        found = np.hypot(noise, self._fit.response(ground, self._unequal_noise))
        return dict(zip(self._index, found.tolist(), strict=True))

    @cached_property
    def _unequal_noise(self) -> NDArray[np.float64]:
        """Bias of every difference that unequal noise of two exposures causes.

        Stars make the median of a noisier exposure higher, though both see the same.
        """
        shifts = np.zeros(len(self._pairs))
        weights = np.zeros(len(self._pairs))
        for place, one in self._members:
            first, second = one.first_level, one.second_level
            if first and second and first.noise > 0 and second.noise > 0:
                factors = self._factor(one.first), self._factor(one.second)
                pixels = first.pixels + second.pixels
                shifts[place] += pixels * unequal_noise_shift((first, second), factors)
                weights[place] += pixels
        return shifts / np.maximum(weights, 1.0)

    @property
    def _members(self) -> Iterator[tuple[int, MeasuredOverlap]]:
        """The pair that each overlap of chips belongs to."""
        number = {(pair.first, pair.second): place for place, pair in enumerate(self._pairs)}
        for one in self._measures.overlaps:
            place = number.get((one.first[0], one.second[0]))
            if place is not None:
                yield place, one

    @cached_property
    def _parts(self) -> dict[ChipKey, list[_Part]]:
        """All levels that the differences are made of, by chip."""
        members: dict[int, list[MeasuredOverlap]] = defaultdict(list)
        for place, one in self._members:
            members[place].append(one)
        found: dict[ChipKey, list[_Part]] = defaultdict(list)
        for place, overlaps in members.items():
            sides = (
                (1.0, [(one.first, one.second, one.first_level) for one in overlaps]),
                (-1.0, [(one.second, one.first, one.second_level) for one in overlaps]),
            )
            for sign, levels in sides:
                for chip, part in self._side(place, sign, levels):
                    found[chip].append(part)
        return found

    def _side(
        self, place: int, sign: float, levels: Sequence[tuple[ChipKey, ChipKey, Level | None]]
    ) -> list[tuple[ChipKey, _Part]]:
        """Parts of the mean level of one exposure, weighted by their pixels."""
        pixels = sum(level.pixels for _, _, level in levels if level)
        return [
            (chip, _Part(place, partner, sign * self._factor(chip) * level.pixels / pixels, level))
            for chip, partner, level in levels if level
        ]  # fmt: skip

    def _factor(self, chip: ChipKey) -> float:
        return self._measures.by_key[chip].brightness_per_unit

    def _block(self, chip: ChipKey, parts: Sequence[_Part]) -> NoiseBlock:
        sigmas = np.array([part.level.sigma for part in parts])
        return NoiseBlock(
            np.array([part.equation for part in parts], dtype=int),
            np.array([part.effect for part in parts]),
            np.zeros(len(parts)),
            self._correlations(chip)[:-1, :-1] * np.outer(sigmas, sigmas),
        )

    def _lifted(self, chip: ChipKey) -> NoiseBlock:
        """Noise of a chip whose level as a whole is added to all offsets."""
        parts = self._parts[chip]
        level = self._measures.by_key[chip].level
        sigmas = np.array([*(part.level.sigma for part in parts), level.sigma if level else 0.0])
        return NoiseBlock(
            np.array([*(part.equation for part in parts), 0], dtype=int),
            np.array([*(part.effect for part in parts), 0.0]),
            np.array([*(0.0 for _ in parts), self._factor(chip)]),
            self._correlations(chip) * np.outer(sigmas, sigmas),
        )

    def _correlations(self, chip: ChipKey) -> NDArray[np.float64]:
        """Correlate the levels of a chip in its overlaps, and its own as a whole."""
        if chip not in self._known:
            self._known[chip] = self._correlated(chip)
        return self._known[chip]

    def _correlated(self, chip: ChipKey) -> NDArray[np.float64]:
        parts = self._parts.get(chip, [])
        outlines = self._measures.outlines
        if not outlines or not parts:
            return np.eye(len(parts) + 1)
        whole = self._measures.by_key[chip].level
        values = np.array([*(part.level.value for part in parts), whole.value if whole else 0.0])
        noise = float(np.median([part.level.noise for part in parts]))
        shared = shared_correlations(outlines[chip], [outlines[one.partner] for one in parts])
        return shared * common_part_of_medians(values, noise)
