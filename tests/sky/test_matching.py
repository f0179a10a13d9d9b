from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.overlap import Level, MeasuredChip, MeasuredOverlap
from skydb.domain.vocabulary import SkyMethod, SkyUnit
from skydb.sky.methods import Measures, sky_of
from skydb.sky.noise import unequal_noise_shift
from skydb.sky.shares import common_part_of_medians, shared_correlations
from tests.sky.measured import measures

SIGMA = 0.01
SQUARE = np.array([[0.0, 0.0], [0.0, 0.01], [0.01, 0.01], [0.01, 0.0]])
FULL = [("a", "b"), ("a", "c"), ("b", "c")]
SKIES = {"a": 1.2, "b": 0.8, "c": 1.0}


def _box(low: float, high: float) -> np.ndarray:
    return np.array([[low, 0.0], [low, 0.01], [high, 0.01], [high, 0.0]])


def _sigmas(method: SkyMethod, given: Measures) -> dict[str, float]:
    return {name: sky.sigma for name, sky in sky_of(method, given).skies.items() if sky}


def _together(given: Measures) -> Measures:
    """The same exposures, all of one pointing."""
    return Measures(given.chips, given.overlaps, {chip.key: SQUARE for chip in given.chips})


def test_the_same_pixels_in_two_overlaps_are_no_second_look_at_the_sky() -> None:
    given = measures(SKIES, FULL)
    apart, together = (_sigmas(SkyMethod.MATCH, one) for one in (given, _together(given)))
    assert together == pytest.approx({"a": SIGMA * 2**0.5, "b": 0.0, "c": SIGMA * 2**0.5})
    assert apart["a"] == pytest.approx(SIGMA * (4 / 3) ** 0.5)


def test_a_longer_way_from_the_zero_is_noisier() -> None:
    chain = measures({"a": 1.2, "b": 0.8, "c": 1.0, "d": 2.0}, [("a", "b"), ("b", "c"), ("c", "d")])
    sigma = _sigmas(SkyMethod.MATCH, chain)
    assert sigma["d"] == pytest.approx(SIGMA * 2)


def test_a_common_lift_has_the_noise_of_the_chip_that_it_is_of() -> None:
    # All of the noise of b, lowest and zero, is in its level, by which everything is lifted.
    sigma = _sigmas(SkyMethod.GLOBALMIN_MATCH, _together(measures(SKIES, FULL)))
    assert sigma == pytest.approx({"a": SIGMA, "b": SIGMA, "c": SIGMA})


@pytest.mark.parametrize("method", [SkyMethod.LOCALMIN, SkyMethod.GLOBALMIN])
def test_a_level_has_the_noise_of_its_chip(method: SkyMethod) -> None:
    assert set(_sigmas(method, measures(SKIES, FULL)).values()) == {SIGMA}


def test_regions_correlate_by_what_they_have_in_common() -> None:
    regions = [_box(0.0, 0.005), _box(0.0025, 0.0075), _box(0.005, 0.01)]
    found = shared_correlations(SQUARE, regions)
    half = 0.5**0.5
    expected = [[1, 0.5, 0, half], [0.5, 1, 0.5, half], [0, 0.5, 1, half], [half, half, half, 1]]
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_a_region_smaller_than_a_cell_has_nothing_in_common() -> None:
    found = shared_correlations(SQUARE, [_box(0.0, 0.000001), _box(0.0, 0.01)])
    assert np.diag(found).tolist() == [1.0, 1.0, 1.0]
    assert found[0, 1] == 0.0


def test_the_correlations_are_those_of_noise_whatever_the_regions() -> None:
    rng = np.random.default_rng(1)
    regions = [_box(*np.sort(rng.uniform(-0.002, 0.012, 2))) for _ in range(12)]
    assert np.linalg.eigvalsh(shared_correlations(SQUARE, regions)).min() > -1e-9


def test_noise_leaves_a_third_of_the_variance_where_three_differences_close() -> None:
    (triangle,) = measures(SKIES, FULL).matches
    assert triangle.residual_sigmas() == pytest.approx(dict.fromkeys(FULL, SIGMA * 2**0.5 / 3**0.5))
    (chain,) = measures(SKIES, FULL[:2]).matches
    assert chain.residual_sigmas() == pytest.approx(dict.fromkeys(FULL[:2], 0.0), abs=1e-12)


