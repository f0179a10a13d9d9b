"""Stars of several exposures as one list, and its fit to a catalogue as one rigid body.

A star that several exposures have is one star, in the mean of its places. Where more than one
exposure covers a place, what only one of them has there is a cosmic ray, and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from skydb.domain.trust import PARAMETERS_FITTED
from skydb.sky.members import BodyPlane
from skydb.sky.plane_matching import Matched, Reach, match_from
from skydb.sky.planemaps import PlaneMap, fit_map
from skydb.sky.relative import Relative
from skydb.sky.turns import turn_left
from skydb.sky.votes import Peak, Search, best_offset

if TYPE_CHECKING:
    from skydb.sky.fit_trust import Agreement

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

#: Pointing errors are 2 arcsec and 0.1 degree at most; the rest is for the edges.
SEARCH_MAS = 2600.0
SEARCH_TURN_RAD = float(np.radians(0.1))
#: Largest weight of one star that was measured more than once.
REPEATS_COUNTED = 2

#: Fewer stars count once each.
LEAST_STARS = 4

_LINK_PIX = 0.75
#: Votes are counted this close and this wide: the closer, the less chance gives.
_VOTES_PIX = (0.25, 0.8)
_WIDEST_PIX, _NARROWEST_PIX = 1.2, 0.15
#: Part of the exposures that cover a star which must have it.
_SEEN_SHARE = 0.3


class Choice(Protocol):
    """Geometry for a number of matches."""

    def __call__(self, matches: int, *, is_turned: bool = False) -> str:
        """Choose; `is_turned` where a shift would leave a rotation that is sure."""


@dataclass(frozen=True, eq=False)
class BodyStars:
    """Stars of a body.

    Parameters
    ----------
    xy_mas : ndarray, shape (N, 2)
        Mean places in the plane of the group.
    seen : ndarray of int, shape (N,)
        Exposures that have the star.
    star, member : ndarray of int, shape (K,)
        Of every measurement: the star and the exposure.
    measured_mas : ndarray, shape (K, 2)
        Its place.
    source : ndarray of int, shape (K,)
        Its index in the list of the exposure.
    """

    xy_mas: Floats
    seen: NDArray[np.intp]
    star: Indices
    member: Indices
    measured_mas: Floats
    source: Indices

    def __len__(self) -> int:
        """Return the number of stars."""
        return len(self.xy_mas)

    def without(self, member: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Mean places (N, 2) when one exposure is left out, and which stars are left."""
        keep = self.member != member
        places, seen = _means(self.star[keep], self.measured_mas[keep], len(self))
        return places, seen > 0


