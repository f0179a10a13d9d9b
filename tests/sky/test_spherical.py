"""Polygons on the sphere against slower and simpler ways, everywhere on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skydb.domain.values import unit_vectors
from skydb.errors import UsageError
from skydb.sky.footprint import overlap_area_arcsec2
from skydb.sky.regions import Circle, Polygons, degrees_of
from skydb.sky.spherical import (
    circle_around,
    crossings_with,
    distances_to_sides,
    holding,
    middles_of,
    outlines_of,
    separations_deg,
)

#: Positions where arithmetic on right ascensions would go wrong, and ordinary ones.
CENTRES = st.one_of(
    st.sampled_from([(0.0, 0.0), (359.999, 5.0), (0.001, -5.0), (10.0, 90.0), (200.0, -90.0)]),
    st.tuples(st.floats(0, 360), st.sampled_from([89.99, -89.99, 89.5])),
    st.tuples(st.floats(0, 360), st.floats(-89, 89)),
)
OFFSETS = st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))


def axes(centre_deg):
    middle = unit_vectors(np.array([centre_deg]))[0]
    ra = np.arctan2(middle[1], middle[0])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    return middle, east, np.cross(middle, east)


def around(centre_deg, offsets_deg):
    """Unit vectors at offsets (east, north) in degrees from a position."""
    middle, east, north = axes(centre_deg)
    plane = np.tan(np.radians(np.atleast_2d(offsets_deg)))
    vectors = middle + plane[:, :1] * east + plane[:, 1:] * north
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def chip(centre_deg, angle_rad=0.3, sides_deg=(2.0, 1.0), offset_deg=(0.0, 0.0)):
    """Unit vectors of a box, turned and moved in the tangent plane of a position."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.array(sides_deg) / 2
    turn = np.array([[np.cos(angle_rad), -np.sin(angle_rad)],
                     [np.sin(angle_rad), np.cos(angle_rad)]])  # fmt: skip
    return around(centre_deg, corners @ turn.T + np.array(offset_deg))


def winding(outline, point):
    """Turns that the corners of an outline make around a point, by their position angles."""
    east = np.cross([0.0, 0.0, 1.0], point)
    if np.linalg.norm(east) < 1e-9:
        east = np.array([1.0, 0.0, 0.0])
    east /= np.linalg.norm(east)
    north = np.cross(point, east)
    angles = np.arctan2(outline @ east, outline @ north)
    steps = np.diff(np.append(angles, angles[0]))
    return round(float(np.sum((steps + np.pi) % (2 * np.pi) - np.pi)) / (2 * np.pi))


def border_deg(outline, point, points=4000):
    """Distance of a point from the sides of an outline, by walking along them."""
    ends = np.roll(outline, -1, axis=0)
    step = np.linspace(0, 1, points)[:, None, None]
    walk = outline * (1 - step) + ends * step
    walk /= np.linalg.norm(walk, axis=2, keepdims=True)
    return np.degrees(2 * np.arcsin(np.linalg.norm(walk - point, axis=2).min() / 2))


@settings(max_examples=60)
@given(CENTRES, OFFSETS, st.floats(0, 6.2))
def test_a_polygon_holds_the_points_that_it_winds_around(centre, offset, angle):
    outline, point = chip(centre, angle), around(centre, offset)[0]
    # A point on a side is up to half a step of the walk, 0.005 degree, from one of it.
    assume(border_deg(outline, point, 200) > 6e-3)
    assert holding(outline[None], point[None])[0, 0] == (winding(outline, point) != 0)


@settings(max_examples=60)
@given(CENTRES, OFFSETS, st.floats(0, 6.2))
def test_the_distance_to_the_sides_is_that_of_a_walk_along_them(centre, offset, angle):
    outline, point = chip(centre, angle), around(centre, offset)[0]
    found = np.degrees(distances_to_sides(outline[None], point)[0])
    assert found == pytest.approx(border_deg(outline, point), abs=1e-3)


@settings(max_examples=60)
@given(CENTRES, OFFSETS, st.floats(0, 1.2))
def test_a_circle_meets_what_it_reaches_and_is_held_where_it_fits(centre, offset, radius):
    outline, point = chip(centre), around(centre, offset)[0]
    border, inside = border_deg(outline, point), winding(outline, point) != 0
    assume(abs(border - radius) > 2e-3 and border > 2e-3)
    (ra, dec) = degrees_of(point[None])[0]
    touched, held = Circle(ra, dec, radius).meets(outline[None])
    assert touched[0] == (inside or border < radius)
    assert held[0] == (inside and border > radius)


@settings(max_examples=60)
@given(CENTRES, OFFSETS, st.floats(0, 6.2), st.floats(0.1, 3.0))
def test_two_polygons_meet_when_they_share_area(centre, offset, angle, size):
    first, second = chip(centre), chip(centre, angle, (size, size / 2), offset)
    shared = overlap_area_arcsec2(degrees_of(first), degrees_of(second))
    own = overlap_area_arcsec2(degrees_of(second), degrees_of(second))
    assume(shared == 0 or shared > 100)
    assume(abs(shared - own) > 100)
    touched, held = Polygons([degrees_of(second)]).meets(first[None])
    assert touched[0] == (shared > 0)
    assert held[0] == (shared > own - 1)


