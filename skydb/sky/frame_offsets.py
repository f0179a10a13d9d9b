"""Offset of two exposures on the sky, from the sources that both have.

Every source of one votes with every near source of the other for the offset between them.
True pairs vote for one offset and all others for any, so that cosmic rays, hot pixels and
sources that only one exposure has do not matter. Offsets are of the second exposure from the
first: where its WCS puts a source, minus where the WCS of the first puts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.domain.signal import flagged
from skydb.sky.geometry import MAS_PER_RADIAN, centre_of, tangent_plane
from skydb.sky.sources import find_sources

if TYPE_CHECKING:
    from astropy.wcs import WCS

Floats = NDArray[np.float64]

#: Neighbours that lie further apart are on different frames, in pixels.
LARGEST_OFFSET_PIX = 0.3
#: With fewer matches a pair is not used.
LEAST_MATCHES = 6

#: Offsets that are looked for: guide stars are off by an arcsecond or two at most.
_RADIUS_MAS = 3000.0
#: Flags by which a pixel is still part of an image: full well, blob, charge trap, saturation.
_HARMLESS = 256 | 512 | 1024 | 2048
_SIGMA = 5.0
_MOST_SOURCES = 3000
_LEAST_SIDE = 0.05
#: Both see a source equally bright, to this factor.
_FLUX_FACTOR = 1.6
#: A source that keeps its pixel so well is a mark of the detector.
_STILL_PIX = 0.5
_PEAK_PIX = 1.5
_SIGNIFICANCE = 6.0
_ROUNDS = 4
_MAD_TO_SIGMA = 1.4826
#: A median of n values is so much noisier than their mean, for Gaussian noise.
_MEDIAN_NOISE = 1.2533


@dataclass(frozen=True, eq=False)
class Detections:
    """Sources of one exposure.

    Parameters
    ----------
    radec_deg : ndarray, shape (N, 2)
        ICRS positions by the exposure's WCS.
    xy_pix : ndarray, shape (N, 2)
        Positions on the chip.
    extver : ndarray of int, shape (N,)
        The chip.
    flux : ndarray, shape (N,)
        Per second.
    mas_per_pix : ndarray, shape (2, 2)
        Steps to the east and north (rows) for a pixel along x and y (columns).
    """

    radec_deg: Floats
    xy_pix: Floats
    extver: NDArray[np.intp]
    flux: Floats
    mas_per_pix: Floats

    def __len__(self) -> int:
        """Return the number of sources."""
        return len(self.flux)

    @classmethod
    def joined(cls, chips: Sequence[Detections]) -> Detections:
        """Join the sources of all chips of one exposure; pixels are those of the first."""
        return cls(
            radec_deg=np.concatenate([chip.radec_deg for chip in chips]),
            xy_pix=np.concatenate([chip.xy_pix for chip in chips]),
            extver=np.concatenate([chip.extver for chip in chips]),
            flux=np.concatenate([chip.flux for chip in chips]),
            mas_per_pix=chips[0].mas_per_pix,
        )


@dataclass(frozen=True, slots=True)
class FrameOffset:
    """Offset of one exposure from another one.

    Parameters
    ----------
    first, second : str
        Rootnames.
    dx_pix, dy_pix : float
        In pixels of the first exposure.
    east_mas, north_mas : float
        The same on the sky.
    sigma_pix : float
        Uncertainty of the median, along the noisier axis.
    matches : int
        Sources that both have.
    """

    first: str
    second: str
    dx_pix: float
    dy_pix: float
    east_mas: float
    north_mas: float
    sigma_pix: float
    matches: int

    @property
    def size_pix(self) -> float:
        """Length of the offset."""
        return float(np.hypot(self.dx_pix, self.dy_pix))

    @property
    def disagrees(self) -> bool:
        """Whether the two are significantly on different frames."""
        return self.size_pix > max(LARGEST_OFFSET_PIX, 3 * self.sigma_pix)


def detect(
    science: NDArray[np.floating],
    quality: NDArray[np.integer[Any]] | None,
    wcs: WCS,
    *,
    extver: int = 1,
    exptime_s: float = 1.0,
) -> Detections:
    """Sources of one chip, on the sky.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        The image.
    quality : ndarray of int, shape (ny, nx), optional
        DQ flags. Flagged pixels are filled from those around them, and no source is taken
        of which one is part of the core.
    wcs : astropy.wcs.WCS
        With distortion.
    extver : int
        The chip.
    exptime_s : float
        What the image is divided by to be per second.
    """
    bad = ~np.isfinite(science)
    if quality is not None:
        bad |= flagged(quality, _HARMLESS)
    image = _filled(science, bad)
    found = find_sources(
        image, np.isfinite(image), sigma=_SIGMA, most=_MOST_SOURCES, least_side=_LEAST_SIDE
    )
    xy, flux = _sound(found.xy_pix, found.flux, bad)
    radec = np.asarray(wcs.all_pix2world(xy, 1)) if len(xy) else np.empty((0, 2))
    chip = np.full(len(xy), extver)
    return Detections(radec, xy, chip, flux / exptime_s, _mas_per_pix(wcs, science.shape))


def offset_between(
    first: Detections, second: Detections, names: tuple[str, str] = ("", "")
) -> FrameOffset | None:
    """Offset of the second exposure from the first; None when too little is seen in both.

    Parameters
    ----------
    first, second : Detections
    names : tuple of str
        Their rootnames.
    """
    if min(len(first), len(second)) < LEAST_MATCHES:
        return None
    to_pix: Floats = np.asarray(np.linalg.inv(first.mas_per_pix), dtype=np.float64)
    pairs, steps = _votes(first, second, to_pix)
    peak = _peak(steps, _radius_pix(to_pix))
    offset = None if peak is None else _refined(pairs, steps, peak)
    if offset is None:
        return None
    middle, sigma_pix, matches = offset
    east, north = first.mas_per_pix @ middle
    dx, dy = middle
    return FrameOffset(*names, float(dx), float(dy), float(east), float(north), sigma_pix, matches)


def _filled(science: NDArray[np.floating], bad: NDArray[np.bool_]) -> Floats:
    """The image with bad pixels at the median of the good ones next to them."""
    image = np.array(science, dtype=float)
    image[bad] = np.nan
    rows, columns = np.nonzero(bad)
    reach = np.arange(-2, 3)
    dy, dx = (step.ravel() for step in np.meshgrid(reach, reach, indexing="ij"))
    y = np.clip(rows[:, np.newaxis] + dy, 0, image.shape[0] - 1)
    x = np.clip(columns[:, np.newaxis] + dx, 0, image.shape[1] - 1)
    around = image[y, x]
    seen = np.isfinite(around).any(axis=1)
    image[rows[seen], columns[seen]] = np.nanmedian(around[seen], axis=1)
    # Pixels deep in a hole are not part of the image.
    return image


def _sound(xy: Floats, flux: Floats, bad: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Sources without a bad pixel in the three by three in their middle."""
    reach = np.arange(-1, 2)
    columns, rows = np.rint(xy - 1).astype(int).T
    cores = bad[
        (rows[:, np.newaxis] + reach)[:, :, np.newaxis],
        (columns[:, np.newaxis] + reach)[:, np.newaxis],
    ]
    good = ~cores.any(axis=(1, 2))
    return xy[good], flux[good]


