"""Regions of the sky, to search for footprints that meet them or contain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors
from skydb.errors import UsageError
from skydb.sky.footprint import overlap_area_arcsec2
from skydb.sky.spherical import (
    TOLERANCE,
    Vectors,
    Verdicts,
    crossings_with,
    distances_to_sides,
    holding,
    middles_of,
    separations_deg,
)

#: A polygon wider than this has no tangent plane to be drawn in.
_WIDEST_DEG = 80.0

#: Less common sky than this, in square arcsec, is a common border.
_BORDER_ARCSEC2 = 1e-6


@dataclass(frozen=True, slots=True)
class Cap:
    """A circle on the sky around what is searched for: unit vector and radius in degrees."""

    centre: Vectors
    radius_deg: float


class SkyRegion(Protocol):
    """Region in which footprints are searched for."""

    @property
    def cap(self) -> Cap:
        """A circle that holds the region."""
        ...

    def meets(self, outlines: Vectors) -> tuple[Verdicts, Verdicts]:
        """Find outlines (N, M, 3) that share sky with the region, and those that hold all of it."""
        ...


@dataclass(frozen=True, slots=True)
class Circle:
    """All within a radius of a position; with radius 0, the position.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS.
    radius_deg : float
        From 0 to 180.
    """

    ra_deg: float
    dec_deg: float
    radius_deg: float = 0.0

    @property
    def cap(self) -> Cap:
        """The circle itself."""
        return Cap(unit_vectors(np.array([[self.ra_deg, self.dec_deg]]))[0], self.radius_deg)

    def meets(self, outlines: Vectors) -> tuple[Verdicts, Verdicts]:
        """Find outlines that share sky with the circle, and those that hold all of it."""
        centre, radius = self.cap.centre, np.radians(self.radius_deg)
        inside = holding(outlines, centre[None])[:, 0]
        border = distances_to_sides(outlines, centre)
        touched = inside | (border <= radius + TOLERANCE)
        return touched, (inside & (border >= radius)) | (border + radius <= TOLERANCE)


@dataclass(frozen=True, slots=True)
class Polygons:
    """The sky within one or several polygons.

    Parameters
    ----------
    outlines_deg : sequence of ndarray, each of shape (N, 2)
        ICRS vertices in degrees, not closed, either way round.

    Raises
    ------
    UsageError
        When one is wider than 80 degrees from its middle.
    """

    outlines_deg: Sequence[NDArray[np.float64]]

    def __post_init__(self) -> None:
        for outline in self.outlines_deg:
            corners = unit_vectors(outline)
            middle = corners.mean(axis=0)
            if not np.linalg.norm(middle) > 0 or (
                separations_deg(corners, middle / np.linalg.norm(middle)).max() > _WIDEST_DEG
            ):
                raise UsageError(
                    f"A polygon reaches more than {_WIDEST_DEG:.0f} degrees from its middle.",
                    advice="Search smaller parts of it.",
                )

    @property
    def cap(self) -> Cap:
        """A circle around all of them."""
        corners = unit_vectors(np.vstack(list(self.outlines_deg)))
        middle = corners.mean(axis=0)
        length = np.linalg.norm(middle)
        if length < TOLERANCE:
            return Cap(corners[0], 180.0)
        return Cap(middle / length, float(separations_deg(corners, middle / length).max()))

    def meets(self, outlines: Vectors) -> tuple[Verdicts, Verdicts]:
        """Find outlines that share sky with a polygon, and those that hold all polygons."""
        verdicts = [_meets(outlines, outline) for outline in self.outlines_deg]
        touched = np.any([one for one, _ in verdicts], axis=0)
        return touched, np.all([all_of for _, all_of in verdicts], axis=0)


def _meets(outlines: Vectors, polygon_deg: NDArray[np.float64]) -> tuple[Verdicts, Verdicts]:
    corners = unit_vectors(polygon_deg)
    crossing, touching = crossings_with(outlines, corners)
    held = holding(outlines, corners)
    around = _held_by(corners, outlines)
    shared = crossing | held.any(axis=1) | around.any(axis=1)
    # Where sides coincide, corners are neither inside nor outside: compare the area.
    for i in np.flatnonzero(touching & ~crossing):
        area = overlap_area_arcsec2(degrees_of(outlines[i]), polygon_deg)
        shared[i] = area > _BORDER_ARCSEC2
    on_side = np.zeros_like(held)
    for i in np.flatnonzero(touching):
        on_side[i] = [distances_to_sides(outlines[i : i + 1], one)[0] <= TOLERANCE
                      for one in corners]  # fmt: skip
    return shared, shared & ~crossing & (held | on_side).all(axis=1)


def _held_by(corners: Vectors, outlines: Vectors) -> Verdicts:
    """Find the corners of outlines (N, M, 3) inside one polygon (K, 3): shape (N, M)."""
    points = outlines.reshape(-1, 3)
    near = points @ middles_of(corners[None])[0] > 0
    held = np.zeros(len(points), dtype=bool)
    held[near] = holding(corners[None], points[near])[0]
    return held.reshape(outlines.shape[:2])


def degrees_of(vectors: Vectors) -> NDArray[np.float64]:
    """ICRS positions (N, 2) in degrees of unit vectors (N, 3)."""
    x, y, z = vectors.T
    return np.column_stack(
        (np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y))))
    )
