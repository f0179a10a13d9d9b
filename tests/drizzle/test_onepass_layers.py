"""Mosaics with a mask of their own, made of what all have and of a layer for each."""

import numpy as np
import pytest

from skydb.drizzle.tasks.onepass_courses import courses
from skydb.drizzle.tasks.onepass_layers import LayeredSums
from skydb.drizzle.tasks.onepass_sums import Box, Drizzled

SKIES = (0.25, 0.5)
#: With one chip both skies are one number; with another one the first has a sum of its own.
COURSES = (courses([[sky] for sky in SKIES]), courses([[SKIES[0], 1.0], [SKIES[1]] * 2]))


def row(*values):
    return np.array([values], np.float32)


def common(science, weight, context=None):
    box = Box(0, science.shape[1], 0, 1)
    return Drizzled(box, science, weight, context)


@pytest.mark.parametrize("mosaics", COURSES)
def test_a_layer_joins_the_mean_of_what_all_mosaics_have(mosaics):
    sums = LayeredSums((1, 3), mosaics)
    sums.add(common(row(4, 4, 4), row(2, 2, 2)), SKIES)
    sums.layer_science[1, 0, 1], sums.layer_weight[1, 0, 1] = 9.5, 2
    np.testing.assert_array_equal(sums.science(0, np.nan), row(3.75, 3.75, 3.75))
    np.testing.assert_array_equal(sums.science(1, np.nan), row(3.5, (3.5 + 9.5) / 2, 3.5))
    np.testing.assert_array_equal(sums.weight(0), row(2, 2, 2))
    np.testing.assert_array_equal(sums.weight(1), row(2, 4, 2))


@pytest.mark.parametrize("mosaics", COURSES)
def test_a_pixel_that_one_mosaic_alone_has_is_that_of_its_layer(mosaics):
    sums = LayeredSums((1, 3), mosaics)
    # All mosaics leave out the second pixel: its value counts only where nothing else is.
    sums.add(common(row(np.nan, 7, np.nan), row(0, 0, 0)), SKIES)
    sums.layer_science[0], sums.layer_weight[0] = row(1, 2, 0), row(3, 3, 0)
    np.testing.assert_array_equal(sums.science(0, np.nan), row(1, 2, np.nan))
    np.testing.assert_array_equal(sums.science(1, np.nan), row(np.nan, 6.5, np.nan))
    np.testing.assert_array_equal(sums.science(1, np.nan, fill=-9.0), row(-9, -9, -9))
    np.testing.assert_array_equal(sums.science(0, np.nan, fill=-9.0), row(1, 2, -9))


def test_a_context_image_has_the_bits_of_both():
    sums = LayeredSums((1, 2), COURSES[0], planes=1)
    sums.add(common(row(1, 1), row(1, 1), np.array([[1, 0]], np.int32)), SKIES)
    assert sums.layer_context is not None
    sums.layer_context[0, 0] = [[2, 2]]
    np.testing.assert_array_equal(sums.context_of(0, 0), [[3, 2]])
    np.testing.assert_array_equal(sums.context_of(1, 0), [[1, 0]])
    with pytest.raises(ValueError, match="no context image"):
        LayeredSums((1, 2), COURSES[0]).context_of(0, 0)
