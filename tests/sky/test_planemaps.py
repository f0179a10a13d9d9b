"""Linear maps of a plane: each geometry finds the map that made its points, and no more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.sky.planemaps import PlaneMap, fit_map, rotation_matrix

_POINTS = np.random.default_rng(1).uniform(-1e5, 1e5, (12, 2))
_MAPS = {
    "shift": PlaneMap(np.eye(2), np.array([1200.0, -340.0])),
    "rshift": PlaneMap.rigid(np.array([1200.0, -340.0]), np.radians(0.07)),
    "rscale": PlaneMap(1.0003 * rotation_matrix(-1e-3), np.array([3.0, 7.0])),
    "general": PlaneMap(np.array([[1.0002, 3e-4], [-5e-4, 0.9996]]), np.array([3.0, 7.0])),
}
_ORDER = list(_MAPS)


@pytest.mark.parametrize(
    ("geometry", "made"),
    [(g, m) for g in _ORDER for m in _ORDER if _ORDER.index(m) <= _ORDER.index(g)],
)
def test_a_geometry_finds_every_map_that_it_allows(geometry: str, made: str) -> None:
    found = fit_map(_POINTS, _MAPS[made](_POINTS), geometry)

    np.testing.assert_allclose(found(_POINTS), _MAPS[made](_POINTS), atol=1e-6)


@pytest.mark.parametrize("geometry", ["shift", "rshift"])
def test_a_rigid_geometry_never_changes_the_scale(geometry: str) -> None:
    found = fit_map(_POINTS, _MAPS["general"](_POINTS), geometry)

    assert found.scale == pytest.approx(1.0, abs=1e-12)


def test_a_single_point_is_moved_and_not_turned() -> None:
    found = fit_map(_POINTS[:1], _POINTS[:1] + 5.0, "general")

    np.testing.assert_allclose(found.matrix, np.eye(2))
    np.testing.assert_allclose(found.shift, [5.0, 5.0])


def test_points_on_a_line_do_not_make_a_general_map() -> None:
    line = np.column_stack((np.arange(5.0), np.arange(5.0)))

    found = fit_map(line, line + 3.0, "general")

    np.testing.assert_allclose(found(_POINTS), _POINTS + 3.0, atol=1e-6)


@given(st.floats(-0.1, 0.1), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_maps_one_after_the_other_are_one_map(turn: float, east: float, north: float) -> None:
    first, second = PlaneMap.rigid(np.array([east, north]), turn), _MAPS["general"]

    both = second.after(first)

    np.testing.assert_allclose(both(_POINTS), second(first(_POINTS)), atol=1e-6)
    assert first.turn_rad == pytest.approx(turn)
