"""Offset between two lists of positions, where most positions are in one list only.

Every position of one list votes, with every near position of the other, for the offset between
them. True pairs vote for one offset; cosmic rays, and stars that only one list has, vote for any.
The winner must have so many votes that chance would not give them anywhere in the search, and
there must be no second offset with nearly as many.

Votes are counted around every vote and not in bins, so that no bin can divide a peak, and each
position votes once for one offset, so that a cluster of false detections is one vote. The result
does not depend on the order of the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.sky.planemaps import PlaneMap, rotation_matrix

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
#: Test for pairs, given by their indices in both lists, that may be the same source.
Allowed = Callable[[Indices, Indices], NDArray[np.bool_]]

#: An offset is accepted when so many of the searches in lists without a pair would find one.
CHANCE_LIMIT = 1e-5
#: Another offset with this share of the votes makes the best one ambiguous.
RIVAL_SHARE = 0.75
#: Offsets further apart than this, in units of the reach, are different ones.
_APART = 3.0
_LEAST_VOTES = 3
#: So many distances are all computed, in less time than scipy.spatial takes to be imported.
_FEW_DISTANCES = 250_000


@dataclass(frozen=True, slots=True)
class Search:
    """Limits of the search for an offset.

    Parameters
    ----------
    radius : float
        Largest offset, in the unit of the positions.
    reach : float
        Pairs so close to one offset vote for it together.
    turn_rad : float
        Largest rotation about the middle of the moving list.
    """

    radius: float
    reach: float
    turn_rad: float = 0.0


@dataclass(frozen=True)
class Peak:
    """The offset with most votes.

    Parameters
    ----------
    placed : PlaneMap
        Moves the first list onto the second.
    votes : int
        Pairs that agree on it.
    rival : int
        Pairs that agree on the best offset elsewhere.
    chance : float
        Offsets with as many votes to be expected anywhere in the search by chance.
    """

    placed: PlaneMap
    votes: int
    rival: int
    chance: float

    @property
    def is_significant(self) -> bool:
        """Whether chance does not give so many votes."""
        return self.votes >= _LEAST_VOTES and self.chance < CHANCE_LIMIT

    @property
    def is_ambiguous(self) -> bool:
        """Whether another offset has nearly as many votes."""
        return self.rival >= RIVAL_SHARE * self.votes

    @property
    def is_sure(self) -> bool:
        """Whether the offset can be taken."""
        return self.is_significant and not self.is_ambiguous

    @property
    def sentence(self) -> str:
        """The votes in words."""
        return (
            f"{self.votes} pairs agree on one offset, {self.rival} on another one, "
            f"and chance gives so many in {self.chance:.1g} of such searches"
        )


def best_offset(
    moving: Floats,
    fixed: Floats,
    search: Search,
    *,
    allowed: Allowed | None = None,
) -> Peak | None:
    """Find the offset and rotation on which most pairs agree.

    Parameters
    ----------
    moving, fixed : ndarray, shape (N, 2) and (M, 2)
        Positions in one plane.
    search : Search
        Where to look.
    allowed : callable, optional
        Test for pairs that may be the same source.

    Returns
    -------
    Peak or None
        None when no pair is within the radius.
    """
    if not len(moving) or not len(fixed):
        return None
    middle = moving.mean(axis=0)
    turns = _turns(moving - middle, search)
    rounds = [_Round.of(moving, fixed, middle, turn, search, allowed) for turn in turns]
    rounds = [one for one in rounds if len(one.steps)]
    if not rounds:
        return None
    found = [(one.best(), one) for one in rounds]
    best, winner = min(found, key=lambda pair: (*pair[0].rank, abs(pair[1].turn), pair[1].turn))
    rival = max(one.best(away_from=best.step).votes for one in rounds)
    chance = _chance(best.votes, max(len(one.steps) for one in rounds), len(turns), search)
    turned = rotation_matrix(winner.turn)
    placed = PlaneMap(turned, middle + best.step - turned @ middle)
    return Peak(placed, best.votes, rival, chance)


def mutual_pairs(first: Floats, second: Floats, reach: float) -> tuple[Indices, Indices]:
    """Indices of pairs within reach in which each is the nearest of the other.

    Parameters
    ----------
    first, second : ndarray, shape (N, 2) and (M, 2)
    reach : float
    """
    if not len(first) or not len(second):
        none = np.empty(0, dtype=np.intp)
        return none, none
    distance, nearest, back = _nearest(first, second)
    mutual = np.nonzero((back[nearest] == np.arange(len(first))) & (distance <= reach))[0]
    return mutual, np.asarray(nearest[mutual], dtype=np.intp)


def _nearest(first: Floats, second: Floats) -> tuple[Floats, Indices, Indices]:
    """Distance to the nearest of the other list, which one it is, and the same the other way."""
    if len(first) * len(second) <= _FEW_DISTANCES:
        x, y = (first[:, axis, np.newaxis] - second[:, axis] for axis in (0, 1))
        squares = x * x + y * y
        if np.isfinite(squares).all():
            nearest = squares.argmin(axis=1)
            distance = np.sqrt(squares[np.arange(len(first)), nearest])
            return distance, nearest, squares.argmin(axis=0)
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(second).query(first)
    return distance, nearest, cKDTree(first).query(second)[1]


@dataclass(frozen=True)
class _Candidate:
    """One offset with its votes and their mean square distance from it."""

    step: Floats
    votes: int
    spread: float

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts the best first, by values alone."""
        return (-self.votes, self.spread, *self.step.tolist())


