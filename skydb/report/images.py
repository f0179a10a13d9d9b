"""Mosaics read from disk at the size of a screen, and one scaling for them all.

A mosaic of 10 000 pixels a side is block-averaged strip by strip, so that memory
holds one strip and the small picture, never the mosaic.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from skydb.errors import NotFoundError, SkydbError, UnreadableFileError, UsageError

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header, ImageHDU
    from astropy.visualization import ImageNormalize
    from astropy.wcs import WCS

#: Longest side of a displayed image in pixels.
MAX_SIDE_PIX = 900
#: Bytes of a mosaic read at a time.
STRIP_BYTES = 8 * 1024 * 1024
#: Values that the limits of a display are found from.
_SAMPLE = 200_000

_T = TypeVar("_T")
FloatImage = NDArray[np.float32]
#: Rows and columns.
Part: TypeAlias = tuple[slice, slice]


class Stretch(StrEnum):
    """Relation of brightness to the pixel value."""

    ASINH = "asinh"
    """Linear near the sky, logarithmic in the stars."""
    LINEAR = "linear"
    """Proportional."""


class Interval(StrEnum):
    """Rule for the darkest and brightest displayed values."""

    ZSCALE = "zscale"
    """IRAF's zscale, for what lies near the sky."""
    PERCENTILE = "percentile"
    """All but the outer half per cent."""


