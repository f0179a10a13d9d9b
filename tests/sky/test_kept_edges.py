"""What happens at the edges: texts that are just wrong, and fields in which nothing is seen."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from skydb.domain.overlap import Level, MeasuredChip
from skydb.domain.vocabulary import SkyUnit
from skydb.errors import UsageError
from skydb.sky.advice import advise
from skydb.sky.bodies import BodyFit, BodyStars, fit_body
from skydb.sky.footprint import overlap_area_arcsec2
from skydb.sky.levels import SkyStatistic
from skydb.sky.neighbours import compare_neighbours
from skydb.sky.overlaps import Overlap
from skydb.sky.plane_matching import Matched
from skydb.sky.planemaps import PlaneMap
from skydb.sky.positions import parse_angle_deg, parse_dec_deg, parse_polygons_deg, parse_ra_deg
from skydb.sky.skewness import Pull, pull_of_stars
from skydb.sky.votes import Peak
from tests.keeping import assert_kept
from tests.sky.areas import polygon_area_arcsec2
from tests.sky.test_advice import SKIES, WHOLE, field


def _told(read: Any, text: str) -> Any:
    try:
        return read(text)
    except UsageError as error:
        return [str(error), error.advice]


COORDINATES = (
    "85.25", "+85.25", "-2.5", "0", "-0", "360", "360.1", "-360", "-360.1", "90", "90.01", "-90",
    "-90.01", "1e2", "1e-2 deg", "5d", "5°", "05:41:00", "5h41m0s", "5 41 30.5", "-2:27:36",
    "-2d27m36s", "+12:59:59.9", "12:60:00", "12:59:60", "12:00:60.1", "5h", "5:41", "", "x",
    "24:00:00", "23:59:59.99", "-0:30:00", "12d30m30s", '12°30\'30"', " 10 ", "nan", "1.2.3",
    "5h41m", "89:59:59", "5:1:2s",
)  # fmt: skip
ANGLES = (
    "30", "30arcsec", "30 as", '30"', "2arcmin", "2'", "2 m", "0.5deg", "0.5d", "0.5°", "180deg",
    "180.1deg", "648000", "648001", "-1", "", "x", "1e3", "5 parsec", "0", "2 asec", "2 amin",
    "3 am", "4s",
)  # fmt: skip
REGIONS = (
    "POLYGON ICRS 0 0 1 0 1 1", "polygon 0 0 1 0 1 1", "POLYGON ICRS 0,0,1,0,1,1",
    "POLYGON ICRS 0 0 1 0 1 1 0 0", "POLYGON ICRS 0 0 1 0", "POLYGON ICRS 0 0 1 0 1 1 5",
    "POLYGON ICRS 0 0 1 0 0 0", "POLYGON 0 0 1 0 1 91", "POLYGON 0 0 1 0 1 -90", "POLYGON",
    "POLYGON ICRS 0 0 1 0 1 1 POLYGON ICRS 5 5 6 5 6 6", "CIRCLE 0 0 1", "POLYGON 0 0 1 0 1 1e999",
    "UNION ICRS (POLYGON 0 0 1 0 1 1 POLYGON 2 2 3 2 3 3)", "POLYGON 0 0 1 - 1 1", "",
    "POLYGON 0 0 0 0 1 1", "POLYGON ICRS " + "x" * 60, "UNION ()", "POLYGON 0 0 1 0 1 90",
    "POLYGON 0 0 1 0 1 1 0 0 0 0",
)  # fmt: skip


def test_positions_and_regions_are_read_or_refused_as_they_were() -> None:
    assert_kept("positions", {
        "ra": {text: _told(parse_ra_deg, text) for text in COORDINATES},
        "dec": {text: _told(parse_dec_deg, text) for text in COORDINATES},
        "angles": {text: _told(parse_angle_deg, text) for text in ANGLES},
        "regions": {text: _told(parse_polygons_deg, text) for text in REGIONS},
    })  # fmt: skip


def test_pixels_without_a_level_have_none() -> None:
    statistic = SkyStatistic()
    for pixels in ([], [1.0]):
        assert statistic.level(np.array(pixels, dtype=np.float32)) is None
        assert statistic.level_and_mean(np.array(pixels, dtype=np.float32)) == (None, None)
    assert statistic.level(np.array([1.0, 3.0], dtype=np.float32)) is not None


def test_clipping_stops_before_nothing_is_left() -> None:
    tight = SkyStatistic(lower_sigma=0.1, upper_sigma=0.1)
    pixels = np.array([0.0, 10.0, 0.0, 10.0], dtype=np.float32)
    level = tight.level(pixels)
    assert level is not None
    assert (level.value, level.pixels) == (5.0, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"clip": -1}, {"sky_bits": -1}, {"reset_bits": -1}, {"lower_sigma": 0.0},
        {"upper_sigma": 0.0}, {"width_sigma": 0.0}, {"lower": 2.0, "upper": 2.0},
        {"lower": 2.0, "upper": 1.0},
    ],
)  # fmt: skip
def test_a_statistic_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        SkyStatistic(**wrong)


def test_a_statistic_may_be_at_the_edge_of_sense() -> None:
    one = SkyStatistic(clip=0, sky_bits=0, reset_bits=0, lower=1.0, upper=1.1)
    assert SkyStatistic(lower=0.0).as_parameters()["lower"] == 0.0
    pixels = np.array([[0.9, 1.0, 1.1, 1.2]], dtype=np.float32)
    assert one.good_pixels(pixels).tolist() == [[False, True, True, False]]
    flags = np.array([[0, 4, 8, 12]])
    some = SkyStatistic(sky_bits=4, reset_bits=8)
    assert some.good_pixels(pixels, flags).tolist() == [[True] * 4]
    assert SkyStatistic(sky_bits=4).good_pixels(pixels, flags).tolist() == [
        [True, True, False, False]
    ]


def _chip(name: str, value: float, mean: Level | None, unit: SkyUnit = SkyUnit.ELECTRON_PER_S):
    return MeasuredChip(name, 1, Level(value, 0.01, 1000, 0.3), unit, 2.0, mean)


def test_what_stars_and_counts_lift_is_what_it_was() -> None:
    means = {
        "none": None,
        "dark": Level(0.0, 0.01, 1000),
        "negative": Level(-1.0, 0.01, 1000),
        "quiet": Level(1.0, 0.0, 1000),
        "bright": Level(1.2, 0.01, 1000),
    }
    found: dict[str, Any] = {}
    for (name, mean), time, unit in itertools.product(
        means.items(), (None, 0.0, -1.0, 0.5, 400.0), (SkyUnit.ELECTRON_PER_S, SkyUnit.ELECTRON)
    ):
        times = {} if time is None else {"a": time}
        found[f"{name} {time} {unit}"] = pull_of_stars([_chip("a", 1.0, mean, unit)], times)
    several = [_chip("a", 1.0, means["bright"]), _chip("b", 1.1, means["bright"])]
    found["several"] = pull_of_stars(several, {"a": 100.0})
    found["nothing"] = pull_of_stars([], {})
    assert_kept("pulls", found)
    assert [Pull(value, 1.0).sure for value in (2.0, -2.0, 2.001, -2.001)] == [
        0.0, 0.0, 2.001, -2.001
    ]  # fmt: skip


LIGHT = {"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.1}
EQUAL = dict.fromkeys("abcd", 1.0)
SIMPLE: dict[str, dict[str, Any]] = {
    "blank": {},
    "one place": {"part": WHOLE},
    "one place in light": {"part": WHOLE, "light": LIGHT},
    "mostly one place": {"part": int(0.6 * WHOLE)},
    "half a place": {"part": WHOLE // 2},
    "light": {"light": LIGHT},
    "islands": {"edges": [("a", "b"), ("c", "d")]},
    "islands in light": {"edges": [("a", "b"), ("c", "d")], "light": LIGHT},
    "apart": {"edges": []},
    "a pair": {"skies": {"a": 1.0, "b": 1.2}, "edges": [("a", "b")]},
    "alone": {"skies": {"a": 1.0}, "edges": []},
    "steps": {"steps": {("a", "b"): 0.2, ("b", "c"): 0.2}},
    "a small step": {"steps": {("a", "b"): 0.015}},
    "stars": {"skew": 0.005},
    "faint stars": {"skew": 0.001},
    "equal": {"skies": EQUAL},
    "equal with stars": {"skies": EQUAL, "skew": 0.005},
    "equal in light": {"skies": EQUAL, "light": LIGHT},
    "equal apart": {"skies": EQUAL, "edges": []},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SIMPLE))
def test_advice_on_simple_fields_is_what_it_was(kind: str) -> None:
    measures = field(**SIMPLE[kind])
    found = {
        f"{time}": [advice.rows, advice.summary, advice.chosen, advice.is_flagged, advice.left_out]
        for time in (None, 400.0, 1e6)
        for advice in [advise(measures, {} if time is None else dict.fromkeys(SKIES, time))]
    }
    assert_kept(f"simple advice {kind}", found)


def test_polygons_that_touch_or_lie_apart_share_no_area() -> None:
    square = np.array([(10.0, 0.0), (10.01, 0.0), (10.01, 0.01), (10.0, 0.01)])
    shifts = [(0.01, 0.0), (0.0, 0.01), (0.02, 0.0), (0.005, 0.0), (0.0, 0.0), (180.0, 0.0)]
    line = square[[0, 1, 0]]
    assert_kept("areas", {
        "shared": [overlap_area_arcsec2(square, square + np.array(one)) for one in shifts],
        "back": [overlap_area_arcsec2(square[::-1], square + np.array(one)) for one in shifts],
        "of a line": [polygon_area_arcsec2(line), overlap_area_arcsec2(line, square)],
        "hollow": overlap_area_arcsec2(np.vstack((square[:3], [[10.008, 0.002]])), square),
    })  # fmt: skip


def test_neighbours_are_compared_until_each_visit_hangs_together() -> None:
    visits = {"a": "1", "b": "1", "c": "1", "d": "2", "e": "2", "f": "3"}
    pairs = [("a", "b", 9.0), ("b", "c", 8.0), ("a", "c", 7.0), ("d", "e", 6.0), ("a", "d", 5.0),
             ("b", "d", 4.0), ("c", "d", 3.0), ("a", "e", 2.0), ("b", "e", 1.0), ("c", "f", 1.0),
             ("d", "f", 1.0)]  # fmt: skip
    overlaps = [Overlap(*one) for one in pairs]
    found: dict[str, Any] = {}
    for name, silent in (
        ("all speak", set()),
        ("none speaks", {one[:2] for one in pairs}),
        ("some", {("a", "b"), ("a", "d")}),
        ("three", {("a", "d"), ("b", "d"), ("c", "d")}),
        ("two", {("a", "d"), ("b", "d")}),
    ):
        asked: list[tuple[str, str]] = []

        def measure(one: str, other: str, asked=asked, silent=silent) -> str | None:
            asked.append((one, other))
            return None if (one, other) in silent else f"{one}{other}"

        found[name] = [compare_neighbours(overlaps[::-1], visits, measure), asked]
    assert_kept("neighbours", found)


def _body(measured_twice: bool) -> BodyFit:
    xy = np.array([(0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0)])
    number = np.arange(3)
    star = np.concatenate((number, number)) if measured_twice else number
    member = np.repeat([0, 1], 3)[: len(star)]
    measured = xy[star] + np.where(member[:, None] == 0, 3.0, -3.0) * measured_twice
    seen = np.bincount(star)
    stars = BodyStars(xy, seen, star, member, measured, star)
    matched = Matched(number, number, PlaneMap.identity(), np.zeros((3, 2)), 3)
    return BodyFit("rshift", matched, stars, xy, Peak(PlaneMap.identity(), 3, 0, 1e-9))


def test_repeated_measurements_tell_the_noise_that_few_residuals_hide() -> None:
    assert _body(measured_twice=False).error_mas == 0.0
    # Six numbers about their means have 12 - 6 degrees of freedom; each star has two.
    noise = np.sqrt(12 * 9.0 / 6 / 2)
    assert _body(measured_twice=True).error_mas == pytest.approx(noise / np.sqrt(3))


def test_too_few_matches_of_a_geometry_are_no_fit() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(-5000.0, 5000.0, (3, 2))
    number = np.arange(3)
    stars = BodyStars(xy, np.full(3, 2), number, number * 0, xy, number)
    told = fit_body(stars, xy, 40.0, lambda _: "general")
    assert told == "3 matches are too few for a fit of general"
    assert isinstance(fit_body(stars, xy, 40.0, lambda _: "rshift"), BodyFit)
