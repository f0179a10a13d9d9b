"""Cones, boxes and polygons, where the sphere is inconvenient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.simulate.archive.sphere import box, cone, distances_deg, polygon


def ring(ra, dec, radius):
    """Twelve positions at a distance from a centre, in degrees."""
    angles = np.radians(np.arange(0, 360, 30))
    r, d, a = np.radians(radius), np.radians(dec), np.radians(ra)
    z = np.sin(d) * np.cos(r) + np.cos(d) * np.sin(r) * np.cos(angles)
    y = np.sin(angles) * np.sin(r) * np.cos(d)
    found_ra = a + np.arctan2(y, np.cos(r) - np.sin(d) * z)
    return np.degrees(np.column_stack((found_ra % (2 * np.pi), np.arcsin(z))))


PLACES = [(0.0, 0.0), (359.999, 40.0), (120.0, 89.0), (200.0, -89.0), (85.26, -2.46)]


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_a_cone_holds_what_is_nearer_than_its_radius(ra, dec):
    inner, outer = ring(ra, dec, 0.049), ring(ra, dec, 0.051)
    assert cone(inner, (ra, dec), 0.05).all()
    assert not cone(outer, (ra, dec), 0.05).any()
    np.testing.assert_allclose(distances_deg(inner, (ra, dec)), 0.049, rtol=1e-6)


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_a_polygon_holds_what_is_inside(ra, dec):
    corners = [tuple(corner) for corner in ring(ra, dec, 0.05)]
    assert polygon(ring(ra, dec, 0.048), corners).all()
    assert not polygon(ring(ra, dec, 0.051), corners).any()
    opposite = np.array([((ra + 180) % 360, -dec)])
    assert not polygon(opposite, corners).any()


def test_a_box_across_ra_zero():
    positions = np.array([(359.6, 0.0), (0.4, 0.0), (0.6, 0.0), (0.0, 0.3)])
    assert box(positions, (0.0, 0.0), 1.0, 0.5).tolist() == [True, True, False, False]


def test_a_box_has_its_width_on_the_sky():
    positions = np.array([(10.9, 60.0), (11.1, 60.0)])
    assert box(positions, (10.0, 60.0), 1.0, 1.0).tolist() == [True, False]


@given(st.permutations(range(4)).filter(lambda order: abs(order[0] - order[2]) == 2))
def test_the_sense_of_a_polygon_does_not_matter(order):
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    corners = [square[index] for index in order]
    assert polygon(np.array([(0.5, 0.4), (1.5, 0.4)]), corners).tolist() == [True, False]