@dataclass(frozen=True, slots=True)
class DisplayImage:
    """An image at the size of a screen.

    Parameters
    ----------
    data : ndarray of float32, shape (ny, nx)
        Block averages; NaN where there is no data.
    block : int
        Pixels of the file along one side of a displayed pixel.
    shape_pix : tuple of int
        (ny, nx) of the image in the file.
    unit : str or None
        BUNIT.
    wcs : astropy.wcs.WCS or None
        Celestial WCS of the displayed pixels.
    pedestal : float
        Level that was taken off for display, in ``unit``.
    """

    data: FloatImage
    block: int
    shape_pix: tuple[int, int]
    unit: str | None = None
    wcs: WCS | None = None
    pedestal: float = 0.0

    def to_display(
        self, x_pix: NDArray[np.float64], y_pix: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions in displayed pixels (from 0) of FITS pixel positions (from 1)."""
        x, y = ((np.asarray(p, float) - 0.5) / self.block - 0.5 for p in (x_pix, y_pix))
        return x, y

    def without_pedestal(self) -> DisplayImage:
        """The same image with its median at zero, to compare structure, not level."""
        if not np.isfinite(self.data).any():
            return self
        level = float(np.nanmedian(self.data))
        return replace(self, data=self.data - np.float32(level), pedestal=self.pedestal + level)

    def masked_by(self, weight: DisplayImage) -> DisplayImage:
        """The same image with NaN where the weight has no data."""
        if weight.data.shape != self.data.shape:
            raise UsageError(
                f"A science image of {self.data.shape} has a weight image of {weight.data.shape}.",
                advice="Give the weight image of the same mosaic.",
            )
        return replace(self, data=np.where(np.isfinite(weight.data), self.data, np.float32("nan")))


@dataclass(frozen=True, slots=True)
class DisplayScale:
    """One normalisation for several images."""

    low: float
    high: float
    stretch: Stretch = Stretch.ASINH

    def normalisation(self) -> ImageNormalize:
        """The matplotlib norm of these limits and this stretch."""
        from astropy.visualization import AsinhStretch, ImageNormalize, LinearStretch

        stretch = AsinhStretch(0.1) if self.stretch is Stretch.ASINH else LinearStretch()
        # Not clipped, because a norm that clips forgets which pixels have no data; the
        # colour map ends in its first and last colour anyway.
        return ImageNormalize(vmin=self.low, vmax=self.high, stretch=stretch, clip=False)

    def ticks(self, count: int = 5) -> dict[float, str]:
        """Round values about evenly spaced along a colour bar, and their labels."""
        values = self.normalisation().inverse(np.linspace(0, 1, count))
        digits = 2 if self.stretch is Stretch.ASINH else 3
        rounded = (float(f"{value:.{digits}g}") for value in values)
        return {value: np.format_float_positional(value, trim="-") for value in rounded}


def load_science(
    path: Path,
    weight: Path | None = None,
    *,
    max_side_pix: int = MAX_SIDE_PIX,
    block: int | None = None,
) -> DisplayImage:
    """Read a science image for display, NaN where the weight is zero.

    Parameters
    ----------
    path : Path
        A mosaic: ``*_sci.fits``, or a file with SCI and WHT extensions.
    weight : Path, optional
        Its weight image; the file's own WHT extension when not given.
    max_side_pix : int, optional
        Longest side of the result.
    block : int, optional
        Side of the averaged blocks, instead of ``max_side_pix``.

    Raises
    ------
    NotFoundError
        When the file does not exist.
    UnreadableFileError
        When it is not a FITS image, or ends too early.
    UsageError
        When the weight image is not that of the science image.
    """
    weight = weight_of(path, weight)
    if weight is None:
        return _load(path, "SCI", max_side_pix, block, zero_is_empty=False)
    # AstroDrizzle fills with zero where nothing fell; averaged with sky, that zero
    # would draw a dark rim around every exposure.
    image = _load(path, "SCI", max_side_pix, block, zero_is_empty=True)
    return image.masked_by(load_weight(weight, max_side_pix=max_side_pix, block=block))


def image_frame(path: Path) -> tuple[WCS | None, tuple[int, int]]:
    """The WCS of a science image and its shape (ny, nx); raises as :func:`load_science`."""
    return _with_image(path, "SCI", lambda hdu: (_display_wcs(hdu.header, 1), hdu.shape))


def load_part(
    path: Path, name: str, part: Part, *, max_side_pix: int = MAX_SIDE_PIX, zero_is_empty: bool
) -> DisplayImage:
    """Read some rows and columns of the image ``name``; raises as :func:`load_science`."""
    block = _block_for(max(one.stop - one.start for one in part), max_side_pix)
    return _with_image(
        path, name, lambda hdu: _read(hdu, block, zero_is_empty=zero_is_empty, part=part)
    )


def load_weight(
    path: Path, *, max_side_pix: int = MAX_SIDE_PIX, block: int | None = None
) -> DisplayImage:
    """Read a weight image for display, NaN where it is zero; raises as :func:`load_science`."""
    return _load(path, "WHT", max_side_pix, block, zero_is_empty=True)


def several_chips(path: Path) -> dict[int, FloatImage]:
    """The SCI images of a file that has more than one, by EXTVER; else none.

    Raises
    ------
    UnreadableFileError
        When it is not a FITS file, or ends too early.
    """
    try:
        with _opened(path) as hdus:
            chips = [hdu for hdu in hdus if hdu.name == "SCI" and hdu.header.get("NAXIS") == 2]
            if len(chips) < 2:
                return {}
            return {hdu.ver: np.asarray(hdu.section[:, :], dtype=np.float32) for hdu in chips}
    except (OSError, TypeError, ValueError) as error:
        raise UnreadableFileError(path, f"cannot be read as a FITS image ({error})") from error


def weight_of(science: Path, weight: Path | None = None) -> Path | None:
    """The file that holds the weights of a mosaic; None when there is none."""
    if weight is not None:
        return weight
    with suppress(OSError), _opened(science) as hdus:
        return science if "WHT" in hdus else None
    return None


def common_block(paths: Sequence[Path], *, max_side_pix: int = MAX_SIDE_PIX) -> int:
    """The block that brings the largest of the mosaics down to the size of a screen."""
    sides = [max(_with_image(path, "SCI", lambda hdu: hdu.shape)) for path in paths]
    return _block_for(max(sides), max_side_pix)


def _block_for(side_pix: int, max_side_pix: int) -> int:
    if max_side_pix < 1:
        raise UsageError(f"A picture of {max_side_pix} pixels shows nothing.")
    return max(1, ceil(side_pix / max_side_pix))


def common_scale(
    images: Sequence[DisplayImage],
    *,
    interval: Interval = Interval.ZSCALE,
    stretch: Stretch = Stretch.ASINH,
) -> DisplayScale:
    """The scale that shows all of the images: from the lowest limit to the highest."""
    limits = [found for image in images if (found := _limits(image.data, interval)) is not None]
    if not limits:
        return DisplayScale(0.0, 1.0, stretch)
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    # Room above the sky for the stars: zscale's own limit saturates most of them.
    if stretch is Stretch.ASINH and interval is Interval.ZSCALE:
        high = low + 2.5 * (high - low)
    return DisplayScale(low, high if high > low else low + 1.0, stretch)


def _limits(data: FloatImage, interval: Interval) -> tuple[float, float] | None:
    from astropy.visualization import PercentileInterval, ZScaleInterval

    values = data[np.isfinite(data)]
    if not values.size:
        return None
    values = values[:: ceil(values.size / _SAMPLE)].astype(float)
    rule = ZScaleInterval() if interval is Interval.ZSCALE else PercentileInterval(99.0)
    low, high = rule.get_limits(values)
    return float(low), float(high)


def _load(
    path: Path, name: str, max_side_pix: int, block: int | None, *, zero_is_empty: bool
) -> DisplayImage:
    return _with_image(
        path,
        name,
        lambda hdu: _read(
            hdu, block or _block_for(max(hdu.shape), max_side_pix), zero_is_empty=zero_is_empty
        ),
    )


def _with_image(path: Path, name: str, use: Callable[[ImageHDU], _T]) -> _T:
    """Apply ``use`` to the image of that name, and translate errors of astropy."""
    try:
        with _opened(path) as hdus:
            return use(_image_hdu(hdus, name, path))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{path} does not exist.", advice="Give the path of a mosaic that is on disk."
        ) from error
    except SkydbError:
        raise
    except (OSError, TypeError, ValueError, Warning) as error:
        raise UnreadableFileError(path, f"cannot be read as a FITS image ({error})") from error


@contextmanager
def _opened(path: Path) -> Iterator[HDUList]:
    from astropy.io import fits

    # The stream is ours, so that it is closed when astropy stops half way.
    with warnings.catch_warnings(), path.open("rb") as stream:
        # Said on opening even when only padding is missing; missing pixels raise.
        warnings.filterwarnings("ignore", message=".*truncated.*")
        with fits.open(stream, memmap=True) as hdus:
            yield hdus


def _image_hdu(hdus: HDUList, name: str, path: Path) -> ImageHDU:
    if name in hdus and hdus[name].header.get("NAXIS") == 2:
        return hdus[name]
    for hdu in hdus:
        # Only the image of the right name is used in a file with several.
        if hdu.is_image and hdu.header.get("NAXIS") == 2 and hdu.name in ("", "PRIMARY", name):
            return hdu
    raise UnreadableFileError(path, f"has no two-dimensional {name} image")


def _read(
    hdu: ImageHDU, block: int, *, zero_is_empty: bool, part: Part | None = None
) -> DisplayImage:
    rows_of, columns_of = part or (slice(0, hdu.shape[0]), slice(0, hdu.shape[1]))
    ny, nx = rows_of.stop - rows_of.start, columns_of.stop - columns_of.start
    # A strip ends where a block does, so that no block is averaged in two parts.
    rows = max(1, STRIP_BYTES // (8 * nx * block)) * block
    strips = []
    for start in range(0, ny, rows):
        first, last = rows_of.start + start, min(rows_of.start + start + rows, rows_of.stop)
        strip = np.asarray(hdu.section[first:last, columns_of])
        if zero_is_empty:
            strip = np.where(strip == 0, np.float32("nan"), strip)
        strips.append(block_average(strip, block))
    header = hdu.header
    wcs = _display_wcs(header, block, (columns_of.start, rows_of.start))
    return DisplayImage(np.concatenate(strips), block, (ny, nx), _unit(header.get("BUNIT")), wcs)


def _unit(bunit: object) -> str | None:
    text = str(bunit or "").strip().lower().replace("electrons", "electron")
    return text or None


def block_average(data: NDArray[Any], block: int) -> FloatImage:
    """Mean of the finite pixels of each block; NaN for a block without any.

    Parameters
    ----------
    data : ndarray, shape (ny, nx)
    block : int
        Side of a block; the last ones may be narrower.

    Returns
    -------
    ndarray of float32, shape (ceil(ny / block), ceil(nx / block))
    """
    finite = np.isfinite(data)
    total = _block_sum(np.where(finite, data, 0.0), block)
    count = _block_sum(finite.astype(np.float64), block)
    mean = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean.astype(np.float32)


def _block_sum(data: NDArray[Any], block: int) -> NDArray[np.float64]:
    rows = np.add.reduceat(data, np.arange(0, data.shape[0], block), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, data.shape[1], block), axis=1), float)


def _display_wcs(header: Header, block: int, first_pix: tuple[int, int] = (0, 0)) -> WCS | None:
    """The WCS of the displayed pixels; None when the header has none on the sky."""
    from astropy.wcs import WCS, FITSFixedWarning, WcsError

    with warnings.catch_warnings(), suppress(WcsError, ValueError, KeyError):
        # Old dates in a header are put right by astropy, who says so each time.
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(header)
        if wcs.has_celestial:
            return binned_wcs(wcs.celestial, block, first_pix)
    return None


def binned_wcs(wcs: WCS, block: float, first_pix: tuple[int, int] = (0, 0)) -> WCS:
    """The WCS of blocks of pixels (astropy's own slicing warns of CDELT beside CD)."""
    binned = wcs.deepcopy()
    binned.wcs.crpix = (wcs.wcs.crpix - first_pix - 0.5) / block + 0.5
    if wcs.wcs.has_cd():
        binned.wcs.cd = wcs.wcs.cd * block
    else:
        binned.wcs.cdelt = wcs.wcs.cdelt * block
    binned.wcs.set()
    return binned
