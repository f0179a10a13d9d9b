from typing import Any

import numpy as np
import pytest

from skydb.domain.overlap import Level
from skydb.domain.vocabulary import SkyStat
from skydb.sky.clipping import RangeStatistics
from skydb.sky.levels import SkyStatistic
from skydb.sky.noise import PixelNoise, _left_of_step, unequal_noise_shift

SHAPE = (48, 48)
TRIES = 150


def _scenes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    x = np.arange(SHAPE[1], dtype=float)
    stars = np.where(rng.random(SHAPE) < 0.05, rng.exponential(5.0, SHAPE), 0.0)
    return {"flat": np.zeros(SHAPE), "gradient": x + np.zeros(SHAPE), "stars": stars}


def _repeated(scene: np.ndarray, stat: SkyStat, step: float = 0.0) -> tuple[float, float]:
    """Scatter of levels around the skies that were put in, and the sigma that they state."""
    rng = np.random.default_rng(3)
    errors, sigmas = [], []
    for _ in range(TRIES):
        sky = rng.uniform(-2.0, 2.0)
        image = scene + 10.0 + sky + rng.normal(0.0, 1.0, SHAPE)
        image = np.round(image / step) * step if step else image
        level = SkyStatistic(stat=stat).level(image.astype(np.float32).ravel())
        assert level is not None
        errors.append(level.value - sky)
        sigmas.append(level.sigma)
    return float(np.std(errors)), float(np.median(sigmas))


@pytest.mark.parametrize("scene", ["flat", "gradient", "stars"])
@pytest.mark.parametrize("stat", [SkyStat.MEDIAN, SkyStat.MEAN])
def test_a_sigma_is_the_scatter_about_one_scene(stat: SkyStat, scene: str) -> None:
    # The scene of a gradient varies by fourteen times the noise.
    scatter, sigma = _repeated(_scenes()[scene] * (0.3 if scene == "gradient" else 1.0), stat)
    assert sigma == pytest.approx(scatter, rel=0.25)


def test_a_mode_is_as_noisy_as_its_histogram() -> None:
    scatter, sigma = _repeated(_scenes()["flat"], SkyStat.MODE)
    assert sigma == pytest.approx(scatter, rel=0.3)


@pytest.mark.parametrize("step", [1.0, 3.0])
def test_values_in_steps_are_off_by_a_part_of_a_step(step: float) -> None:
    scatter, sigma = _repeated(_scenes()["flat"], SkyStat.MEDIAN, step)
    assert sigma == pytest.approx(scatter, rel=0.2)


def test_the_mean_of_values_in_wide_steps_has_a_part_of_the_step_in_it() -> None:
    scatter, sigma = _repeated(_scenes()["flat"], SkyStat.MEAN, 3.0)
    of_pixels = 1.0 / np.sqrt(SHAPE[0] * SHAPE[1])
    assert scatter > 3 * of_pixels
    # The rms over all places of the sky between two steps is more than that over most of them.
    assert scatter < sigma < 1.5 * scatter


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
def test_pixels_in_steps_that_are_mirrored_are_as_noisy(step: float) -> None:
    """Pixels with the value of the median lie neither below nor above it."""
    pixels = np.random.default_rng(5).gamma(2.0, 1.0, 8_000) // step * step
    levels = [SkyStatistic().level((sign * pixels).astype(np.float32)) for sign in (1, -1)]
    one, other = (level for level in levels if level)
    assert one.value == -other.value
    assert one.sigma == pytest.approx(other.sigma, rel=1e-6)


def _skewed(noise: float, seed: int) -> Level:
    rng = np.random.default_rng(seed)
    # In order, so that neighbours see the same.
    scene = np.sort(np.random.default_rng(1).exponential(1.0, 90_000))
    level = SkyStatistic().level((scene + rng.normal(0.0, noise, 90_000)).astype(np.float32))
    assert level is not None
    return level


def test_stars_make_the_median_of_a_noisier_exposure_higher_and_the_sigma_knows() -> None:
    quiet, noisy = _skewed(1.0, 4), _skewed(1.3, 5)
    shift = unequal_noise_shift((noisy, quiet), (1.0, 1.0))
    assert noisy.value - quiet.value > 3 * np.hypot(noisy.sigma, quiet.sigma)
    assert shift == pytest.approx(noisy.value - quiet.value, rel=0.35)


def _crowded(noise: float, seed: int) -> Level:
    """A sky of which a part lies under stars, whose tail clipping cuts."""
    scene = np.sort(np.random.default_rng(1).pareto(1.0, 20_000) * 0.12)
    noisy = scene + np.random.default_rng(seed).normal(0.0, noise, scene.size)
    level = SkyStatistic().level(noisy.astype(np.float32))
    assert level is not None
    return level


