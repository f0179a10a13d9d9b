"""Every chip of an exposure must agree with the catalogue, and few stars contradict nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skydb.domain.trust import TRUST_FLOOR, UNCONFIRMED_SCORE, FitCheck
from skydb.domain.vocabulary import TrustComponent
from skydb.sky.chip_trust import ChipSources, check_chips, with_chips

SCALE, SIDE = 0.04, 80.0
CENTRES = ((85.25, -2.46), (85.25, -2.46 + 1.1 * SIDE / 3600))
SEEDS = st.integers(0, 2**32 - 1)


def spread(rng: np.random.Generator, number: int, chip: int) -> np.ndarray:
    """Positions evenly over a chip."""
    ra, dec = CENTRES[chip - 1]
    steps = rng.uniform(-SIDE / 2, SIDE / 2, (number, 2)) / 3600
    return np.array((ra, dec)) + steps / (np.cos(np.radians(dec)), 1.0)


def shifted(radec_deg: np.ndarray, east_arcsec: float, north_arcsec: float) -> np.ndarray:
    east = east_arcsec / 3600 / np.cos(np.radians(radec_deg[:, 1]))
    return radec_deg + np.column_stack((east, np.full(len(radec_deg), north_arcsec / 3600)))


def chip(
    rng: np.random.Generator, extver: int, stars: int, *, found: float = 0.9, false: int = 0
) -> ChipSources:
    """A chip on which a share of the catalogue's sources is found, beside false detections."""
    catalog = spread(rng, stars, extver)
    seen = catalog[rng.random(stars) < found]
    seen = shifted(seen, 0.0, 0.0) + rng.normal(0, 0.1 * SCALE / 3600, seen.shape)
    places = np.vstack([seen, spread(rng, false, extver)])
    return ChipSources(extver, places, catalog, SIDE**2, SCALE)


def off(one: ChipSources, east_arcsec: float, north_arcsec: float) -> ChipSources:
    return replace(one, stars_deg=shifted(one.stars_deg, east_arcsec, north_arcsec))


@settings(max_examples=25)
@example(seed=1, first=10, second=2, found=0.125, false=10)
@example(seed=0, first=12, second=23, found=0.25, false=11)
@given(SEEDS, st.integers(0, 250), st.integers(0, 250), st.floats(0.05, 1.0), st.integers(0, 1500))
def test_chips_of_a_right_fit_are_never_contradicted(
    seed: int, first: int, second: int, found: float, false: int
) -> None:
    rng = np.random.default_rng(seed)
    chips = [chip(rng, 1, first, found=found, false=false), chip(rng, 2, second, found=found)]
    assert check_chips(chips) is None
    assert check_chips(chips[::-1]) is None


@settings(max_examples=15)
@given(SEEDS, st.floats(0.2, 2.5), st.floats(0.0, 2 * np.pi), st.integers(0, 500))
def test_a_chip_that_is_off_is_contradicted_however_well_its_sibling_agrees(
    seed: int, off_arcsec: float, towards: float, false: int
) -> None:
    rng = np.random.default_rng(seed)
    right, other = chip(rng, 1, 80, false=false), chip(rng, 2, 80, false=false)
    wrong = off(other, off_arcsec * np.cos(towards), off_arcsec * np.sin(towards))
    said = check_chips([right, wrong])
    assert said is not None and said.score is not None
    assert said.score < 0.1 < TRUST_FLOOR
    assert said.component is TrustComponent.CROSS_MATCH
    assert said.reason.startswith("the stars of SCI,2 lie ")
    assert said.measured == pytest.approx(off_arcsec / SCALE, abs=1.2)


def test_a_chip_whose_stars_are_nowhere_is_contradicted_by_its_sibling() -> None:
    rng = np.random.default_rng(1)
    right, lost = chip(rng, 1, 80), chip(rng, 2, 80, found=0.0, false=60)
    said = check_chips([right, lost])
    assert said is not None and said.score is not None and said.score < TRUST_FLOOR
    assert said.reason.startswith("only ") and "of 80 sources of SCI,2 lie near" in said.reason
    # Alone, and beside another one that is lost, nothing shows that they belong there.
    assert check_chips([lost]) is None
    assert check_chips([lost, replace(chip(rng, 1, 80, found=0.0, false=60))]) is None


@pytest.mark.parametrize("number", [0, 1, 4, 9])
def test_a_few_missing_stars_contradict_nothing(number: int) -> None:
    rng = np.random.default_rng(2)
    right, lost = chip(rng, 1, 80), chip(rng, 2, number, found=0.0, false=60)
    assert check_chips([right, lost]) is None


@pytest.mark.parametrize(("off_pix", "is_trusted"), [(0.2, True), (0.4, True), (0.8, False)])
def test_an_offset_of_a_chip_counts_as_one_of_the_whole(off_pix: float, is_trusted: bool) -> None:
    rng = np.random.default_rng(3)
    chips = [chip(rng, 1, 100), off(chip(rng, 2, 100), off_pix * SCALE, 0.0)]
    said = check_chips(chips)
    score = 1.0 if said is None or said.score is None else said.score
    assert (score >= TRUST_FLOOR) is is_trusted
    assert (said is None) is is_trusted  # what is less is seen in all stars together


def test_a_chip_is_found_elsewhere_although_chance_gives_it_many_pairs() -> None:
    rng = np.random.default_rng(4)
    right = chip(rng, 1, 500, false=500)
    wrong = off(chip(rng, 2, 500, false=500), 0.4, 0.0)
    # A share that is found, with an offset that is not known.
    by_chance = wrong.stars_deg[:200] + rng.normal(0, 0.1 / 3600, (200, 2))
    wrong = replace(wrong, catalog_deg=np.vstack([wrong.catalog_deg, by_chance]))
    assert wrong.agreement.share > 0.2 and wrong.agreement.error_pix > 0.25
    said = check_chips([right, wrong])
    assert said is not None and said.measured == pytest.approx(0.4 / SCALE, abs=1.2)


def test_the_worse_of_the_check_of_all_stars_and_that_of_a_chip_counts() -> None:
    def check(score: float | None) -> FitCheck:
        return FitCheck(TrustComponent.CROSS_MATCH, score, "")

    good, bad = check(1.0), check(0.1)
    assert with_chips(good, None) is good
    assert with_chips(good, bad) is bad
    assert with_chips(bad, check(UNCONFIRMED_SCORE)) is bad
    assert with_chips(check(None), bad) is bad
