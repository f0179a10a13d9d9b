"""The vote for an offset: right among cosmic rays, refused where chance could give it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.sky import votes
from skydb.sky.planemaps import PlaneMap, rotation_matrix
from skydb.sky.votes import _APART, Peak, Search, _Round, best_offset, mutual_pairs

Floats = np.ndarray
_SEARCH = Search(2600.0, 40.0, float(np.radians(0.1)))
_SIDE = 2.0e4


def _moved(sky: Floats, rng: np.random.Generator) -> tuple[Floats, PlaneMap]:
    """Positions as exposures with a wrong pointing have them, and the map that undoes it."""
    turn = rotation_matrix(np.radians(rng.uniform(-0.1, 0.1)))
    middle = np.full(2, _SIDE / 2)
    placed = PlaneMap(turn, middle - turn @ middle + rng.uniform(-1400, 1400, 2))
    back = np.linalg.inv(placed.matrix)
    return (sky - placed.shift) @ back.T + rng.normal(0.0, 4.0, sky.shape), placed


def _voted(seed: int, stars: int, rays: int, unseen: int = 0) -> tuple[Peak | None, float]:
    """The vote, and how far it puts the stars from their places."""
    rng = np.random.default_rng(seed)
    catalog = rng.uniform(0, _SIDE, (stars + unseen, 2))
    seen, _ = _moved(catalog[:stars], rng)
    moving = np.vstack((rng.uniform(0, _SIDE, (rays, 2)), seen))
    peak = best_offset(moving, catalog, _SEARCH)
    if peak is None:
        return None, float("inf")
    return peak, float(np.abs(peak.placed(seen) - catalog[:stars]).max())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("stars", "rays"), [(5, 40), (6, 100), (40, 400)])
def test_a_handful_of_stars_is_found_among_cosmic_rays(seed: int, stars: int, rays: int) -> None:
    peak, apart = _voted(seed, stars, rays)

    assert peak is not None
    assert peak.is_sure
    assert apart < 2 * _SEARCH.reach


@pytest.mark.parametrize("seed", range(12))
def test_lists_without_a_common_star_are_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, other = rng.integers(3, 300, 2)
    rays, catalog = (rng.uniform(0, _SIDE, (n, 2)) for n in (count, other))

    peak = best_offset(rays, catalog, _SEARCH)

    assert peak is None or not peak.is_sure


@pytest.mark.parametrize("seed", range(6))
def test_a_mirrored_catalogue_is_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stars = rng.uniform(0, _SIDE, (60, 2))

    peak = best_offset(stars, stars * (-1.0, 1.0) + (_SIDE, 0.0), _SEARCH)

    assert peak is None or not peak.is_sure


def test_a_regular_pattern_that_fits_at_two_offsets_is_ambiguous() -> None:
    row = np.column_stack((np.arange(12) * 1000.0, np.zeros(12)))

    peak = best_offset(row, row, _SEARCH)

    assert peak is not None
    assert peak.is_significant
    assert peak.is_ambiguous


def test_a_cluster_of_false_detections_votes_once() -> None:
    track = np.array([[1000.0, 1000.0]]) + np.arange(20)[:, np.newaxis]
    catalog = np.array([[1500.0, 1500.0], [9000.0, 200.0]])

    peak = best_offset(track, catalog, _SEARCH)

    assert peak is not None
    assert peak.votes == 1


def test_a_crowd_of_sources_is_voted_for_once_by_a_star() -> None:
    crowd = np.array([[1000.0, 1000.0]]) + np.arange(20)[:, np.newaxis]
    stars = np.array([[1500.0, 1500.0], [9000.0, 200.0]])

    peak = best_offset(stars, crowd, _SEARCH)

    assert peak is not None
    assert peak.votes == 1


def test_two_stars_are_never_enough() -> None:
    peak, _ = _voted(1, 2, 0)

    assert peak is not None
    assert not peak.is_significant


def test_without_a_pair_in_reach_there_is_no_vote() -> None:
    assert best_offset(np.zeros((1, 2)), np.full((1, 2), 1e6), _SEARCH) is None
    assert best_offset(np.empty((0, 2)), np.zeros((1, 2)), _SEARCH) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 12), st.integers(0, 60))
def test_the_order_of_the_lists_does_not_matter(seed: int, stars: int, rays: int) -> None:
    rng = np.random.default_rng(seed)
    catalog = rng.uniform(0, _SIDE, (stars, 2))
    seen, _ = _moved(catalog, rng)
    moving = np.vstack((seen, rng.uniform(0, _SIDE, (rays, 2))))

    one = best_offset(moving, catalog, _SEARCH)
    other = best_offset(rng.permutation(moving), rng.permutation(catalog), _SEARCH)

    assert one is not None
    assert other is not None
    assert (one.votes, one.rival) == (other.votes, other.rival)
    np.testing.assert_allclose(one.placed.shift, other.placed.shift, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 20))
def test_sources_that_only_one_list_has_change_nothing(seed: int, unseen: int) -> None:
    peak, apart = _voted(seed, 8, 0, unseen)

    assert peak is not None
    assert peak.is_sure
    assert apart < 2 * _SEARCH.reach


def test_pairs_are_each_other_s_nearest() -> None:
    first = np.array([[0.0, 0.0], [1.0, 0.0], [50.0, 0.0]])
    second = np.array([[0.9, 0.0], [70.0, 0.0]])

    one, other = mutual_pairs(first, second, 5.0)

    assert (one.tolist(), other.tolist()) == ([1], [0])


@pytest.mark.parametrize("counts", [(1, 1), (1, 40), (40, 1), (70, 50)])
def test_pairs_of_few_are_those_of_a_tree(monkeypatch, counts: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(counts))
    first, second = (rng.uniform(0.0, 20.0, (count, 2)) for count in counts)
    few = mutual_pairs(first, second, 1.5)
    monkeypatch.setattr(votes, "_FEW_DISTANCES", 0)
    np.testing.assert_array_equal(few, mutual_pairs(first, second, 1.5))
    assert counts == (1, 1) or len(few[0])


def test_no_pairs_of_places_that_are_nowhere() -> None:
    with pytest.raises(ValueError, match="finite"):
        mutual_pairs(np.array([[0.0, 0.0]]), np.array([[0.0, 0.1], [np.nan, 0.0]]), 1.0)


@pytest.mark.parametrize(("apart", "votes"), [(0.999, 0), (1.0, 1), (1.001, 1)])
def test_another_offset_is_far_enough_from_the_best_at_the_limit(apart: float, votes: int) -> None:
    steps = np.array([(0.0, 0.0), (apart * _APART * 2.0, 0.0)])
    pairs = np.array([(0, 0), (1, 1)])
    found = _Round(0.0, pairs, steps, 2.0).best(away_from=np.zeros(2))
    assert found.votes == votes
