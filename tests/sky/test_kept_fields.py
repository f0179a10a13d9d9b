"""What is said of the skies of made fields, of every kind: to six digits what it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from skydb.domain.overlap import Level, MeasuredChip, MeasuredOverlap
from skydb.domain.units import Conversion
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod, SkyUnit
from skydb.sky.advice import advise, lowest_of
from skydb.sky.cells import CellLevel, cells_of
from skydb.sky.components import Sample, decompose
from skydb.sky.evidence import SkyEvidence, beyond, rms
from skydb.sky.methods import Measures, sky_of
from skydb.sky.residuals import (
    AuditUnit,
    common_unit,
    residuals,
    worst_exposures,
    worst_pairs,
)
from skydb.sky.samples import reaches_of, samples_of_cells, samples_of_overlaps
from skydb.sky.shares import common_part_of_medians, shared_correlations
from skydb.sky.singles import chip_skies, matched_groups, name_of, names_matched, singled
from tests.keeping import assert_kept

ARCSEC = 1 / 3600
UNIT = AuditUnit("e-/s", 2.5)


def square(ra_arcsec: float, dec_arcsec: float, turn: float = 0.0) -> np.ndarray:
    """The outline of a chip of 20 by 16 arcsec."""
    corners = np.array([(-10.0, -8.0), (10.0, -8.0), (10.0, 8.0), (-10.0, 8.0)])
    cos, sin = np.cos(turn), np.sin(turn)
    turned = corners @ np.array([[cos, sin], [-sin, cos]])
    return (turned + np.array((ra_arcsec, dec_arcsec))) * ARCSEC + np.array((150.0, 0.0))


#: Places of exposures, and what their skies are; each has two chips, one over the other.
PLACES = {"a": (0, 0), "b": (5, 3), "c": (-4, 6), "d": (8, -5), "e": (3, 9)}


def field(
    *,
    light: float = 0.0,
    skew: float = 0.0,
    step: float = 0.0,
    apart: tuple[str, ...] = (),
    dark: tuple[str, ...] = (),
    unit: SkyUnit | None = SkyUnit.ELECTRON_PER_S,
    seed: int = 4,
    unequal: float = 1.0,
    means: bool = True,
) -> Measures:
    """Two chips an exposure: with light that differs, stars, a step, islands and dark ones."""
    rng = np.random.default_rng(seed)
    names = sorted({*PLACES, *apart, *dark})
    skies = {name: 1.0 + 0.15 * rng.uniform() for name in names}
    outlines, chips = {}, []
    for number, name in enumerate(names):
        x, y = PLACES.get(name, (500 * number, 0))
        for extver in (1, 2):
            outlines[name, extver] = square(x, y + 17 * extver, 0.03 * number)
            level = skies[name] + light * (number % 3) + rng.normal(0.0, 0.002)
            noise = 0.2 * (1 + number % 2)
            known: Level | None = Level(
                level, 0.002 + 0.001 * number, 9000 + number, noise, 0.01 * number
            )
            mean: Level | None = Level(level + skew * (1 + number), 0.0015, 9500 + number)
            mean = mean if means else None
            if name in dark:
                known = mean = None
            chips.append(MeasuredChip(name, extver, known, unit, 60.0 + unequal * number, mean))
    overlaps = list(_overlaps(outlines, skies, rng, light, step))
    return Measures(tuple(chips), tuple(overlaps), outlines)


def _overlaps(outlines, skies, rng, light, step) -> Iterator[MeasuredOverlap]:
    keys = sorted(outlines)
    for i, one in enumerate(keys):
        for other in keys[i + 1 :]:
            if one[0] == other[0] or one[0] not in PLACES or other[0] not in PLACES:
                continue
            apart = np.abs((outlines[one] - outlines[other]).mean(axis=0)) * 3600
            if apart[0] > 19 or apart[1] > 15:
                continue
            common = (20 - apart[0]) * (16 - apart[1])
            pixels = int(25 * common)
            levels = [
                Level(
                    skies[key[0]] + light * 0.4 + rng.normal(0.0, 0.003) + step * (side == 0),
                    0.003 + 0.001 * side, pixels, 0.2 * (1 + side), 0.02 * side,
                )
                for side, key in enumerate((one, other))
            ]  # fmt: skip
            yield MeasuredOverlap(one, other, common, *levels)


FIELDS = {
    "blank": {},
    "light": {"light": 0.3},
    "faint light": {"light": 0.01},
    "stars": {"skew": 0.004},
    "steps": {"step": 0.05, "seed": 7},
    "an island": {"apart": ("x",)},
    "two islands in light": {"apart": ("x", "y"), "light": 0.2},
    "a dark one": {"dark": ("w",)},
    "counts": {"unit": SkyUnit.ELECTRON, "skew": 0.002},
    "no unit": {"unit": None},
    "equal chips": {"unequal": 0.0, "light": 0.1, "skew": 0.003},
    "no means": {"means": False, "unequal": 0.0},
    "only islands": {"apart": ("x", "y"), "unequal": 0.0, "skew": 0.004},
}


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_advice_and_evidence_are_what_they_were(kind: str) -> None:
    measures = field(**FIELDS[kind])
    evidence = SkyEvidence(measures, {"a": 400.0, "b": 1200.0})
    told = [
        "islands", "chips_of_exposure", "unchecked", "observed_rms", "observed_noise",
        "match_noise", "left", "left_by_gradients", "pixel_noise", "stars", "match_sigma",
        "extended_pull", "unequal", "zeros", "is_zero_checked",
    ]  # fmt: skip
    found = {name: getattr(evidence, name) for name in told}
    found["advice"] = advise(measures, {"a": 400.0, "b": 1200.0})
    found["flagged"] = advise(measures).is_flagged
    assert_kept(f"advice on {kind}", found)


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_skies_of_all_methods_and_what_they_leave_are_what_they_were(kind: str) -> None:
    measures = field(**FIELDS[kind])
    found: dict[str, object] = {}
    for method in COMPUTED_METHODS:
        skies = sky_of(method, measures)
        left = measures.without(skies.in_image_units(measures.chips))
        found[f"{method}"] = [skies.skies, skies.islands]
        found[f"{method} of chips"] = chip_skies(method, measures, per_chip=True)
        found[f"{method} in images"] = skies.in_image_units(measures.chips)
        rows = residuals(measures, skies.in_image_units(measures.chips))
        found[f"{method} residuals"] = rows
        found[f"{method} worst"] = [worst_pairs(rows), worst_exposures(rows)]
        found[f"{method} left"] = [pair.difference for pair in left.pairs]
    found["matches"] = [
        [one.offsets, one.sigmas(), one.residual_sigmas()] for one in measures.matches
    ]
    found["unit"] = common_unit(measures.chips)
    found["groups"] = [matched_groups(measures, per_chip=one) for one in (True, False)]
    assert_kept(f"methods on {kind}", found)


def test_sigmas_above_a_chip_or_an_exposure_are_what_they_were() -> None:
    (match,) = field(light=0.05).matches
    assert_kept(
        "sigmas above",
        {
            "exposures": [match.sigmas(name) for name in PLACES],
            "chips": [match.sigmas_above((name, 2)) for name in PLACES],
        },
    )


def test_measures_in_another_unit_are_what_they_were() -> None:
    measures = field(light=0.05)
    gain = Conversion(SkyUnit.COUNT, SkyUnit.ELECTRON, 2.0)
    rate = Conversion(SkyUnit.ELECTRON, SkyUnit.ELECTRON_PER_S, 1.5, 0.01)
    assert measures.converted({}) is measures
    found = measures.converted({"a": gain, "c": rate})
    assert_kept("converted", {"chips": found.chips, "overlaps": found.overlaps[::4]})


def test_chips_that_are_matched_one_by_one_have_names_of_their_own() -> None:
    measures = field()
    single = singled(measures)
    assert name_of(("a", 2)) == "a[2]"
    assert [chip.key for chip in single.chips][:2] == [("a[1]", 1), ("a[2]", 2)]
    assert set(single.outlines) == {(name_of(key), key[1]) for key in measures.outlines}
    pairs = {(one.first, one.second) for one in single.overlaps}
    assert pairs == {
        ((name_of(one.first), one.first[1]), (name_of(one.second), one.second[1]))
        for one in measures.overlaps
    }
    assert names_matched([("a", 1), ("b", 2)], per_chip=True) == {"a[1]", "b[2]"}
    assert names_matched([("a", 1), ("b", 2)]) == {"a", "b"}
    assert matched_groups(measures) == measures.islands
    assert {name for group in matched_groups(measures, per_chip=True) for name in group} == {
        name_of(chip.key) for chip in measures.chips
    }


def test_a_chip_without_a_good_pixel_has_no_sky_of_its_own() -> None:
    measures = field(dark=("w",))
    for per_chip in (True, False):
        skies = chip_skies(SkyMethod.LOCALMIN, measures, per_chip=per_chip)
        assert {key for key, sky in skies.items() if sky is None} == {("w", 1), ("w", 2)}


GROUPS = [["a", "b", "c", "d", "e"]]


def test_cells_lie_on_their_chips_and_are_the_same_on_all() -> None:
    outlines = field().outlines
    found = cells_of(outlines, GROUPS)
    assert found.keys() == outlines.keys()
    seen: dict[int, list[tuple[str, np.ndarray]]] = {}
    for (name, _), cells in found.items():
        for cell in cells:
            seen.setdefault(cell.place, []).append((name, cell.outline_deg))
    assert len(seen) > 50
    for members in seen.values():
        assert len({name for name, _ in members}) > 1
        for _, outline in members:
            np.testing.assert_allclose(outline, members[0][1], atol=1e-12)
    for key, cells in found.items():
        corners = np.vstack([cell.outline_deg for cell in cells]) - outlines[key].mean(axis=0)
        edge = np.abs(outlines[key] - outlines[key].mean(axis=0)).max(axis=0)
        assert (np.abs(corners) <= edge + 1e-9).all()
    assert_kept("cells", {str(key): cells[::7] for key, cells in found.items()}, rel=1e-9)


def test_cells_of_a_turned_field_near_the_pole_are_what_they_were() -> None:
    tilt = {
        ("a", 1): np.array([(10.0, 89.99), (12.0, 89.991), (40.0, 89.993), (60.0, 89.992)]),
        ("b", 1): np.array([(12.0, 89.9903), (18.0, 89.9907), (45.0, 89.9927), (70.0, 89.9921)]),
        ("b", 2): np.array([(1.0, 89.98), (9.0, 89.981), (11.0, 89.985), (5.0, 89.984)]),
    }
    polar = cells_of(tilt, [["a", "b"]])
    assert_kept("cells near the pole", {str(key): one for key, one in polar.items()}, rel=1e-9)


def test_groups_have_cells_of_their_own_and_one_exposure_alone_has_none() -> None:
    outlines = {
        **{(name, 1): square(*place) for name, place in PLACES.items()},
        ("x", 1): square(500, 0),
        ("y", 1): square(504, 2),
        ("z", 1): square(900, 0),
    }
    found = cells_of(outlines, [["a", "b"], ["x", "y"], ["z"], ["nobody", "else"]])
    places = {key[0]: {cell.place for cell in cells} for key, cells in found.items()}
    assert places["a"] & places["b"]
    assert places["x"] & places["y"]
    assert not (places["a"] | places["b"]) & (places["x"] | places["y"])
    assert not places["z"] | places["c"]
    assert max(places["a"] | places["b"]) < min(places["x"] | places["y"])
    assert_kept("cells of groups", {name: sorted(some) for name, some in places.items()})
    # The same piece of sky, seen by four: as many cells again, each number after the first ones.
    same = {(name, 1): square(0, 0) for name in "abxy"}
    twice = cells_of(same, [["a", "b"], ["x", "y"]])
    first, second = ([cell.place for cell in twice[name, 1]] for name in "ax")
    assert len(first) == len(second)
    assert max(first) < min(second)


def _cell_levels(measures: Measures) -> list[CellLevel]:
    rng = np.random.default_rng(9)
    found = []
    for key, cells in cells_of(measures.outlines, GROUPS).items():
        for number, cell in enumerate(cells):
            east = (cell.outline_deg[:, 0].mean() - 150.0) * 3600
            level = 1.2 + rng.normal(0.0, 0.01) + (0.004 * east if key[0] == "b" else 0.0)
            level += 0.1 * (key == ("c", 2)) + 0.05 * (key[0] == "e")
            pixels = 100 + 60 * (number % 2)
            slope = 0.01 * (key[1])
            known = Level(level, 0.01, pixels, 0.1 * (1 + number % 3), slope)
            found.append(CellLevel(key, cell, known))
    return found


def test_samples_and_what_they_are_decomposed_into_are_what_they_were() -> None:
    measures = field(seed=3)
    skies: dict = {chip.key: 1.0 + 0.01 * chip.extver for chip in measures.chips}
    skies["d", 1] = None
    cells = samples_of_cells(_cell_levels(measures), measures, skies, UNIT)
    overlaps = samples_of_overlaps(measures, skies, UNIT)
    beside = samples_of_overlaps(measures, skies, UNIT, cells)
    reaches = reaches_of(measures)
    assert_kept(
        "samples",
        {
            "cells": cells[::25],
            "overlaps": overlaps,
            "beside": beside,
            "reaches": reaches,
            "of cells": decompose(cells, reaches),
            "of cells alone": decompose(cells),
            "of overlaps": decompose(overlaps, reaches),
            "of both": decompose([*cells, *beside], reaches),
        },
    )


@pytest.mark.parametrize("scale", [1.0, 0.2, 0.03])
def test_decompositions_of_many_errors_at_once_are_what_they_were(scale: float) -> None:
    rng = np.random.default_rng(12)
    chips = [(name, extver) for name in "abcdef" for extver in (1, 2, 3)]
    errors = {chip: rng.normal(0.0, scale) * (rng.uniform() < 0.25) for chip in chips}
    slopes = {name: rng.normal(0.0, 0.1 * scale, 2) * (name in "be") for name in "abcdef"}
    samples = []
    for place in range(120):
        for number in rng.choice(len(chips), 4, replace=False):
            chip = chips[number]
            offset = tuple(rng.uniform(-10.0, 10.0, 2))
            level = errors[chip] + float(slopes[chip[0]] @ offset) + 0.3 * scale * (chip[1] == 3)
            level += 0.5 * scale * (chip[0] == "f") + rng.normal(0.0, 0.05)
            sigma = float(rng.uniform(0.03, 0.08))
            samples.append(Sample(place, chip, level, sigma, offset, 0.01 * (place % 3)))
    assert_kept(f"decomposed {scale}", {"all": decompose(samples)})


def test_of_many_components_twelve_are_told() -> None:
    rng = np.random.default_rng(1)
    chips = [(f"e{number:02}", extver) for number in range(20) for extver in (1, 2, 3)]
    errors = {chip: float(rng.normal(0.0, 5.0)) for chip in chips}
    samples = [
        Sample(place, chips[n], errors[chips[n]] + rng.normal(0.0, 0.05), 0.05, (1.0 * n, 2.0), 0.0)
        for place in range(150)
        for n in rng.choice(len(chips), 5, replace=False)
    ]
    found = decompose(samples)
    assert len(found.components) == 12
    assert_kept("decomposed into twelve", {"all": found})


def test_common_parts_of_regions_and_medians_are_what_they_were() -> None:
    chip, partners = square(0, 0), [square(*place, 0.1) for place in PLACES.values()]
    far = square(100, 100)
    tiny = square(0, 0) * 1e-3 + square(3, 3)[0] * (1 - 1e-3)
    assert_kept(
        "shares",
        {
            "correlations": shared_correlations(chip, [*partners, far, tiny]),
            "alone": shared_correlations(chip, []),
            "medians": common_part_of_medians(np.array([1.0, 1.1, 1.5, 4.0]), 0.4),
            "means": common_part_of_medians(np.array([1.0, 1.1]), 0.0),
        },
    )


def test_what_is_beyond_noise_is_what_it_was() -> None:
    assert rms([]) is None
    assert rms([3.0, -4.0]) == pytest.approx(np.sqrt(12.5))
    assert beyond(None, 1.0, 3) == beyond(1.0, None, 3) == beyond(9.0, 1.0, 0) == 0.0
    edge = 1 + 3 / np.sqrt(2 * 4)
    assert beyond(edge, 1.0, 4) == 0.0
    assert beyond(edge + 1e-6, 1.0, 4) == pytest.approx(np.sqrt(edge**2 - 1), rel=1e-5)
    assert beyond(5.0, 1.0, 1) == pytest.approx(np.sqrt(24.0))


def test_the_lowest_of_some_equal_levels_is_as_low_as_blom_says() -> None:
    assert [lowest_of(count) for count in (0, 1)] == [0.0, 0.0]
    assert_kept("lowest of", {str(count): lowest_of(count) for count in (2, 3, 10, 100)})


def test_light_that_one_place_alone_has_is_seen_there() -> None:
    measures = field(seed=8)
    chips = tuple(
        replace(chip, level=replace(chip.level, value=0.5, sigma=0.05))
        if chip.key == ("c", 1)
        else chip
        for chip in measures.chips
    )
    evidence = SkyEvidence(replace(measures, chips=chips))
    assert_kept("a lit place", {"zeros": evidence.zeros, "checked": evidence.is_zero_checked})
