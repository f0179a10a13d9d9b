"""Single steps of measurements, at ties, ends and empty input: to six digits what they were."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.wcs import WCS

from skydb.domain.vocabulary import TrustComponent
from skydb.sky.bodies import _linked, _means
from skydb.sky.clipping import Moments, RangeStatistics
from skydb.sky.components import (
    Sample,
    _beside,
    _components,
    _exposures,
    _Found,
    _gradient,
    _shared,
)
from skydb.sky.coverage import ImageArea, _bare_share, coverage, coverage_of_chips
from skydb.sky.evidence import _noise
from skydb.sky.fit_trust import (
    Agreement,
    Sighting,
    _in_box,
    catalog_inside,
    check_cross_match,
    check_neighbours,
    shared,
)
from skydb.sky.footprint import _fan, _shared_with_triangle, _signed_area
from skydb.sky.frame_offsets import _mutual, _peak
from skydb.sky.leftmodel import Term, _is_constrained, _pseudo_inverse
from tests.keeping import assert_kept
from tests.sky.chips import tan_wcs


def test_the_pixels_around_a_middle_are_few_and_hold_it() -> None:
    rng = np.random.default_rng(3)
    found = {}
    for name, size in (("few", 40), ("many", 30_000), ("more", 70_001)):
        values = rng.normal(10.0, 1.0, size).astype(np.float32)
        ranges = RangeStatistics(values)
        kept = [[float(one) for one in ranges._core]]
        for low, high in ((-np.inf, np.inf), (9.0, 10.5), (10.2, 14.0), (20.0, 30.0), (0.0, 1.0)):
            near, skipped = ranges._around_middle(np.float32(low), np.float32(high))
            kept.append([float(near.size), float(skipped)])
            inside = np.sort(values[(values >= low) & (values <= high)])
            if inside.size:
                assert ranges.median(low, high, inside.size) == pytest.approx(np.median(inside))
        found[name] = kept
    assert_kept("middles", found)


def test_a_median_between_two_pixels_needs_both() -> None:
    """Whichever pixels are looked at first, both ranks have to be among them."""
    rng = np.random.default_rng(4)
    for size in range(2, 60):
        values = rng.permutation(np.arange(size)).astype(np.float32)
        ranges = RangeStatistics(values)
        for start in range(0, size, 3):
            inside = np.arange(start, size)
            assert ranges.median(start, size, inside.size) == np.median(inside)


def test_no_pixels_have_no_moments_and_the_limits_belong_to_what_is_between() -> None:
    values = np.arange(30, dtype=np.float32)
    ranges = RangeStatistics(values)
    assert ranges.moments(50.0, 60.0) == Moments(0, 0.0, 0.0)
    for low in (-5.0, 0.0, 3.0, 29.0, *map(float, ranges._core)):
        for high in (29.0, 30.0, 50.0, *map(float, ranges._core)):
            inside = values[(values >= low) & (values <= high)]
            assert ranges.moments(low, high).count == inside.size


def _area(exposed: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> ImageArea:
    ny, nx = exposed.shape
    wcs = tan_wcs((40.0, 30.0), scale_arcsec=1.0, shape_xy=(nx, ny))
    wcs.wcs.crpix = np.array(wcs.wcs.crpix) - shift
    return ImageArea(exposed, wcs)


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0, 1.5, 3.0])
def test_a_pixel_is_held_where_an_exposed_one_is_within_the_margin(margin: float) -> None:
    exposed = np.zeros((5, 7), dtype=bool)
    exposed[0, 0] = exposed[4, 6] = exposed[1, 5] = True
    reach = int(np.ceil(margin))
    y, x = (one.ravel() for one in np.mgrid[-6:12, -6:14])
    places = np.argwhere(exposed)
    apart = np.maximum(abs(places[:, :1] - y), abs(places[:, 1:] - x)).min(axis=0)
    for dx, dy in ((0.0, 0.0), (0.4, -0.4), (-0.4, 0.4)):
        held = _area(exposed).holds(np.column_stack((x + dx, y + dy)), margin)
        assert held.tolist() == (apart <= reach).tolist()
    assert _area(exposed).holds(np.full((1, 2), np.nan), margin).tolist() == [False]


def test_shares_without_sources_are_what_they_were() -> None:
    exposed = np.argwhere(np.ones((20, 10), dtype=bool)).astype(float)
    rng = np.random.default_rng(5)
    found: dict[str, Any] = {}
    for name, box in (
        *(("whole", (-5, 25, -5, 15)), ("left", (-5, 12, -5, 15)), ("low", (-5, 25, -5, 4))),
        *(("a corner", (-5, 14, -5, 7)), ("a bit less", (-5, 18.4, -5, 15))),
    ):
        near = np.column_stack((rng.uniform(*box[:2], 300), rng.uniform(*box[2:], 300)))
        found[name] = [_bare_share(exposed, near, on_it) for on_it in (1, 5, 8, 12, 30, 200)]
    assert_kept("bare shares", found)


def test_chips_are_covered_together_and_one_alone_as_an_image() -> None:
    rng = np.random.default_rng(6)
    one, other = _area(np.ones((30, 40), dtype=bool)), _area(np.ones((30, 40), bool), (0.0, 32.0))
    found = {}
    for name, box in (
        ("all", (-30, 70, -70, 70)),
        ("half", (-30, 20, -70, 70)),
        ("far", (900, 950, 900, 950)),
    ):
        pixels = np.column_stack((rng.uniform(*box[:2], 400), rng.uniform(*box[2:], 400)))
        radec = np.asarray(one.wcs.all_pix2world(pixels, 0))
        assert coverage_of_chips([one], radec, 1.0) == coverage(one, radec, 1.0)
        found[name] = [coverage_of_chips([one, other], radec, margin) for margin in (0.0, 5.0)]
    assert_kept("coverage of chips", found)


def _inside(wcs: WCS, exposed: np.ndarray, pixels: np.ndarray) -> list[list[float]]:
    """Pixels from 1 of those positions that are told to be inside."""
    radec = np.asarray(wcs.all_pix2world(pixels, 1))
    found = catalog_inside(radec, exposed, wcs)
    return np.rint(wcs.all_world2pix(found, 1)).tolist() if len(found) else []


def test_positions_of_a_catalogue_are_inside_on_exposed_pixels_alone() -> None:
    exposed = np.ones((4, 6), dtype=bool)
    exposed[1, 2] = exposed[3, 5] = False
    wcs = tan_wcs((40.0, 30.0), scale_arcsec=1.0, shape_xy=(6, 4), rotation_deg=20.0)
    y, x = (one.ravel() for one in np.mgrid[-2:8, -2:10])
    pixels = np.column_stack((x, y)).astype(float)
    expected = [
        [float(x), float(y)]
        for x, y in zip(x, y, strict=True)
        if 1 <= x <= 6 and 1 <= y <= 4 and exposed[y - 1, x - 1]
    ]
    assert _inside(wcs, exposed, pixels) == expected
    # Off the middle of a pixel, on both sides.
    for dx, dy in ((0.4, 0.4), (-0.4, -0.4)):
        corners = np.array([[1.0, 1.0], [6.0, 1.0], [1.0, 4.0]]) + np.array((dx, dy))
        assert len(_inside(wcs, exposed, corners)) == 3
        outside = np.array([[0.0, 1.0], [7.0, 1.0], [1.0, 0.0], [1.0, 5.0]]) + np.array((dx, dy))
        assert not _inside(wcs, exposed, outside)
    assert catalog_inside(np.array([[220.0, -30.0]]), exposed, wcs).shape == (0, 2)
    assert catalog_inside(np.empty((0, 2)), exposed, wcs).shape == (0, 2)
    # A long narrow image: its ends are far from its middle.
    long = tan_wcs((40.0, 30.0), scale_arcsec=1.0, shape_xy=(400, 2), rotation_deg=45.0)
    ends = np.array([[1.0, 1.0], [400.0, 2.0]])
    assert _inside(long, np.ones((2, 400), dtype=bool), ends) == ends.tolist()


def test_a_box_holds_its_own_corners_and_what_is_within_the_reach() -> None:
    box = np.array([[10.0, 0.0], [10.001, 0.0005]])
    assert _in_box(box, box, 0.0).tolist() == box.tolist()
    step = 1e-4
    around = np.array([[10.0 - step, 0.0], [10.001 + step, 0.0005], [10.0, -step], [10.0005, 6e-4]])
    assert len(_in_box(around, box, 0.5 * step)) == 0
    assert len(_in_box(around, box, 1.5 * step)) == 4
    assert _in_box(around[:0], box, 1.0).shape == _in_box(around, box[:0], 1.0).shape == (0, 2)
    assert len(_in_box(box + np.array((4.9, 0.0)), box, 10.0)) == 2
    assert len(_in_box(box + np.array((5.1, 0.0)), box, 10.0)) == 0


def _agreement(**changed: Any) -> Agreement:
    plain = {"pairs": 50, "possible": 60, "chance": 1.0, "offset_pix": 0.1, "error_pix": 0.01}
    return Agreement(**{**plain, **changed})


def test_what_sources_say_of_a_fit_is_what_it_was() -> None:
    steps = {
        **{f"offset {one}": _agreement(offset_pix=one) for one in (0.0, 0.02, 0.15, 0.3, 1.0, 9.0)},
        **{f"error {one}": _agreement(error_pix=one) for one in (0.04, 0.05, 0.06, 0.5, 1.0)},
        **{f"pairs {one}": _agreement(pairs=one) for one in (0, 4, 5, 10, 20, 29, 31, 59, 60)},
        **{f"possible {one}": _agreement(possible=one, pairs=4) for one in (0, 4, 5, 6)},
        **{f"chance {one}": _agreement(chance=one) for one in (0.0, 20.0, 49.0, 55.0, 60.0, 70.0)},
    }
    checks = {name: check_cross_match(one) for name, one in steps.items()}
    assert {one.component for one in checks.values()} == {TrustComponent.CROSS_MATCH}
    neighbours = {name: check_neighbours([one, _agreement()]) for name, one in steps.items()}
    alone = {name: check_neighbours([one]) for name, one in steps.items()}
    told = {name: [one.share, one.significant_offset_pix] for name, one in steps.items()}
    assert_kept(
        "steps of trust",
        {"checks": checks, "neighbours": neighbours, "alone": alone, "told": told},
    )


def test_sources_in_common_are_those_of_the_overlap() -> None:
    rng = np.random.default_rng(7)
    radec = rng.uniform(-0.003, 0.003, (80, 2)) + np.array((40.0, 30.0))
    part = radec[radec[:, 0] > 40.001] + np.array((0.0, 2e-6))
    found = {}
    for name, other in (("part", part), ("one", part[:1]), ("none", part[:0])):
        one, two = Sighting(radec, 400.0, 0.05), Sighting(other, 100.0, 0.1)
        found[name] = [shared(one, two), shared(two, one)]
    assert_kept("in common", found)


@pytest.mark.parametrize("clockwise", [False, True])
def test_the_area_shared_with_a_triangle_has_its_direction(clockwise: bool) -> None:
    square = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    triangle = [(1.0, 1.0), (4.0, 1.0), (1.0, 4.0)]
    turned = triangle[::-1] if clockwise else triangle
    sign = -1.0 if clockwise else 1.0
    assert _shared_with_triangle(square, turned) == pytest.approx(sign)
    assert _shared_with_triangle(square[::-1], turned) == pytest.approx(sign)
    assert _signed_area(turned) == pytest.approx(4.5 * sign)
    assert sum(map(_signed_area, _fan(square))) == pytest.approx(4.0)
    assert _shared_with_triangle(square, [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]) == 0.0
    assert _signed_area(square[:2]) == 0.0


def test_the_offset_that_most_pairs_vote_for_is_found_at_the_edge_too() -> None:
    rng = np.random.default_rng(8)
    found: dict[str, Any] = {}
    for place in ((0.0, 0.0), (10.0, -3.0), (-10.2, 0.0), (0.3, 10.3), (-7.0, -7.0), (7.2, 7.4)):
        for count in (3, 6, 12, 40):
            steps = np.vstack((rng.uniform(-7, 7, (60, 2)), np.tile(place, (count, 1))))
            peak = _peak(steps, 10.0)
            found[f"{place} {count}"] = None if peak is None else peak.tolist()
    assert_kept("votes for offsets", {name: one or "none" for name, one in found.items()})


def test_each_source_has_one_pair_its_best_within_reach() -> None:
    pairs = np.array([[0, 0], [0, 1], [1, 1], [2, 1], [3, 3], [4, 4]])
    distances = np.array([0.3, 0.1, 0.2, 0.4, 0.5, 0.49])
    assert _mutual(pairs, distances, 0.5).tolist() == [1, 5]
    assert _mutual(pairs, distances, 0.1).tolist() == []
    assert _mutual(pairs, np.full(6, 0.1), 0.5).tolist() == [0, 2, 4, 5]


def test_sources_near_each_other_are_one_star_and_stars_have_means() -> None:
    xy = np.array([[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.1, 5.1], [9.0, 0.0], [0.05, 0.1]])
    member = np.array([0, 1, 0, 1, 1, 2])
    star, keep = _linked(xy, member, 0.5)
    means, seen = _means(star[keep], xy[keep], int(star[keep].max()) + 1)
    assert_kept("linked", {"star": star, "keep": keep.tolist(), "means": means, "seen": seen})


def _sample(place: int, name: str, sigma: float = 0.1) -> Sample:
    return Sample(place, (name, 1), 1.0, sigma, (0.0, 0.0))


def test_only_cells_that_two_exposures_see_with_noise_are_shared() -> None:
    samples = [_sample(1, "a"), _sample(1, "b"), _sample(2, "a"), _sample(2, "a")]
    samples += [_sample(3, "a", 0.0), _sample(3, "b", 1e-3), _sample(3, "c", -1.0)]
    assert _shared(samples) == [samples[0], samples[1], samples[5]]


def _contrasts(*found: tuple[str, float, float]) -> SimpleNamespace:
    names, values, sigmas = zip(*found, strict=True)
    told = [(list(names), np.array(values), np.array(sigmas))]
    return SimpleNamespace(contrasts=lambda taken: told)


def test_exposures_that_fit_about_as_well_are_named_beside_the_worst() -> None:
    many = {
        "clear": (("a", 1.0, 0.1), ("b", 0.1, 0.1), ("c", -0.2, 0.1)),
        "close": (("a", 1.0, 0.1), ("b", -0.99, 0.1), ("c", 0.5, 0.1)),
        "equal": (("a", -1.0, 0.1), ("b", 1.0, 0.1), ("c", 0.0, 0.1)),
        "nothing": (("a", 0.1, 0.1), ("b", 0.05, 0.1), ("c", 0.0, 0.1)),
        "little": (("a", 0.25, 0.1), ("b", 0.2, 0.1), ("c", 0.0, 0.1)),
    }
    assert_kept(
        "contrasts",
        {name: _exposures(_contrasts(*one), []) for name, one in many.items()},  # type: ignore[arg-type]
    )
    assert _beside(["a", "b", "c"], 1, np.array([True, True, False])) == ("a",)


def test_a_gradient_is_across_the_exposure_along_its_direction() -> None:
    points = np.array([[-1.0, -3.0], [1.0, -3.0], [1.0, 3.0], [-1.0, 3.0]])
    model: Any = SimpleNamespace(significance=lambda *_: 7.0, offsets_of=lambda name: 2 * points)
    found = _Found(Term("a", None), (Term("b", 2),))
    kept = {}
    for values in ((0.0, 0.0), (0.0, 2.0), (-1.0, 0.0), (3.0, -4.0)):
        fit = np.array(values), np.array([[0.04, 0.01], [0.01, 0.09]])
        kept[str(values)] = [
            _gradient(model, found, fit, {"a": points}),
            _gradient(model, found, fit, {}),
        ]
    assert_kept("gradients of a model", kept)


@pytest.mark.parametrize("value", [2.0, 0.5, 0.0, -0.5, -2.0])
def test_of_two_chips_the_bright_one_is_named_and_of_more_the_one_that_is_apart(
    value: float,
) -> None:
    for others, expected in (
        ([1], (abs(value), 1 if value < 0 else 2)),
        ([1, 3], (value, 2)),
        ([], (value, 2)),
    ):
        model: Any = SimpleNamespace(
            fitted=lambda terms: [(np.array([value]), np.array([[0.25]]))],
            significance=lambda *_: 4.0,
            other_chips=lambda term, others=others: others,
        )
        found = _components(model, [_Found(Term("a", 2), (Term("b", 1),))], {})
        ((kind, exposure, chip, offset, sigma),) = (
            (one.kind.value, one.exposure, one.chip, one.value, one.sigma) for one in found
        )
        assert (kind, exposure, sigma) == ("chip", "a", 0.5)
        assert (offset, chip) == expected


def test_columns_are_inverted_as_far_as_they_are_constrained() -> None:
    matrix = np.array([[4.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 9.0]])
    inverse, rank = _pseudo_inverse(matrix, np.diag(matrix))
    assert rank == 2
    assert matrix @ inverse @ matrix == pytest.approx(matrix)
    one = np.ones(2)
    for near, expected in ((1e-2, 2), (1e-12, 1)):
        assert _pseudo_inverse(np.array([[1.0, 1.0], [1.0, 1.0 + near]]), one)[1] == expected
    empty, none = _pseudo_inverse(np.zeros((0, 0)), np.zeros(0))
    assert (empty.shape, none) == ((0, 0), 0)
    assert _pseudo_inverse(np.zeros((2, 2)), one)[1] == 0
    quarter = [[0.25, 0.0], [0.0, 0.0]]
    for whole in ((4.0, 1.0), (8.0, 1.0), (4.0, 0.0)):
        assert _pseudo_inverse(np.diag([4.0, 0.0]), np.array(whole))[0].tolist() == quarter
    # What rounding has left of a column that others explain is nothing, in whatever unit.
    for unit in (1e-12, 1.0, 1e12):
        left = _pseudo_inverse(unit * np.diag([4.0, 1e-15]), unit * np.array([4.0, 1.0]))
        assert left[1] == 1
        assert unit * left[0] == pytest.approx(np.array(quarter))
    assert _is_constrained(np.eye(2), np.ones(2))
    assert not _is_constrained(np.eye(2), np.array([1.0, 0.0]))
    assert not _is_constrained(np.ones((2, 2)), np.ones(2))
    # In whatever unit.
    for unit in (1e-12, 1e12):
        assert _is_constrained(unit * np.eye(2), np.full(2, unit))
        assert not _is_constrained(unit * np.ones((2, 2)), np.full(2, unit))


def test_a_chip_without_a_level_has_no_noise() -> None:
    chip = SimpleNamespace(level=None, brightness_per_unit=2.0)
    assert _noise(chip) == 0.0  # type: ignore[arg-type]
    chip.level = SimpleNamespace(sigma=0.25)
    assert _noise(chip) == 0.5  # type: ignore[arg-type]
