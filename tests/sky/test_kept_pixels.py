"""Levels, their noise, sources and stars of made pixels: to six digits what they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skydb.domain.overlap import Level
from skydb.domain.vocabulary import SkyStat
from skydb.sky.clipping import RangeStatistics
from skydb.sky.levels import SkyStatistic
from skydb.sky.noise import PixelNoise, peak_of, unequal_noise_shift
from skydb.sky.sources import background, find_sources
from skydb.sky.starfit import Stamps, fit_stars
from skydb.sky.stars import StarShape, find_stars
from tests.keeping import assert_kept
from tests.sky.star_fields import Scene, made


def _distributions() -> dict[str, np.ndarray]:
    """Pixels that noise, stars, a ramp, steps and scarcity make unlike."""
    rng = np.random.default_rng(5)
    noise = rng.normal(10.0, 1.0, 6000)
    stars = noise + np.where(rng.uniform(size=6000) < 0.2, rng.exponential(3.0, 6000), 0.0)
    return {
        "noise": noise,
        "stars": stars,
        "ramp": noise + np.linspace(0.0, 4.0, 6000),
        "rows": noise + np.repeat(rng.normal(0.0, 8.0, 60), 100),
        "whole": np.rint(noise),
        "wide steps": 3.0 * np.rint(stars / 3.0),
        "narrow steps": 0.25 * np.rint(4.0 * noise),
        "two values": np.tile([4.0, 6.0, 6.0], 50),
        "one value": np.full(100, 7.5),
        "23": noise[:23],
        "24": noise[:24],
        "25": noise[:25],
        "26": noise[:26],
        "two": np.array([1.0, 2.5]),
        "outliers": np.where(np.arange(6000) % 50 == 0, 1e4, stars),
        "many": np.tile(stars, 5) + rng.normal(0.0, 0.2, 30_000),
    }


_STATISTICS = {
    "median": SkyStatistic(),
    "mean": SkyStatistic(stat=SkyStat.MEAN),
    "mode": SkyStatistic(stat=SkyStat.MODE),
    "narrow": SkyStatistic(clip=2, lower_sigma=1.5, upper_sigma=1.2),
    "unclipped": SkyStatistic(clip=0),
    "wide mode": SkyStatistic(stat=SkyStat.MODE, width_sigma=0.7, upper_sigma=2.0),
}


@pytest.mark.parametrize("stat", sorted(_STATISTICS))
def test_levels_of_pixels_are_what_they_were(stat: str) -> None:
    statistic = _STATISTICS[stat]
    pixels = {name: values.astype(np.float32) for name, values in _distributions().items()}
    assert_kept(
        f"levels {stat}", {name: statistic.level_and_mean(one) for name, one in pixels.items()}
    )


def test_the_noise_of_pixels_is_what_it_was() -> None:
    found = {}
    for name, values in _distributions().items():
        pixels = values.astype(np.float32)
        for low, high in ((-np.inf, np.inf), (8.0, 12.5)):
            kept = pixels[(pixels >= low) & (pixels <= high)]
            if kept.size < 2:
                continue
            noise = PixelNoise(pixels, low, high, kept.size, float(kept.std(ddof=1)))
            median = float(np.median(kept))
            counts = np.histogram(kept, bins=30)[0]
            found[f"{name} above {low}"] = [
                noise.of_mean(), noise.of_pixel, noise.of_median(median),
                noise.of_median(median + 0.3), noise.of_mode(counts, 0.05),
                noise.slope_of_median(RangeStatistics(pixels), (low, high), median),
            ]  # fmt: skip
    assert_kept("noise", found)


def test_peaks_of_histograms_are_refined_as_they_were() -> None:
    rows = [[3], [2, 2], [1, 2], [2, 1], [1, 5, 2], [5, 5, 1], [1, 5, 5, 0], [4, 4, 4], [0, 1, 9]]
    rows += [[9, 1, 0], [1, 7, 3, 7, 2], [2, 3, 3]]
    assert_kept("peaks", {str(row): peak_of(np.array(row)) for row in rows})


def test_medians_of_unequal_noise_differ_by_what_they_did() -> None:
    one = Level(10.0, 0.01, 20_000, 1.0, 0.05)
    others = {
        "noisier": Level(12.0, 0.03, 8000, 2.5, 0.02),
        "as noisy": one,
        "falling": replace(one, noise=3.0, slope=-0.2),
        "unsure": replace(one, noise=3.0, slope=-0.05),
    }
    assert_kept(
        "unequal noise",
        {
            f"{name} {factors}": unequal_noise_shift((one, other), factors)
            for name, other in others.items()
            for factors in ((1.0, 1.0), (0.5, 3.0))
        },
    )


@pytest.mark.parametrize("parts", [(0.3, 0.6), (0.0, 1.0), (0.97, 1.0), (0.0, 0.04), (0.5, 0.5)])
@pytest.mark.parametrize("name", ["stars", "outliers", "whole", "many", "25"])
def test_ranks_and_moments_are_those_of_sorted_pixels(name: str, parts: tuple) -> None:
    pixels = _distributions()[name].astype(np.float32)
    low, high = (float(np.quantile(pixels, part, method="nearest")) for part in parts)
    inside = pixels[(pixels >= low) & (pixels <= high)].astype(float)
    sorted_out = RangeStatistics(pixels)
    moments = sorted_out.moments(low, high)
    assert moments.count == inside.size
    assert moments.mean == pytest.approx(inside.mean(), rel=1e-12)
    if inside.size > 1:
        assert moments.deviation == pytest.approx(inside.std(ddof=1), rel=1e-9)
    median = sorted_out.median(low, high, inside.size)
    assert median == pytest.approx(float(np.median(inside)), rel=1e-7)
    assert sorted(sorted_out.between(low, high)) == sorted(inside)


@pytest.mark.parametrize("bulk", [0.0, 500.0])
def test_a_median_far_from_where_most_pixels_are_is_found_among_all(bulk: float) -> None:
    """Its place is not where a sample of all pixels has it."""
    rng = np.random.default_rng(2)
    pixels = rng.normal(bulk, 1.0, 40_000).astype(np.float32)
    rare = rng.uniform(100.0, 200.0, 7).astype(np.float32)
    pixels[rng.choice(40_000, 7, replace=False)] = rare
    assert RangeStatistics(pixels).median(99.0, 201.0, 7) == float(np.median(rare))


def _crowd(rays: int = 60) -> Scene:
    return Scene(sigma=0.9, stars=60, rays=rays, hot=20, nebula=40.0, full_well=60_000.0, seed=3)


def test_stars_of_an_exposure_are_what_they_were() -> None:
    field = made(_crowd())
    cut = np.s_[:150, :140]
    science, error, good = field.science[cut], field.error[cut], field.good[cut].copy()
    good[:, 70:73] = False
    found = {
        "all": find_stars(science, error, good, fwhm_pix=2.1),
        "few": find_stars(science, error, good, fwhm_pix=2.1, most=5, least_snr=60.0),
        "no error": find_stars(science, None, good, fwhm_pix=1.7),
        "strict": find_stars(
            science, error, good, fwhm_pix=2.1,
            shape=StarShape(0.9, 1.2, 0.05, 0.08, 0.03, 0.01, 0.99),
        ),
        "corner": find_stars(science[:60, :60], error[:60, :60], good[:60, :60], fwhm_pix=2.1),
        "other width": find_stars(science, error, good, fwhm_pix=4.0),
        "nothing good": find_stars(science, error, good & False, fwhm_pix=2.1),
        "nothing there": find_stars(science * 0.0, error, good, fwhm_pix=2.1),
    }  # fmt: skip
    assert_kept("stars", found)


def test_fits_of_stamps_are_what_they_were() -> None:
    field = made(_crowd())
    inside = ((field.places > 6) & (field.places < 290)).all(axis=1)
    places = np.rint(field.places[inside][:12]).astype(int)
    usable = field.good.copy()
    usable[places[0, 1], places[0, 0] + 1] = False
    usable[places[1, 1] - 3 : places[1, 1], :] = False
    above = field.science - 100.0
    stamps = Stamps.cut(above, field.error**2, usable, places[:, 1], places[:, 0])
    empty = Stamps(-np.abs(stamps.values[:1]), stamps.variances[:1], stamps.usable[:1])
    assert_kept(
        "fits of stamps",
        {
            "free": fit_stars(stamps, 1.2, free_width=True),
            "given": fit_stars(stamps, 0.9, free_width=False),
            "narrow": fit_stars(stamps, 0.3, free_width=True),
            "dark": fit_stars(empty, 0.9, free_width=True),
        },
    )


def test_bright_sources_of_an_image_are_what_they_were() -> None:
    field = made(_crowd(rays=20))
    cut = np.s_[:170, :130]
    science, valid = field.science[cut].copy(), field.good[cut].copy()
    science[20, 30] = np.nan
    valid[48:96, :48] = False
    level, noise = background(np.where(valid, science, np.nan))
    assert_kept(
        "sources",
        {
            "all": find_sources(science, valid),
            "low": find_sources(science, valid, sigma=4.0, least_side=0.1),
            "few": find_sources(science, valid, most=4),
            "none": find_sources(science, valid, sigma=1e6),
            "dark": find_sources(science, valid & False),
            "level": level[::17, ::13],
            "noise": noise[::17, ::13],
        },
    )
