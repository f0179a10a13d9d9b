"""Pairs of exposures whose outlines may share sky."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.sky.overlaps import _cap, _neighbours, overlaps_of

SQUARE = 0.01 * np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


@pytest.mark.parametrize("place", [(10.0, 0.0), (200.0, 0.0), (359.995, 0.0)])
def test_a_cap_reaches_from_the_middle_to_the_corners(place: tuple[float, float]) -> None:
    centre, chord = _cap([SQUARE + place, SQUARE + place + np.array([0.02, 0.0])])
    ra, dec = np.degrees(np.arctan2(centre[1], centre[0])), np.degrees(np.arcsin(centre[2]))
    assert (ra - place[0] - 0.01 + 180.0) % 360.0 == pytest.approx(180.0, abs=1e-6)
    assert dec == pytest.approx(0.0, abs=1e-9)
    assert np.degrees(chord) == pytest.approx(np.hypot(0.02, 0.01), rel=1e-6)


def test_exposures_too_far_apart_for_an_overlap_are_not_compared() -> None:
    reach = 0.02 * np.sqrt(2.0)
    for apart, pairs in ((0.99 * reach, [(0, 1)]), (1.01 * reach, []), (90.0, [])):
        both = [[SQUARE], [SQUARE + np.array([0.0, apart])]]
        assert _neighbours(both) == pairs
        assert overlaps_of(dict(zip("ab", both, strict=True))) == []
