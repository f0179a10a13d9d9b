"""Displacement of the pixels of an image on the sky when its WCS changed.

This measures the action of a tool: the position of each pixel before and after, instead of
the tool's report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.domain.outline import grid_pix
from skydb.errors import UsageError
from skydb.sky.geometry import MAS_PER_RADIAN, centre_of, separations_mas, tangent_plane

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: Positions (N, 2) in degrees of the same pixel grid over each chip, by EXTVER.
SkyGrid = dict[int, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Displacement:
    """Movement of an image on the sky.

    Parameters
    ----------
    median_mas, max_mas : float
        Separations of the grid's points before and after.
    east_mas, north_mas : float
        Mean shift, positive when the image moved to larger RA and Dec, in the tangent
        plane (east is a true angle, with cos Dec).
    rotation_deg : float
        Positive when position angles grew: from north through east.
    scale : float
        Size after over size before.
    """

    median_mas: float
    max_mas: float
    east_mas: float
    north_mas: float
    rotation_deg: float
    scale: float


def displacement(
    before: Mapping[int, WCS], after: Mapping[int, WCS], points_per_side: int = 9
) -> Displacement:
    """Movement of all chips from one set of WCS to another.

    Parameters
    ----------
    before, after : mapping of int to astropy.wcs.WCS
        WCS with ``pixel_shape`` by EXTVER.
    points_per_side : int
        The grid of each chip has the square of it points.

    Raises
    ------
    UsageError
        When the two do not have the same chips.
    """
    return displacement_of_grids(
        sky_grid(before, points_per_side), sky_grid(after, points_per_side)
    )


def sky_grid(chips: Mapping[int, WCS], points_per_side: int = 9) -> SkyGrid:
    """Compute the sky positions of an even pixel grid over every chip.

    Raises
    ------
    UsageError
        When a WCS does not know the size of its image, or the grid has no second point.
    """
    if points_per_side < 2:
        raise UsageError("A grid needs at least 2 points a side.")
    return {
        extver: np.asarray(wcs.all_pix2world(_grid(wcs, extver, points_per_side), 1))
        for extver, wcs in chips.items()
    }


def displacement_of_grids(
    before: Mapping[int, NDArray[np.float64]], after: Mapping[int, NDArray[np.float64]]
) -> Displacement:
    """Movement of points that are known by their positions before and after.

    Rotation and scale are those of the linear map that fits best in the tangent plane of
    the middle of the positions before.

    Raises
    ------
    UsageError
        When the two do not have the same chips and points.
    """
    first, second = _matched(before, after)
    moved = separations_mas(first, second)
    centre = centre_of(first)
    old, new = tangent_plane(first, centre), tangent_plane(second, centre)
    east, north = (new - old).mean(axis=0) * MAS_PER_RADIAN
    rotation_deg, scale = _rotation_and_scale(old, new)
    return Displacement(
        median_mas=float(np.median(moved)),
        max_mas=float(moved.max()),
        east_mas=float(east),
        north_mas=float(north),
        rotation_deg=rotation_deg,
        scale=scale,
    )


def predicted(
    before: Mapping[int, WCS], old_drz: WCS, new_drz: WCS, points_per_side: int = 9
) -> SkyGrid:
    """Predict the pixel positions of an exposure after its drizzled product has moved.

    Every pixel is followed to the sky by the exposure's WCS, to a pixel of the drizzled
    product by the product's old WCS, and back to the sky by its new one.

    Parameters
    ----------
    before : mapping of int to astropy.wcs.WCS
        WCS of the exposure's chips, by EXTVER, as they were when it was drizzled.
    old_drz, new_drz : astropy.wcs.WCS
        WCS of the product before and after the fit was applied to it.

    Returns
    -------
    dict of int to ndarray
        Positions as :func:`sky_grid` gives them.
    """
    return {
        extver: np.asarray(new_drz.all_pix2world(_drizzled_pix(old_drz, radec), 1))
        for extver, radec in sky_grid(before, points_per_side).items()
    }


def residual_mas(expected: Mapping[int, NDArray[np.float64]], after: Mapping[int, WCS]) -> float:
    """Largest separation between where pixels should point and where they do.

    Parameters
    ----------
    expected : mapping of int to ndarray
        What :func:`predicted` gave.
    after : mapping of int to astropy.wcs.WCS
        WCS of the exposure's chips as they are now.

    Raises
    ------
    UsageError
        When the two do not have the same chips.
    """
    sizes = {len(radec) for radec in expected.values()}
    if len(sizes) != 1:
        raise UsageError("A predicted grid has the same number of points on every chip.")
    return displacement_of_grids(expected, sky_grid(after, round(sizes.pop() ** 0.5))).max_mas


def _grid(wcs: WCS, extver: int, points_per_side: int) -> NDArray[np.float64]:
    if not wcs.pixel_shape:
        raise UsageError(f"The WCS of SCI,{extver} does not know the size of its image.")
    nx, ny = wcs.pixel_shape
    return grid_pix((int(nx), int(ny)), points_per_side)


def _drizzled_pix(wcs: WCS, radec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of positions; a rectified product has no distortion to be inverted."""
    if wcs.has_distortion:
        return np.asarray(wcs.all_world2pix(radec_deg, 1, tolerance=1e-8))
    return np.asarray(wcs.wcs_world2pix(radec_deg, 1))


def _matched(
    before: Mapping[int, NDArray[np.float64]], after: Mapping[int, NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not before or before.keys() != after.keys():
        chips = f"{sorted(before)} and {sorted(after)}"
        raise UsageError(f"A displacement needs the same chips before and after, not {chips}.")
    if any(before[chip].shape != after[chip].shape for chip in before):
        raise UsageError("A displacement needs the same grid before and after.")
    order = sorted(before)
    return np.vstack([before[c] for c in order]), np.vstack([after[c] for c in order])


def _rotation_and_scale(old: NDArray[np.float64], new: NDArray[np.float64]) -> tuple[float, float]:
    """Least-squares linear map of two sets of plane points, as rotation and scale."""
    x, y = old - old.mean(axis=0), new - new.mean(axis=0)
    solution, *_ = np.linalg.lstsq(x, y, rcond=None)
    (ee, en), (ne, nn) = solution  # rows: old east, old north; columns: new east, new north
    rotation = np.arctan2(ne - en, ee + nn)
    return float(np.degrees(rotation)), float(np.sqrt(abs(ee * nn - en * ne)))
