"""Cosmic rays: how many strike a chip, what charge they leave, and what saturation does.

Numbers are those of the instruments' handbooks. CCDs: 1.5 to 3 % of the pixels are hit in
1000 s, most events cover 4 or 5 pixels, hardly one deposits less than 500 electrons and half
of them more than 1000, and what counts is the length of the path through the silicon, not
the energy (ACS ISR 2002-07, Riess 2002; ACS Instrument Handbook, section 4.3; WFC3 Instrument
Handbook, section 5.4.10: WFC3/UVIS is like ACS/WFC). WFC3/IR: 11 events a second on the whole
detector, nearly all of them found in the ramps (WFC3 Instrument Handbook, section 7.9.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from skydb.simulate.geometry import Matrix

#: A ramp fit sees a jump of 4 sigma: read noise of two samples is 21 electrons (WFC3
#: Instrument Handbook, section 7.9.1).
_RAMP_LIMIT_E = 4 * 21.0
#: Part of the events that a ramp fit does not see, an assumption.
_MISSED_BY_RAMP = 0.01
_REACH_PIX = 3
_STEP_PIX = 0.2
_LONGEST_PIX = 100.0
#: Points of tracks whose stamps are held at a time.
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Radiation:
    """Particles that hit a detector, and the spread of their charge.

    Parameters
    ----------
    rate_per_s_cm2 : float
        Events a second and square centimetre of the detector.
    pixel_um : float
        Side of a pixel.
    depth_pix : float
        Thickness of the sensitive layer in pixels: a ray at angle t to the normal leaves a
        track of ``depth_pix * tan(t)`` pixels.
    charge_e : float
        Electrons of a ray that goes straight through (median).
    spread : float
        Scatter of the logarithm of the charge for a given path.
    diffusion_pix : float
        Sigma of the cloud that the charge of each point has become when it is collected.
    """

    rate_per_s_cm2: float
    pixel_um: float
    depth_pix: float
    charge_e: float
    spread: float
    diffusion_pix: float

    @property
    def events_per_pixel_s(self) -> float:
        """Events that a pixel can expect in a second."""
        return self.rate_per_s_cm2 * (self.pixel_um * 1e-4) ** 2

    def strike(
        self, shape: tuple[int, int], exptime_s: float, rng: np.random.Generator
    ) -> list[Track]:
        """Tracks of all rays of one exposure of a chip with (rows, columns)."""
        ny, nx = shape
        count = int(rng.poisson(self.events_per_pixel_s * ny * nx * exptime_s))
        starts = rng.uniform((-0.5, -0.5), (ny - 0.5, nx - 0.5), (count, 2))
        # Rays from all sides through a plane: the square of the cosine is uniform.
        cosine = np.sqrt(rng.uniform(0.0, 1.0, count))
        turn = rng.uniform(0.0, 2 * np.pi, count)
        charge = self.charge_e / cosine * np.exp(self.spread * rng.standard_normal(count))
        length = self.depth_pix * np.sqrt(1 / cosine**2 - 1)
        # Charge that has left the layer at its side is not collected.
        kept = np.minimum(1.0, _LONGEST_PIX / np.maximum(length, 1e-9))
        along = (length * kept)[:, None] * np.column_stack((np.sin(turn), np.cos(turn)))
        return [
            Track((y, x), (dy, dx), electrons)
            for (y, x), (dy, dx), electrons in zip(
                starts.tolist(), along.tolist(), (charge * kept).tolist(), strict=True
            )
        ]

    def deposit(self, tracks: list[Track], shape: tuple[int, int]) -> Matrix:
        """Electrons (rows, columns) that tracks leave in the pixels of a chip."""
        image = np.zeros(shape)
        if not tracks:
            return image
        points = np.concatenate([track.points() for track in tracks])
        for start in range(0, len(points), _CHUNK):
            _spread(image, points[start : start + _CHUNK], self.diffusion_pix)
        return image


@dataclass(frozen=True, slots=True)
class Hits:
    """Cosmic rays on one chip.

    Parameters
    ----------
    charge : ndarray
        Electrons (rows, columns) that are in the image.
    noise : ndarray
        Sigma of the pixels without them, electrons.
    removed : ndarray
        Where a ramp fit has found a hit, and taken it out.
    """

    charge: Matrix
    noise: Matrix
    removed: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        radiation: Radiation,
        noise: Matrix,
        exptime_s: float,
        rng: np.random.Generator,
        *,
        ramp: bool,
    ) -> Self:
        """Strike a chip of this noise, and fit the ramps of its pixels when it has ramps."""
        shape = noise.shape[0], noise.shape[1]
        tracks = radiation.strike(shape, exptime_s, rng)
        if not ramp:
            return cls(radiation.deposit(tracks, shape), noise, np.zeros(shape, dtype=bool))
        is_missed = rng.random(len(tracks)) < _MISSED_BY_RAMP
        missed = [track for track, flag in zip(tracks, is_missed, strict=True) if flag]
        seen = [track for track, flag in zip(tracks, is_missed, strict=True) if not flag]
        found = radiation.deposit(seen, shape)
        removed = found >= _RAMP_LIMIT_E
        left = np.where(removed, 0.0, found)
        return cls(left + radiation.deposit(missed, shape), noise, removed)

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(rows, columns): 1 where more charge was left than the noise, 2 where it was removed."""
        mask: NDArray[np.uint8] = (self.charge > self.noise).astype(np.uint8)
        mask[self.removed] |= 2
        return mask


