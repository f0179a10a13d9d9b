"""Made exposures of a few stars and many cosmic rays, with pointings that are off."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skydb.domain.values import unit_vectors
from skydb.sky.geometry import MAS_PER_RADIAN, off_tangent_plane
from skydb.sky.members import MemberStars
from skydb.sky.planemaps import PlaneMap

Floats = np.ndarray
CENTRE_DEG = (85.0, -2.0)
PIXEL_MAS = 40.0
SIDE_MAS = 1.0e4
NOISE_MAS = 1.0


def sky(places_mas: Floats) -> Floats:
    """Positions in degrees of places in the plane."""
    centre = unit_vectors(np.array([CENTRE_DEG]))[0]
    return off_tangent_plane(np.asarray(places_mas, dtype=float) / MAS_PER_RADIAN, centre)


@dataclass
class Scene:
    """Stars of a piece of sky, and exposures of it.

    Stars are spread over `wide` exposures side by side.
    """

    seed: int
    stars: int = 6
    rays: int = 30
    wide: float = 1.0
    noise_mas: float = NOISE_MAS
    errors: dict[str, PlaneMap] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        size = (self.wide * SIDE_MAS, SIDE_MAS)
        inside = self.rng.uniform(0.1, 0.9, (self.stars, 2))
        self.places = (inside - 0.5) * size
        self.fluxes = 10 ** self.rng.uniform(2.0, 4.0, self.stars)

    @property
    def catalog_deg(self) -> Floats:
        return sky(self.places)

    def exposure(
        self,
        name: str,
        error: PlaneMap | None = None,
        *,
        at: tuple[float, float] = (0.0, 0.0),
        visit: str = "v1",
    ) -> MemberStars:
        """One exposure around a place, whose WCS moves everything by an error."""
        move = error or PlaneMap.identity()
        self.errors[name] = move
        low, high = np.array(at) - SIDE_MAS / 2, np.array(at) + SIDE_MAS / 2
        seen = ((self.places > low) & (self.places < high)).all(axis=1)
        stars = self.places[seen] + self.rng.normal(0.0, self.noise_mas, (int(seen.sum()), 2))
        true = np.vstack((stars, self.rng.uniform(low, high, (self.rays, 2))))
        flux = np.concatenate((self.fluxes[seen], 10 ** self.rng.uniform(2.0, 4.0, self.rays)))
        corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
        return MemberStars(
            name=name,
            visit=visit,
            band="F606W",
            radec_deg=sky(move(true)),
            xy_pix=(true - low) / PIXEL_MAS,
            extver=np.ones(len(true), dtype=int),
            flux=flux,
            outlines=unit_vectors(sky(move(corners)))[np.newaxis],
            pixel_mas=PIXEL_MAS,
        )

    def left_mas(self, name: str, undo: PlaneMap) -> float:
        """Largest error over the field of an exposure that was moved by a map."""
        return float(np.abs(undo(self.errors[name](self.places)) - self.places).max())


def shifted(east: float, north: float, turn_deg: float = 0.0) -> PlaneMap:
    """A pointing error in mas and degrees."""
    return PlaneMap.rigid(np.array([east, north]), float(np.radians(turn_deg)))
