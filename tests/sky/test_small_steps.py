"""Single steps of measurements whose answers follow from what is put in, by hand or by counting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.errors import UsageError
from skydb.sky.bodies import _linked, _wanted, stars_of
from skydb.sky.cells import _inside
from skydb.sky.clipping import RangeStatistics
from skydb.sky.components import _exposures
from skydb.sky.displacement import _rotation_and_scale, residual_mas
from skydb.sky.fit_trust import FOUND_SHARE, Agreement, check_cross_match
from skydb.sky.footprint import overlap_area_arcsec2


@pytest.mark.parametrize("beyond", [-2, -1, 0, 1, 2])
def test_a_median_is_right_where_the_pixels_looked_at_first_mislead(beyond: int) -> None:
    """Those between them are so many lower ones more that the middle is just out of sight."""
    size = 2 * 8_000
    values = np.full(size, 1e6, dtype=np.float32)
    # Every other one is in the sample.
    values[::2] = np.random.default_rng(1).permutation(size // 2)
    others = np.arange(1, size, 2)
    near, lower = RangeStatistics(values)._around_middle(np.float32(-np.inf), np.float32(np.inf))
    values[others[: size // 2 - lower - near.size + beyond]] = -1e6
    ranges = RangeStatistics(values)
    assert ranges.median(-np.inf, np.inf, size) == np.median(values)


def _body(count: int, places: list[list[tuple[float, float]]]) -> Any:
    """Exposures that all cover the same field, and do not have to be moved."""
    still = SimpleNamespace(shift=np.zeros(2), matrix=np.eye(2))
    plane = SimpleNamespace(pixel_mas=1.0, covers=lambda number, xy: np.ones(len(xy)))
    found = [np.array(one, dtype=float).reshape(-1, 2) for one in places]
    return SimpleNamespace(plane=plane, maps=(still,) * count, places=found)


@pytest.mark.parametrize(
    ("covering", "wanted"), [(1, 1), (2, 2), (6, 2), (7, 3), (10, 3), (11, 4), (20, 6)]
)
def test_a_star_has_to_be_seen_by_a_share_of_those_that_cover_it(
    covering: int, wanted: int
) -> None:
    found = _wanted(_body(covering, []), range(covering), np.zeros((2, 2)))
    assert found.tolist() == [wanted, wanted]


def test_two_detections_of_one_exposure_are_two_stars() -> None:
    xy = np.array([(0.0, 0.0), (0.3, 0.0), (5.0, 0.0), (5.2, 0.0)])
    star, keep = _linked(xy, np.array([0, 0, 0, 1]), 0.5)
    assert keep.all()
    assert len(set(star[:3].tolist())) == 3
    assert star[2] == star[3]
    backwards, _ = _linked(xy[::-1], np.array([1, 0, 0, 0]), 0.5)
    assert len(set(backwards.tolist())) == 3


def test_exposures_without_stars_are_a_body_without_stars() -> None:
    body = stars_of(_body(2, [[], []]), (0, 1))
    assert len(body) == 0
    for rows in (body.seen, body.star, body.member, body.measured_mas, body.source):
        assert len(rows) == 0


def test_what_is_inside_does_not_depend_on_the_height_of_the_corners() -> None:
    diamond = np.array([(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)])
    points = np.array([(0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (1.5, 0.0), (-1.5, 0.0), (2.0, 1.0)])
    for outline in (diamond, diamond[::-1], np.roll(diamond, 1, axis=0)):
        assert _inside(points, outline).tolist() == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("scores", "others"),
    [([5.0, 3.0, 2.9, -3.0], ("b", "d")), ([4.0, 0.0, 3.9], ()), ([6.0, 5.0], ("b",)),
     ([6.0, 4.4], ())],
)  # fmt: skip
def test_exposures_that_are_nearly_as_far_off_are_named_beside_the_worst(
    scores: list[float], others: tuple[str, ...]
) -> None:
    names = list("abcd")[: len(scores)]
    contrasts = [(names, np.array(scores) / 2, np.full(len(scores), 0.5))]
    model: Any = SimpleNamespace(contrasts=lambda taken: contrasts)
    (found,) = _exposures(model, ())
    assert (found.exposure, found.value, found.sigma) == ("a", scores[0] / 2, 0.5)
    assert found.alternatives == others


def test_rotation_and_scale_do_not_depend_on_where_the_points_lie() -> None:
    turn = np.radians(3.0)
    matrix = 1.01 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    old = np.array([(10.0, 3.0), (11.0, 3.0), (10.0, 5.0), (12.0, 7.0)])
    found = _rotation_and_scale(old, old @ matrix.T + np.array([-4.0, 9.0]))
    back = _rotation_and_scale(old - 20.0, old @ matrix.T)
    for rotation, scale in (found, back):
        assert (abs(rotation), scale) == (pytest.approx(3.0), pytest.approx(1.01))


@pytest.mark.parametrize("chips", [{}, {1: np.zeros((4, 2)), 2: np.zeros((9, 2))}])
def test_a_grid_that_is_none_or_not_the_same_on_every_chip_is_refused(chips: Any) -> None:
    with pytest.raises(UsageError, match="the same number of points on every chip"):
        residual_mas(chips, {})


def test_a_share_of_less_than_one_possible_pair_is_a_share() -> None:
    assert Agreement(1, 1, 0.5, 0.0, 0.0).share == 1.0
    assert Agreement(1, 1, 1.0, 0.0, 0.0).share == 0.0
    assert Agreement(0, 2, 1.5, 0.0, 0.0).share == 0.0


def test_half_of_the_share_that_is_wanted_is_not_only_a_few() -> None:
    possible = 1000
    half = round(possible * FOUND_SHARE / 2)
    assert half / possible / FOUND_SHARE == 0.5
    reasons = [
        check_cross_match(Agreement(half - n, possible, 0.0, 0.0, 0.0)).reason for n in (0, 1)
    ]
    assert [reason.startswith("only") for reason in reasons] == [False, True]


@pytest.mark.parametrize("east", [-1.0, 1.0])
def test_outlines_that_meet_in_the_tip_of_a_corner_share_it(east: float) -> None:
    side_deg, tip = 0.01, 1e-4
    square = side_deg * np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    other = square + (1 - tip / 2) * side_deg * np.array([east, 1.0])
    expected = (tip / 2 * side_deg * 3600.0) ** 2
    assert overlap_area_arcsec2(square, other) == pytest.approx(expected, rel=0.01)
    assert overlap_area_arcsec2(square, square + 1.001 * side_deg * np.array([east, 1.0])) == 0.0
