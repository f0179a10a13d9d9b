"""Rows at one place are found in whatever direction and however dense they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from skydb.domain.values import unit_vectors
from skydb.files.repeats import _near

_REACH = 2.5e-9


@pytest.mark.parametrize("count", [0, 1, 2, 3, 300])
@pytest.mark.parametrize("middle", [(0.0, 0.0), (50.0, -70.0), (180.0, 89.99), (270.0, 0.0)])
def test_pairs_are_those_of_a_tree(count: int, middle: tuple[float, float]) -> None:
    rng = np.random.default_rng(count)
    radec = middle + rng.uniform(-0.005, 0.005, (count, 2))
    again = count // 3
    radec[:again] = radec[count - again :] + rng.normal(0.0, 1e-7, (again, 2))
    # Some at the same right ascension or declination, as on a grid.
    radec[again : 2 * again, 0] = middle[0]
    vectors = unit_vectors(radec)
    found = {tuple(sorted(pair)) for pair in _near(vectors, _REACH).tolist()}
    wanted = cKDTree(vectors).query_pairs(_REACH) if count else set()
    assert found == wanted
    assert len(wanted) >= again // 2
    assert len(_near(vectors, _REACH)) == len(found)


def test_many_rows_at_one_coordinate_are_looked_for_in_a_tree() -> None:
    ra_deg, dec_deg = np.meshgrid(np.linspace(10.0, 20.0, 12), np.linspace(-1.0, 1.0, 90))
    vectors = unit_vectors(np.column_stack((ra_deg.ravel(), dec_deg.ravel())))
    vectors = np.vstack((vectors, vectors[:5] + 1e-10))
    found = {tuple(sorted(pair)) for pair in _near(vectors, _REACH).tolist()}
    assert found == {(row, row + 1080) for row in range(5)}
