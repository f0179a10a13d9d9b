"""Pixels of one chip: sky, nebula, stars, detector and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.simulate.cosmic_rays import Hits, bleed
from skydb.simulate.detectors import Detector
from skydb.simulate.geometry import ChipModel, LinearWcs, Matrix
from skydb.simulate.scene import Nebula, Stars
from skydb.simulate.schedule import Exposure, Stream, random_stream

#: DQ bits (WFC3 Data Handbook, table 3.3).
DQ_BAD = 4
DQ_HOT = 16
DQ_SATURATED = 256
DQ_BLOB = 512
DQ_COSMIC_RAY = 8192

_FULL_WELL_E = 78000.0
_STAMP_PIX = 11
_NODE_STEP_PIX = 16
_HOT_FRACTION, _BAD_FRACTION = 0.002, 0.001
_COSMIC_RAYS_PER_PIX = 1.5e-4
_RAMP_HITS_PER_PIX = 1e-3


@dataclass(frozen=True, slots=True)
class ChipImage:
    """One chip: science and error (rows, columns) float32, quality int16.

    ``hits`` has the cosmic rays of a plan with them.
    """

    sci: NDArray[np.float32]
    err: NDArray[np.float32]
    dq: NDArray[np.int16]
    hits: Hits | None = None


@dataclass(frozen=True, slots=True)
class Defects:
    """Defects of a chip, the same in all exposures of a field.

    ``dq`` has the flags and ``hot`` the extra level of hot pixels in the image's unit.
    """

    dq: NDArray[np.int16]
    hot: NDArray[np.float32]


def make_defects(seed: int, detector: Detector, chip: ChipModel) -> Defects:
    """Hot and bad pixels, and for IR the blobs on its mirror."""
    rng = random_stream(seed, Stream.DEFECTS, chip.extver)
    nx, ny = chip.naxis
    chance = rng.random((ny, nx), dtype=np.float32)
    is_hot = chance < _HOT_FRACTION
    level = 0.3 if detector.is_rate else 40.0
    hot = np.where(is_hot, rng.exponential(level, (ny, nx)), 0.0).astype(np.float32)
    dq = np.where(is_hot, DQ_HOT, 0).astype(np.int16)
    dq[chance > 1 - _BAD_FRACTION] |= DQ_BAD
    if detector.is_rate:
        _mark_blobs(dq, rng)
    return Defects(dq, hot)


def _mark_blobs(dq: NDArray[np.int16], rng: np.random.Generator) -> None:
    ny, nx = dq.shape
    radius = max(3.0, 7.0 * nx / 1014)
    y, x = np.ogrid[:ny, :nx]
    for _ in range(4):
        x0, y0 = rng.uniform(0, nx), rng.uniform(0, ny)
        dq[(x - x0) ** 2 + (y - y0) ** 2 < radius**2] |= DQ_BLOB


def render_chip(
    seed: int,
    detector: Detector,
    chip: ChipModel,
    exposure: Exposure,
    stars: Stars,
    nebula: Nebula,
    defects: Defects,
    *,
    cosmic_rays: bool = False,
) -> ChipImage:
    """Expose one chip.

    Parameters
    ----------
    stars : Stars
        At the epoch of the exposure.
    cosmic_rays : bool
        Whether rays strike the chip as in orbit, and full pixels of a CCD bleed.
    """
    wcs = chip.wcs(exposure.true_attitude, exposure.velocity_scale)
    level = nebula_image(nebula, chip, wcs)
    level += exposure.sky
    if exposure.sky_gradient != (0.0, 0.0):
        level += sky_slope(exposure, chip, len(detector.chips))
    add_stars(level, stars, chip, wcs, detector, exposure.exptime_s)
    level[(defects.dq & DQ_BLOB) > 0] *= 0.92
    level += defects.hot
    rng = random_stream(seed, Stream.PIXELS, exposure.index, chip.extver)
    to_electrons = exposure.exptime_s if detector.is_rate else 1.0
    dq = defects.dq.copy()
    hits = _hits(seed, detector, chip, exposure, level * to_electrons) if cosmic_rays else None
    charge = None if hits is None else hits.charge
    sci, err, full = _expose(level, to_electrons, detector, rng, charge)
    _spoil_bad(sci, dq, detector, rng)
    if hits is None:
        _spoil(sci, dq, detector, rng)
        full = sci > _FULL_WELL_E
    else:
        dq[hits.removed] |= DQ_COSMIC_RAY
    if not detector.is_rate:
        dq[full] |= DQ_SATURATED
    return ChipImage(sci, err, dq, hits)


def sky_slope(exposure: Exposure, chip: ChipModel, chips: int) -> Matrix:
    """Sky of a pixel (rows, columns) above that of the middle of the detector.

    Parameters
    ----------
    chips : int
        Of the detector, which lie above each other in the order of EXTVER.
    """
    nx, ny = chip.naxis
    across = (np.arange(nx) + 0.5) / nx - 0.5
    along = (chip.extver - 1 + (np.arange(ny) + 0.5) / ny) / chips - 0.5
    slope: Matrix = exposure.sky_gradient[0] * across + exposure.sky_gradient[1] * along[:, None]
    return slope


def _hits(
    seed: int, detector: Detector, chip: ChipModel, exposure: Exposure, electrons: Matrix
) -> Hits:
    """Cosmic rays of one chip, from a stream of their own: all else stays as without them."""
    rng = random_stream(seed, Stream.COSMIC_RAYS, exposure.index, chip.extver)
    noise = np.sqrt(np.maximum(electrons, 0.0) + detector.read_noise_e**2)
    return Hits.of(detector.radiation, noise, exposure.exptime_s, rng, ramp=detector.is_rate)


def nebula_image(nebula: Nebula, chip: ChipModel, wcs: LinearWcs) -> Matrix:
    """Nebula (rows, columns) on a chip: exact on nodes, cubic between them."""
    from scipy.interpolate import RectBivariateSpline

    nx, ny = chip.naxis
    x_nodes, y_nodes = _nodes(nx), _nodes(ny)
    x, y = np.meshgrid(x_nodes, y_nodes)
    values = nebula.brightness(*wcs.pixel_to_sky(x, y, chip.sip))
    spline = RectBivariateSpline(y_nodes, x_nodes, values, s=0)
    image: Matrix = spline(np.arange(1.0, ny + 1), np.arange(1.0, nx + 1))
    return image


def _nodes(length: int) -> Matrix:
    return np.linspace(0.5, length + 0.5, max(8, length // _NODE_STEP_PIX + 1))


def add_stars(
    level: Matrix,
    stars: Stars,
    chip: ChipModel,
    wcs: LinearWcs,
    detector: Detector,
    exptime_s: float,
) -> None:
    """Add pixel-integrated stars to an image in place."""
    nx, ny = chip.naxis
    x, y = wcs.sky_to_pixel(stars.ra_deg, stars.dec_deg, chip.sip)
    with np.errstate(invalid="ignore"):
        near = (np.abs(x - nx / 2) < nx / 2 + _STAMP_PIX) & (
            np.abs(y - ny / 2) < ny / 2 + _STAMP_PIX
        )
    flux = stars.flux[near] * (1.0 if detector.is_rate else exptime_s)
    x, y = x[near] - 1, y[near] - 1
    columns, rows = _stamp_pixels(x), _stamp_pixels(y)
    for weight, sigma in detector.psf:
        across, along = _pixel_shares(columns, x, sigma), _pixel_shares(rows, y, sigma)
        stamps = (weight * flux)[:, None, None] * along[:, :, None] * across[:, None, :]
        _accumulate(level, stamps, columns, rows)


def _stamp_pixels(centre: Matrix) -> NDArray[np.int64]:
    """(n, 2k+1) pixel numbers, from 0, around centres (n,)."""
    offsets = np.arange(-_STAMP_PIX, _STAMP_PIX + 1)
    pixels: NDArray[np.int64] = np.rint(centre).astype(np.int64)[:, None] + offsets
    return pixels


def _pixel_shares(pixels: NDArray[np.int64], centre: Matrix, sigma: float) -> Matrix:
    """Share of a Gaussian that falls into each pixel, so that centroids are exact."""
    from scipy.special import erf

    edges = np.concatenate((pixels - 0.5, pixels[:, -1:] + 0.5), axis=1) - centre[:, None]
    shares: Matrix = 0.5 * np.diff(erf(edges / (np.sqrt(2) * sigma)), axis=1)
    return shares


def _accumulate(
    level: Matrix, stamps: Matrix, columns: NDArray[np.int64], rows: NDArray[np.int64]
) -> None:
    ny, nx = level.shape
    x = np.broadcast_to(columns[:, None, :], stamps.shape)
    y = np.broadcast_to(rows[:, :, None], stamps.shape)
    inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
    np.add.at(level, (y[inside], x[inside]), stamps[inside])


def _expose(
    level: Matrix,
    to_electrons: float,
    detector: Detector,
    rng: np.random.Generator,
    charge: Matrix | None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Photon and read noise, the error that the pipeline states, and which pixels are full.

    No pixel is full, and nothing bleeds, without the charge of cosmic rays.
    """
    electrons = np.maximum(level * to_electrons, 0.0)
    counts = rng.poisson(electrons).astype(np.float32)
    full = np.zeros(level.shape, dtype=bool)
    if charge is not None:
        collected = counts + charge
        if detector.full_well_e is not None:
            collected, full = bleed(collected, detector.full_well_e)
        counts = collected.astype(np.float32)
    counts += detector.read_noise_e * rng.standard_normal(level.shape, dtype=np.float32)
    err = np.sqrt(np.maximum(counts, 0.0) + np.float32(detector.read_noise_e**2))
    scale = np.float32(1.0 / to_electrons)
    return counts * scale, err * scale, full