def test_the_sigma_knows_that_limits_of_clipping_move_with_the_noise() -> None:
    quiet, noisy = ([_crowded(noise, seed) for seed in range(30)] for noise in (1.0, 1.3))
    found = np.mean([one.value for one in noisy]) - np.mean([one.value for one in quiet])
    told = [unequal_noise_shift(pair, (1.0, 1.0)) for pair in zip(noisy, quiet, strict=True)]
    assert np.mean(told) == pytest.approx(found, rel=0.2)


def test_a_nebula_does_not_make_noise_of_a_slope_a_slope() -> None:
    """Few pixels lie near the median of a wide distribution, and tell little of its slope."""
    rng, scene = np.random.default_rng(8), np.linspace(0.0, 60.0, 20_000)
    told = []
    for _ in range(40):
        levels = [
            SkyStatistic().level((scene + rng.normal(0.0, noise, scene.size)).astype(np.float32))
            for noise in (1.0, 1.1)
        ]
        one, other = (level for level in levels if level)
        sigma = np.hypot(one.sigma, other.sigma)
        told.append(unequal_noise_shift((one, other), (1.0, 1.0)) / sigma)
    assert np.sqrt(np.mean(np.square(told))) < 0.1


def test_equal_noise_shifts_nothing() -> None:
    level = _skewed(1.0, 6)
    assert unequal_noise_shift((level, level), (1.0, 1.0)) == 0.0


def test_a_symmetric_distribution_is_not_shifted_by_more_than_its_noise() -> None:
    rng = np.random.default_rng(7)
    levels = [
        SkyStatistic().level(rng.normal(0.0, noise, 40_000).astype(np.float32))
        for noise in (1.0, 1.3)
    ]
    one, other = (level for level in levels if level)
    assert abs(unequal_noise_shift((one, other), (1.0, 1.0))) < 2 * np.hypot(one.sigma, other.sigma)


def test_of_values_in_one_step_a_part_of_it_is_left_however_little_they_scatter() -> None:
    """Without noise the mean is anywhere in the step that its values were moved to."""
    for deviation in (0.0, 0.1, 12**-0.5):
        assert _left_of_step(2.0, deviation) == pytest.approx(2.0 / (np.sqrt(2) * np.pi))
    assert _left_of_step(2.0, 2.0) < 1e-6
    assert _left_of_step(0.0, 1.0) == 0.0


def test_steps_as_small_as_a_number_can_tell_are_noise_of_a_median() -> None:
    """Half a step above a number is the number again, so that no pixel lies around it."""
    values = np.full(4_000, 2.0**24 + 4, dtype=np.float32)
    values[::40], values[20::40] = 2.0**24 + 2, 2.0**24 + 6
    noise = PixelNoise(values, -np.inf, np.inf, values.size, 1.0)
    assert noise.of_median(2.0**24 + 4) == pytest.approx(2.0 / np.sqrt(12))


def test_steps_count_where_the_middle_of_the_pixels_is() -> None:
    rng = np.random.default_rng(1)
    values = np.append(rng.uniform(0.0, 1.0, 1_800), rng.integers(5, 8, 2_200)).astype(np.float32)
    noise = PixelNoise(values, -np.inf, np.inf, values.size, 1e-3)
    # From the highest of the others to the lowest of those in steps.
    assert noise.of_mean() == pytest.approx(4.0 / (np.sqrt(2) * np.pi), rel=0.01)
    peaked = np.array([0, 1_000_000, 0])
    assert noise.of_mode(peaked, 1e-6) == pytest.approx(4.0 / np.sqrt(12), rel=0.01)


@pytest.mark.parametrize(
    ("pixels", "limit"),
    [
        (np.random.default_rng(2).poisson(3.0, 6_000), 2.0),
        (np.random.default_rng(2).poisson(3.0, 6_000), 3.0),
        # Neighbours differ by more than limits are apart, which what is kept reaches.
        ([*[2, 4] * 2_000, *[4.5] * 300, *[1.5] * 100, *[3] * 50], 1.0),
    ],
)
def test_a_slope_of_mirrored_pixels_is_as_steep_downwards(pixels: Any, limit: float) -> None:
    values = np.array(pixels, dtype=np.float32)
    limits, middle = (3.0 - limit, 3.0 + limit), 3.0
    kept = int(np.count_nonzero(np.abs(values - middle) <= limit))
    slopes = [
        sign
        * PixelNoise(sign * values, *ends, kept, 1.7).slope_of_median(
            RangeStatistics(sign * values), ends, sign * middle
        )
        for sign, ends in ((1.0, limits), (-1.0, (-limits[1], -limits[0])))
    ]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-6)
    assert abs(slopes[0]) > 1e-3
