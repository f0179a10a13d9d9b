"""Levels of chips as samples of what a run has left: of cells, or of whole overlaps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey, Level
from skydb.sky.cells import CellLevel
from skydb.sky.components import Sample
from skydb.sky.geometry import ARCSEC_PER_RADIAN, centre_of, tangent_plane
from skydb.sky.methods import Measures
from skydb.sky.residuals import AuditUnit

#: Part of the pixels of the fullest chip that another one must have in a cell.
_ENOUGH = 0.6


class _Seen(NamedTuple):
    """A level before it is a sample: in the unit of its image."""

    place: int
    chip: ChipKey
    level: Level
    middle_deg: NDArray[np.float64]


def samples_of_cells(
    levels: Iterable[CellLevel],
    measures: Measures,
    skies: Mapping[ChipKey, float | None],
    unit: AuditUnit,
) -> list[Sample]:
    """Compute residuals in cells of the sky, of which no two have a pixel in common.

    Parameters
    ----------
    levels : iterable of CellLevel
        In the unit of the skies.
    measures : Measures
        The chips and their outlines.
    skies : mapping of ChipKey to float or None
        MDRIZSKY; chips without are left out.
    unit : AuditUnit
        Of the samples.
    """
    seen = [
        _Seen(one.cell.place, one.chip, one.level, _middle(one.cell.outline_deg)) for one in levels
    ]
    most: dict[int, int] = defaultdict(int)
    for one in seen:
        most[one.place] = max(most[one.place], one.level.pixels)
    full = [one for one in seen if one.level.pixels >= _ENOUGH * most[one.place]]
    return _samples(full, measures, skies, unit)


def samples_of_overlaps(
    measures: Measures,
    skies: Mapping[ChipKey, float | None],
    unit: AuditUnit,
    beside: Sequence[Sample] = (),
) -> list[Sample]:
    """Compute residuals in the overlaps of chips, each in the middle between the two.

    Overlaps of one chip have pixels in common. Their variances are multiplied by their
    number, which is right where they have all in common and too careful elsewhere.

    Parameters
    ----------
    measures : Measures
        Levels in the overlaps.
    skies : mapping of ChipKey to float or None
        MDRIZSKY; chips without are left out.
    unit : AuditUnit
        Of the samples.
    beside : sequence of Sample
        Samples of cells; overlaps of chips that share one of them are left out.
    """
    known = _together(beside)
    overlaps = [one for one in measures.overlaps if (one.first, one.second) not in known]
    number = Counter(chip for one in overlaps for chip in (one.first, one.second))
    number.update({sample.chip for sample in beside})
    start = 1 + max((sample.place for sample in beside), default=-1)
    middles = {key: _middle(outline) for key, outline in measures.outlines.items()}
    seen = []
    for place, one in enumerate(overlaps, start):
        here = np.zeros(2)
        if middles:
            here = _middle(np.array([middles[one.first], middles[one.second]]))
        for chip, level in ((one.first, one.first_level), (one.second, one.second_level)):
            if level is not None:
                careful = replace(level, sigma=level.sigma * float(np.sqrt(number[chip])))
                seen.append(_Seen(place, chip, careful, here))
    return _samples(seen, measures, skies, unit)


def _together(samples: Sequence[Sample]) -> set[tuple[ChipKey, ChipKey]]:
    """Pairs of chips that are in one place."""
    places: dict[int, set[ChipKey]] = defaultdict(set)
    for one in samples:
        places[one.place].add(one.chip)
    groups = {frozenset(chips) for chips in places.values()}
    return {pair for chips in groups for pair in combinations(sorted(chips), 2)}


def reaches_of(measures: Measures) -> dict[str, NDArray[np.float64]]:
    """Outlines of exposures in arcsec east and north of their middle."""
    return {
        name: tangent_plane(outline, centre) * ARCSEC_PER_RADIAN
        for name, (outline, centre) in _exposures(measures).items()
    }


def _exposures(
    measures: Measures,
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Outlines of the chips of every exposure together, and their middle."""
    found: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for (name, _), outline in measures.outlines.items():
        found[name].append(outline)
    whole = {name: np.vstack(outlines) for name, outlines in found.items()}
    return {name: (outline, centre_of(outline)) for name, outline in whole.items()}


def _samples(
    seen: Sequence[_Seen],
    measures: Measures,
    skies: Mapping[ChipKey, float | None],
    unit: AuditUnit,
) -> list[Sample]:
    known = [one for one in seen if skies.get(one.chip) is not None]
    factors = {
        key: chip.brightness_per_unit * unit.per_brightness for key, chip in measures.by_key.items()
    }
    offsets, shifts = _offsets(known, measures), _shifts(known, factors)
    return [
        Sample(
            one.place,
            one.chip,
            (one.level.value - (skies[one.chip] or 0.0)) * factors[one.chip],
            one.level.sigma * factors[one.chip],
            (float(offset[0]), float(offset[1])),
            float(shift),
        )
        for one, offset, shift in zip(known, offsets, shifts, strict=True)
    ]


def _offsets(seen: Sequence[_Seen], measures: Measures) -> NDArray[np.float64]:
    """Places (N, 2) of levels east and north of the middles of their exposures."""
    found = np.zeros((len(seen), 2))
    exposures = _exposures(measures)
    names = np.array([one.chip[0] for one in seen])
    for name, (_, centre) in exposures.items():
        own = np.flatnonzero(names == name).tolist()
        if own:
            places = np.array([seen[n].middle_deg for n in own])
            found[own] = tangent_plane(places, centre) * ARCSEC_PER_RADIAN
    return found


def _shifts(seen: Sequence[_Seen], factors: Mapping[ChipKey, float]) -> NDArray[np.float64]:
    """Bias of levels that unequal noise of exposures of one scene causes.

    The slope of a cell is too noisy; the mean over the cells of a chip is taken.
    """
    of_chips: dict[ChipKey, list[float]] = defaultdict(list)
    members: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(seen):
        of_chips[one.chip].append(one.level.slope / factors[one.chip])
        members[one.place].append(number)
    slopes = {chip: float(np.mean(values)) for chip, values in of_chips.items()}
    noise = np.array([(one.level.noise * factors[one.chip]) ** 2 for one in seen])
    found = np.zeros(len(seen))
    for numbers in members.values():
        slope = float(np.mean([slopes[seen[n].chip] for n in numbers]))
        found[numbers] = slope * (noise[numbers] - noise[numbers].mean())
    return found


def _middle(points_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle (2,) of positions (N, 2), ICRS degrees."""
    x, y, z = centre_of(points_deg)
    return np.array([np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(z))])
