"""Stars that two exposures share, among cosmic rays and marks of the detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.sky.members import BodyPlane
from skydb.sky.plane_matching import Matched, Reach, match_from
from skydb.sky.votes import Search, best_offset

Indices = NDArray[np.intp]

#: Votes from which two exposures of one visit are matched with a rotation.
_TURNING_PAIRS = 10
_VOTE_PIX = 0.8
#: Largest distance of the two places of one star, and the scatter that is always allowed.
_WIDEST_PIX, NARROWEST_PIX = 1.0, 0.3
#: Both see a star equally bright, to this factor.
_FLUX_FACTOR = 1.6
#: A source that keeps its pixel so well while the sky moves is a mark of the detector.
_STILL_PIX = 0.5
_MOVED_PIX = 1.0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Offset and rotation that are looked for, and whether marks of the detector are left out."""

    margin_mas: float
    turn_rad: float
    without_marks: bool


#: Exposures of one visit have one pointing as a rule; two visits, or two sets of guide stars, may
#: both be 2 arcsec and 0.1 degree off.
_ATTEMPTS = (
    _Attempt(500.0, 0.0, without_marks=True),
    _Attempt(4300.0, float(np.radians(0.2)), without_marks=True),
    _Attempt(4300.0, float(np.radians(0.2)), without_marks=False),
)


@dataclass(frozen=True, eq=False)
class Tie:
    """Stars that two exposures share.

    Parameters
    ----------
    first, second : int
        Numbers of the exposures.
    stars : Matched
        Indices of the pairs, and how the second lies from the first.
    """

    first: int
    second: int
    stars: Matched


def tie_of(plane: BodyPlane, first: int, second: int) -> Tie | None:
    """Stars shared by two exposures; None when there are too few to be sure."""
    pixel = max(plane.members[n].pixel_mas for n in (first, second))
    here, there = plane.places[first], plane.places[second]
    for attempt in _attempts(plane, first, second):
        if not plane.may_overlap(first, second, attempt.margin_mas):
            return None
        alike = _Alike(plane, first, second, _MOVED_PIX * pixel if attempt.without_marks else None)
        search = Search(attempt.margin_mas, _VOTE_PIX * pixel, attempt.turn_rad)
        peak = best_offset(there, here, search, allowed=alike)
        if peak is not None and peak.is_sure:
            is_turned = attempt.turn_rad > 0 or peak.votes >= _TURNING_PAIRS
            reach = Reach(_WIDEST_PIX * pixel, NARROWEST_PIX * pixel)
            stars = match_from(peak.placed, there, here, "rshift" if is_turned else "shift", reach)
            return Tie(first, second, stars.only(alike(stars.first, stars.second)))
    return None


def _attempts(plane: BodyPlane, first: int, second: int) -> tuple[_Attempt, ...]:
    """List the searches for the offset of two exposures, one after the other.

    Two visits with one pointing, of which one was aligned already, have their stars on the same
    pixels though their WCS differ, as marks of the detector have.
    """
    if plane.members[first].visit == plane.members[second].visit:
        return _ATTEMPTS[:2]
    return _ATTEMPTS[1:]


@dataclass(frozen=True)
class _Alike:
    """Test which stars of two exposures may be the same."""

    plane: BodyPlane
    first: int
    second: int
    moved_mas: float | None

    def __call__(self, second: Indices, first: Indices) -> NDArray[np.bool_]:
        """Pairs that are equally bright, and are no mark of the detector."""
        one, other = self.plane.members[self.first], self.plane.members[self.second]
        steps = self.plane.places[self.second][second] - self.plane.places[self.first][first]
        on_chip = other.xy_pix[second] - one.xy_pix[first]
        still = (one.extver[first] == other.extver[second]) & (
            np.linalg.norm(on_chip, axis=1) < _STILL_PIX
        )
        limit = np.inf if self.moved_mas is None else self.moved_mas
        mark = still & (np.linalg.norm(steps, axis=1) > limit)
        if one.band != other.band:
            return np.asarray(~mark)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(np.log(one.flux[first] / other.flux[second]))
        return np.asarray(~mark & (ratio < np.log(_FLUX_FACTOR)))
