"""Numbers that lie exactly at a limit, and just beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.trust import PARAMETERS_FITTED
from skydb.sky import bodies, coverage, fit_trust, regions, skypixels
from skydb.sky.advice import _scene
from skydb.sky.bodies import (
    LEAST_STARS,
    REPEATS_COUNTED,
    BodyFit,
    BodyStars,
    Matched,
    counted,
    fit_body,
)
from skydb.sky.clipping import RangeStatistics
from skydb.sky.components import SIGNIFICANT_SIGMA, Component, Kind
from skydb.sky.coverage import ImageArea, _bare_share
from skydb.sky.evidence import Zero, beyond
from skydb.sky.fit_trust import _in_box
from skydb.sky.noise import _left_of_step, _neighbours, _part_beyond, _rank, peak_of
from skydb.sky.planemaps import PlaneMap
from skydb.sky.regions import Polygons
from skydb.sky.skewness import Pull
from skydb.sky.sources import _BLOCK_PIX, _centroids, background
from skydb.sky.spherical import _side, distances_to_sides, unit_vectors
from skydb.sky.stars import (
    _FEW,
    StarShape,
    _common_width,
    _near,
    _star_like,
    _stars_among,
)
from skydb.sky.turns import TurnLeft, turn_left
from skydb.sky.votes import Peak

ABOVE = 1.0 + 1e-12


def test_what_is_many_times_its_error_is_sure_and_at_the_limit_it_is_not() -> None:
    assert [TurnLeft(turn, 0.25).is_sure for turn in (1.25, 1.25 * ABOVE)] == [False, True]
    assert [Pull(value, 1.0).sure for value in (2.0, -2.0, 2.5, -2.5)] == [0.0, 0.0, 2.5, -2.5]
    component = (Kind.EXPOSURE, "a", None, 1.0, 0.1)
    significances = (SIGNIFICANT_SIGMA / ABOVE, SIGNIFICANT_SIGMA, SIGNIFICANT_SIGMA * ABOVE)
    assert [Component(*component, one).is_significant for one in significances] == [
        False, True, True
    ]  # fmt: skip


@pytest.mark.parametrize(("noise", "count"), [(1.0, 1), (2.0, 8), (0.5, 50)])
def test_an_rms_is_beyond_noise_from_three_of_its_errors_on(noise: float, count: int) -> None:
    limit = (1 + 3.0 / np.sqrt(2 * count)) * noise
    assert beyond(limit, noise, count) == 0.0
    assert beyond(limit * ABOVE, noise, count) == pytest.approx(np.sqrt(limit**2 - noise**2))
    assert beyond(limit * ABOVE, noise, 0) == 0.0


def test_matches_count_as_measurements_when_there_are_stars_enough() -> None:
    for stars in range(1, LEAST_STARS + 2):
        seen = np.full(stars, REPEATS_COUNTED + 3)
        expected = stars if stars < LEAST_STARS else stars * REPEATS_COUNTED
        assert counted(seen) == expected
        assert counted(np.ones(stars, dtype=np.intp)) == stars


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_a_fit_without_an_exposure_needs_as_many_numbers_as_the_geometry_has(
    geometry: str,
) -> None:
    xy = np.array([(0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0), (700.0, 900.0)])
    number = np.arange(len(xy))
    stars = BodyStars(xy, np.ones(4, dtype=np.intp), number, number, xy, number)
    matched = Matched(number, number, PlaneMap.identity(), np.zeros((4, 2)), 4)
    peak = Peak(PlaneMap.identity(), 4, 0, 1e-9)
    fit = BodyFit(geometry, matched, stars, xy, peak)
    for rows in range(1, 5):
        moved = fit._moved(xy, number < rows)
        is_enough = 2 * rows >= PARAMETERS_FITTED[geometry]
        assert moved == (pytest.approx(0.0, abs=1e-6) if is_enough else float("inf"))


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_a_body_needs_more_numbers_than_its_geometry_has(
    geometry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    xy = np.random.default_rng(1).uniform(-5000.0, 5000.0, (6, 2))
    number = np.arange(6)
    stars = BodyStars(xy, np.full(6, 2), number, number * 0, xy, number)
    whole = bodies.match_from
    for matches in range(1, 6):

        def few(*told: Any, kept: int = matches) -> Matched:
            return whole(*told).only(number < kept)

        monkeypatch.setattr(bodies, "match_from", few)
        fit = fit_body(stars, xy, 40.0, lambda _, **__: geometry)
        if 2 * matches > PARAMETERS_FITTED[geometry]:
            assert isinstance(fit, BodyFit)
        else:
            assert fit == f"{matches} matches are too few for a fit of {geometry}"


def test_pixels_at_the_edges_of_an_image_are_within_the_margin_of_it() -> None:
    ny, nx = 5, 6
    wcs: Any = None
    for y in range(ny):
        for x in range(nx):
            exposed = np.zeros((ny, nx), dtype=bool)
            exposed[y, x] = True
            area = ImageArea(exposed, wcs)
            places = np.array([(a, b) for b in range(-3, ny + 3) for a in range(-3, nx + 3)])
            for margin in (0.0, 1.0, 2.0):
                apart = np.abs(places - (x, y)).max(axis=1)
                assert (area.holds(places.astype(float), margin) == (apart <= margin)).all()


def test_a_pixel_that_gives_back_another_place_by_the_tolerance_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = np.array([(10.0, 0.0)] * 4)
    wcs: Any = SimpleNamespace(
        has_distortion=True,
        all_world2pix=lambda radec, origin, *, quiet: radec + origin,
        all_pix2world=lambda pixels, origin: pixels - origin,
        # Of a size of which the root of the square is the same number.
        pixel_scale_matrix=np.diag([-1.0, 1.0]) * 2.0**-21,
    )
    limit = 0.05 * 3.6e6 * 2.0**-21
    apart = np.array([limit / ABOVE, limit, limit * ABOVE, np.nan])
    monkeypatch.setattr(skypixels, "separations_mas", lambda *_: apart)
    found = skypixels.pixels_of_sky(wcs, places, 1)
    assert found[0].tolist() == [11.0, 1.0]
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("beside", "around", "is_sound"),
    [(3.0, 0.0, False), (3.0 * ABOVE, 0.0, True), (3.0, 0.5, False), (4.0, 0.0, True),
     (4.0, -9.0, False), (4.0, -8.0, True)],
)  # fmt: skip
def test_a_source_has_more_than_some_of_its_peak_beside_it(
    beside: float, around: float, is_sound: bool
) -> None:
    image = np.zeros((11, 11))
    image[5, 5] = 20.0
    for y, x in ((4, 5), (6, 5), (5, 4), (5, 6)):
        image[y, x] = beside
    for y, x in ((4, 4), (4, 6), (6, 4), (6, 6)):
        image[y, x] = around
    at = np.array([5])
    *_, sound = _centroids(image, at, at, None)
    assert sound.tolist() == [is_sound]


def _fit_of_stars(widths: np.ndarray, **odd: tuple[int, float]) -> Any:
    """Fits of stars that are all as stars should be, but for one number of one of them."""
    number = len(widths)
    told = {"flux": 9.0, "dx_pix": 0.0, "dy_pix": 0.0, "stretch": 0.1, "misfit": 0.01,
            "edge": 0.01, "seen": 1.0}  # fmt: skip
    columns = {name: np.full(number, value) for name, value in told.items()}
    for name, (place, value) in odd.items():
        columns[name][place] = value
    return SimpleNamespace(sigma_pix=widths, **columns)


def test_a_faint_star_may_be_wider_than_others_by_twice_its_noise() -> None:
    shape = StarShape()
    snr = np.array([200.0] * 6 + [10.0, 10.0, 10.0, 0.0, -3.0])
    wide = np.array([0.0] * 6 + [0.399, 0.401, -0.27, 0.0, 0.0])
    keep, common = _stars_among(_fit_of_stars(np.exp(wide)), snr, 1.0, 5.0, shape)
    assert common == 1.0
    # What is below the noise that is wanted is left out whatever its width.
    assert keep.tolist() == [True] * 7 + [False, True, False, False]
    any_width = StarShape(narrowest=0.01, widest=100.0)
    snr, wide = np.array([200.0] * 6 + [1.0, 1.0]), np.array([0.0] * 6 + [2.19, 2.21])
    keep, _ = _stars_among(_fit_of_stars(np.exp(wide)), snr, 1.0, 0.5, any_width)
    assert keep.tolist() == [True] * 7 + [False]


@pytest.mark.parametrize(
    ("name", "limit"),
    [("flux", 0.0), ("dx_pix", 1.2), ("dy_pix", -1.2), ("stretch", 0.25), ("misfit", 0.06),
     ("edge", 0.03), ("seen", 0.8)],
)  # fmt: skip
def test_what_is_at_a_limit_of_stars_is_no_star(name: str, limit: float) -> None:
    widths, shape = np.ones(3), StarShape()
    at, inside = (
        _star_like(_fit_of_stars(widths, **{name: (1, value)}), shape).tolist()
        for value in (limit, limit * (ABOVE if name == "seen" else 1 / ABOVE) or 1e-9)
    )
    assert (at, inside) == ([True, False, True], [True, True, True])


def test_widths_at_the_limits_are_not_near_and_few_widths_are_drawn_to_the_expected_one() -> None:
    limits = np.array([0.75, 0.75 * ABOVE, 1.0, 1.6 / ABOVE, 1.6])
    assert _near(limits, StarShape()).tolist() == [False, True, True, True, False]
    few = np.full(_FEW - 1, 2.0)
    assert _common_width(np.append(few, 2.0), 1.0) == 2.0
    assert _common_width(few[:2], 1.0) == 1.0
    assert _common_width(few[:3], 1.0) == 1.5


@pytest.mark.parametrize("repeated", [0, 1, 3])
def test_a_corner_that_is_given_twice_has_no_side(repeated: int) -> None:
    corners = np.array([(10.0, 0.0), (11.0, 0.0), (11.0, 1.0), (10.0, 1.0)])
    padded = np.insert(corners, repeated, corners[repeated], axis=0)
    for place, apart_deg in (((10.5, -1.0), 1.0), ((10.5, 0.25), 0.25), ((10.0, 3.0), 2.0)):
        point = unit_vectors(np.array([place]))[0]
        for outline in (corners, padded):
            found = distances_to_sides(unit_vectors(outline)[None], point)
            assert np.degrees(found) == pytest.approx([apart_deg], rel=1e-4)


@pytest.mark.parametrize(
    ("border", "is_inside", "verdict"),
    [
        (1.0, True, (True, True)), (1.0 / ABOVE, True, (True, False)), (1.0, False, (True, False)),
        (2.0, False, (False, False)), (2.0, True, (True, True)), (0.0, True, (True, False)),
    ],
)  # fmt: skip
def test_an_outline_holds_a_circle_that_touches_its_sides_from_inside(
    border: float, is_inside: bool, verdict: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = float(np.radians(1.0))
    monkeypatch.setattr(regions, "holding", lambda *_: np.array([[is_inside]]))
    monkeypatch.setattr(regions, "distances_to_sides", lambda *_: np.array([border * limit]))
    outlines = unit_vectors(np.zeros((3, 2)))[None]
    touched, held = regions.Circle(10.0, 20.0, 1.0).meets(outlines)
    assert (touched.tolist(), held.tolist()) == ([verdict[0]], [verdict[1]])


def test_what_lies_as_far_out_as_the_last_source_is_not_beyond_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    square = np.array([(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)])
    assert _bare_share(square, square, 1000) == 0.0
    assert _bare_share(square, square[:6], 1000) == pytest.approx(1 / 3)
    # As few sources leave as much by chance.
    assert _bare_share(square, square[:6], 1) == 0.0
    for part, share in ((1 / ABOVE, 0.0), (1.0, 1 / 3)):
        monkeypatch.setattr(coverage, "_CHANCE", part * (1.0 - 1 / 3) ** 5)
        assert _bare_share(square, square[:6], 5) == pytest.approx(share)


def test_products_beyond_five_degrees_have_no_box_in_common(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, near, far = (np.array([(10.0, dec)]) for dec in (0.0, 4.99, 5.01))
    assert _in_box(first, near, 6.0).tolist() == first.tolist()
    assert _in_box(first, far, 6.0).shape == (0, 2)
    assert _in_box(first, near, 4.0).shape == (0, 2)
    assert _in_box(first, near[:0], 6.0).shape == _in_box(first[:0], near, 6.0).shape == (0, 2)
    monkeypatch.setattr(fit_trust, "_separation_deg", lambda *_: np.array([5.0]))
    assert _in_box(first, near, 6.0).tolist() == first.tolist()


@pytest.mark.parametrize(
    ("counts", "place"),
    [
        ([3], 0.0), ([3, 3], 0.5), ([2, 3], 1.0), ([3, 2], 0.0), ([1, 2, 3], 2.0),
        ([1, 4, 1], 1.0), ([1, 4, 2], 1.1), ([2, 4, 1], 0.9), ([0, 5, 5, 0], 1.5), ([4, 4, 4], 0.0),
        ([1, 1, 5, 3, 9, 8], 4 + 0.5 * (6 - 1) / 7),
    ],
)  # fmt: skip
def test_a_peak_is_between_the_highest_bin_and_the_higher_of_its_neighbours(
    counts: list[int], place: float
) -> None:
    assert peak_of(np.array(counts)) == pytest.approx(place)


@pytest.mark.parametrize(
    ("limit", "width", "count"),
    [(2.0, 2.0, 2), (2.0, 1.5, 1), (1.5, 1.0, 1), (2.0, 0.5, 0), (4.0, -2.0, 2), (4.0, -1.5, 1),
     (3.5, -1.0, 1), (0.0, 9.0, 5), (9.0, -9.0, 5)],
)  # fmt: skip
def test_pixels_beyond_a_limit_are_those_up_to_the_next_one(
    limit: float, width: float, count: int
) -> None:
    # What lies at the limit was kept; what lies at the next one is beyond the first.
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0], dtype=np.float32)
    assert _part_beyond(RangeStatistics(values), limit, width) == count


def test_a_value_at_the_median_is_half_below_it() -> None:
    values = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    assert _rank(values, 2.0).tolist() == [1.0, 0.5, 0.0]


def test_steps_of_values_leave_what_noise_does_not_wash_out() -> None:
    whole = 1.0 / (np.sqrt(2.0) * np.pi)
    assert _left_of_step(0.0, 1.0) == 0.0
    # The steps themselves scatter by the root of a twelfth.
    assert _left_of_step(1.0, 0.1) == pytest.approx(whole)
    assert _left_of_step(2.0, 1.0) == pytest.approx(2 * whole * np.exp(-(np.pi**2) / 3))


def test_pairs_of_pixels_that_differ_much_more_than_others_are_of_different_scenes() -> None:
    one = np.zeros(5, dtype=np.float32)
    alike = np.ones(5, dtype=np.float32)
    assert _neighbours(one, alike)[2] == 1.0
    assert [part.size for part in _neighbours(one, alike)[:2]] == [5, 5]
    odd = np.array([1.0, -1.0, 1.0, 4.0, 100.0], dtype=np.float32)
    kept, beside, middle = _neighbours(one, odd)
    assert (kept.size, beside.tolist(), middle) == (4, [1.0, -1.0, 1.0, 4.0], 1.0)
    # Where most do not differ at all, nothing says how much is much.
    same = np.array([0.0, 0.0, 0.0, 4.0, 100.0], dtype=np.float32)
    assert _neighbours(one, same)[1].tolist() == same.tolist()
    assert _neighbours(one[:0], one[:0])[2] == 0.0


@pytest.mark.parametrize(("value", "is_said"), [(4.0, True), (-4.0, False), (1.0, False)])
def test_stars_that_lift_levels_are_said_and_counts_that_lower_them_are_not(
    value: float, is_said: bool
) -> None:
    evidence: Any = SimpleNamespace(
        islands=[("a", "b")], zeros=(Zero(2, 2, 0.0),), extended_pull=0.0, left=0.0,
        stars=Pull(value, 1.0),
    )  # fmt: skip
    unit: Any = SimpleNamespace(per_brightness=10.0, name="electron")
    sentences = _scene(evidence, unit)
    assert sentences[0] == "the lowest level is flat and shared by 2 separate places"
    assert sentences[1:] == ["stars lift levels by 40 electron"] * is_said


def test_four_matches_can_show_a_rotation() -> None:
    places = np.array([(0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (10.0, 10.0)])
    away = places - 5.0
    residuals = 1e-3 * np.column_stack((-away[:, 1], away[:, 0]))
    found = turn_left(places, residuals, noise=0.001)
    assert found is not None
    assert found.turn_deg == pytest.approx(np.degrees(1e-3))
    assert found.sigma_deg == pytest.approx(np.degrees(0.001 / np.sqrt(200.0)))
    assert turn_left(places[:3], residuals[:3]) is None


@pytest.mark.parametrize(("beside", "is_held"), [(1.0, True), (ABOVE, False)])
def test_a_corner_that_is_off_a_side_by_the_tolerance_is_on_it(
    beside: float, is_held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    polygon = Polygons((0.5 * square + np.array([0.5, 0.5]),))
    limit = np.array([beside * regions.TOLERANCE])
    monkeypatch.setattr(regions, "distances_to_sides", lambda *_: limit)
    touched, held = polygon.meets(unit_vectors(square)[None])
    assert (touched.tolist(), held.tolist()) == ([True], [is_held])


def test_a_point_off_a_great_circle_by_the_tolerance_is_on_it() -> None:
    start, end = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    for beside, side in ((1.0, 0), (ABOVE, 1), (-1.0, 0), (-ABOVE, -1)):
        point = np.array([0.6, 0.8, beside * regions.TOLERANCE])
        assert int(_side(start, end, point)) == side
    # However short the side is.
    near = np.array([0.96, 0.28, 0.0])
    for beside, side in ((0.99, 0), (1.01, 1)):
        point = np.array([0.6, 0.8, beside * regions.TOLERANCE])
        assert int(_side(start, near, point)) == side


def test_the_background_of_whole_blocks_ends_at_the_last_of_them() -> None:
    blocks = np.arange(6.0).reshape(2, 3)
    image = np.kron(blocks, np.ones((_BLOCK_PIX, _BLOCK_PIX)))
    level, noise = background(image)
    half = _BLOCK_PIX // 2
    assert level[:half, :half] == pytest.approx(0.0) and level[-half:, -half:] == pytest.approx(5.0)
    assert level[-half:, _BLOCK_PIX + half] == pytest.approx(4.0 + 0.5 / _BLOCK_PIX)
    assert (noise == 0.0).all()


@pytest.mark.parametrize(("apart", "is_held"), [(1.0, True), (ABOVE, False)])
def test_a_circle_without_a_size_is_held_by_a_side_that_it_is_on(
    apart: float, is_held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    border = np.array([apart * regions.TOLERANCE])
    monkeypatch.setattr(regions, "holding", lambda *_: np.array([[False]]))
    monkeypatch.setattr(regions, "distances_to_sides", lambda *_: border)
    _, held = regions.Circle(10.0, 20.0, 0.0).meets(unit_vectors(np.zeros((3, 2)))[None])
    assert held.tolist() == [is_held]


def test_polygons_have_a_middle_from_the_tolerance_on(monkeypatch: pytest.MonkeyPatch) -> None:
    square = np.array([(10.0, -1.0), (12.0, -1.0), (12.0, 1.0), (10.0, 1.0)])
    length = float(np.linalg.norm(unit_vectors(square).mean(axis=0)))
    for part, has_middle in ((1.0, True), (ABOVE, False)):
        monkeypatch.setattr(regions, "TOLERANCE", part * length)
        assert (Polygons((square,)).cap.radius_deg < 2.0) is has_middle
