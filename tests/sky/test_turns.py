"""A rotation that a shift has left in its matches is seen, and noise is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.sky.turns import turn_left

_WIDE = 100.0


def _matches(seed: int, count: int, turn_deg: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Places, and residuals of a shift where the image is turned."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-_WIDE, _WIDE, (count, 2))
    across = np.column_stack((-places[:, 1], places[:, 0]))
    residuals = np.radians(turn_deg) * across + rng.normal(0.0, noise, (count, 2))
    return places, residuals - residuals.mean(axis=0)


@given(
    st.integers(0, 10**6), st.integers(5, 8), st.floats(0.02, 0.1), st.booleans(),
    st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)),
)  # fmt: skip
def test_a_rotation_far_beyond_the_noise_is_measured_wherever_the_stars_are(
    seed, count, turn_deg, is_left, place
):
    signed = -turn_deg if is_left else turn_deg
    places, residuals = _matches(seed, count, signed, 0.0001)
    found = turn_left(places + place, residuals)
    assert found is not None and found.is_sure
    assert found.turn_deg == pytest.approx(turn_deg, abs=6 * found.sigma_deg + 1e-7)


def test_noise_is_hardly_ever_a_rotation_and_its_error_is_right():
    found = [turn_left(*_matches(seed, 5, 0.0, 0.02)) for seed in range(4000)]
    assert sum(one.is_sure for one in found) <= 20
    pulls = [
        (turn_left(*_matches(seed, 8, 0.05, 0.02)).turn_deg - 0.05)
        / turn_left(*_matches(seed, 8, 0.05, 0.02)).sigma_deg
        for seed in range(1000)
    ]
    assert np.std(pulls) == pytest.approx(1.08, abs=0.1)
    assert np.mean(pulls) == pytest.approx(0.0, abs=0.15)


def test_matches_that_cannot_show_a_rotation_have_none():
    places, residuals = _matches(1, 8, 0.05, 0.001)
    assert turn_left(places[:3], residuals[:3]) is None
    assert turn_left(np.zeros((8, 2)), residuals) is None
    assert turn_left(places, residuals * np.nan) is None
    assert turn_left(places * np.nan, residuals) is None


def test_an_error_that_is_known_to_be_larger_counts():
    places, residuals = _matches(1, 8, 0.05, 0.001)
    assert turn_left(places, residuals).is_sure
    assert not turn_left(places, residuals, noise=0.1).is_sure


def test_the_reason_has_the_rotation_and_its_error():
    found = turn_left(*_matches(3, 8, 0.05, 0.0))
    assert found.sentence == "a shift leaves a rotation of 0.0500 +- 0.0000 deg"


def test_a_step_that_all_matches_have_is_no_rotation_and_no_noise() -> None:
    rng = np.random.default_rng(3)
    places, residuals = rng.uniform(-1e4, 1e4, (8, 2)), rng.normal(0.0, 1.0, (8, 2))
    one, other = (turn_left(places, residuals + step) for step in (0.0, np.array([40.0, -70.0])))
    assert one is not None and other is not None
    assert (other.turn_deg, other.sigma_deg) == pytest.approx((one.turn_deg, one.sigma_deg))
