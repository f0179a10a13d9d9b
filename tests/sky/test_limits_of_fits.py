"""Fits, offsets and catalogues exactly at a limit, and just beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.trust import CONFIRMING_SCORE, OFFSET_PIX, UNCONFIRMED_SCORE
from skydb.domain.vocabulary import SkyUnit
from skydb.sky.catalog_offsets import Offset, common_offset
from skydb.sky.evidence import SkyEvidence
from skydb.sky.fit_trust import (
    Agreement,
    Sighting,
    _movements,
    check_cross_match,
    check_neighbours,
    compare,
    shared,
)
from skydb.sky.frame_offsets import (
    _SIGNIFICANCE,
    LARGEST_OFFSET_PIX,
    LEAST_MATCHES,
    FrameOffset,
    _mutual,
    _peak,
    _refined,
)
from skydb.sky.members import BodyPlane
from skydb.sky.residuals import common_unit

ABOVE = 1.0 + 1e-12


def test_pairs_confirm_a_fit_up_to_the_offset_that_a_fit_may_have() -> None:
    scores = [
        check_cross_match(Agreement(30, 150, 0.0, offset, 0.0)).score
        for offset in (OFFSET_PIX, OFFSET_PIX * ABOVE)
    ]
    assert scores == [CONFIRMING_SCORE, pytest.approx(0.5)]
    uncertain = [
        check_cross_match(Agreement(30, 30, 0.0, 0.0, error)).score
        for error in (OFFSET_PIX, OFFSET_PIX * ABOVE)
    ]
    assert uncertain == [1.0, UNCONFIRMED_SCORE]


def test_neighbours_count_from_five_sources_and_more_than_half_of_the_share_on() -> None:
    enough = Agreement(5, 10, 0.0, 0.0, 0.01)
    assert check_neighbours([enough]).score is not None
    for few in (Agreement(4, 8, 0.0, 0.0, 0.01), Agreement(10, 50, 0.0, 0.0, 0.01)):
        assert check_neighbours([few]).score is None
    assert check_neighbours([Agreement(11, 50, 0.0, 0.0, 0.01)]).score is not None


@pytest.mark.parametrize(
    ("size", "sigma", "disagrees"),
    [
        (LARGEST_OFFSET_PIX, 0.0, False), (LARGEST_OFFSET_PIX * ABOVE, 0.0, True),
        (30.0, 10.0, False), (30.0 * ABOVE, 10.0, True),
    ],
)  # fmt: skip
def test_frames_disagree_beyond_the_largest_offset_and_three_errors(
    size: float, sigma: float, disagrees: bool
) -> None:
    assert FrameOffset("a", "b", 0.0, size, 0.0, 0.0, sigma, 9).disagrees is disagrees


def test_an_offset_between_exposures_needs_the_least_matches_within_reach() -> None:
    for count in (LEAST_MATCHES - 1, LEAST_MATCHES):
        steps = np.full((count, 2), 3.0)
        pairs = np.column_stack((np.arange(count),) * 2)
        peak = _peak(steps, 1000.0)
        refined = _refined(pairs, steps, np.array([3.0, 3.0]))
        if count < LEAST_MATCHES:
            assert peak is refined is None
            continue
        assert peak is not None and refined is not None
        assert peak.tolist() == [3.0, 3.0]
        assert (refined[0].tolist(), refined[1:]) == ([3.0, 3.0], (0.0, count))
    distances = np.array([0.5, 1.0, 0.2])
    pairs = np.array([(0, 0), (1, 1), (2, 2)])
    assert _mutual(pairs, distances, 1.0).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("size", "error", "more", "is_beyond"),
    [(50.0, 0.0, 0.0, False), (50.0 * ABOVE, 0.0, 0.0, True), (100.0, 20.0, 0.0, False),
     (100.0 * ABOVE, 20.0, 0.0, True), (125.0, 15.0, 20.0, False), (126.0, 15.0, 20.0, True)],
)  # fmt: skip
def test_an_offset_counts_beyond_five_errors_and_the_noise_of_catalogues(
    size: float, error: float, more: float, is_beyond: bool
) -> None:
    assert Offset(0.0, -size, error, 3).is_beyond(more) is is_beyond


def test_visits_agree_up_to_three_of_their_errors() -> None:
    one = Offset(0.0, 0.0, 1.0, 1)
    for apart, agrees in ((30.0, True), (30.5, False)):
        found = common_offset([one, Offset(apart, 0.0, 5.0, 1)])
        assert (found is not None) is agrees
        if found is not None:
            assert (found.east_mas, found.north_mas, found.count) == (15.0, 0.0, 2)
            assert found.error_mas == pytest.approx(5.0 / np.sqrt(2.0))
    assert common_offset([one]) is None


def _chip(factor: float) -> Any:
    return SimpleNamespace(brightness_per_unit=factor, unit=SkyUnit.ELECTRON)


def test_levels_mean_the_same_up_to_a_millionth() -> None:
    alike, other = (
        common_unit([_chip(factor), _chip(1e6)]).name for factor in (1e6 - 1, 1e6 - 1.001)
    )
    assert common_unit([_chip(1e6)]).name == alike != other


def _level(value: float, sigma: float, pixels: int) -> Any:
    return SimpleNamespace(value=value, sigma=sigma, pixels=pixels)


def _one_chip(level: Any, mean: Any = None, name: str = "a") -> Any:
    return SimpleNamespace(
        level=level, mean=mean, brightness_per_unit=2.0, key=(name, 1), rootname=name
    )


def test_a_region_is_a_part_of_a_chip_below_nine_tenths_and_another_place_up_to_half() -> None:
    nothing: Any = None
    chip, other = _one_chip(_level(1.0, 0.1, 1000)), _one_chip(None, name="b")
    for pixels, is_part in ((900, False), (899, True)):
        evidence: Any = SimpleNamespace(
            _sides={(("a", 1), ("b", 1)): (_level(3.0, 0.001, pixels), 2.0)},
            _part=lambda region, one: SkyEvidence._part(nothing, region, one),
        )
        found = SkyEvidence._inside(evidence, chip)
        assert found == (pytest.approx(4.0, rel=1e-3) if is_part else 0.0)
        # Parts of another chip are none of this one.
        assert SkyEvidence._inside(evidence, other) == 0.0
    for pixels, is_same in ((500, False), (501, True)):
        evidence._sides = {(("a", 1), ("b", 1)): (_level(3.0, 0.001, pixels), 2.0)}
        assert SkyEvidence._shares(evidence, chip, other) is is_same
    assert not SkyEvidence._shares(evidence, chip, chip)
    assert not SkyEvidence._shares(evidence, other, chip)


def test_light_that_spreads_pixels_is_seen_from_a_third_more_variance_on() -> None:
    evidence: Any = None

    def ramp(excess: float, sigma: float = 0.1) -> float:
        mean = _level(1.0, sigma, 400)
        level = _level(1.0, abs(sigma) * np.sqrt((1 + excess) * np.pi / 2), 400)
        return SkyEvidence._ramp(evidence, _one_chip(level, mean))

    assert ramp(0.2999) == 0.0
    # 0.1 of 400 pixels is 2 of each, which is 4 in brightness.
    assert ramp(0.3001) == pytest.approx(1.3001 / 0.36 * 4.0)
    assert ramp(1.0) == pytest.approx(2.0 / 0.36 * 4.0)
    assert ramp(1.0, -0.1) == ramp(1.0, 0.0) == 0.0
    assert SkyEvidence._ramp(evidence, _one_chip(None, _level(1.0, 0.1, 4))) == 0.0
    assert SkyEvidence._ramp(evidence, _one_chip(_level(1.0, 0.1, 4))) == 0.0


@pytest.mark.parametrize(("left", "is_held"), [(1e-9, True), (1e-9 / ABOVE, False)])
def test_a_match_that_holds_the_fit_alone_moves_it_without_limit(
    left: float, is_held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np.linalg, "det", lambda all_rest: np.full(len(all_rest), left))
    found = _movements(0.25 * np.eye(2), np.eye(2)[np.newaxis], np.array([[3.0, 4.0]]))
    assert found == pytest.approx(5.0 / 3.0 if is_held else float("inf"))


@pytest.mark.parametrize(("sigmas", "matches"), [(3.5, 22), (3.99, 22), (4.01, 20)])
def test_a_match_may_be_off_by_four_times_the_scatter(sigmas: float, matches: int) -> None:
    around = np.array([(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] * 5)
    far = sigmas * 1.4826 * np.array([(1.0, 0.0), (-1.0, 0.0)])
    steps = 0.15 * np.vstack((around, far))
    pairs = np.column_stack((np.arange(22), np.arange(22)))
    found = _refined(pairs, steps, np.zeros(2))
    assert found is not None and found[2] == matches


@pytest.mark.parametrize(("area", "common"), [(0.5, 1.0), (1.5, 1.5), (9.0, 9.0)])
def test_products_share_a_square_arcsecond_at_least(area: float, common: float) -> None:
    places = np.array([(10.0, 20.0), (10.0, 20.0002), (10.0002, 20.0)])
    first, second = (Sighting(places, area * part, 1.0) for part in (1.0, 3.0))
    assert shared(first, second) == compare(places, places, common, 1.0)


@pytest.mark.parametrize(("margin", "may"), [(1.0, False), (ABOVE, True)])
def test_members_overlap_when_they_are_nearer_than_their_radii(margin: float, may: bool) -> None:
    plane = BodyPlane([])
    plane.__dict__["_discs"] = [(np.zeros(2), 2.0), (np.array([3.0, 4.0]), 2.0)]
    assert plane.may_overlap(0, 1, margin) is may


def test_a_peak_is_far_above_the_votes_that_chance_gives_nine_pixels() -> None:
    steps, radius = 400, 6.0
    by_chance = 9 * steps / (np.pi * radius**2)
    least = int(np.ceil(by_chance + _SIGNIFICANCE * np.sqrt(by_chance)))
    for votes in (least - 1, least):
        # The others are too far for any of these pixels.
        place = np.where(np.arange(steps) < votes, 2.0, 50.0)
        found = _peak(np.column_stack((place, place)), radius)
        assert (found is not None) is (votes == least)
