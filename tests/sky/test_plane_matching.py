"""Pairs of two lists, matched again until they no longer change."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.sky import plane_matching
from skydb.sky.plane_matching import Reach, match_from
from skydb.sky.planemaps import PlaneMap


@pytest.mark.parametrize("side", [0, 1])
def test_lists_are_matched_again_until_no_source_has_another_partner(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving = np.array([(0.0, 0.0), (9.0, 0.0), (0.0, 9.0), (9.0, 9.0)])
    fixed = moving + 0.1
    same = np.array([0, 1])
    rounds = [np.array(one) for one in ([0, 1], [0, 2], [0, 3], [0, 3])]
    asked = []

    def pairs(placed: np.ndarray, there: np.ndarray, within: float) -> tuple:
        asked.append(within)
        changed = rounds[len(asked) - 1]
        return (changed, same) if side == 0 else (same, changed)

    monkeypatch.setattr(plane_matching, "mutual_pairs", pairs)
    found = match_from(PlaneMap.identity(), moving, fixed, "shift", Reach(50.0, 0.1))
    assert [found.first, found.second][side].tolist() == [0, 3]
    assert len(asked) == len(rounds)


def test_pairs_that_are_the_same_again_end_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    moving = np.random.default_rng(1).uniform(0.0, 100.0, (9, 2))
    order = np.array([3, 1, 4, 0, 5, 8, 2, 6, 7])
    asked = []
    whole = plane_matching.mutual_pairs

    def pairs(*told: object) -> tuple:
        asked.append(told)
        return whole(*told)

    monkeypatch.setattr(plane_matching, "mutual_pairs", pairs)
    reach = Reach(2.0, 0.5)
    found = match_from(PlaneMap.identity(), moving, moving[order] + 0.2, "shift", reach)
    assert (len(found), len(asked)) == (9, 2)
    assert order[found.second].tolist() == found.first.tolist()
