"""Single steps of measurements whose answers follow from what is put in, by hand or by counting."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.overlap import Level, MeasuredChip
from skydb.domain.vocabulary import SkyStat, SkyUnit
from skydb.errors import UsageError
from skydb.sky.bodies import _linked, _wanted, stars_of
from skydb.sky.clipping import RangeStatistics
from skydb.sky.components import _exposures
from skydb.sky.displacement import _rotation_and_scale, residual_mas
from skydb.sky.fit_trust import FOUND_SHARE, Agreement, check_cross_match
from skydb.sky.footprint import overlap_area_arcsec2
from skydb.sky.frame_offsets import LEAST_MATCHES, Detections, _peak, _sound, detect
from skydb.sky.geometry import inside_outline, off_tangent_plane
from skydb.sky.gradients import plane_left
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.sky.pairs import _terms
from skydb.sky.planemaps import PlaneMap, fit_map
from skydb.sky.regions import Polygons
from skydb.sky.relative import ROTATION_PAIRS, _clipped, _turns_of, _Unknowns, _with_their_visit
from skydb.sky.sources import _centroids
from skydb.sky.spherical import unit_vectors
from skydb.sky.ties import NARROWEST_PIX, Tie
from tests.sky.chips import tan_wcs


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
    assert body.xy_mas.shape == body.measured_mas.shape == (0, 2)
    for rows in (body.seen, body.star, body.member, body.measured_mas, body.source):
        assert len(rows) == 0


def test_what_is_inside_does_not_depend_on_the_height_of_the_corners() -> None:
    diamond = np.array([(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)])
    points = np.array([(0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (1.5, 0.0), (-1.5, 0.0), (2.0, 1.0)])
    for outline in (diamond, diamond[::-1], np.roll(diamond, 1, axis=0)):
        assert inside_outline(points, outline).tolist() == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("scores", "others"),
    [([5.0, 3.0, 2.9, -3.0], ("b", "d")), ([4.0, 0.0, 3.9], ()), ([6.0, 5.0], ("b",)),
     ([6.0, 4.4], ()), ([4.1, 0.95], ("b",))],
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


def test_of_many_exposures_the_worst_is_not_named_beside_itself() -> None:
    names = [f"i{number:03}" for number in range(300)]
    contrasts = [(names, np.append(np.full(299, 5.0), 5.5), np.ones(300))]
    model: Any = SimpleNamespace(contrasts=lambda taken: contrasts)
    (found,) = _exposures(model, ())
    assert (found.exposure, len(found.alternatives)) == ("i299", 299)
    assert "i299" not in found.alternatives


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


def test_pixels_of_an_exposure_are_those_of_its_first_chip() -> None:
    chips = [
        Detections(
            np.full((n, 2), n), np.full((n, 2), -n), np.full(n, n), np.full(n, 0.5), np.eye(2) * n
        )
        for n in (2, 1)
    ]
    whole = Detections.joined(chips)
    assert len(whole) == 3
    assert whole.mas_per_pix.tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert whole.radec_deg[:, 0].tolist() == [2, 2, 1]
    assert whole.extver.tolist() == [2, 2, 1]


def test_a_blank_chip_joins_the_others_without_a_source() -> None:
    blank = detect(np.zeros((64, 64)), None, tan_wcs((85.25, -2.46), shape_xy=(64, 64)))
    assert (len(blank), blank.radec_deg.shape, blank.xy_pix.shape) == (0, (0, 2), (0, 2))
    assert len(Detections.joined([blank, blank])) == 0


STEPS = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 1.0), (-1.0, -1.0)]


@pytest.mark.parametrize("step", STEPS)
def test_a_bad_pixel_beside_the_middle_of_a_source_spoils_it(step: tuple[float, float]) -> None:
    bad = np.zeros((9, 9), dtype=bool)
    bad[4 + int(step[1]), 4 + int(step[0])] = True
    # Pixels are counted from 1.
    xy, flux = _sound(np.array([(5.0, 5.0), (2.0, 2.0)]), np.array([1.0, 2.0]), bad)
    assert (xy.tolist(), flux.tolist()) == ([[2.0, 2.0]], [2.0])


@pytest.mark.parametrize("step", STEPS)
def test_votes_for_a_pixel_beside_the_peak_are_votes_for_the_peak(
    step: tuple[float, float],
) -> None:
    place = np.array([3.0, 2.0])
    steps = np.vstack((np.tile(place, (LEAST_MATCHES - 2, 1)), np.tile(place + step, (2, 1))))
    found = _peak(steps, 10.0)
    assert found is not None and found.tolist() == place.tolist()
    assert _peak(steps[1:], 10.0) is None
    # Two pixels away is another place.
    assert _peak(np.vstack((steps[:-2], steps[-2:] + step)), 10.0) is None


def _exposures_at(places: np.ndarray) -> Measures:
    """Exposures of one chip whose middles are at places, in degrees."""
    square = 0.01 * np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    names = [f"i{number:03}" for number in range(len(places))]
    level = Level(1.0, 0.1, 100)
    return Measures(
        tuple(MeasuredChip(name, 1, level, SkyUnit.ELECTRON_PER_S, 1.0) for name in names),
        (),
        {(name, 1): square + place for name, place in zip(names, places, strict=True)},
    )


def _differences(measures: Measures, count: int) -> dict[tuple[str, str], float]:
    """Of every pair of the first exposures, and not what planes make."""
    rng = np.random.default_rng(8)
    return {
        pair: float(rng.normal()) for pair in itertools.combinations(measures.rootnames[:count], 2)
    }


@pytest.mark.parametrize("turn_deg", [30.0, 45.0, 90.0, 135.0])
def test_what_planes_leave_does_not_depend_on_the_direction_of_a_dither(turn_deg: float) -> None:
    steps = np.column_stack((np.linspace(-0.02, 0.02, 9), np.zeros(9)))
    turn = np.radians(turn_deg)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    straight, turned = _exposures_at(steps), _exposures_at(steps @ matrix.T)
    found = [plane_left(one, _differences(one, 9)) for one in (straight, turned)]
    assert found[0] == pytest.approx(found[1], rel=1e-3)
    assert found[0] is not None and 0.3 < found[0] < 3.0


def test_planes_leave_nothing_of_differences_that_planes_made() -> None:
    rng = np.random.default_rng(6)
    places, slopes = rng.uniform(-0.02, 0.02, (9, 2)), rng.normal(0.0, 100.0, (9, 2))
    measures = _exposures_at(places)
    made = {}
    for (n, one), (m, other) in itertools.combinations(enumerate(measures.rootnames), 2):
        here = (places[n] + places[m]) / 2
        made[one, other] = float(
            n - m + slopes[n] @ (here - places[n]) - slopes[m] @ (here - places[m])
        )
    assert plane_left(measures, made) == pytest.approx(0.0, abs=1e-4)
    made[measures.rootnames[0], measures.rootnames[1]] += 1.0
    assert plane_left(measures, made) == pytest.approx(0.2, abs=0.15)


@pytest.mark.parametrize("ra_deg", [0.0, 0.5, 179.5, 359.2, 359.9])
def test_a_position_stays_where_it_is_all_around_the_sky(ra_deg: float) -> None:
    centre = unit_vectors(np.array([(ra_deg, 10.0)]))[0]
    found = off_tangent_plane(np.zeros((1, 2)), centre)
    assert found[0] == pytest.approx((ra_deg, 10.0))


@pytest.mark.parametrize(("count", "is_told"), [(9, True), (200, True), (201, False)])
def test_planes_of_more_exposures_than_can_be_solved_are_not_told(
    count: int, is_told: bool
) -> None:
    rng = np.random.default_rng(2)
    measures = _exposures_at(rng.uniform(-0.02, 0.02, (count, 2)))
    assert (plane_left(measures, _differences(measures, 9)) is not None) is is_told


@pytest.mark.parametrize("values", [(1.0, 3.0), (3.0, 1.0), (-2.0, 5.0)])
def test_a_mode_of_fewer_pixels_than_make_a_bin_is_half_a_bin_above_the_lowest(
    values: tuple[float, float],
) -> None:
    found = SkyStatistic(SkyStat.MODE, width_sigma=2.0).level(np.array(values, dtype=np.float32))
    deviation = float(np.std(values, ddof=1))
    assert found is not None
    assert found.value == pytest.approx(min(values) + deviation)
    assert (found.sigma, found.pixels) == (pytest.approx(deviation / 2**0.5), 2)


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_points_in_one_place_are_moved_and_neither_turned_nor_stretched(geometry: str) -> None:
    one = np.array([(3.0, 4.0)] * 5)
    found = fit_map(one, one + 2.0, geometry)
    assert found.matrix.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found.shift.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("length", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("geometry", ["rshift", "rscale"])
def test_a_turn_is_found_from_two_points_however_far_apart(geometry: str, length: float) -> None:
    points = length * np.array([(-0.5, -0.5), (0.5, 0.5)])
    found = fit_map(points, points[:, ::-1] * np.array([-1.0, 1.0]), geometry)
    assert np.degrees(found.turn_rad) == pytest.approx(90.0)


def test_a_fit_of_two_coordinates_has_every_product_up_to_its_degree() -> None:
    (terms,) = _terms(np.array([(2.0, 3.0)]))
    assert sorted(terms) == sorted(2.0**i * 3.0**j for i in range(6) for j in range(6 - i))


@pytest.mark.parametrize("side_arcsec", [1e-4, 1e-2, 1.0])
def test_however_small_an_outline_is_it_meets_what_it_lies_in(side_arcsec: float) -> None:
    square = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    small = unit_vectors(np.array([10.0, 0.0]) + square * side_arcsec / 3600.0)
    touched, whole = Polygons((np.array([10.0, 0.0]) + square,)).meets(small[None])
    assert (touched.tolist(), whole.tolist()) == ([True], [False])


class _Pairs:
    """Stars of two exposures, each the one of the same number."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.first = self.second = numbers

    def only(self, good: np.ndarray) -> _Pairs:
        return _Pairs(self.first[good])