def _spoil_bad(
    sci: NDArray[np.float32],
    dq: NDArray[np.int16],
    detector: Detector,
    rng: np.random.Generator,
) -> None:
    """Bad pixels, which the defects have flagged."""
    bad = (dq & DQ_BAD) > 0
    sci[bad] = rng.normal(0.0, detector.sky_range[1], int(bad.sum())).astype(np.float32)


def _spoil(
    sci: NDArray[np.float32],
    dq: NDArray[np.int16],
    detector: Detector,
    rng: np.random.Generator,
) -> None:
    """A few cosmic rays, all of them flagged."""
    if detector.is_rate:
        # Up-the-ramp fitting has removed the hit and left only the flag.
        hits = rng.random(sci.shape, dtype=np.float32) < _RAMP_HITS_PER_PIX
        dq[hits] |= DQ_COSMIC_RAY
        return
    for y, x in _cosmic_ray_tracks(sci.shape, rng):
        sci[y, x] += rng.exponential(600.0, len(x)).astype(np.float32)
        dq[y, x] |= DQ_COSMIC_RAY


def _cosmic_ray_tracks(
    shape: tuple[int, ...], rng: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows and columns of each straight track."""
    ny, nx = shape
    tracks = []
    for _ in range(int(rng.poisson(_COSMIC_RAYS_PER_PIX * ny * nx))):
        steps = np.arange(int(rng.integers(1, 7)))
        angle = rng.uniform(0, 2 * np.pi)
        y = np.rint(rng.uniform(0, ny) + steps * np.sin(angle)).astype(np.int64)
        x = np.rint(rng.uniform(0, nx) + steps * np.cos(angle)).astype(np.int64)
        inside = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
        tracks.append((y[inside], x[inside]))
    return tracks