@pytest.mark.parametrize("centre", [(85.0, -2.0), (0.0, 0.0), (0.0, 90.0)])
def test_a_polygon_meets_and_holds_itself(centre):
    outline = chip(centre)
    touched, held = Polygons([degrees_of(outline)]).meets(outline[None])
    assert touched[0] and held[0]


@pytest.mark.parametrize(("shift", "shares"), [(0.5, True), (1.9, True), (2.0, False)])
def test_polygons_along_one_line_meet_only_where_they_share_area(shift, shares):
    # Along the equator, sides lie exactly on each other.
    box = np.array([(10.0, 0.0), (12.0, 0.0), (12.0, 1.0), (10.0, 1.0)])
    touched, held = Polygons([box + np.array([shift, 0.0])]).meets(unit_vectors(box)[None])
    assert touched[0] == shares
    assert not held[0]


def test_a_hollow_outline_does_not_hold_what_is_in_its_hollow():
    bent = around((85.0, -2.0), [(-1, -1), (1, -1), (1, 1), (0, -0.5), (-1, 1)])
    points = around((85.0, -2.0), [(0.0, 0.5), (0.0, -0.75)])
    assert holding(bent[None], points).tolist() == [[False, True]]


def test_outlines_of_several_lengths_are_read_together():
    triangle = "POLYGON ICRS 10 0 11 0 11 1"
    box = "POLYGON ICRS 10 0 11 0 11 1 10 1"
    outlines = outlines_of([triangle, box])
    assert outlines.shape == (2, 4, 3)
    inside = unit_vectors(np.array([[10.1, 0.9], [10.9, 0.1]]))
    assert holding(outlines, inside).tolist() == [[False, True], [True, True]]


def test_many_polygons_are_taken_in_parts_without_a_seam(monkeypatch):
    outlines = np.stack([chip((ra, 10.0)) for ra in range(50)])
    points = unit_vectors(np.array([[7.0, 10.0], [31.2, 10.1]]))
    whole = holding(outlines, points)
    monkeypatch.setattr("skydb.sky.spherical._ROOM", 7)
    assert (holding(outlines, points) == whole).all()
    assert whole.any(axis=0).all()


def test_a_polygon_over_half_the_sky_is_refused():
    with pytest.raises(UsageError, match="80 degrees"):
        Polygons([np.array([(0.0, 0.0), (120.0, 0.0), (240.0, 0.0)])])


