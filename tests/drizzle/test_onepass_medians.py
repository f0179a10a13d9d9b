"""Separate drizzles put together on the tiles of a median image."""

import numpy as np
import pytest

from skydb.drizzle.tasks.onepass_medians import Single, stacked, tiles
from skydb.drizzle.tasks.onepass_sums import Box

NAN = np.nan


def single(x0, science, weight, *skies):
    arrays = (np.array([values], np.float32) for values in (science, weight))
    return Single(Box(x0, x0 + len(science), 3, 4), *arrays, np.array(skies))


FIRST = single(0, [NAN, 8, 8, 8], [0, 2, 2, 0], 1.0, 3.0)
SECOND = single(2, [4, 4, 4, NAN], [6, 0, 0, 0], 2.0, 1.0)
TILE = Box(0, 6, 3, 4)


@pytest.mark.parametrize(
    ("mosaic", "values"),
    [
        # Alone, together with its weight, good beside bad, bad (the last one), and none.
        (None, [0, 8, (2 * 8 + 6 * 4) / 8, 4, 4, 0]),
        (0, [0, 7, (2 * 7 + 6 * 2) / 8, 2, 2, 0]),
        (1, [0, 5, (2 * 5 + 6 * 3) / 8, 3, 3, 0]),
    ],
)
def test_chips_are_put_together_each_less_its_own_sky(mosaic, values):
    science, weight = stacked([FIRST, SECOND], TILE, mosaic)
    np.testing.assert_array_equal(science, [values])
    np.testing.assert_array_equal(weight, [[0, 2, 8, 0, 0, 0]])


def test_a_good_pixel_stays_where_a_bad_one_follows():
    bad = single(1, [5, 5], [0, 0], 0.5, 0.5)
    science, weight = stacked([FIRST, bad], TILE, 0)
    np.testing.assert_array_equal(science, [[0, 7, 7, 7, 0, 0]])
    np.testing.assert_array_equal(weight, [[0, 2, 2, 0, 0, 0]])


def test_a_tile_has_the_part_of_a_chip_that_reaches_it():
    science, _ = stacked([FIRST, SECOND], Box(2, 4, 2, 5), 1)
    np.testing.assert_array_equal(science, [[0, 0], [(2 * 5 + 6 * 3) / 8, 3], [0, 0]])
    for outside in (Box(0, 6, 0, 3), Box(6, 9, 3, 4)):
        assert not stacked([FIRST, SECOND], outside, 1)[0].any()


def test_tiles_cover_an_image_once_and_have_the_neighbours_that_there_are():
    count = np.zeros((300, 520), int)
    for inner, outer in tiles(count.shape, 2):
        count[inner.window] += 1
        assert outer.x0 == max(0, inner.x0 - 2) and outer.y0 == max(0, inner.y0 - 2)
        assert outer.x1 == min(520, inner.x1 + 2) and outer.y1 == min(300, inner.y1 + 2)
    assert (count == 1).all()
