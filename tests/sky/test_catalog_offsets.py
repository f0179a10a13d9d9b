from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.sky import catalog_offsets
from skydb.sky.catalog_offsets import (
    LEAST_MAS,
    LEAST_SOURCES,
    Offset,
    catalog_offset,
    common_offset,
)
from skydb.sky.planemaps import PlaneMap
from skydb.sky.votes import Peak
from tests.keeping import assert_kept

_DEG = 1 / 3_600_000


def field(count: int, seed: int, dec_deg: float = -2.46) -> np.ndarray:
    """Sources all over three arc minutes."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(-90_000.0, 90_000.0, (count, 2)) * _DEG
    return np.array((85.25, dec_deg)) + steps / (np.cos(np.radians(dec_deg)), 1.0)


def moved(radec: np.ndarray, east_mas: float, north_mas: float, noise_mas: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    steps = np.array((east_mas, north_mas)) + rng.normal(0.0, noise_mas, radec.shape)
    cosine = np.column_stack((np.cos(np.radians(radec[:, 1])), np.ones(len(radec))))
    return radec + steps * _DEG / cosine


@settings(max_examples=25, deadline=None)
@given(
    st.integers(12, 200), st.floats(-1500.0, 1500.0), st.floats(-1500.0, 1500.0),
    st.integers(0, 99), st.sampled_from((-70.0, -2.46, 40.0)),
)  # fmt: skip
def test_a_catalogue_that_is_off_as_a_whole_is_found_at_any_offset(
    count: int, east: float, north: float, seed: int, dec: float
) -> None:
    first = field(count, seed, dec)
    found = catalog_offset(moved(first, east, north, 5.0)[::-1], first)
    assert found is not None
    assert (found.east_mas, found.north_mas) == pytest.approx((east, north), abs=15.0)
    assert found.is_beyond(1.0) == (found.size_mas > LEAST_MAS)


def test_half_of_the_sources_are_enough_and_others_are_no_matter() -> None:
    first = field(80, 3)
    second = np.vstack((moved(first[:40], 300.0, 0.0, 20.0), field(40, 4)))
    found = catalog_offset(second, first)
    assert found is not None
    assert found.east_mas == pytest.approx(300.0, abs=20.0)
    assert found.count >= 38


@pytest.mark.parametrize("are_twins_first", [True, False])
def test_a_source_is_counted_once_where_another_one_is_near(are_twins_first: bool) -> None:
    alone = field(40, 3)
    twins = moved(alone, 0.0, 60.0, 0.0)
    both = np.vstack((twins, alone) if are_twins_first else (alone, twins))
    for found in (catalog_offset(both, alone), catalog_offset(alone, both)):
        assert found is not None
        assert found.count == 40
        assert found.size_mas < 1.0


def test_two_offsets_that_are_about_as_good_are_none() -> None:
    alone = field(40, 3)
    assert catalog_offset(np.vstack((alone, moved(alone, 0.0, 900.0, 1.0))), alone) is None


@pytest.mark.parametrize("noise_mas", [1.0, 100.0])
def test_catalogues_that_agree_are_not_beyond_their_errors(noise_mas: float) -> None:
    first = field(60, 5)
    found = catalog_offset(moved(first, 5.0, 3.0, noise_mas), first)
    assert found is None or not found.is_beyond(0.5)


def test_catalogues_without_a_common_source_have_no_offset() -> None:
    assert catalog_offset(field(60, 6), field(60, 7)) is None
    assert catalog_offset(field(5, 6), field(5, 6)) is None


def test_visits_that_differ_from_the_archive_by_one_offset_have_it_in_common() -> None:
    visits = [Offset(300.0 + step, -20.0, 4.0, 20) for step in (-4.0, 3.0, 6.0)]
    found = common_offset(visits)
    assert found is not None
    assert found.is_beyond(2.0)
    assert found.count == 3


def test_visits_that_differ_each_in_its_own_way_or_alone_have_none() -> None:
    assert common_offset([Offset(300.0, 0.0, 4.0, 20)]) is None
    assert common_offset([Offset(300.0, 0.0, 4.0, 20), Offset(-100.0, 200.0, 4.0, 20)]) is None
    near = common_offset([Offset(4.0, 1.0, 4.0, 20), Offset(-3.0, 2.0, 4.0, 20)])
    assert near is not None
    assert not near.is_beyond(0.0)


def test_offsets_are_what_they_were() -> None:
    first = field(60, 4)
    catalog = {
        f"{east} {north} {noise}": catalog_offset(moved(first, east, north, noise)[lost:], first)
        for east, north, noise, lost in (
            *((0.0, 0.0, 3.0, 0), (300.0, -120.0, 3.0, 0), (-40.0, 900.0, 20.0, 20)),
            *((5.0, 0.0, 1.0, 60 - LEAST_SOURCES), (1500.0, 1200.0, 5.0, 0)),
        )
    }
    crowded = np.vstack((first, field(300, 5)))
    catalog["crowded"] = catalog_offset(moved(first, 80.0, 30.0, 4.0), crowded)
    assert catalog_offset(first[: LEAST_SOURCES - 1], first) is None
    assert catalog_offset(first, first[: LEAST_SOURCES - 1]) is None
    steps = [Offset(30.0, -10.0, 0.5, 20), Offset(31.0, -11.0, 4.0, 20), Offset(29.0, -8.0, 9.0, 9)]
    common = {
        "two": common_offset(steps[:2]),
        "three": common_offset(steps),
        "unequal": common_offset([steps[2], steps[1]]),
    }
    assert common_offset(steps[:1]) is None
    assert common_offset([steps[0], Offset(90.0, -10.0, 0.5, 20)]) is None
    assert common_offset([steps[0], Offset(30.0, 60.0, 0.5, 20)]) is None
    assert_kept("offsets of catalogues", {"catalog": catalog, "common": common})


@pytest.mark.parametrize(("apart", "is_found"), [(1.0, True), (1.0 + 1e-12, False)])
def test_sources_are_the_same_up_to_twice_the_reach_of_a_vote(
    apart: float, is_found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_offsets, "tangent_plane", lambda places, _: places)
    monkeypatch.setattr(catalog_offsets, "_MAS_PER_RADIAN", 1.0)
    peak = Peak(PlaneMap.identity(), 40, 0, 1e-9)
    monkeypatch.setattr(catalog_offsets, "best_offset", lambda *_: peak)
    second = np.column_stack((np.zeros(40), np.arange(40) * 1e4))
    first = second + np.array([apart * 2.0 * catalog_offsets._SEARCH.reach, 0.0])
    assert (catalog_offset(first, second) is not None) is is_found