def test_pairs_that_are_left_far_apart_tie_no_more() -> None:
    """A median of lengths is 1.1774 times the scatter along an axis, of which four are far."""
    lengths = np.array([1.1774] * 20 + [3.99, 4.01])
    places = [np.zeros((22, 2)), np.column_stack((lengths, np.zeros(22)))]
    maps = [PlaneMap.identity()] * 2

    def kept(pixel_mas: float) -> list[int]:
        plane: Any = SimpleNamespace(places=places, pixel_mas=pixel_mas)
        tie: Any = Tie(0, 1, _Pairs(np.arange(22)))  # type: ignore[arg-type]
        (left,) = _clipped(plane, [tie], maps)
        return left.stars.first.tolist()

    assert kept(1e-3) == [*range(21)]
    # No pair is far that is within what two stars of one exposure may be.
    assert kept(4.02 / NARROWEST_PIX) == [*range(22)]


def _visits(*visits: str) -> Any:
    # As they come out of headers: equal texts, and not one and the same.
    members = [SimpleNamespace(visit="".join([visit, "1"])) for visit in visits]
    return SimpleNamespace(members=members, middle=lambda number: np.zeros(2))


def _tied(first: int, second: int, pairs: int) -> Any:
    return SimpleNamespace(first=first, second=second, stars=range(pairs))


