"""Exposures that are fitted as one rigid body: their stars, in one tangent plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import MAS_PER_RADIAN, centre_of, off_tangent_plane, tangent_plane
from skydb.sky.spherical import holding

Floats = NDArray[np.float64]

#: Points along each side of the grid that measures an area.
_GRID_POINTS = 65


@dataclass(frozen=True, eq=False)
class MemberStars:
    """Stars of one exposure, where its whole WCS with distortion puts them.

    Parameters
    ----------
    name : str
        Rootname.
    visit : str
        Exposures of one visit share their guide stars, and so their pointing.
    band : str
        Exposures of one band see a star equally bright.
    radec_deg : ndarray, shape (N, 2)
        ICRS positions.
    xy_pix : ndarray, shape (N, 2)
        Positions on the chip.
    extver : ndarray of int, shape (N,)
        The chip.
    flux : ndarray, shape (N,)
        Per second.
    outlines : ndarray, shape (chips, M, 3)
        Unit vectors of the corners of every chip.
    pixel_mas : float
        Size of a pixel.
    """

    name: str
    visit: str
    band: str
    radec_deg: Floats
    xy_pix: Floats
    extver: NDArray[np.intp]
    flux: Floats
    outlines: Floats
    pixel_mas: float

    def __len__(self) -> int:
        """Return the number of stars."""
        return len(self.flux)


@dataclass(frozen=True, eq=False)
class BodyPlane:
    """The tangent plane of a group, in mas to the east and north of its middle.

    Parameters
    ----------
    members : sequence of MemberStars
        In the order in which they are numbered.
    """

    members: Sequence[MemberStars]

    @cached_property
    def centre(self) -> Floats:
        """Unit vector of the tangent point: the middle of all corners of all chips."""
        middle = np.vstack([one.outlines.reshape(-1, 3) for one in self.members]).mean(axis=0)
        return np.asarray(middle / np.linalg.norm(middle))

    @cached_property
    def centre_deg(self) -> tuple[float, float]:
        """Right ascension and declination of the tangent point."""
        ra, dec = off_tangent_plane(np.zeros((1, 2)), self.centre)[0]
        return float(ra), float(dec)

    @cached_property
    def places(self) -> list[Floats]:
        """Positions of the stars of each member, shape (N, 2)."""
        return [self.of(one.radec_deg) for one in self.members]

    @cached_property
    def pixel_mas(self) -> float:
        """Size of the largest pixel."""
        return max(one.pixel_mas for one in self.members)

    @cached_property
    def radius_mas(self) -> float:
        """Distance of the outermost corner of a chip."""
        return max(float(reach) + float(np.hypot(*middle)) for middle, reach in self._discs)

    def of(self, radec_deg: Floats) -> Floats:
        """Plane positions (N, 2) of sky positions less than 90 degrees away."""
        return tangent_plane(radec_deg.reshape(-1, 2), self.centre) * MAS_PER_RADIAN

    def near(self, radec_deg: Floats, margin_mas: float) -> NDArray[np.bool_]:
        """Find the sky positions so near the group that its stars could be there."""
        from skydb.sky.geometry import separations_mas

        centre = np.broadcast_to(np.array(self.centre_deg), radec_deg.shape)
        return np.asarray(separations_mas(radec_deg, centre) < self.radius_mas + margin_mas)

    def sky(self, places: Floats) -> Floats:
        """Sky positions (N, 2) of plane positions."""
        return off_tangent_plane(places / MAS_PER_RADIAN, self.centre)

    def middle(self, number: int) -> Floats:
        """Middle (2,) of one member."""
        return self._discs[number][0]

    def may_overlap(self, one: int, other: int, margin_mas: float) -> bool:
        """Whether two members are near enough to see the same sky."""
        (here, reach), (there, further) = self._discs[one], self._discs[other]
        return bool(np.hypot(*(here - there)) < reach + further + margin_mas)

    def covers(self, number: int, places: Floats) -> NDArray[np.bool_]:
        """Find the plane positions on a chip of one member, by its own WCS."""
        from skydb.domain.values import unit_vectors

        points = unit_vectors(self.sky(places))
        return np.asarray(holding(self.members[number].outlines, points).any(axis=0))

    def area_arcsec2(self, numbers: Sequence[int]) -> float:
        """Area that at least one of some members covers, by a grid of points."""
        reach = max(float(np.hypot(*self.middle(n))) + self._discs[n][1] for n in numbers)
        side = np.linspace(-reach, reach, _GRID_POINTS)
        grid = np.column_stack([axis.ravel() for axis in np.meshgrid(side, side)])
        covered = np.any([self.covers(number, grid) for number in numbers], axis=0)
        return float(covered.mean()) * (2 * reach / 1000.0) ** 2

    @cached_property
    def _discs(self) -> list[tuple[Floats, float]]:
        """Middle and radius of each member."""
        found = []
        for one in self.members:
            corners = one.outlines.reshape(-1, 3)
            vectors = np.column_stack(
                (
                    np.degrees(np.arctan2(corners[:, 1], corners[:, 0])),
                    np.degrees(np.arctan2(corners[:, 2], np.hypot(corners[:, 0], corners[:, 1]))),
                )
            )
            places = self.of(vectors)
            middle = self.of(_degrees(centre_of(vectors)))[0]
            found.append((middle, float(np.linalg.norm(places - middle, axis=1).max())))
        return found


def _degrees(vector: Floats) -> Floats:
    return off_tangent_plane(np.zeros((1, 2)), vector)
