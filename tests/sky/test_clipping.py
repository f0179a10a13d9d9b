"""Clipping and ranks without sorting, against a plain look at all pixels."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.sky.clipping import Moments, RangeStatistics, _moments, _Sums
from skydb.sky.levels import SkyStatistic

KINDS = ("sky", "nebula", "few values", "cosmic rays", "two levels", "ramp")


def pixels(kind: str, size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(1.2, 0.03, size)
    if kind == "nebula":
        values += rng.exponential(0.4, size)
    elif kind == "few values":
        values = rng.integers(0, 5, size).astype(float)
    elif kind == "cosmic rays":
        values[rng.integers(0, size, size // 20 + 1)] += 1e5 * rng.random()
    elif kind == "two levels":
        values[: size // 2] += 50.0
    elif kind == "ramp":
        values = np.linspace(-5.0, 5.0, size)
    return values.astype(np.float32)


def plainly(values: np.ndarray, statistic: SkyStatistic) -> tuple[float, float, int]:
    """Median, standard deviation and number of what clipping leaves, as a textbook has it."""
    kept = values
    for _ in range(statistic.clip):
        middle = kept.astype(np.float64)
        mean, deviation = middle.mean(), middle.std(ddof=1)
        low = np.float32(mean - statistic.lower_sigma * deviation)
        high = np.float32(mean + statistic.upper_sigma * deviation)
        inside = values[(values >= low) & (values <= high)]
        if inside.size < 2:
            break
        kept = inside
    return float(np.median(kept)), float(kept.astype(np.float64).std(ddof=1)), kept.size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 500, 30_000, 200_001])
@pytest.mark.parametrize("lower_sigma", [4.0, 1.5])
def test_levels_are_those_of_a_plain_look_at_all_pixels(
    kind: str, size: int, lower_sigma: float
) -> None:
    statistic = SkyStatistic(lower_sigma=lower_sigma)
    values = pixels(kind, size, seed=size)
    median, deviation, number = plainly(values, statistic)
    level = statistic.level(values)
    assert level is not None
    assert (level.value, level.pixels) == (median, number)
    if kind == "sky" and size >= 500:
        # Of pixels that are all alike; tests of the noise have the others.
        noise = deviation / np.sqrt(number) * np.sqrt(np.pi / 2)
        assert level.sigma == pytest.approx(noise, rel=0.2)


@given(
    st.sampled_from(KINDS),
    st.integers(1, 3000),
    st.integers(0, 99),
    st.floats(-6.0, 60.0, width=32),
    st.floats(0.0, 60.0, width=32),
)
def test_a_median_between_any_limits_is_that_of_the_pixels_there(
    kind: str, size: int, seed: int, low: float, width: float
) -> None:
    values = pixels(kind, size, seed)
    sorted_out = RangeStatistics(values)
    inside = sorted_out.between(low, low + width)
    moments = sorted_out.moments(low, low + width)
    assert moments.count == inside.size
    if inside.size:
        assert moments.mean == pytest.approx(inside.mean(dtype=np.float64), rel=1e-5, abs=1e-5)
        assert sorted_out.median(low, low + width, inside.size) == np.median(inside)


def exactly(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of pixels, without any rounding on the way."""
    numbers = [Fraction(value) for value in values.tolist()]
    mean = sum(numbers, Fraction()) / len(numbers)
    spread = sum(((number - mean) ** 2 for number in numbers), Fraction())
    return float(mean), math.sqrt(spread / (len(numbers) - 1)) if len(numbers) > 1 else 0.0


FAR = st.sampled_from([1e6, -1e6, 1e12, -1e12, 3e38, -3e38])


@given(
    st.lists(st.floats(0.5, 2.0, width=32), min_size=1, max_size=60),
    st.lists(FAR, max_size=120),
    st.randoms(use_true_random=False),
    st.sampled_from([(0.0, 2.0), (0.75, 1.5), (-1e7, 1e7), (-1e13, 1.5), (-np.inf, np.inf)]),
)
def test_pixels_far_away_take_no_digit_from_those_between_limits(
    sky: list[float], far: list[float], order: Random, limits: tuple[float, float]
) -> None:
    pixels_in_order = sky + far
    order.shuffle(pixels_in_order)
    values = np.array(pixels_in_order, np.float32)
    inside = values[(values >= limits[0]) & (values <= limits[1])]
    found = RangeStatistics(values).moments(*limits)
    assert found.count == inside.size
    if inside.size:
        mean, deviation = exactly(inside)
        largest = float(abs(inside).max())
        assert found.mean == pytest.approx(mean, rel=0, abs=1e-13 * largest)
        assert found.deviation == pytest.approx(deviation, rel=1e-6, abs=1e-7 * largest)


def test_a_mean_between_limits_has_all_digits_beside_a_pixel_far_away() -> None:
    values = pixels("cosmic rays", 2, 1)
    found = RangeStatistics(values).moments(0, 2)
    assert (found.count, found.mean) == (1, float(values.min()))


def test_one_hot_pixel_does_not_drown_the_others() -> None:
    values = pixels("sky", 100_000, seed=1)
    values[::10_000] = 3e9
    level = SkyStatistic().level(values)
    assert level is not None and level.pixels <= 99_990
    assert level.value == pytest.approx(1.2, abs=1e-3)
    assert level.sigma == pytest.approx(0.03 / np.sqrt(1e5) * 1.2533, rel=0.1)


def test_limits_belong_to_what_lies_between_them() -> None:
    values = np.arange(9, dtype=np.float32)
    sorted_out = RangeStatistics(values)
    assert sorted_out.between(2.0, 6.0).tolist() == [2, 3, 4, 5, 6]
    assert (sorted_out.moments(2.0, 6.0).count, sorted_out.moments(2.0, 6.0).mean) == (5, 4.0)
    assert sorted_out.moments(-np.inf, 7.0).count == 8
    assert sorted_out.median(2.0, 6.0, 5) == 4.0


def test_rounding_that_makes_a_spread_negative_is_no_spread() -> None:
    assert _moments(_Sums(4, 4.0, 4.0 - 1e-12), np.float32(2.0)) == Moments(4, 3.0, 0.0)
    assert _moments(_Sums(4, 4.0, 16.0), np.float32(2.0)) == Moments(4, 3.0, 2.0)