@pytest.mark.parametrize(
    ("visits", "ties", "turns"),
    [
        ("vv", [(0, 1, 5)], [-1, -1]),
        ("vvw", [(0, 1, 5), (1, 2, 5)], [0, 0, 1]),
        ("wwv", [(0, 1, 5), (1, 2, 5)], [0, 0, 1]),
        ("vvw", [(0, 1, 5)], [-1, -1, -1]),
        ("vvv", [(0, 1, 49), (1, 2, 1)], [-1, 0, -1]),
        ("vvv", [(0, 1, ROTATION_PAIRS)], [0, 1, -1]),
        ("vwx", [(0, 1, 5)], [0, 1, -1]),
    ],
)
def test_an_exposure_turns_by_itself_with_many_pairs_or_else_with_its_visit(
    visits: str, ties: list[tuple[int, int, int]], turns: list[int]
) -> None:
    assert _turns_of(_visits(*visits), [_tied(*one) for one in ties], False) == turns


def test_whole_visits_turn_as_they_are() -> None:
    ties = [_tied(0, 1, 500), _tied(1, 2, 500)]
    assert _turns_of(_visits("v", "v", "w"), ties, True) == [0, 0, 1]


def test_equations_have_the_shifts_of_both_and_the_turns_of_those_that_turn() -> None:
    xy = np.array([(2.0, 3.0)])
    still = _Unknowns([0, 1], [-1, -1], 10.0).rows(_tied(0, 1, 1), xy)
    assert still.tolist() == [[-1, 0, 1, 0], [0, -1, 0, 1]]
    turning = _Unknowns([0, 1], [-1, 0], 10.0).rows(_tied(0, 1, 1), xy)
    np.testing.assert_allclose(turning, [[-1, 0, 1, 0, -0.3], [0, -1, 0, 1, 0.2]])
    both = _Unknowns([0, 1], [0, 1], 10.0).rows(_tied(1, 0, 1), xy)
    np.testing.assert_allclose(both, [[1, 0, -1, 0, -0.3, 0.3], [0, 1, 0, -1, 0.2, -0.2]])


@pytest.mark.parametrize("visits", ["vvab", "vvwx", "vvva"])
def test_an_exposure_without_a_tie_goes_with_its_own_visit_alone(visits: str) -> None:
    moved, still = PlaneMap.rigid(np.array([4.0, -2.0]), 0.0), PlaneMap.identity()
    found = _with_their_visit(_visits(*visits), [_tied(0, 1, 5)], [moved, moved, still, still])
    expected = [4.0, -2.0] if visits[2] == "v" else [0.0, 0.0]
    assert found[2].shift.tolist() == expected
    assert found[3].shift.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("away", [(0, 0), (3, 3), (-3, 3), (3, -3), (-3, -3)])
def test_what_shines_beside_a_star_is_no_star(away: tuple[int, int]) -> None:
    y, x = np.mgrid[0:32, 0:32]
    image = 100.0 * np.exp(-((x - 16.2) ** 2 + (y - 15.9) ** 2) / 2 / 1.2**2)
    rows, columns = np.array([16 + away[1]]), np.array([16 + away[0]])
    found_x, found_y, flux, sound = _centroids(image, rows, columns, None)
    assert sound.tolist() == [away == (0, 0)]
    assert flux[0] > 0
    if sound[0]:
        assert (found_x[0], found_y[0]) == pytest.approx((16.2, 15.9), abs=0.02)
