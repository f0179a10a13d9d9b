"""Level of two chips in the sky that they share.

The footprint of one chip is drawn into the pixels of the other. The way from the sky to
the pixels is a polynomial that is fitted once for each chip: unlike the inverse of a
distortion it always answers, also for corners of the other chip that lie far outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.domain.outline import grid_pix
from skydb.domain.overlap import ChipKey, Level, MeasuredChip
from skydb.domain.vocabulary import SkyUnit
from skydb.errors import UsageError
from skydb.sky.footprint import chip_polygon
from skydb.sky.geometry import centre_of, tangent_plane
from skydb.sky.levels import SkyStatistic

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: A side of a UVIS chip bulges by 30 pixels; cut into so many parts, by half a pixel.
_POINTS_PER_SIDE = 8
#: Distortion of the cameras of HST is given to the fourth or fifth order.
_DEGREE = 5
_FIT_POINTS_PER_SIDE = 17


@dataclass(frozen=True, eq=False)
class ChipFrame:
    """Relation of the sky to the pixels of one chip.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        With ``pixel_shape`` (NAXIS1, NAXIS2), distortion included.
    """

    wcs: WCS

    @cached_property
    def naxis_pix(self) -> tuple[int, int]:
        """(NAXIS1, NAXIS2).

        Raises
        ------
        UsageError
            When the WCS does not know the size of its image.
        """
        if not self.wcs.pixel_shape:
            raise UsageError("An overlap needs a WCS that knows the size of its image.")
        nx, ny = self.wcs.pixel_shape
        return int(nx), int(ny)

    @cached_property
    def outline_deg(self) -> NDArray[np.float64]:
        """ICRS vertices (N, 2) of the distorted outline."""
        return chip_polygon(self.wcs, _POINTS_PER_SIDE)

    def pixels_of(self, radec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """FITS pixels (N, 2) of positions (N, 2); rough beyond the chip, exact on it."""
        terms = _terms(tangent_plane(radec_deg, self._centre) / self._reach)
        return np.asarray(terms @ self._coefficients)

    def inside(self, outline_deg: NDArray[np.float64]) -> tuple[slice, slice, NDArray[np.bool_]]:
        """Find the chip's pixels with their centre inside an outline on the sky.

        Returns
        -------
        rows, columns : slice
            Bounding box.
        mask : ndarray of bool
            The pixels of that box.
        """
        nx, ny = self.naxis_pix
        return pixels_inside(self.pixels_of(outline_deg), (ny, nx))

    @cached_property
    def _centre(self) -> NDArray[np.float64]:
        return centre_of(self.outline_deg)

    @cached_property
    def _reach(self) -> float:
        return float(np.abs(tangent_plane(self.outline_deg, self._centre)).max())

    @cached_property
    def _coefficients(self) -> NDArray[np.float64]:
        pixels = grid_pix(self.naxis_pix, _FIT_POINTS_PER_SIDE)
        sky = np.asarray(self.wcs.all_pix2world(pixels, 1))
        terms = _terms(tangent_plane(sky, self._centre) / self._reach)
        return np.asarray(np.linalg.lstsq(terms, pixels, rcond=None)[0])


@dataclass(frozen=True, eq=False)
class ChipImage:
    """One chip: pixels, which of them are good, and where they point.

    Parameters
    ----------
    key : ChipKey
        Rootname and EXTVER.
    science : ndarray, shape (ny, nx)
        The image, in ``unit``.
    good : ndarray of bool, shape (ny, nx)
        As :meth:`SkyStatistic.good_pixels` says.
    frame : ChipFrame
        Where it lies.
    unit : SkyUnit or None
        Unit of the image.
    brightness_per_unit : float
        From that to a surface brightness, per second and per square arcsecond.
    """

    key: ChipKey
    science: NDArray[np.float32]
    good: NDArray[np.bool_]
    frame: ChipFrame
    unit: SkyUnit | None = None
    brightness_per_unit: float = 1.0

    def measure(self, statistic: SkyStatistic) -> MeasuredChip:
        """Level of the whole chip, and the mean of the same pixels."""
        level, mean = statistic.level_and_mean(self.science[self.good])
        return MeasuredChip(*self.key, level, self.unit, self.brightness_per_unit, mean)

    def level_within(
        self, outline_deg: NDArray[np.float64], statistic: SkyStatistic
    ) -> Level | None:
        """Level of the part that an outline on the sky encloses."""
        rows, columns, mask = self.frame.inside(outline_deg)
        mask &= self.good[rows, columns]
        return statistic.level(self.science[rows, columns][mask])


def brightness_per_unit(
    *, pixel_scale_arcsec: float, exptime_s: float | None, is_rate: bool
) -> float:
    """Convert a pixel's value to a surface brightness, as skypac does it.

    Parameters
    ----------
    pixel_scale_arcsec : float
        IDCSCALE: the nominal scale of the undistorted pixel, since flat fields make
        surface brightness uniform and not flux.
    exptime_s : float or None
        Exposure time; without a positive one counts stay counts.
    is_rate : bool
        Whether the image is per second already.

    Raises
    ------
    UsageError
        When the scale is not positive.
    """
    if not pixel_scale_arcsec > 0:
        raise UsageError(f"A pixel scale of {pixel_scale_arcsec} arcsec is not valid.")
    time_s = exptime_s if exptime_s and exptime_s > 0 and not is_rate else 1.0
    return 1.0 / (pixel_scale_arcsec**2 * time_s)


def pixels_inside(
    polygon_pix: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[slice, slice, NDArray[np.bool_]]:
    """Pixels of an image with their centre inside of a polygon, by the even-odd rule.

    Along every row the parity changes where an edge is crossed, so that one comparison for
    each crossing, of which a convex outline has two, fills any polygon, hollow ones included.

    Parameters
    ----------
    polygon_pix : ndarray, shape (N, 2)
        Vertices as FITS pixels (x, y), not closed.
    shape : tuple of int
        (ny, nx).

    Returns
    -------
    rows, columns : slice
        Bounding box within the image; empty when they are apart.
    mask : ndarray of bool
        The pixels of that box.
    """
    vertices = polygon_pix - 1.0
    rows, columns = (_span(vertices[:, axis], shape[1 - axis]) for axis in (1, 0))
    number = np.arange(columns.start, columns.stop, dtype=np.int32)
    mask = np.zeros((rows.stop - rows.start, number.size), dtype=bool)
    if mask.size:
        for crossing in _crossings(vertices, rows, columns).T:
            mask ^= number >= crossing[:, np.newaxis]
    return rows, columns, mask


def _span(values: NDArray[np.float64], size: int) -> slice:
    """Whole numbers between the ends of a coordinate, within an image."""
    start = min(max(int(np.ceil(values.min())), 0), size)
    return slice(start, max(start, min(int(np.floor(values.max())) + 1, size)))


def _crossings(vertices: NDArray[np.float64], rows: slice, columns: slice) -> NDArray[np.int32]:
    """First pixel to the right of every crossed edge, (rows, most crossings of a row).

    Rows with fewer crossings are filled up with a pixel that does not exist.
    """
    following = np.roll(vertices, -1, axis=0)
    upward = (vertices[:, 1] <= following[:, 1])[:, np.newaxis]
    low, high = np.where(upward, vertices, following), np.where(upward, following, vertices)
    first = np.maximum(np.ceil(low[:, 1]), rows.start).astype(int)
    length = np.maximum(np.minimum(np.ceil(high[:, 1]), rows.stop).astype(int) - first, 0)
    edge = np.repeat(np.arange(len(vertices)), length)
    row = np.arange(edge.size) - np.repeat(np.cumsum(length) - length - first, length)
    slope = (high[edge, 0] - low[edge, 0]) / (high[edge, 1] - low[edge, 1])
    x = np.ceil(low[edge, 0] + (row - low[edge, 1]) * slope)
    return _by_row(row - rows.start, np.clip(x, columns.start, columns.stop), rows, columns.stop)


def _by_row(
    row: NDArray[np.intp], column: NDArray[np.float64], rows: slice, beyond: int
) -> NDArray[np.int32]:
    """Columns side by side in their rows."""
    order = np.argsort(row, kind="stable")
    row, column = row[order], column[order]
    counts = np.bincount(row, minlength=rows.stop - rows.start)
    place = np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((counts.size, int(counts.max(initial=0))), beyond, dtype=np.int32)
    table[row, place] = column
    return table


def _terms(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Monomials of two coordinates up to the degree of the fit, (N, terms)."""
    x, y = plane[:, 0], plane[:, 1]
    powers = [(i, n - i) for n in range(_DEGREE + 1) for i in range(n + 1)]
    return np.column_stack([x**i * y**j for i, j in powers])
