from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from skydb.report.binning import FEWEST_OF_BIN, MOST_SINGLE, in_bins, key_length, side_of_bins


def _scattered(count: int, extent: float = 100.0) -> NDArray[np.float64]:
    return np.random.default_rng(count).uniform(0.0, extent, (count, 2))


def test_a_hundred_and_fifty_vectors_are_drawn_one_by_one_and_no_more() -> None:
    assert side_of_bins(_scattered(MOST_SINGLE)) is None
    assert side_of_bins(_scattered(MOST_SINGLE + 1)) is not None
    assert side_of_bins(np.ones((MOST_SINGLE + 1, 2))) is None


@given(count=st.integers(151, 3000), extent=st.floats(1e-3, 1e5))
def test_the_side_of_a_bin_is_a_number_that_a_caption_can_name(count: int, extent: float) -> None:
    side = side_of_bins(_scattered(count, extent))
    assert side is not None
    assert float(f"{side:.2g}") == pytest.approx(side)
    assert extent / 13 < side < extent / 2


def test_the_arrow_of_a_bin_is_the_mean_of_what_is_in_it() -> None:
    places = np.array([[0.1, 0.1], [0.2, 0.4], [0.6, 0.1], [5.5, 5.5]])
    steps = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 3.0], [9.0, 9.0]])
    drawn = in_bins(places, steps, 1.0)
    assert FEWEST_OF_BIN == 3
    np.testing.assert_allclose(drawn.places, [[0.3, 0.2]])
    np.testing.assert_allclose(drawn.steps, [[2.0, 1.0]])


def test_without_bins_every_vector_is_its_own() -> None:
    places = _scattered(5)
    drawn = in_bins(places, places, None)
    assert drawn.bin_size is None
    np.testing.assert_array_equal(drawn.steps, places)


def test_the_scale_is_that_of_the_arrows_that_are_drawn() -> None:
    assert key_length(np.full((4, 2), 0.9)) == 1.0
    assert key_length(np.empty((0, 2))) == 0.1
