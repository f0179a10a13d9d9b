from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.vocabulary import SkyStat
from skydb.errors import UsageError
from skydb.sky.levels import SkyStatistic


def _sky(seed: int, size: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(1.2, 0.03, size).astype(np.float32)
    values[: size // 20] += rng.exponential(2.0, size // 20).astype(np.float32)
    return values


def _imagestats(values, stat):
    from stsci.imagestats import ImageStats

    found = ImageStats(values, fields=f"npix,{stat}", nclip=5, lsig=4.0, usig=4.0, binwidth=0.1)
    return getattr(found, stat), found.npix


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("stat", [SkyStat.MEDIAN, SkyStat.MEAN])
def test_the_level_is_that_of_imagestats(stat: SkyStat, seed: int) -> None:
    values = _sky(seed)
    expected, pixels = _imagestats(values, stat.value)
    level = SkyStatistic(stat=stat).level(values)
    assert level is not None
    assert level.value == pytest.approx(expected, rel=1e-6)
    assert level.pixels == pixels


@pytest.mark.parametrize("size", [30, 400, 4000, 60_000])
@pytest.mark.parametrize("seed", range(5))
def test_the_mode_is_that_of_imagestats(seed: int, size: int) -> None:
    # The first pixels are clipped, or the last ones: the first pixel has a part of its own.
    values = _sky(seed, size)[:: 1 if seed % 2 else -1]
    expected, pixels = _imagestats(values, "mode")
    level = SkyStatistic(stat=SkyStat.MODE).level(values)
    assert level is not None
    assert (level.value, level.pixels) == (pytest.approx(expected, rel=1e-6), pixels)


def test_the_mode_is_the_peak_of_the_histogram() -> None:
    level = SkyStatistic(stat=SkyStat.MODE).level(_sky(4))
    assert level is not None and level.value == pytest.approx(1.2, abs=0.02)


def test_the_median_has_the_noise_that_repetition_shows() -> None:
    rng = np.random.default_rng(5)
    levels = [SkyStatistic().level(rng.normal(0, 1, 2000).astype(np.float32)) for _ in range(300)]
    scatter = np.std([level.value for level in levels if level])
    assert levels[0] is not None and levels[0].sigma == pytest.approx(scatter, rel=0.15)


def test_equal_pixels_have_their_own_level_without_noise() -> None:
    level = SkyStatistic().level(np.full(100, 0.7, dtype=np.float32))
    assert level is not None
    assert (level.value, level.pixels) == (pytest.approx(0.7), 100)
    assert level.sigma == pytest.approx(0.0, abs=1e-9)


def test_noise_of_few_pixels_is_that_of_a_sample() -> None:
    level = SkyStatistic(stat=SkyStat.MEAN).level(np.array([0.0, 1.0], dtype=np.float32))
    assert level is not None and level.sigma == pytest.approx(0.5)


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_pixels_have_no_level(number: int) -> None:
    assert SkyStatistic().level(np.ones(number, dtype=np.float32)) is None


@given(st.integers(0, 2**14), st.integers(0, 2**14))
def test_a_pixel_is_bad_by_any_flag_that_is_not_allowed(flag: int, allowed: int) -> None:
    statistic = SkyStatistic(sky_bits=allowed, reset_bits=0)
    science = np.zeros((1, 1), dtype=np.float32)
    good = statistic.good_pixels(science, np.array([[flag]], dtype=np.int16))
    assert bool(good[0, 0]) is all(not flag >> bit & 1 or allowed >> bit & 1 for bit in range(16))


def test_flags_that_astrodrizzle_resets_make_no_pixel_bad() -> None:
    flags = np.array([[0, 4096, 4, 4096 + 4]], dtype=np.int16)
    good = SkyStatistic().good_pixels(np.zeros((1, 4), dtype=np.float32), flags)
    assert good.tolist() == [[True, True, False, False]]


def test_nan_and_infinity_are_bad_pixels() -> None:
    science = np.array([[1.0, np.nan, np.inf, 1.0]], dtype=np.float32)
    good = SkyStatistic().good_pixels(science)
    assert good.tolist() == [[True, False, False, True]]


def test_whatever_changes_a_level_changes_the_recipe() -> None:
    changed = [
        SkyStatistic(),
        SkyStatistic(stat=SkyStat.MEAN),
        SkyStatistic(clip=4),
        SkyStatistic(lower_sigma=3.0),
        SkyStatistic(upper_sigma=3.0),
        SkyStatistic(sky_bits=16),
        SkyStatistic(reset_bits=0),
    ]
    assert len({one.recipe for one in changed}) == len(changed)
    assert SkyStatistic().recipe == SkyStatistic().recipe


@pytest.mark.parametrize(
    "wrong", [{"clip": -1}, {"lower_sigma": 0.0}, {"width_sigma": -1.0}, {"sky_bits": -1}]
)
def test_a_senseless_statistic_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        SkyStatistic(**wrong)


@given(
    st.lists(st.integers(0, 3999), max_size=300, unique=True),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1e30, 2e8]),
)
def test_pixels_that_are_no_measurement_leave_the_level_of_the_others(
    places: list[int], value: float
) -> None:
    image = _sky(1)
    statistic = SkyStatistic()
    expected = statistic.level(np.delete(image, places))
    image[places] = value
    good = statistic.good_pixels(image)
    assert int(good.sum()) == image.size - len(places)
    assert statistic.level(image[good]) == expected


def test_limits_are_kept_on_both_sides_and_belong_to_what_is_kept() -> None:
    pixels = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, np.nan]], dtype=np.float32)
    both = SkyStatistic(lower=2.0, upper=4.0).good_pixels(pixels)
    assert both.tolist() == [[False, True, True, True, False, False]]
    assert SkyStatistic(lower=2.0).good_pixels(pixels).tolist()[0][:5] == [False] + 4 * [True]
    assert SkyStatistic(upper=4.0).good_pixels(pixels).tolist()[0][:5] == 4 * [True] + [False]


@pytest.mark.parametrize(("wide", "mode"), [(1.999, 1 + 1.5 * 1.999), (2.0, 4.0), (2.001, 2.0005)])
def test_a_bin_that_is_as_wide_as_all_pixels_are_apart_is_the_first_of_two(
    wide: float, mode: float
) -> None:
    kept = np.array([1.0, 3.0, 3.0], dtype=np.float32)
    noise: Any = SimpleNamespace(of_mode=lambda *_: 0.0)
    found = SkyStatistic(SkyStat.MODE, width_sigma=wide)._mode(kept, 1.0, 1.0, noise)
    assert (found.value, found.pixels) == (pytest.approx(mode), 3)


def test_the_last_flag_of_sixteen_bits_makes_a_pixel_bad_though_it_is_a_negative_number() -> None:
    quality = np.array([[0, -(2**15), 4, -(2**15) + 4]], dtype=np.int16)
    good = SkyStatistic(sky_bits=4).good_pixels(np.ones((1, 4), dtype=np.float32), quality)
    assert good.tolist() == [[True, False, True, False]]
