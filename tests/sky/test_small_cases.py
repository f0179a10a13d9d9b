"""Cases that fields hardly ever bring about, by numbers that can be added up by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.overlap import Level, MeasuredChip, MeasuredOverlap
from skydb.domain.units import Conversion
from skydb.domain.vocabulary import SkyMethod, SkyStat, SkyUnit
from skydb.errors import UsageError
from skydb.sky.advice import _chosen, _reason
from skydb.sky.cells import _whole_cells
from skydb.sky.frame_offsets import _peak
from skydb.sky.geometry import inside_outline
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.sky.positions import parse_dec_deg, parse_ra_deg
from skydb.sky.regions import Polygons
from skydb.sky.residuals import AuditUnit

TO_ELECTRONS = Conversion(SkyUnit.COUNT_PER_S, SkyUnit.ELECTRON, gain=2.0, time_factor=50.0)


def test_measures_in_another_unit_have_all_their_numbers_in_it() -> None:
    level, mean = Level(3.0, 0.5, 100, 0.25, 4.0), Level(5.0, 0.75, 90)
    chips = [MeasuredChip(name, 1, level, SkyUnit.COUNT_PER_S, 8.0, mean) for name in "ab"]
    overlap = MeasuredOverlap(("a", 1), ("b", 1), 7.0, level, mean)
    measures = Measures(tuple(chips), (overlap, replace(overlap, first_level=None)))
    assert measures.converted({}) is measures
    found = measures.converted({"a": TO_ELECTRONS})
    in_electrons = Level(300.0, 50.0, 100, 25.0, 0.04)
    one, other = found.chips
    assert one == MeasuredChip(
        "a", 1, in_electrons, SkyUnit.ELECTRON, 8.0 / 50.0, Level(500.0, 75.0, 90)
    )
    assert other is chips[1]
    assert [(o.first_level, o.second_level) for o in found.overlaps] == [
        (in_electrons, mean), (None, mean)
    ]  # fmt: skip
    both = measures.converted({"a": TO_ELECTRONS, "b": TO_ELECTRONS})
    assert both.overlaps[0].second_level == Level(500.0, 75.0, 90)
    assert {chip.unit for chip in both.chips} == {SkyUnit.ELECTRON}


@pytest.mark.parametrize("stat", list(SkyStat))
def test_fewer_than_two_pixels_have_no_level(stat: SkyStat) -> None:
    settings = SkyStatistic(stat=stat)
    for values in ([], [1.0]):
        pixels = np.array(values, dtype=np.float32)
        assert settings.level_and_mean(pixels) == (None, None)
    level, mean = settings.level_and_mean(np.array([1.0, 3.0], dtype=np.float32))
    assert level is not None and mean is not None
    assert (mean.value, mean.pixels, level.pixels) == (2.0, 2, 2)


@pytest.mark.parametrize(
    ("text", "ra_deg", "dec_deg"),
    [
        ("5h30m36s", 82.65, None), ("05:30:36", 82.65, 5.51), ("-05:30:36", 277.35, -5.51),
        ("5d30m36s", 5.51, 5.51), ("-5d30m36s", 354.49, -5.51), ("85.25", 85.25, 85.25),
        ("-2.5", 357.5, -2.5), ("360", 0.0, None), ("-360", 0.0, None), ("90", 90.0, 90.0),
        ("-90", 270.0, -90.0), ("361", None, None), ("90.5", 90.5, None), ("05:60:00", None, None),
        ("05:00:60", None, None), ("05:59:59.9", 89.9995833, 5.9999722), ("x", None, None),
        ("24:00:00", 0.0, 24.0), ("24:00:01", None, 24.0002778),
    ],
)  # fmt: skip
def test_a_coordinate_is_degrees_or_hours_minutes_and_seconds(
    text: str, ra_deg: float | None, dec_deg: float | None
) -> None:
    for parse, expected in ((parse_ra_deg, ra_deg), (parse_dec_deg, dec_deg)):
        if expected is None:
            with pytest.raises(UsageError, match=text):
                parse(text)
        else:
            assert parse(text) == pytest.approx(expected, abs=1e-7)


def test_the_cap_of_polygons_holds_all_of_them() -> None:
    square = np.array([(10.0, -1.0), (12.0, -1.0), (12.0, 1.0), (10.0, 1.0)])
    cap = Polygons((square,)).cap
    assert np.degrees(np.arctan2(*cap.centre[[1, 0]])) == pytest.approx(11.0)
    assert cap.centre[2] == pytest.approx(0.0, abs=1e-12)
    assert cap.radius_deg == pytest.approx(np.sqrt(2.0), rel=1e-4)
    # Two at opposite places have no middle: all of the sky is around them.
    opposite = np.column_stack((square[:, 0] + 180.0, -square[:, 1]))
    assert Polygons((square, opposite)).cap.radius_deg == 180.0
    far = Polygons((square, square + np.array((4.0, 0.0)))).cap
    assert far.radius_deg == pytest.approx(np.hypot(3.0, 1.0), rel=1e-3)


def _cases(**errors: float | None) -> dict[SkyMethod, Any]:
    methods = {"localmin": SkyMethod.LOCALMIN, "match": SkyMethod.MATCH,
               "both": SkyMethod.GLOBALMIN_MATCH, "globalmin": SkyMethod.GLOBALMIN}  # fmt: skip
    return {
        methods[name]: SimpleNamespace(error=error, sigma=1.0, method=methods[name])
        for name, error in errors.items()
    }


def _evidence(*, checked: bool = True, matches: bool = True, unequal: float = 0.0) -> Any:
    return SimpleNamespace(
        is_zero_checked=checked, unequal=unequal, pixel_noise=0.0,
        measures=SimpleNamespace(matches=("one",) if matches else ()),
    )  # fmt: skip


def test_the_nearest_method_is_chosen_and_of_those_about_as_near_one_with_a_zero() -> None:
    errors: dict[str, float | None] = {"localmin": 2.0, "match": 1.0, "both": 1.2, "globalmin": 1.2}
    for order in permutations(errors):
        cases = _cases(**{name: errors[name] for name in order})
        assert _chosen(cases, _evidence()) is SkyMethod.GLOBALMIN
        for evidence in (_evidence(matches=False), _evidence(unequal=0.1)):
            assert _chosen(cases, evidence) in (SkyMethod.GLOBALMIN_MATCH, SkyMethod.GLOBALMIN)
        assert _chosen(cases, _evidence(checked=False)) is SkyMethod.MATCH
    assert _chosen(_cases(match=1.0, both=1.25), _evidence()) is SkyMethod.GLOBALMIN_MATCH
    assert _chosen(_cases(match=1.0, both=1.26), _evidence()) is SkyMethod.MATCH
    assert _chosen(_cases(localmin=1.1, both=1.2), _evidence()) is SkyMethod.LOCALMIN
    assert _chosen(_cases(both=1.5), _evidence(checked=False)) is SkyMethod.GLOBALMIN_MATCH
    # Three of its errors are allowed, and nothing that has no zero at all.
    assert _chosen(_cases(match=3.0), _evidence()) is SkyMethod.MATCH
    assert _chosen(_cases(match=3.01, both=None), _evidence()) is None
    noisy = _evidence()
    noisy.pixel_noise = 40.0
    assert _chosen(_cases(match=4.0), noisy) is SkyMethod.MATCH


def test_a_few_votes_for_one_pixel_are_less_than_many_around_another() -> None:
    around = np.array([(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)] * 2)
    few = np.tile((-4.0, 5.0), (3, 1))
    found = _peak(np.vstack((few, around + np.array([3.0, 2.0]))), 10.0)
    assert found is not None and found.tolist() == [3.0, 2.0]


@pytest.mark.parametrize(
    ("error", "verdict"), [(3.0, "will do"), (3.01, "too far (above 30 electron/s)")]
)
def test_a_method_will_do_up_to_the_error_that_is_allowed(error: float, verdict: str) -> None:
    (case,) = _cases(match=error).values()
    case.parts = (("light", 0.5), ("stars", 0.0), ("counts", -2.0))
    reason = _reason(case, _evidence(checked=False), AuditUnit("electron/s", 10.0))
    assert reason == f"{verdict}: noise 10 electron/s, counts -20 electron/s, light 5 electron/s"


def test_of_two_outlines_side_by_side_one_holds_the_points_between_them() -> None:
    square = np.array([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)])
    points = np.array([(x, y) for x in (0.0, 1.0, 2.0) for y in (0.0, 1.0, 2.0)])
    around = [square + np.array(step) for step in ((0, 0), (-2, 0), (0, -2), (-2, -2))]
    held = np.array([inside_outline(points, one) for one in around])
    assert held[0].tolist() == [True, True, False] * 2 + [False] * 3
    assert held[:, :5].sum(axis=0).tolist() == [1, 1, 0, 1, 1]


@pytest.mark.parametrize(("left", "right"), [(0.1, 3.9), (0.0, 4.0), (-0.1, 4.1)])
def test_cells_that_an_outline_encloses_as_a_whole(left: float, right: float) -> None:
    outline = np.array([(left, 0.5), (right, 0.5), (right, 2.5), (left, 2.5)])
    columns = {0.1: [1, 2], 0.0: [0, 1, 2], -0.1: [0, 1, 2, 3]}[left]
    assert _whole_cells(outline).tolist() == [[column, 1] for column in columns]