def _mas_per_pix(wcs: WCS, shape: tuple[int, ...]) -> Floats:
    """Steps on the sky for one pixel, in the middle of a chip."""
    middle = np.array([(shape[1] + 1) / 2, (shape[0] + 1) / 2])
    sky = np.asarray(wcs.all_pix2world(middle + np.array([[0, 0], [1, 0], [0, 1]]), 1))
    plane = tangent_plane(sky, centre_of(sky[:1])) * MAS_PER_RADIAN
    return np.column_stack((plane[1] - plane[0], plane[2] - plane[0]))


def _radius_pix(to_pix: Floats) -> float:
    return float(_RADIUS_MAS * np.sqrt(abs(np.linalg.det(to_pix))))


def _votes(
    first: Detections, second: Detections, to_pix: Floats
) -> tuple[NDArray[np.intp], Floats]:
    """Pairs of sources (K, 2) that may be the same one, and their steps (K, 2) in pixels."""
    from scipy.spatial import cKDTree

    centre = centre_of(np.vstack((first.radec_deg, second.radec_deg)))
    places = [
        tangent_plane(one.radec_deg, centre) * MAS_PER_RADIAN @ to_pix.T for one in (first, second)
    ]
    near = cKDTree(places[0]).sparse_distance_matrix(
        cKDTree(places[1]), _radius_pix(to_pix), output_type="ndarray"
    )
    i, j = near["i"], near["j"]
    steps = places[1][j] - places[0][i]
    alike = np.abs(np.log(second.flux[j] / first.flux[i])) < np.log(_FLUX_FACTOR)
    # Marks of the detector stay where they are while the sky goes on: they vote for the dither.
    still = (first.extver[i] == second.extver[j]) & (
        np.linalg.norm(second.xy_pix[j] - first.xy_pix[i], axis=1) < _STILL_PIX
    )
    moved = np.linalg.norm(steps, axis=1) > LARGEST_OFFSET_PIX
    taken = alike & ~(still & moved)
    return np.column_stack((i, j))[taken], steps[taken]


