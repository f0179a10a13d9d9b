"""Small images of stars whose places are known, with cosmic rays, hot pixels and a nebula."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtr

from skydb.simulate.cosmic_rays import Radiation
from skydb.sky.stars import StarList, find_stars

SIZE = 300
BRIGHT = 30_000.0
_SKY, _READ_NOISE = 60.0, 4.0
_RAYS = Radiation(1.3, 15.0, 1.0, 670.0, 0.25, 0.35)


@dataclass(frozen=True)
class Scene:
    """Stars and sky of an image."""

    sigma: float
    stars: int
    rays: int = 0
    hot: int = 0
    nebula: float = 0.0
    full_well: float | None = None
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Field:
    """An image, and where its stars are, counted from 0."""

    scene: Scene
    science: np.ndarray
    error: np.ndarray
    good: np.ndarray
    places: np.ndarray

    @property
    def inside(self) -> int:
        return int(((self.places > 4) & (self.places < SIZE - 5)).all(axis=1).sum())

    def find(self, fwhm_pix: float | None = None) -> StarList:
        width = fwhm_pix or 2.3548 * self.scene.sigma
        return find_stars(self.science, self.error, self.good, fwhm_pix=width)

    def errors_pix(self, found: StarList) -> np.ndarray:
        offsets, near = self._offsets(found)
        return offsets[near]

    def false_ones(self, found: StarList) -> int:
        return int((~self._offsets(found)[1]).sum()) if len(found) else 0

    def phase_bias_pix(self, found: StarList) -> float:
        """Amplitude of errors that repeat with every pixel."""
        errors = self.errors_pix(found)
        phase = np.column_stack((found.x_pix, found.y_pix))[self._offsets(found)[1]]
        return float(np.abs(2 * (np.sin(2 * np.pi * phase) * errors).mean(axis=0)).max())

    def _offsets(self, found: StarList) -> tuple[np.ndarray, np.ndarray]:
        xy = np.column_stack((found.x_pix, found.y_pix))
        distance, nearest = cKDTree(self.places).query(xy)
        return xy - self.places[nearest], distance < 0.7


@cache
def made(scene: Scene) -> Field:
    """A field; the same scene gives the same pixels."""
    rng = np.random.default_rng(scene.seed)
    places = _apart(rng.uniform(0, SIZE - 1, (scene.stars, 2)))
    flux = BRIGHT * 10 ** (-0.4 * rng.uniform(0, 4, len(places)))
    level = np.full((SIZE, SIZE), _SKY)
    y, x = np.mgrid[:SIZE, :SIZE]
    level += scene.nebula * (1 + np.sin(x / 40.0) * np.cos(y / 55.0))
    for (px, py), light in zip(places, flux, strict=True):
        for share, width in ((0.85, 1.0), (0.15, 2.5)):
            level += (
                share
                * light
                * np.outer(_shares(py, width * scene.sigma), _shares(px, width * scene.sigma))
            )
    charge = rng.poisson(level).astype(float)
    charge += _RAYS.deposit(_struck(rng, scene.rays), (SIZE, SIZE))
    hot = rng.integers(0, SIZE, (scene.hot, 2))
    charge[hot[:, 0], hot[:, 1]] += rng.uniform(500, 20_000, scene.hot)
    good = np.ones((SIZE, SIZE), dtype=bool)
    if scene.full_well is not None:
        good = charge < 0.3 * scene.full_well
        charge = np.minimum(charge, 0.3 * scene.full_well)
    science = charge + rng.normal(0, _READ_NOISE, charge.shape)
    return Field(scene, science, np.sqrt(charge + _READ_NOISE**2), good, places)


def _struck(rng: np.random.Generator, count: int) -> list:
    """Tracks of about so many rays."""
    seconds = count / (_RAYS.events_per_pixel_s * SIZE**2)
    return _RAYS.strike((SIZE, SIZE), seconds, rng)


def _apart(places: np.ndarray) -> np.ndarray:
    pairs = cKDTree(places).query_pairs(10.0) if len(places) else set()
    return np.delete(places, [j for _, j in pairs], axis=0) if len(places) else places


def _shares(centre: float, sigma: float) -> np.ndarray:
    return np.diff(ndtr((np.arange(SIZE + 1) - 0.5 - centre) / sigma))
