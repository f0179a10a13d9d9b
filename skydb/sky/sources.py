"""Bright sources of an image, found without any tool that aligned it.

Plain numpy: a background of block medians, local maxima of a smoothed image, centroids
by moments. Good to a tenth of a pixel on stars, which is all that a second opinion on
a fit needs; what matters is that it shares no step with TweakReg.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCK_PIX = 48
_SMOOTHING_PIX = 1.0
_HALF_WINDOW_PIX = 3
_ROUNDS = 4
_MAD_TO_SIGMA = 1.4826
_LEAST_NEIGHBOUR = 0.15


@dataclass(frozen=True)
class Sources:
    """Sources of one image, the brightest first.

    Parameters
    ----------
    xy_pix : ndarray, shape (N, 2)
        Positions, counted from 1 as FITS does.
    flux : ndarray, shape (N,)
        Sum above the background in the window of the centroid, in the unit of the image.
    """

    xy_pix: Floats
    flux: Floats

    def __len__(self) -> int:
        """Return the number of sources."""
        return len(self.flux)


def find_sources(
    image: NDArray[np.floating],
    valid: NDArray[np.bool_],
    *,
    sigma: float = 10.0,
    most: int = 2000,
    least_side: float | None = None,
) -> Sources:
    """Find bright point-like sources.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Science image.
    valid : ndarray of bool, shape (ny, nx)
        Pixels that were exposed.
    sigma : float
        Height of a peak of the smoothed image over its noise.
    most : int
        How many, the brightest first.
    least_side : float, optional
        Height over that of the peak that each of its four neighbours must have: an image
        of a point falls off on all sides, a cosmic ray has a steep one.

    Returns
    -------
    Sources
        Possibly none.
    """
    good = valid & np.isfinite(image)
    if not good.any():
        return Sources(np.empty((0, 2)), np.empty(0))
    level, noise = background(np.where(good, image, np.nan))
    above = np.where(good, image - level, 0.0)
    rows, columns = _peaks(above, noise, good, sigma)
    if not len(rows):
        return Sources(np.empty((0, 2)), np.empty(0))
    x, y, flux, sound = _centroids(above, rows, columns, least_side)
    order = np.argsort(-flux[sound])[:most]
    return Sources(np.column_stack((x, y))[sound][order] + 1.0, flux[sound][order])


def background(image: Floats) -> tuple[Floats, Floats]:
    """Level and noise of every pixel of an image, by medians of blocks; NaN is no pixel."""
    ny, nx = image.shape
    rows, columns = (-(-n // _BLOCK_PIX) for n in (ny, nx))
    padding = ((0, rows * _BLOCK_PIX - ny), (0, columns * _BLOCK_PIX - nx))
    padded = np.pad(image, padding, constant_values=np.nan)
    shape = (rows, _BLOCK_PIX, columns, _BLOCK_PIX)
    blocks = padded.reshape(shape).swapaxes(1, 2).reshape(rows, columns, -1)
    level = _median(blocks)
    noise = _MAD_TO_SIGMA * _median(np.abs(blocks - level[..., np.newaxis]))
    return _spread(level, ny, nx), _spread(noise, ny, nx)


def _median(blocks: Floats) -> Floats:
    """Median of each block; that of all blocks where one has no pixel."""
    empty = np.asarray(~np.isfinite(blocks).any(axis=-1))
    # As nanmedian, which takes blocks of this size one by one: NaN is sorted to the end.
    ordered = np.where(empty[..., np.newaxis], 0.0, blocks)
    ordered.sort(axis=-1)
    count = ordered.shape[-1] - np.isnan(ordered).sum(axis=-1)
    low, high = (
        np.take_along_axis(ordered, place[..., np.newaxis], axis=-1)[..., 0]
        for place in ((count - 1) // 2, count // 2)
    )
    medians = np.where(count % 2, low, (low + high) / 2)
    medians[empty] = np.median(medians[~empty])
    return np.asarray(medians)


def _spread(blocks: Floats, ny: int, nx: int) -> Floats:
    """Values of blocks, bilinear between their middles."""
    from scipy.ndimage import map_coordinates

    places = [(np.arange(n) + 0.5) / _BLOCK_PIX - 0.5 for n in (ny, nx)]
    grid = np.meshgrid(*places, indexing="ij")
    return np.asarray(map_coordinates(blocks, grid, order=1, mode="nearest"))


def _peaks(
    above: Floats, noise: Floats, good: NDArray[np.bool_], sigma: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of local maxima that are high enough and far enough from the edge."""
    from scipy.ndimage import binary_erosion, gaussian_filter, maximum_filter

    smooth = gaussian_filter(above, _SMOOTHING_PIX)
    # Noise of the smoothed image when that of the pixels is independent.
    floor = sigma * noise / (2.0 * np.sqrt(np.pi) * _SMOOTHING_PIX)
    inside = binary_erosion(good, iterations=2 * _HALF_WINDOW_PIX)
    size = 2 * _HALF_WINDOW_PIX + 1
    is_peak = (smooth == maximum_filter(smooth, size=size)) & (smooth > floor) & inside
    rows, columns = np.nonzero(is_peak)
    return rows, columns


def _centroids(
    above: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp], least_side: float | None
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Centroids counted from 0, fluxes, and which of them are sources and not hot pixels.

    Moments under a round window that follows the centroid, which takes their bias away.
    """
    reach = np.arange(-_HALF_WINDOW_PIX, _HALF_WINDOW_PIX + 1)
    dy, dx = (a.ravel().astype(float) for a in np.meshgrid(reach, reach, indexing="ij"))
    stamps = above[rows[:, np.newaxis] + dy.astype(int), columns[:, np.newaxis] + dx.astype(int)]
    positive = np.maximum(stamps, 0.0)
    cx, cy = np.zeros(len(rows)), np.zeros(len(rows))
    for _ in range(_ROUNDS):
        distance2 = (dx - cx[:, np.newaxis]) ** 2 + (dy - cy[:, np.newaxis]) ** 2
        weights = positive * np.exp(-distance2 / (2 * 1.5**2))
        total = np.maximum(weights.sum(axis=1), np.finfo(float).tiny)
        # Twice the step: the window itself pulls half of the way back.
        cx += 2 * ((weights * dx).sum(axis=1) / total - cx)
        cy += 2 * ((weights * dy).sum(axis=1) / total - cy)
        np.clip(cx, -1.5, 1.5, out=cx)
        np.clip(cy, -1.5, 1.5, out=cy)
    flux = stamps.sum(axis=1)
    ring = stamps[:, (np.abs(dx) + np.abs(dy)) == 1]
    peak = stamps[:, (dx == 0) & (dy == 0)][:, 0]
    sound = (flux > 0) & (ring.mean(axis=1) > _LEAST_NEIGHBOUR * peak) & (np.hypot(cx, cy) < 1.5)
    if least_side is not None:
        sound &= ring.min(axis=1) > least_side * peak
    return columns + cx, rows + cy, flux, sound
