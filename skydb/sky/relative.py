"""Exposures of one group fitted to each other by the stars that they share.

Every two exposures that may overlap are matched; all their pairs then enter one least-squares
solution for a shift of each exposure, and a rotation of each that has enough pairs. The position
of the group as a whole stays: the mean movement of connected exposures is zero.
An exposure that shares no star with others keeps its place among those of its visit, which
have its guide stars.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from skydb.sky.members import BodyPlane, MemberStars
from skydb.sky.planemaps import PlaneMap
from skydb.sky.ties import NARROWEST_PIX, Tie, tie_of

Floats = NDArray[np.float64]


#: Pairs from which an exposure gets a rotation of its own.
ROTATION_PAIRS = 50

_ROUNDS = 4
_CLIP_SIGMA = 4.0


@dataclass(frozen=True, slots=True)
class Consistency:
    """Agreement of one exposure with the others.

    Parameters
    ----------
    pairs : int
        Stars that it shares with others, each pair of exposures counted.
    rms_mas : float or None
        Of the differences, along one axis; None without a pair.
    east_mas, north_mas, turn_deg : float
        How its middle was moved to agree, and by how much it was turned.
    partners : int
        Exposures that it shares stars with.
    """

    pairs: int
    rms_mas: float | None
    east_mas: float
    north_mas: float
    turn_deg: float
    partners: int = 0

    @property
    def error_mas(self) -> float:
        """Standard error of its position among the others, along one axis; 0 without a pair."""
        if self.rms_mas is None or not self.pairs:
            return 0.0
        # A difference has the noise of both; pairs with several partners are the same stars.
        return self.rms_mas / float(np.sqrt(2 * self.pairs / self.partners))


@dataclass(frozen=True, eq=False)
class Relative:
    """Motions of the exposures of a group that make them agree.

    Parameters
    ----------
    plane : BodyPlane
    ties : tuple of Tie
    maps : tuple of PlaneMap
        For each exposure, in the plane.
    """

    plane: BodyPlane
    ties: tuple[Tie, ...]
    maps: tuple[PlaneMap, ...]

    @cached_property
    def places(self) -> list[Floats]:
        """Positions of the stars of each exposure once it was moved."""
        return [move(xy) for move, xy in zip(self.maps, self.plane.places, strict=True)]

    @property
    def alone(self) -> tuple[str, ...]:
        """Exposures that share no star with another one."""
        tied = {number for tie in self.ties for number in (tie.first, tie.second)}
        return tuple(one.name for n, one in enumerate(self.plane.members) if n not in tied)

    @property
    def bodies(self) -> list[tuple[int, ...]]:
        """Exposures whose places relative to each other are known: by stars or by the visit."""
        visits = [one.visit for one in self.plane.members]
        links = [(tie.first, tie.second) for tie in self.ties]
        links += [(visits.index(visit), number) for number, visit in enumerate(visits)]
        return _connected(len(visits), links)

    def consistency(self, number: int) -> Consistency:
        """Agreement of one exposure with the others."""
        mine = [tie for tie in self.ties if number in (tie.first, tie.second)]
        differences = [self.differences(tie) for tie in mine]
        rms = float(np.sqrt((np.vstack(differences) ** 2).mean())) if mine else None
        east, north = self.maps[number].moved(self.plane.middle(number))
        turn = float(np.degrees(self.maps[number].turn_rad))
        return Consistency(
            sum(map(len, differences)), rms, float(east), float(north), turn, len(mine)
        )

    def shared_by(self, numbers: Collection[int]) -> int:
        """Stars of some exposures that others have too, each star of an exposure once."""
        stars = {
            (number, int(star))
            for tie in self.ties
            for number, index in ((tie.second, tie.stars.first), (tie.first, tie.stars.second))
            if (tie.first in numbers) != (tie.second in numbers) and number in numbers
            for star in index
        }
        return len(stars)

    def resting_on(self, numbers: Collection[int]) -> Relative:
        """The same, with the first of some exposures where it was."""
        move = self.maps[min(numbers)]
        turned = move.matrix.T
        back = PlaneMap(turned, -turned @ move.shift)
        return replace(self, maps=tuple(back.after(one) for one in self.maps))

    def differences(self, tie: Tie) -> Floats:
        """Differences (K, 2) of the pairs of two exposures, second minus first, once moved."""
        pairs = tie.stars
        return np.asarray(
            self.places[tie.second][pairs.first] - self.places[tie.first][pairs.second]
        )


def relate(members: Sequence[MemberStars], *, whole_visits: bool = False) -> Relative:
    """Fit exposures to each other.

    Parameters
    ----------
    members : sequence of MemberStars
        At least one.
    whole_visits : bool
        Whether the exposures of one visit keep their places relative to each other.
    """
    plane = BodyPlane(members)
    ties = [
        tie
        for first in range(len(members))
        for second in range(first + 1, len(members))
        if not (whole_visits and members[first].visit == members[second].visit)
        and (tie := tie_of(plane, first, second)) is not None
    ]
    maps = [PlaneMap.identity() for _ in members]
    for _ in range(_ROUNDS if ties else 0):
        maps = _solved(plane, ties, maps, whole_visits)
        ties = _clipped(plane, ties, maps)
    if ties:
        maps = _solved(plane, ties, maps, whole_visits)
        maps = maps if whole_visits else _with_their_visit(plane, ties, maps)
    return Relative(plane, tuple(ties), tuple(maps))


def _solved(
    plane: BodyPlane, ties: Sequence[Tie], maps: Sequence[PlaneMap], whole_visits: bool
) -> list[PlaneMap]:
    """One step of the least-squares solution; of all solutions, that which moves the least."""
    unknowns = _Unknowns.of(plane, ties, whole_visits)
    rows = [unknowns.rows(tie, _midway(plane, tie, maps)) for tie in ties]
    wanted = [-_differences(plane, tie, maps).ravel() for tie in ties]
    step = np.linalg.lstsq(np.vstack(rows), np.concatenate(wanted), rcond=1e-9)[0]
    return [unknowns.step_of(n, step).after(move) for n, move in enumerate(maps)]


@dataclass(frozen=True)
class _Unknowns:
    """Columns of the least squares: shifts, then rotations in units of the size of the group.

    Parameters
    ----------
    moving, turning : list of int
        Shift and rotation of each exposure; rotation -1 is none.
    size : float
        In mas.
    """

    moving: list[int]
    turning: list[int]
    size: float

    @classmethod
    def of(cls, plane: BodyPlane, ties: Sequence[Tie], whole_visits: bool) -> _Unknowns:
        visits = [one.visit for one in plane.members]
        moving = [visits.index(v) for v in visits] if whole_visits else list(range(len(visits)))
        return cls(moving, _turns_of(plane, ties, whole_visits), plane.radius_mas)

    def rows(self, tie: Tie, xy: Floats) -> Floats:
        """Equations (2K, columns) of the pairs of two exposures, at places (K, 2).

        One place serves for both, so that turning all exposures together changes nothing.
        """
        shifts = 2 * len(self.moving)
        rows = np.zeros((2 * len(xy), shifts + max(self.turning) + 1))
        for number, sign in ((tie.second, 1.0), (tie.first, -1.0)):
            rows[0::2, 2 * self.moving[number]] += sign
            rows[1::2, 2 * self.moving[number] + 1] += sign
            if self.turning[number] >= 0:
                rows[0::2, shifts + self.turning[number]] -= sign * xy[:, 1] / self.size
                rows[1::2, shifts + self.turning[number]] += sign * xy[:, 0] / self.size
        return rows

    def step_of(self, number: int, solution: Floats) -> PlaneMap:
        """The movement of one exposure."""
        column, turn = 2 * self.moving[number], self.turning[number]
        angle = solution[2 * len(self.moving) + turn] / self.size if turn >= 0 else 0.0
        return PlaneMap.rigid(solution[column : column + 2], float(angle))


def _midway(plane: BodyPlane, tie: Tie, maps: Sequence[PlaneMap]) -> Floats:
    """Places (K, 2) of the pairs of two exposures, in the middle of both."""
    second = maps[tie.second](plane.places[tie.second][tie.stars.first])
    return np.asarray(second + maps[tie.first](plane.places[tie.first][tie.stars.second])) / 2


def _turns_of(plane: BodyPlane, ties: Sequence[Tie], whole_visits: bool) -> list[int]:
    """Number the rotation of each exposure; -1 is none.

    An exposure has its own when it has enough pairs, else that of its visit, which is none
    where all ties are within one visit.
    """
    pairs = np.zeros(len(plane.members), dtype=int)
    for tie in ties:
        pairs[[tie.first, tie.second]] += len(tie.stars)
    visits = [one.visit for one in plane.members]
    between = {
        visits[n]
        for tie in ties
        for n in (tie.first, tie.second)
        if visits[tie.first] != visits[tie.second]
    }
    numbers: dict[object, int] = {}
    found = []
    for n, visit in enumerate(visits):
        has_own = pairs[n] >= ROTATION_PAIRS and not whole_visits
        key: object = n if has_own else visit
        has_one = has_own or visit in between
        found.append(numbers.setdefault(key, len(numbers)) if has_one else -1)
    return found


def _clipped(plane: BodyPlane, ties: Sequence[Tie], maps: Sequence[PlaneMap]) -> list[Tie]:
    """The ties without pairs that the solution leaves far apart."""
    lengths = [np.linalg.norm(_differences(plane, tie, maps), axis=1) for tie in ties]
    scatter = float(np.median(np.concatenate(lengths))) / 1.1774
    limit = max(_CLIP_SIGMA * scatter, NARROWEST_PIX * plane.pixel_mas)
    kept = []
    for tie, length in zip(ties, lengths, strict=True):
        good = length <= limit
        if good.any():
            kept.append(Tie(tie.first, tie.second, tie.stars.only(good)))
    return kept


def _differences(plane: BodyPlane, tie: Tie, maps: Sequence[PlaneMap]) -> Floats:
    second = maps[tie.second](plane.places[tie.second][tie.stars.first])
    return np.asarray(second - maps[tie.first](plane.places[tie.first][tie.stars.second]))


def _with_their_visit(
    plane: BodyPlane, ties: Sequence[Tie], maps: Sequence[PlaneMap]
) -> list[PlaneMap]:
    """Exposures without a tie moved as those of their visit are on average."""
    tied = {number for tie in ties for number in (tie.first, tie.second)}
    found = list(maps)
    for number, one in enumerate(plane.members):
        mates = [maps[n] for n in tied if plane.members[n].visit == one.visit]
        if number not in tied and mates:
            turn = float(np.mean([mate.turn_rad for mate in mates]))
            middle = plane.middle(number)
            step = np.mean([mate.moved(middle) for mate in mates], axis=0)
            turned = PlaneMap.rigid(np.zeros(2), turn)
            found[number] = PlaneMap(turned.matrix, middle + step - turned.matrix @ middle)
    return found


def _connected(count: int, links: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Connected groups of numbers, each in order."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = (np.array([link[side] for link in links], dtype=int) for side in (0, 1))
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return [
        tuple(int(n) for n in np.nonzero(labels == label)[0]) for label in dict.fromkeys(labels)
    ]
