"""Stars of single exposures: cosmic rays are none, and positions do not lean on pixels."""

import numpy as np
import pytest

from skydb.sky.stars import find_stars
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
