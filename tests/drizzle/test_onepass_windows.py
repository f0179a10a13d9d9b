"""Counts of neighbours against scipy's convolution, which drizzlepac uses."""

import sys

import numpy as np
import pytest
from scipy import signal

from skydb.drizzle.tasks.onepass_windows import convolve2d, slopes

IMAGE = np.random.default_rng(3).random((23, 31)) < 0.3


@pytest.mark.parametrize("boundary", ["symm", "fill"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 17])
def test_neighbours_are_counted_as_scipy_does(size, boundary):
    kernel = np.ones((size, size), np.uint16)
    for image in (IMAGE, IMAGE.astype(float)):
        ours = convolve2d(image, kernel, mode="same", boundary=boundary)
        np.testing.assert_array_equal(
            ours, signal.convolve2d(image, kernel, mode="same", boundary=boundary)
        )


def test_a_mean_is_zero_where_scipy_has_it_zero():
    kernel = np.ones((3, 3)) / 9
    ours = convolve2d(IMAGE.astype(float), kernel, mode="same", boundary="fill")
    theirs = signal.convolve2d(IMAGE.astype(float), kernel, mode="same", boundary="fill")
    np.testing.assert_array_equal(ours == 0, theirs == 0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("kernel", [np.zeros((1, 1)), np.eye(3), np.array([[0, 1, 0]] * 3)])
def test_other_kernels_give_what_scipy_gives(kernel):
    ours = convolve2d(IMAGE, kernel, mode="same", boundary="symm")
    np.testing.assert_array_equal(
        ours, signal.convolve2d(IMAGE, kernel, mode="same", boundary="symm")
    )


def test_images_of_other_numbers_are_left_to_scipy():
    image = np.arange(12.0).reshape(3, 4)
    ours = convolve2d(image, np.ones((3, 3)), mode="same")
    np.testing.assert_array_equal(ours, signal.convolve2d(image, np.ones((3, 3)), mode="same"))


def test_scipy_is_not_asked_for_what_drizzlepac_does_by_default(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.signal", None)
    monkeypatch.delattr("scipy.signal")
    found = convolve2d(IMAGE, np.ones((3, 3), np.uint16), mode="same", boundary="symm")
    assert found.max() > 3


def test_a_slope_is_the_largest_difference_from_a_neighbour():
    image = np.zeros((7, 8), np.float32)
    image[3, 4] = -2.5
    expected = np.zeros_like(image)
    expected[3, 3:6] = expected[2:5, 4] = 2.5
    np.testing.assert_array_equal(slopes(image), expected)


def test_beyond_the_edges_that_drizzlepac_has_there_is_zero():
    image = np.full((7, 8), 3.0, np.float32)
    found = slopes(image)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[1:-2, 1:-2], 0)
    found[1:-2, 1:-2] = 3
    np.testing.assert_array_equal(found, image)


def test_slopes_are_those_of_double_precision():
    image = (10 ** np.random.default_rng(5).uniform(-9, 9, (40, 30))).astype(np.float32)
    wide = image.astype(float)
    apart = [np.abs(wide - np.roll(wide, step, axis)) for step in (1, -1) for axis in (0, 1)]
    expected = np.max(apart, axis=0).astype(np.float32)
    np.testing.assert_array_equal(slopes(image)[1:-2, 1:-2], expected[1:-2, 1:-2])