@dataclass(frozen=True, eq=False)
class BodyFit:
    """A body fitted to a catalogue.

    Parameters
    ----------
    geometry : str
        ``shift``, ``rshift``, ``rscale`` or ``general``.
    matched : Matched
        Stars of the body, sources of the catalogue, and the map between them.
    stars : BodyStars
    catalog_mas : ndarray, shape (M, 2)
        The catalogue in the plane.
    peak : Peak
        The vote that the match began with.
    """

    geometry: str
    matched: Matched
    stars: BodyStars
    catalog_mas: Floats
    peak: Peak

    @property
    def nmatches(self) -> int:
        """Sources of the catalogue in the fit, each counted once."""
        return len(self.matched)

    @property
    def measurements(self) -> int:
        """Measurements of them in all exposures."""
        return int(self.stars.seen[self.matched.first].sum())

    def matched_in(self, member: int) -> tuple[Indices, Indices]:
        """Matches that one exposure has measured: their places in the fit and in its list."""
        place = np.full(len(self.stars), -1)
        place[self.matched.first] = np.arange(self.nmatches)
        mine = (self.stars.member == member) & (place[self.stars.star] >= 0)
        return place[self.stars.star[mine]], self.stars.source[mine]

    @property
    def weight(self) -> int:
        """Matches, of which those measured more than once count twice."""
        return counted(self.stars.seen[self.matched.first])

    @cached_property
    def error_mas(self) -> float:
        """Standard error of the place of the middle of the matches, along one axis."""
        return self.error_at(self._middle)

    def error_at(self, place: Floats) -> float:
        """Standard error along one axis that the fit has at a place (2,) of the plane.

        A shift leaves the rotation that there is in the matches where it was; that is part of
        the error away from their middle.
        """
        n, used = self.nmatches, PARAMETERS_FITTED[self.geometry]
        free = 2 * n - used
        if free <= 0:
            return float("inf")
        scatter = float(np.sqrt((self.matched.residuals**2).sum() / free))
        # A few residuals may be small by chance; repeated measurements also show their noise.
        scatter = max(scatter, self._repeated_mas)
        lever = 0.0
        if used > 2:
            away = self.stars.xy_mas[self.matched.first] - self._middle
            size = float((away**2).sum()) / (2 if self.geometry == "general" else 1)
            lever = float(((place - self._middle) ** 2).sum()) / size if size else 0.0
        left = self._turn_left_rad * float(np.hypot(*(place - self._middle)))
        return float(np.hypot(scatter * np.sqrt(1 / n + lever), left))

    @cached_property
    def _repeated_mas(self) -> float:
        """Noise of the place of a star, along one axis, from its several measurements."""
        mine = np.isin(self.stars.star, self.matched.first)
        star = self.stars.star[mine]
        apart = self.stars.measured_mas[mine] - self.stars.xy_mas[star]
        free = 2 * (len(star) - self.nmatches)
        if free <= 0:
            return 0.0
        per_star = (1.0 / self.stars.seen[self.matched.first]).mean()
        return float(np.sqrt((apart**2).sum() / free * per_star))

    @property
    def leaves_a_turn(self) -> bool:
        """Whether it is a shift, and the stars show a rotation far beyond its error."""
        if self.geometry != "shift":
            return False
        places = self.stars.xy_mas[self.matched.first]
        left = turn_left(places, self.matched.residuals, self._repeated_mas)
        return left is not None and left.is_sure

    @cached_property
    def _turn_left_rad(self) -> float:
        """Rotation that the geometry did not allow."""
        if self.geometry != "shift":
            return 0.0
        stars = self.stars.xy_mas[self.matched.first]
        turned = fit_map(stars, self.catalog_mas[self.matched.second], "rshift")
        return abs(turned.turn_rad)

    def agreement(self, plane: BodyPlane, body: Sequence[int]) -> Agreement:
        """Compare the stars of the body with the catalogue on its chips."""
        from skydb.sky.fit_trust import compare

        inside = np.zeros(len(self.catalog_mas), dtype=bool)
        for number in body:
            inside |= plane.covers(number, _back(self.matched.placed, self.catalog_mas))
        stars = plane.sky(self.matched.placed(self.stars.xy_mas))
        sources = plane.sky(self.catalog_mas[inside])
        area = plane.area_arcsec2(body)
        return compare(stars, sources, area, plane.pixel_mas / 1000.0)

    @cached_property
    def _middle(self) -> Floats:
        return np.asarray(self.stars.xy_mas[self.matched.first].mean(axis=0))

    def jackknife_star_mas(self) -> float:
        """Largest movement of the middle of the matches when one match is left out."""
        keep = ~np.eye(self.nmatches, dtype=bool)
        xy = self.stars.xy_mas[self.matched.first]
        return max((self._moved(xy, rows) for rows in keep), default=float("inf"))

    def jackknife_member_mas(self, members: Sequence[int]) -> dict[int, float]:
        """Movement of the middle of the matches when one exposure is left out, by its number."""
        found = {}
        for member in members:
            places, left = self.stars.without(member)
            first = self.matched.first
            found[member] = self._moved(places[first], left[first])
        return found

    def _moved(self, xy: Floats, rows: NDArray[np.bool_]) -> float:
        """Movement of the middle when only some matches, at these places, are fitted."""
        if 2 * int(rows.sum()) < PARAMETERS_FITTED[self.geometry]:
            return float("inf")
        targets = self.catalog_mas[self.matched.second]
        other = fit_map(xy[rows], targets[rows], self.geometry)
        step = other.moved(self._middle) - self.matched.placed.moved(self._middle)
        return float(np.hypot(*step))


def counted(seen: NDArray[np.intp]) -> int:
    """Matches of stars that were measured so often; measuring one again helps once.

    A handful of stars is no more than that, however often they were measured.
    """
    if len(seen) < LEAST_STARS:
        return len(seen)
    return int(np.minimum(seen, REPEATS_COUNTED).sum())


def stars_of(relative: Relative, body: Sequence[int]) -> BodyStars:
    """Stars of the exposures of one body, cosmic rays left out.

    Parameters
    ----------
    relative : Relative
        How the exposures were moved to agree.
    body : sequence of int
        Their numbers.
    """
    places = [relative.places[number] for number in body]
    xy = np.vstack(places)
    member = np.repeat(np.array(body), [len(one) for one in places])
    if not len(xy):
        none = np.empty(0, dtype=np.intp)
        return BodyStars(np.empty((0, 2)), none, none, none, np.empty((0, 2)), none)
    source = np.concatenate([np.arange(len(one)) for one in places])
    star, keep = _linked(xy, member, _LINK_PIX * relative.plane.pixel_mas)
    xy, member, star, source = xy[keep], member[keep], star[keep], source[keep]
    means, seen = _means(star, xy)
    trusted = seen >= _wanted(relative, body, means)
    number = np.cumsum(trusted) - 1
    mine = trusted[star]
    return BodyStars(
        means[trusted], seen[trusted], number[star[mine]], member[mine], xy[mine], source[mine]
    )


