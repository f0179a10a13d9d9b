"""Coverage of an image by a catalogue: sources on the image, and the share without sources.

A position is put on the image by the WCS of the image, and only when it is near, so that
neither RA 0 nor a pole is special.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import MAS_PER_RADIAN, centre_of, separations_mas, tangent_plane
from skydb.sky.skypixels import pixels_of_sky

if TYPE_CHECKING:
    from astropy.wcs import WCS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Sources within this many diagonals from the middle of the image define the catalogue's edge.
_NEAR_DIAGONALS = 3.0
#: Directions in which the end of a catalogue is looked for.
_DIRECTIONS = 48
#: A smaller bare part of an image is not reported.
_LEAST_BARE = 0.1
#: Probability of a bare part by chance, in one direction.
_CHANCE = 1e-6
#: Exposed pixels that are looked at.
_SAMPLE = 5000


@dataclass(frozen=True)
class Coverage:
    """Sources of a catalogue on an image.

    Parameters
    ----------
    on_it : int
        Sources on its exposed pixels, or within the margin of one.
    sources : int
        All sources.
    share : float
        Share of the exposed area up to which the catalogue reaches; 1 when no edge of the
        catalogue is on the image.
    """

    on_it: int
    sources: int
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class ImageArea:
    """The exposed pixels of an image on the sky.

    Parameters
    ----------
    exposed : ndarray of bool, shape (ny, nx)
        Which of its pixels were exposed.
    wcs : astropy.wcs.WCS
        Its WCS.
    """

    exposed: Flags
    wcs: WCS

    @property
    def scale_deg(self) -> float:
        """Size of a pixel."""
        return float(np.sqrt(abs(np.linalg.det(self.wcs.pixel_scale_matrix))))

    def pixels_of(self, radec_deg: Floats) -> Floats:
        """Pixels from 0 of positions, shape (N, 2); NaN for what is far from the image."""
        ny, nx = self.exposed.shape
        middle = np.asarray(self.wcs.all_pix2world([[nx / 2, ny / 2]], 1))
        reach_deg = min(_NEAR_DIAGONALS * float(np.hypot(nx, ny)) * self.scale_deg, 60.0)
        apart = separations_mas(radec_deg, np.broadcast_to(middle, radec_deg.shape)) / 3.6e6
        pixels = np.full(radec_deg.shape, np.nan)
        near = apart < reach_deg
        if near.any():
            pixels[near] = pixels_of_sky(self.wcs, radec_deg[near], 0)
        return pixels

    def sample(self) -> Floats:
        """Pixels from 0, (x, y), spread evenly over the exposed area, shape (M, 2)."""
        y, x = np.nonzero(self.exposed)
        step = max(1, len(x) // _SAMPLE)
        return np.column_stack((x[::step], y[::step])).astype(float)

    def sky_of_sample(self) -> Floats:
        """Positions of :meth:`sample`, ICRS degrees."""
        return np.asarray(self.wcs.all_pix2world(self.sample(), 0)).reshape(-1, 2)

    def holds(self, pixels: Floats, margin_pix: float) -> Flags:
        """Whether pixels (N, 2) are exposed, or have one that is within a margin along x and y."""
        ny, nx = self.exposed.shape
        reach = int(np.ceil(margin_pix))
        held = np.zeros(len(pixels), dtype=bool)
        with np.errstate(invalid="ignore"):
            inside = (
                (pixels > -reach - 0.5) & (pixels < (nx + reach - 0.5, ny + reach - 0.5))
            ).all(1)
        for index in np.flatnonzero(inside):
            x, y = np.rint(pixels[index]).astype(int)
            window = self.exposed[
                max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1
            ]
            held[index] = bool(window.any())
        return held


def coverage(area: ImageArea, radec_deg: Floats, margin_arcsec: float) -> Coverage:
    """Measure how much of an image a catalogue covers, by its sources alone.

    The catalogue ends on the image when, in some direction, none of the sources in the
    neighbourhood lies beyond a line that cuts off a good part of the image, and chance does
    not explain it for the number of sources on the rest. A hole between sources is not an edge.

    Parameters
    ----------
    area : ImageArea
        The image.
    radec_deg : ndarray, shape (N, 2)
        Sources of the catalogue.
    margin_arcsec : float
        How far from the exposed pixels a source counts as on them: the pointing may be off
        by as much.
    """
    pixels = area.pixels_of(radec_deg)
    on_it = int(area.holds(pixels, margin_arcsec / 3600.0 / area.scale_deg).sum())
    near = pixels[np.isfinite(pixels).all(axis=1)]
    share = 1.0 - _bare_share(area.sample(), near, on_it) if on_it else 0.0
    return Coverage(on_it, len(radec_deg), share)


def coverage_of_chips(
    areas: Sequence[ImageArea], radec_deg: Floats, margin_arcsec: float
) -> Coverage:
    """Measure how much of all chips of an exposure a catalogue covers.

    Parameters
    ----------
    areas : sequence of ImageArea
        The chips.
    radec_deg, margin_arcsec
        As of :func:`coverage`.
    """
    if len(areas) == 1:
        return coverage(areas[0], radec_deg, margin_arcsec)
    on_it, near = np.zeros(len(radec_deg), dtype=bool), np.zeros(len(radec_deg), dtype=bool)
    for area in areas:
        pixels = area.pixels_of(radec_deg)
        on_it |= area.holds(pixels, margin_arcsec / 3600.0 / area.scale_deg)
        near |= np.isfinite(pixels).all(axis=1)
    count = int(on_it.sum())
    if not count:
        return Coverage(0, len(radec_deg), 0.0)
    exposed = np.vstack([area.sky_of_sample() for area in areas])
    centre = centre_of(exposed)
    bare = _bare_share(
        tangent_plane(exposed, centre), tangent_plane(radec_deg[near], centre), count
    )
    return Coverage(count, len(radec_deg), 1.0 - bare)


def _bare_share(exposed: Floats, near: Floats, on_it: int) -> float:
    """Largest share of the exposed pixels beyond all sources in some direction; 0 by chance."""
    angles = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    directions = np.column_stack((np.cos(angles), np.sin(angles)))
    ends = (near @ directions.T).max(axis=0)
    bare = float(((exposed @ directions.T) > ends).mean(axis=0).max())
    by_chance = (1.0 - bare) ** on_it > _CHANCE
    return 0.0 if bare < _LEAST_BARE or by_chance else bare


def share_in_circle(
    areas: ImageArea | Sequence[ImageArea], ra_deg: float, dec_deg: float, radius_deg: float
) -> float:
    """Share of the exposed area of an image, or of all chips, within a circle on the sky."""
    chips = [areas] if isinstance(areas, ImageArea) else areas
    positions = np.vstack([chip.sky_of_sample() for chip in chips])
    if not len(positions):
        return 0.0
    centre = np.broadcast_to(np.array([[ra_deg, dec_deg]]), positions.shape)
    radius_mas = np.radians(radius_deg) * MAS_PER_RADIAN
    return float((separations_mas(positions, centre) <= radius_mas).mean())