def test_differences_of_the_same_pixels_close_by_themselves() -> None:
    (triangle,) = _together(measures(SKIES, FULL)).matches
    assert triangle.residual_sigmas() == pytest.approx(dict.fromkeys(FULL, 0.0), abs=1e-8)


@pytest.mark.parametrize("slope", [0.0, 1e-4, 1e-3, 1e-2])
def test_medians_of_a_nebula_have_less_in_common_than_their_pixels(slope: float) -> None:
    """Two regions of one chip that have half of their pixels in common, tried many times."""
    rng = np.random.default_rng(3)
    scene = slope * np.arange(3000.0)
    tries = scene + rng.normal(0.0, 1.0, (1500, 3000))
    one, other = np.median(tries[:, :2000], axis=1), np.median(tries[:, 1000:], axis=1)
    levels = np.array([one.mean(), other.mean()])
    expected = 0.5 * common_part_of_medians(levels, 1.0)[0, 1]
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(expected, abs=0.09)


def test_levels_that_all_pixels_contribute_to_have_all_in_common() -> None:
    assert (common_part_of_medians(np.array([1.0, 5.0, 70.0]), 0.0) == 1.0).all()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8), st.floats(1e-3, 1e3))
def test_what_medians_have_in_common_is_a_covariance(levels: list[float], noise: float) -> None:
    found = common_part_of_medians(np.array(levels), noise)
    assert np.diag(found) == pytest.approx(1.0)
    assert found.min() >= 0.0 and found.max() <= 1.0 + 1e-12
    assert np.linalg.eigvalsh(found).min() > -1e-9


def _noisy(chips: dict[tuple[str, int], Level], edges: list[tuple[int, int]]) -> Measures:
    """Two exposures of some chips, which overlap by these."""
    seen = [MeasuredChip(*key, level, SkyUnit.ELECTRON_PER_S, 2.0) for key, level in chips.items()]
    overlaps = [
        MeasuredOverlap(("a", one), ("b", other), 1.0, chips["a", one], chips["b", other])
        for one, other in edges
    ]
    return Measures(tuple(seen), tuple(overlaps))


def test_a_difference_is_off_by_what_unequal_noise_does_to_all_of_its_chips() -> None:
    chips = {
        ("a", 1): Level(1.0, 1e-4, 100_000, 0.2, 3.0), ("b", 1): Level(1.0, 1e-4, 90_000, 0.1, 3.0),
        ("a", 2): Level(1.0, 1e-4, 30_000, 0.3, 2.0), ("b", 2): Level(1.0, 1e-4, 20_000, 0.1, 2.0),
    }  # fmt: skip
    shifts = [unequal_noise_shift((chips["a", n], chips["b", n]), (2.0, 2.0)) for n in (1, 2)]
    assert min(shifts) > 0.1
    (both,) = _noisy(chips, [(1, 1), (2, 2)]).matches
    mean = (190_000 * shifts[0] + 50_000 * shifts[1]) / 240_000
    assert both._unequal_noise == pytest.approx([mean])
    assert both.sigmas("a")["b"] == pytest.approx(mean, rel=1e-3)
    # Levels of which the noise is not known say nothing of it.
    for unknown in (("a", 2), ("b", 2)):
        known = {**chips, unknown: replace(chips[unknown], noise=0.0)}
        (one,) = _noisy(known, [(1, 1), (2, 2)]).matches
        assert one._unequal_noise == pytest.approx([shifts[0]])
    (none,) = measures({"a": 1.2, "b": 0.8}, [("a", "b")]).matches
    assert none._unequal_noise.tolist() == [0.0]


def test_a_common_lift_is_that_of_a_chip_that_no_other_one_overlaps() -> None:
    level = Level(1.0, 0.03, 1000, 0.1)
    chips = {("a", 1): level, ("b", 1): level, ("b", 2): replace(level, value=0.5, sigma=0.05)}
    given = _noisy(chips, [(1, 1)])
    outlines = {("a", 1): SQUARE, ("b", 1): SQUARE, ("b", 2): SQUARE + 0.02}
    for one in (given, Measures(given.chips, given.overlaps, outlines)):
        (match,) = one.matches
        assert match.sigmas_above(("b", 2)) == pytest.approx(
            {"b": 2.0 * 0.05, "a": 2.0 * np.hypot(0.05, 0.03 * 2**0.5)}
        )
