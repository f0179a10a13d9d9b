"""The motion that a field has in common, wherever on the sky it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.sky.field_motion import field_motion

PLACES = [(85.26, -2.46), (0.0, 0.0), (359.9999, 60.0), (10.0, 89.99), (200.0, -89.999)]


def around(place: tuple[float, float], sources: int = 40) -> np.ndarray:
    """Positions about a place; about a pole they have every right ascension."""
    rng = np.random.default_rng(4)
    dec = np.clip(place[1] + rng.uniform(-0.02, 0.02, sources), -90.0, 90.0)
    ra = place[0] + rng.uniform(-0.02, 0.02, sources) / np.cos(np.radians(dec))
    return np.column_stack((ra % 360.0, dec))


def test_without_a_motion_there_is_none() -> None:
    assert field_motion(np.empty((0, 2)), np.empty((0, 2))) is None


@pytest.mark.parametrize("place", PLACES[:3])
@given(st.floats(-100, 100), st.floats(-100, 100))
def test_the_median_of_equal_motions_is_that_motion(
    place: tuple[float, float], east: float, north: float
) -> None:
    radec = around(place)
    found = field_motion(radec, np.full((len(radec), 2), (east, north)))
    assert found is not None
    assert found.speed_mas_yr == pytest.approx(np.hypot(east, north), rel=1e-3, abs=1e-6)
    assert found.at_centre == (
        pytest.approx(east, abs=0.1 + 1e-3 * abs(north)),
        pytest.approx(north, abs=0.1 + 1e-3 * abs(east)),
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_motion_in_space_is_found_where_east_turns(place: tuple[float, float]) -> None:
    radec = around(place)
    one = field_motion(radec[:1], np.array([[20.0, 15.0]]))
    assert one is not None
    shared = np.column_stack(one.at(radec))
    found = field_motion(radec, shared)
    assert found is not None
    np.testing.assert_allclose(found.vector_mas_yr, one.vector_mas_yr, atol=0.05)
    np.testing.assert_allclose(np.column_stack(found.at(radec)), shared, atol=0.05)


def test_a_few_that_run_away_do_not_move_the_median() -> None:
    radec = around(PLACES[0])
    motions = np.full((len(radec), 2), (20.0, 15.0))
    motions[::3] = (-900.0, 400.0)
    found = field_motion(radec, motions)
    assert found is not None
    assert found.speed_mas_yr == pytest.approx(25.0, abs=0.1)


@pytest.mark.parametrize(("sources", "known"), [(4, False), (5, True)])
def test_the_error_of_a_median_needs_some_motions(sources: int, known: bool) -> None:
    radec = around(PLACES[0], sources)
    motions = np.random.default_rng(1).normal(5.0, 1.0, (sources, 2))
    found = field_motion(radec, motions)
    assert found is not None
    assert np.isfinite(found.error_mas_yr) == known
