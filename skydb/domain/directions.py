"""Angles between directions on the sky, without arrays."""

from __future__ import annotations

from math import asin, atan2, cos, degrees, dist, hypot, radians, sin, sqrt

#: Right ascension and declination in degrees.
Position = tuple[float, float]


def separation_deg(one: Position, other: Position) -> float:
    """Angle between two positions (haversine formula)."""
    (ra, dec), (other_ra, other_dec) = (map(radians, place) for place in (one, other))
    half = sin((dec - other_dec) / 2) ** 2
    half += cos(dec) * cos(other_dec) * sin((ra - other_ra) / 2) ** 2
    return degrees(2 * asin(min(1.0, sqrt(half))))


def position_of(x: float, y: float, z: float) -> Position | None:
    """Position of a vector of any length; None of that without one."""
    if not dist((x, y, z), (0.0, 0.0, 0.0)):
        return None
    return degrees(atan2(y, x)) % 360.0, degrees(atan2(z, hypot(x, y)))
