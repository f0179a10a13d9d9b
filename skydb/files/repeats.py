"""Rows of a catalogue that are of one source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors
from skydb.errors import FileRejectedError

#: HST cannot resolve sources nearer than this, in mas.
_SAME_PLACE_MAS = 0.5
#: Rows at one coordinate of which a search along it would take long.
_MANY = 64
#: Positions this far apart, in mas, are of different sources.
_TWO_PLACES_MAS = 1000.0
_MAS_PER_RADIAN = float(np.degrees(1.0) * 3_600_000.0)
_NO_NAMES = frozenset({"", "--", "N/A", "nan", "None"})


def repeated_rows(
    path: Path,
    radec_deg: NDArray[np.float64],
    has_motion: NDArray[np.bool_],
    ids: NDArray[np.str_] | None,
) -> NDArray[np.bool_]:
    """Whether another row is the same source and is to be taken instead, shape (N,).

    Rows are of one source when they are at one place, or have one name. The first of them
    with a proper motion is taken, else the first.

    Parameters
    ----------
    path : Path
        Where the rows come from, for the message.
    radec_deg : ndarray, shape (N, 2)
        ICRS positions.
    has_motion : ndarray, shape (N,)
        Whether a row has a proper motion.
    ids : ndarray of str, shape (N,), or None
        Names that no two sources share, such as ``source_id``.

    Raises
    ------
    FileRejectedError
        When one name is at two places.
    """
    vectors = unit_vectors(radec_deg)
    pairs = np.vstack((_at_one_place(vectors), _of_one_name(path, vectors, ids)))
    repeated = np.zeros(len(vectors), dtype=bool)
    rank = np.lexsort((np.arange(len(vectors)), ~has_motion)).argsort()
    for one, other in pairs:
        repeated[one if rank[one] > rank[other] else other] = True
    return repeated


def _at_one_place(vectors: NDArray[np.float64]) -> NDArray[np.intp]:
    """Pairs of rows at one place; of many rows at the same, each with the first."""
    _, first, which = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
    rows = np.arange(len(vectors))
    earlier = first[which.reshape(-1)]
    same = np.column_stack((earlier, rows))[earlier != rows]
    reach = _SAME_PLACE_MAS / _MAS_PER_RADIAN
    return np.vstack((same, first[_near(vectors[first], reach)])).astype(np.intp)


def _near(vectors: NDArray[np.float64], reach: float) -> NDArray[np.intp]:
    """Pairs of positions within reach, which is so small that few are, even along one axis.

    scipy.spatial, which has a tree for this, takes a third of a second to import.
    """
    if len(vectors) < 2:
        return np.empty((0, 2), dtype=np.intp)
    along = vectors[:, np.ptp(vectors, axis=0).argmax()]
    order = along.argsort()
    pairs = []
    for step in range(1, len(order)):
        one, other = order[:-step], order[step:]
        near = np.flatnonzero(along[other] - along[one] <= reach)
        # Positions further apart in this order are further apart along the axis.
        if not len(near):
            break
        if step > _MANY:
            return _near_by_tree(vectors, reach)
        one, other = one[near], other[near]
        is_near = ((vectors[one] - vectors[other]) ** 2).sum(axis=1) <= reach**2
        pairs.append(np.column_stack((one, other))[is_near])
    return np.vstack(pairs) if pairs else np.empty((0, 2), dtype=np.intp)


def _near_by_tree(vectors: NDArray[np.float64], reach: float) -> NDArray[np.intp]:
    """Pairs of positions within reach, of which many have one coordinate in common."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(vectors).query_pairs(reach, output_type="ndarray")
    return np.asarray(pairs.reshape(-1, 2), dtype=np.intp)


def _of_one_name(
    path: Path, vectors: NDArray[np.float64], ids: NDArray[np.str_] | None
) -> NDArray[np.intp]:
    """Pairs of rows with one name, each with the first row of that name."""
    none = np.empty((0, 2), dtype=np.intp)
    if ids is None:
        return none
    _, first, which = np.unique(ids, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[which] != np.arange(len(ids)))
    again = again[[str(ids[row]) not in _NO_NAMES for row in again]] if len(again) else again
    pairs = np.column_stack((first[which[again]], again))
    apart = np.linalg.norm(vectors[pairs[:, 0]] - vectors[pairs[:, 1]], axis=1)
    wrong = np.flatnonzero(apart * _MAS_PER_RADIAN > _TWO_PLACES_MAS)
    if len(wrong):
        one, other = pairs[wrong[0]]
        reason = f"{ids[one]} is at two places, in rows {one + 1} and {other + 1}"
        raise FileRejectedError(path, reason, advice="Leave one of them out.")
    return pairs