def fit_body(
    stars: BodyStars,
    catalog_mas: Floats,
    pixel_mas: float,
    choose: Choice,
) -> BodyFit | str:
    """Fit the stars of a body to a catalogue.

    Parameters
    ----------
    stars : BodyStars
    catalog_mas : ndarray, shape (M, 2)
        Sources of the catalogue in the plane of the group.
    pixel_mas : float
        Size of the largest pixel.
    choose : Choice

    Returns
    -------
    BodyFit or str
        The fit, or in words why there is none.
    """
    if not len(stars):
        return "no star was found in more than one of the exposures that cover it"
    peak = _peak(stars.xy_mas, catalog_mas, pixel_mas)
    if peak is None or not peak.is_sure:
        return _refusal(peak, len(stars), len(catalog_mas))
    reach = Reach(_WIDEST_PIX * pixel_mas, _NARROWEST_PIX * pixel_mas)
    first = match_from(peak.placed, stars.xy_mas, catalog_mas, "rshift", reach)
    weight = counted(stars.seen[first.first])

    def fit(geometry: str) -> BodyFit:
        matched = match_from(first.placed, stars.xy_mas, catalog_mas, geometry, reach)
        return BodyFit(geometry, matched, stars, catalog_mas, peak)

    found = fit(choose(weight))
    if found.leaves_a_turn:
        found = fit(choose(weight, is_turned=True))
    if 2 * found.nmatches <= PARAMETERS_FITTED[found.geometry]:
        return f"{found.nmatches} matches are too few for a fit of {found.geometry}"
    return found


def _peak(stars: Floats, catalog: Floats, pixel_mas: float) -> Peak | None:
    """The vote, close if that is sure, else wide."""
    found = [
        best_offset(stars, catalog, Search(SEARCH_MAS, reach * pixel_mas, SEARCH_TURN_RAD))
        for reach in _VOTES_PIX
    ]
    peaks = [replace(peak, chance=len(found) * peak.chance) for peak in found if peak is not None]
    sure = [peak for peak in peaks if peak.is_sure]
    return min(sure or peaks, key=lambda peak: peak.chance, default=None)


def _refusal(peak: Peak | None, stars: int, sources: int) -> str:
    if peak is None:
        return (
            f"none of {sources} sources of the catalogue is within {SEARCH_MAS / 1000:g} arcsec "
            f"of one of {stars} stars"
        )
    why = "no offset stands out" if not peak.is_significant else "two offsets are about as good"
    return f"{why} between {stars} stars and {sources} sources of the catalogue: {peak.sentence}"


def _linked(xy: Floats, member: Indices, link: float) -> tuple[Indices, NDArray[np.bool_]]:
    """The star of every measurement, and which are the best that their exposure has of it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(xy).query_pairs(link, output_type="ndarray")
    pairs = pairs[member[pairs[:, 0]] != member[pairs[:, 1]]]
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(xy), len(xy)))
    _, star = connected_components(graph, directed=False)
    means, _ = _means(star, xy)
    order = np.argsort(np.linalg.norm(xy - means[star], axis=1), kind="stable")
    _, best = np.unique(np.column_stack((star, member))[order], axis=0, return_index=True)
    keep = np.zeros(len(xy), dtype=bool)
    keep[order[best]] = True
    return np.asarray(star, dtype=np.intp), keep


def _means(star: Indices, xy: Floats, count: int = 0) -> tuple[Floats, NDArray[np.intp]]:
    """Mean place of each star, at least of so many, and the number of its measurements."""
    seen = np.bincount(star, minlength=count)
    sums = np.column_stack([np.bincount(star, xy[:, side], minlength=count) for side in (0, 1)])
    return sums / np.maximum(seen, 1)[:, np.newaxis], seen


def _wanted(relative: Relative, body: Sequence[int], xy: Floats) -> NDArray[np.intp]:
    """Exposures that must have each star: two where two cover it, more where many do."""
    covering = np.zeros(len(xy))
    for number in body:
        covering += relative.plane.covers(number, _back(relative.maps[number], xy))
    several = np.maximum(2, np.ceil(_SEEN_SHARE * covering))
    return np.where(covering < 2, 1, several).astype(np.intp)


def _back(move: PlaneMap, xy: Floats) -> Floats:
    return np.asarray((xy - move.shift) @ np.linalg.inv(move.matrix).T)