DIAMOND = unit_vectors(np.array([(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]))


def test_what_is_held_does_not_depend_on_the_height_of_the_corners():
    points = unit_vectors(np.array([(0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (1.5, 0.0), (-1.5, 0.0)]))
    expected = [True, True, True, False, False]
    for outline in (DIAMOND, DIAMOND[::-1]):
        assert holding(outline[None], points)[0].tolist() == expected
        # Whatever is on the other side of the sky is not in it.
        assert not holding(outline[None], -points).any()


def test_a_point_a_quarter_of_the_sky_away_is_not_held():
    quarter = np.array([(0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)])
    assert not holding(DIAMOND[None], quarter).any()


def _box(ra, dec, width, height):
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    return unit_vectors(np.array([ra, dec]) + corners * (width, height))


@pytest.mark.parametrize(
    ("other", "crosses", "touches"),
    [
        (_box(0.0, 0.0, 6.0, 0.5), True, False),  # a bar across, no corner in the other
        (_box(0.0, 0.0, 0.5, 6.0), True, False),
        (_box(0.0, 0.0, 0.5, 0.5), False, False),  # in the middle of it
        (_box(0.0, 0.0, 8.0, 8.0), False, False),  # around it
        (_box(5.0, 0.0, 2.0, 2.0), False, False),  # beside it
        (_box(2.0, 0.0, 2.0, 1.0), True, False),  # over one side
    ],
)
def test_sides_cross_where_one_outline_leaves_another(other, crosses, touches):
    found = crossings_with(_box(0.0, 0.0, 4.0, 4.0)[None], other)
    assert [one.tolist() for one in found] == [[crosses], [touches]]
    back = crossings_with(other[None], _box(0.0, 0.0, 4.0, 4.0))
    assert [one.tolist() for one in back] == [[crosses], [touches]]


def test_sides_on_the_other_side_of_the_sky_do_not_cross():
    box, bar = _box(0.0, 0.0, 4.0, 4.0), _box(0.0, 0.0, 6.0, 0.5)
    assert [one.tolist() for one in crossings_with(box[None], -bar)] == [[False], [False]]
    assert [one.tolist() for one in crossings_with(box[None], -box)] == [[False], [False]]


@pytest.mark.parametrize("ra", [-70.0, -30.0, 0.0, 40.0, 70.0])
def test_a_long_side_is_crossed_as_far_as_it_goes_and_not_opposite_of_that(ra):
    wedge = unit_vectors(np.array([(-75.0, 0.0), (75.0, 0.0), (0.0, 10.0)]))
    for place, crosses in ((ra, True), (ra + 180.0, False), (76.0, False)):
        on_the_equator = _box(place, 0.0, 0.5, 0.5)
        crossing, touching = crossings_with(on_the_equator[None], wedge)
        assert (crossing.tolist(), touching.tolist()) == ([crosses], [False])


def test_outlines_hold_none_of_no_points():
    assert holding(DIAMOND[None], np.zeros((0, 3))).shape == (1, 0)
    assert holding(np.zeros((0, 4, 3)), DIAMOND).shape == (0, 4)


def test_a_corner_on_a_side_touches_it_and_does_not_cross():
    # Along the equator, where the corner lies exactly on the side.
    triangle = unit_vectors(np.array([(0.0, 0.0), (1.0, 2.0), (-1.0, 2.0)]))
    below = unit_vectors(np.array([(-3.0, 0.0), (3.0, 0.0), (3.0, -2.0), (-3.0, -2.0)]))
    for one, other in ((triangle, below), (below, triangle)):
        crossing, touching = crossings_with(one[None], other)
        assert (crossing.tolist(), touching.tolist()) == ([False], [True])


@pytest.mark.parametrize("ra", range(0, 360, 45))
@pytest.mark.parametrize("dec", [-60.0, 0.0, 30.0])
def test_what_is_held_does_not_depend_on_the_place_on_the_sky(ra, dec):
    points = around((ra, dec), [(0.0, 0.1), (0.7, 0.2), (-0.3, -0.6), (0.8, 0.8), (-1.2, 0.1)])
    outline = around((ra, dec), [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)])
    assert holding(outline[None], points)[0].tolist() == [True, True, True, False, False]


def test_the_middle_of_an_outline_is_a_unit_vector_in_it():
    middles = middles_of(np.stack([chip((30.0, 40.0)), chip((200.0, -70.0), sides_deg=(9.0, 5.0))]))
    np.testing.assert_allclose(np.linalg.norm(middles, axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(degrees_of(middles)[0], (30.0, 40.0), atol=1e-6)


def test_points_at_the_poles_of_sides_and_opposite_of_corners_have_a_distance() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        outline = chip((rng.uniform(0.0, 360.0), rng.uniform(-80.0, 80.0)), sides_deg=(9.0, 5.0))
        pole = np.cross(outline[0], outline[1])
        assert distances_to_sides(outline[None], -outline[2])[0] > np.radians(165.0)
        far = distances_to_sides(outline[None, :2], pole / np.linalg.norm(pole))
        assert far == pytest.approx(np.pi / 2, abs=1e-7)


@pytest.mark.parametrize("turn_deg", range(0, 360, 30))
def test_an_outline_with_bays_holds_what_is_between_them(turn_deg):
    comb = np.array([(-3, -1), (3, -1), (3, 1), (2, 1), (2, 0), (1, 0), (1, 1), (-1, 1), (-1, 0),
                     (-2, 0), (-2, 1), (-3, 1)], dtype=float)  # fmt: skip
    places = np.array([(-2.5, 0.5), (-1.5, 0.5), (0.0, 0.6), (1.5, 0.4), (2.5, 0.7), (3.5, 0.5)])
    turn = np.radians(turn_deg)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / 10
    outline, points = (around((30.0, 40.0), one @ matrix.T) for one in (comb, places))
    assert holding(outline[None], points)[0].tolist() == [True, False, True, False, True, False]


def test_the_opposite_of_a_corner_that_is_rounded_up_is_half_a_circle_away():
    rng = np.random.default_rng(1)
    places = np.column_stack((rng.uniform(0.0, 360.0, 2000), rng.uniform(-90.0, 90.0, 2000)))
    corners = unit_vectors(places)
    rounded_up = corners[np.linalg.norm(2 * corners[:, None], axis=2)[:, 0] > 2.0]
    assert len(rounded_up)
    for corner in rounded_up:
        assert separations_deg(-corner[None], corner) == pytest.approx([180.0])
    for corner in rounded_up:
        outline = np.stack([corner] * 3)
        assert distances_to_sides(outline[None], -corner) == pytest.approx(np.pi)


@given(
    ra=st.floats(0, 360),
    dec=st.floats(-90, 90),
    offsets=st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=8),
)
def test_a_circle_holds_the_positions_that_it_is_around(
    ra: float, dec: float, offsets: list[tuple[float, float]]
) -> None:
    places = np.array([((ra + x) % 360, np.clip(dec + y, -90, 90)) for x, y in offsets])
    circle = circle_around(places)
    assert circle is not None
    middle = unit_vectors(np.array([circle[:2]]))
    assert separations_deg(unit_vectors(places), middle).max() <= circle[2] + 1e-9
    assert circle[2] <= 2 * np.sqrt(2) + 1e-9
    assert circle_around(places[:0]) is None