def _peak(steps: Floats, radius_pix: float) -> Floats | None:
    """The offset that most pairs vote for; None when chance would give as many votes."""
    from scipy.ndimage import gaussian_filter

    half = int(np.ceil(radius_pix)) + 1
    edges = np.arange(-half, half + 1) - 0.5
    votes = np.histogram2d(steps[:, 0], steps[:, 1], bins=(edges, edges))[0]
    # Smoothed with a peak: the sum over a box is the same for all boxes that hold a bin.
    blurred = gaussian_filter(votes, 0.7, mode="constant")
    row, column = np.unravel_index(int(np.argmax(blurred)), blurred.shape)
    count = votes[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].sum()
    by_chance = 9 * len(steps) / (np.pi * radius_pix**2)
    if count < max(LEAST_MATCHES, by_chance + _SIGNIFICANCE * np.sqrt(by_chance)):
        return None
    return np.array([edges[row] + 0.5, edges[column] + 0.5])


def _refined(
    pairs: NDArray[np.intp], steps: Floats, peak: Floats
) -> tuple[Floats, float, int] | None:
    """Median step, its uncertainty and the number of matches near a peak."""
    middle, reach = peak, _PEAK_PIX
    for _ in range(_ROUNDS):
        kept = steps[_mutual(pairs, np.linalg.norm(steps - middle, axis=1), reach)]
        if len(kept) < LEAST_MATCHES:
            return None
        middle = np.median(kept, axis=0)
        noise = _MAD_TO_SIGMA * np.median(np.abs(kept - middle), axis=0)
        reach = float(np.clip(4 * noise.max(), 0.2, _PEAK_PIX))
    sigma = _MEDIAN_NOISE * float(noise.max()) / np.sqrt(len(kept))
    return middle, float(sigma), len(kept)


def _mutual(pairs: NDArray[np.intp], distances: Floats, reach: float) -> NDArray[np.intp]:
    """Pairs within reach in which each source is the best of the other; one for each source."""
    near = np.nonzero(distances < reach)[0]
    near = near[np.argsort(distances[near], kind="stable")]
    for side in (0, 1):
        near = near[np.sort(np.unique(pairs[near, side], return_index=True)[1])]
    return near
