"""Stars of single exposures: cosmic rays are none, and positions do not lean on pixels."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from skydb.sky.starfit import HALF_STAMP_PIX, Stamps, StarFit
from skydb.sky.stars import (
    StarList,
    StarShape,
    _common_width,
    _near,
    _peaks,
    _snr,
    _star_like,
    find_stars,
)
from tests.sky.star_fields import BRIGHT, Scene, made

WIDTHS = pytest.mark.parametrize("sigma", [0.55, 0.65, 0.8, 1.0])


@WIDTHS
def test_positions_do_not_depend_on_where_in_a_pixel_a_star_is(sigma: float) -> None:
    scene = made(Scene(sigma=sigma, stars=150))

    found = scene.find()

    error = scene.errors_pix(found)
    assert len(error) > 0.9 * scene.inside
    assert np.abs(np.median(error, axis=0)).max() < 0.01
    assert scene.phase_bias_pix(found) < 0.02
    assert 1.48 * np.median(np.abs(error), axis=0).max() < 0.03


@pytest.mark.parametrize("seed", range(3))
def test_cosmic_rays_are_no_stars(seed: int) -> None:
    scene = made(Scene(sigma=0.75, stars=0, rays=400, seed=seed))

    found = scene.find()

    assert found.candidates > 200
    assert len(found) <= 1


def test_stars_are_found_among_cosmic_rays_and_before_a_nebula() -> None:
    scene = made(Scene(sigma=0.75, stars=40, rays=400, nebula=200.0, seed=4))

    found = scene.find()

    assert scene.false_ones(found) <= 1
    assert len(scene.errors_pix(found)) > 0.7 * scene.inside


def test_hot_pixels_and_saturated_stars_are_left_out() -> None:
    scene = made(Scene(sigma=0.75, stars=20, hot=200, full_well=0.6 * BRIGHT, seed=5))

    found = scene.find()

    assert scene.false_ones(found) == 0
    assert len(found) < scene.inside


def test_a_width_that_is_not_quite_the_expected_one_makes_no_difference() -> None:
    scene = made(Scene(sigma=0.75, stars=60, rays=100, seed=6))

    narrow, right = (scene.find(fwhm_pix=2.3548 * 0.75 * factor) for factor in (0.85, 1.0))

    np.testing.assert_allclose(narrow.xy_pix, right.xy_pix, atol=0.002)


def test_an_image_without_a_good_pixel_has_no_star() -> None:
    image = np.ones((60, 60))

    assert len(find_stars(image, None, np.zeros_like(image, dtype=bool), fwhm_pix=1.7)) == 0


def test_the_unit_of_an_image_does_not_matter() -> None:
    scene = made(Scene(sigma=0.75, stars=30, rays=60, hot=50, full_well=0.6 * BRIGHT, seed=5))
    one = scene.find()
    other = find_stars(scene.science * 1e-5, scene.error * 1e-5, scene.good, fwhm_pix=2.3548 * 0.75)
    assert len(one) > 5
    np.testing.assert_allclose(other.xy_pix, one.xy_pix, atol=1e-6)
    np.testing.assert_allclose(other.flux, one.flux * 1e-5, rtol=1e-6)
    np.testing.assert_allclose(other.snr, one.snr, rtol=1e-6)
    assert other.candidates == one.candidates


def test_a_pixel_without_an_error_is_not_good_and_small_errors_are_those_of_the_noise() -> None:
    scene = made(Scene(sigma=0.75, stars=20, seed=7))
    found = scene.find()
    error = scene.error.copy()
    x, y = np.rint(np.column_stack((found.x_pix, found.y_pix))[0]).astype(int)
    error[y, x] = 0.0
    without = find_stars(scene.science, error, scene.good, fwhm_pix=2.3548 * 0.75)
    assert np.hypot(*(without.xy_pix - found.xy_pix[0]).T).min() > 2.0
    few, none = (
        find_stars(scene.science, np.full_like(error, small), scene.good, fwhm_pix=2.3548 * 0.75)
        for small in (1e-2, 1e-6)
    )
    np.testing.assert_allclose(few.snr, none.snr, rtol=1e-9)


def test_positions_are_counted_from_one_as_fits_does() -> None:
    nought = np.zeros(1)
    found = StarList(np.array([3.0]), np.array([5.0]), nought, nought, nought, nought, nought)
    assert found.xy_pix.tolist() == [[4.0, 6.0]]


STAR = {"flux": 0.5, "dx_pix": 0.3, "dy_pix": -0.4, "sigma_pix": 0.8, "stretch": 0.1,
        "misfit": 0.03, "edge": 0.01, "seen": 0.95}  # fmt: skip


@pytest.mark.parametrize(
    ("other", "is_star"),
    [
        ({}, True), ({"flux": 0.0}, False), ({"flux": -3.0}, False), ({"dx_pix": 1.3}, False),
        ({"dy_pix": -1.3}, False), ({"dx_pix": 1.0, "dy_pix": 1.0}, False),
        ({"stretch": 0.3}, False),
        ({"misfit": 0.07}, False), ({"edge": 0.04}, False), ({"seen": 0.7}, False),
        ({"dx_pix": -1.1, "dy_pix": 0.0}, True), ({"stretch": 0.24}, True), ({"seen": 0.81}, True),
    ],
)  # fmt: skip
def test_a_star_has_every_feature_of_one(other: dict[str, float], is_star: bool) -> None:
    one = {name: np.array([value]) for name, value in {**STAR, **other}.items()}
    assert _star_like(StarFit(**one), StarShape()).tolist() == [is_star]


def test_a_star_is_about_as_wide_as_expected() -> None:
    ratios = np.array([0.74, 0.75, 0.76, 1.0, 1.59, 1.6, 1.7])
    assert _near(ratios, StarShape()).tolist() == [False, False, True, True, True, False, False]


def test_the_common_width_is_that_of_the_half_that_agrees_best() -> None:
    widths = np.array([2.2, 1.0, 2.05, 4.0, 1.5, 2.1, 2.0, 2.15])
    assert _common_width(widths, 9.0) == 2.1
    # Few are drawn to what is expected.
    assert _common_width(widths[:2], 1.8) == 1.8
    assert _common_width(widths[:7], 2.0) == 2.0


def test_peaks_are_whole_stamps_away_from_every_edge() -> None:
    shape, edge = (20, 25), HALF_STAMP_PIX
    for y, x in np.ndindex(shape):
        image = np.zeros(shape)
        image[y, x] = 1e3
        rows, columns = _peaks(image, np.ones(shape), np.ones(shape, dtype=bool), 0.8, 20.0)
        is_inside = edge <= y < shape[0] - edge and edge <= x < shape[1] - edge
        assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(y, x)] * is_inside


@pytest.mark.parametrize("sigma", [0.6, 0.8, 1.5])
def test_a_peak_has_half_of_what_a_star_needs_in_an_image_as_wide_as_a_star(sigma: float) -> None:
    image = np.zeros((21, 21))
    image[10, 10] = 1.0
    # The core spread evenly over a pixel.
    width = float(np.hypot(sigma, 1 / np.sqrt(12)))
    highest = gaussian_filter(image, width, truncate=3.0)[10, 10]
    least = 0.5 * 20.0 / np.sqrt(4 * np.pi * width**2) / highest
    for part, peaks in ((0.9999, 0), (1.0001, 1)):
        rows, _ = _peaks(
            part * least * image, np.ones_like(image), np.ones(image.shape, dtype=bool), sigma, 20.0
        )
        assert len(rows) == peaks


def test_a_star_has_the_noise_of_its_own_light_besides_that_of_the_stamp() -> None:
    side = 2 * HALF_STAMP_PIX + 1
    variances = np.full((3, side, side), 4.0)
    variances[:, HALF_STAMP_PIX, HALF_STAMP_PIX] = (3.0, 4.0, 9.0)
    stamps = Stamps(np.zeros_like(variances), variances, np.ones(variances.shape, dtype=bool))
    one = {name: np.full(3, value) for name, value in STAR.items()} | {"flux": np.full(3, 100.0)}
    # A star covers so many pixels that their noise is that of its flux.
    area = 4 * np.pi * (0.8**2 + 1 / 12)
    expected = 100.0 / np.sqrt(area * np.array([4.0, 4.0, 9.0]))
    assert _snr(stamps, StarFit(**one)) == pytest.approx(expected)


@pytest.mark.parametrize("step", [(2, 0), (0, 2), (-2, 0), (0, -2), (2, 2)])
def test_a_peak_is_higher_than_the_pixels_next_to_it_alone(step: tuple[int, int]) -> None:
    image = np.zeros((25, 25))
    image[12, 12], image[12 + step[1], 12 + step[0]] = 100.0, 99.0
    one = np.ones_like(image)
    rows, _ = _peaks(image, one, one.astype(bool), 0.3, 5.0)
    assert len(rows) == 2
