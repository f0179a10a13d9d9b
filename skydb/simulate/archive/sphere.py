"""Positions in a cone, a box or a polygon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors
from skydb.sky.geometry import centre_of, inside_outline, tangent_plane
from skydb.sky.spherical import separations_deg

Positions = NDArray[np.float64]
Inside = NDArray[np.bool_]


def cone(radec_deg: Positions, centre_deg: tuple[float, float], radius_deg: float) -> Inside:
    """Positions (N, 2) within a radius of a centre."""
    return np.asarray(distances_deg(radec_deg, centre_deg) <= radius_deg)


def distances_deg(radec_deg: Positions, centre_deg: tuple[float, float]) -> Positions:
    """Great-circle distances (N,) from a centre, in degrees."""
    return separations_deg(unit_vectors(radec_deg), unit_vectors(np.array([centre_deg])))


def box(
    radec_deg: Positions, centre_deg: tuple[float, float], width_deg: float, height_deg: float
) -> Inside:
    """Positions within a box of so many degrees on the sky along RA and along Dec."""
    east = (radec_deg[:, 0] - centre_deg[0] + 180.0) % 360.0 - 180.0
    east = east * np.cos(np.radians(centre_deg[1]))
    north = radec_deg[:, 1] - centre_deg[1]
    return np.asarray((abs(east) <= width_deg / 2) & (abs(north) <= height_deg / 2))


def polygon(radec_deg: Positions, corners_deg: Sequence[tuple[float, float]]) -> Inside:
    """Positions in a polygon much smaller than a hemisphere (even-odd rule)."""
    corners = np.asarray(corners_deg, dtype=float)
    centre = centre_of(corners)
    near = unit_vectors(radec_deg) @ centre > 0.5
    inside = np.zeros(len(radec_deg), dtype=bool)
    inside[near] = inside_outline(
        tangent_plane(radec_deg[near], centre), tangent_plane(corners, centre)
    )
    return inside
