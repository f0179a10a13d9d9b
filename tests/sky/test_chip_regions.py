from __future__ import annotations

import numpy as np

from skydb.sky.chip_regions import ChipOutline, regions_of


def rows(number: int, low: float, high: float) -> ChipOutline:
    return ChipOutline(number, np.array([(0.5, low), (8.5, low), (8.5, high), (0.5, high)]))


def test_pixels_that_two_chips_have_seen_belong_to_none():
    found = regions_of([rows(1, 0.5, 3.5), rows(1, 2.5, 5.5), rows(2, 4.5, 99.0)], (10, 8))
    seen = {number: np.flatnonzero(mask.any(axis=1)).tolist() for number, mask in found.items()}
    assert seen == {1: [0, 1, 2, 3], 2: [5, 6, 7, 8, 9]}
    assert all(mask.all(axis=1).sum() == mask.any(axis=1).sum() for mask in found.values())


def test_one_chip_has_nothing_to_be_compared_with():
    assert regions_of([rows(1, 0.5, 3.5), rows(1, 2.5, 5.5)], (10, 8)) == {}
    assert regions_of([], (10, 8)) == {}