@dataclass(frozen=True, slots=True)
class Track:
    """One ray: where it enters, how far it goes (rows, columns, in pixels) and its electrons."""

    start: tuple[float, float]
    along: tuple[float, float]
    charge_e: float

    def points(self) -> Matrix:
        """(n, 3): row, column and electrons of points that are close beside each other."""
        count = int(np.hypot(*self.along) / _STEP_PIX) + 1
        share = (np.arange(count) + 0.5) / count
        rows = self.start[0] + share * self.along[0]
        columns = self.start[1] + share * self.along[1]
        return np.column_stack((rows, columns, np.full(count, self.charge_e / count)))


def _spread(image: Matrix, points: Matrix, sigma_pix: float) -> None:
    """Add clouds of electrons to an image in place; what falls outside is lost."""
    rows, across = _shares(points[:, 0], sigma_pix)
    columns, along = _shares(points[:, 1], sigma_pix)
    stamps = points[:, 2, None, None] * across[:, :, None] * along[:, None, :]
    y = np.broadcast_to(rows[:, :, None], stamps.shape)
    x = np.broadcast_to(columns[:, None, :], stamps.shape)
    inside = (y >= 0) & (y < image.shape[0]) & (x >= 0) & (x < image.shape[1])
    np.add.at(image, (y[inside], x[inside]), stamps[inside])


def _shares(centre: Matrix, sigma_pix: float) -> tuple[NDArray[np.int64], Matrix]:
    """Pixels around positions, and the part of a Gaussian that falls into each."""
    from scipy.special import ndtr

    pixels = np.rint(centre).astype(np.int64)[:, None] + np.arange(-_REACH_PIX, _REACH_PIX + 1)
    edges = np.concatenate((pixels - 0.5, pixels[:, -1:] + 0.5), axis=1) - centre[:, None]
    shares: Matrix = np.diff(ndtr(edges / sigma_pix), axis=1)
    return pixels, shares


def bleed(electrons: Matrix, full_well_e: float) -> tuple[Matrix, NDArray[np.bool_]]:
    """Spill what is beyond the full well along the columns.

    Half of the excess of a pixel goes up and half goes down, into the first pixels that have
    room; what reaches the end of a column leaves the chip. No charge is lost otherwise (ACS
    Instrument Handbook, section 4.3.1).

    Parameters
    ----------
    electrons : ndarray
        Charge (rows, columns) that light and cosmic rays have left.
    full_well_e : float
        What a pixel holds.

    Returns
    -------
    ndarray, ndarray
        The charge that is read out, and which pixels are full.
    """
    excess = np.maximum(electrons - full_well_e, 0.0)
    struck = np.flatnonzero(excess.any(axis=0))
    filled = electrons.copy()
    columns = np.minimum(electrons[:, struck], full_well_e)
    for rows in (range(len(columns)), range(len(columns) - 1, -1, -1)):
        carried = np.zeros(struck.size)
        for row in rows:
            taken = np.minimum(carried, full_well_e - columns[row])
            columns[row] += taken
            carried += excess[row, struck] / 2 - taken
    filled[:, struck] = columns
    full = np.zeros(electrons.shape, dtype=bool)
    full[:, struck] = columns >= full_well_e * (1 - 1e-9)
    return filled, full