_NOTHING = _Candidate(np.zeros(2), 0, 0.0)


@dataclass(frozen=True)
class _Round:
    """Pairs at one rotation, and the steps that they vote for."""

    turn: float
    pairs: Indices
    steps: Floats
    reach: float

    @classmethod
    def of(
        cls,
        moving: Floats,
        fixed: Floats,
        middle: Floats,
        turn: float,
        search: Search,
        allowed: Allowed | None,
    ) -> _Round:
        from scipy.spatial import cKDTree

        turned = (moving - middle) @ rotation_matrix(turn).T + middle
        near = cKDTree(turned).sparse_distance_matrix(
            cKDTree(fixed), search.radius, output_type="ndarray"
        )
        pairs = np.column_stack((near["i"], near["j"])).astype(np.intp)
        if allowed is not None:
            pairs = pairs[allowed(pairs[:, 0], pairs[:, 1])]
        return cls(turn, pairs, fixed[pairs[:, 1]] - turned[pairs[:, 0]], search.reach)

    def best(self, away_from: Floats | None = None) -> _Candidate:
        """The candidate with most votes; of those far from an offset, when one is given."""
        best = _NOTHING
        for many, index in self._by_promise():
            if many < best.votes:
                break
            step = self.steps[index]
            if away_from is not None and np.hypot(*(step - away_from)) < _APART * self.reach:
                continue
            found = self._count(step)
            if best is _NOTHING or found.rank < best.rank:
                best = found
            if away_from is not None and many == best.votes:
                break
        return best

    def _by_promise(self) -> Iterator[tuple[int, int]]:
        """Each vote with the number of votes around it, which no count can exceed."""
        from scipy.spatial import cKDTree

        tree = cKDTree(self.steps)
        counts = tree.query_ball_point(self.steps, self.reach, return_length=True)
        for index in np.argsort(-counts, kind="stable"):
            yield int(counts[index]), int(index)

    def _count(self, step: Floats) -> _Candidate:
        """Votes for one step, each position once."""
        distances = np.linalg.norm(self.steps - step, axis=1)
        near = np.nonzero(distances <= self.reach)[0]
        near = near[np.lexsort((*self.steps[near].T, distances[near]))]
        for side in (0, 1):
            near = near[np.sort(np.unique(self.pairs[near, side], return_index=True)[1])]
        return _Candidate(step, len(near), float((distances[near] ** 2).mean()))


def _turns(around: Floats, search: Search) -> Floats:
    """Rotations so close to each other that none moves the outermost position by half a reach."""
    size = float(np.sqrt((around**2).sum(axis=1).max()))
    steps = int(np.ceil(search.turn_rad * size / search.reach))
    return np.linspace(-search.turn_rad, search.turn_rad, 2 * steps + 1) if steps else np.zeros(1)


def _chance(votes: int, pairs: int, turns: int, search: Search) -> float:
    """Offsets with so many votes to be expected if pairs were spread evenly."""
    from scipy.stats import poisson

    around = pairs * (search.reach / search.radius) ** 2
    return float(turns * pairs * poisson.sf(votes - 2, around))
