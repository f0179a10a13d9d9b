"""Stars of a single exposure, found among cosmic rays.

A cosmic ray is not the image of a point: it is sharper than a star, or longer
than round, or it fits the image of a star badly. Each candidate is fitted with the image of a
star whose width is free; what has the width that most have, is round and fits, is a star.
Positions come from a second fit with that common width. Plain numpy and scipy; nothing here
is shared with TweakReg.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.sky.sources import background
from skydb.sky.starfit import HALF_STAMP_PIX, Stamps, StarFit, fit_stars

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FWHM_OVER_SIGMA = 2.3548
_FEW = 8


@dataclass(frozen=True, slots=True)
class StarShape:
    """Limits of the shape of a star image.

    Parameters
    ----------
    narrowest, widest : float
        Width over the expected one.
    spread : float
        Largest relative difference from the width that most stars of the exposure have.
    stretch : float
        Largest elongation.
    misfit, edge : float
        Largest misfit, and largest excess of a single pixel (Laplacian edge), over the flux.
    seen : float
        Smallest part of the light that falls on good pixels.
    """

    narrowest: float = 0.75
    widest: float = 1.6
    spread: float = 0.2
    stretch: float = 0.25
    misfit: float = 0.06
    edge: float = 0.03
    seen: float = 0.8


@dataclass(frozen=True)
class StarList:
    """Stars of one chip, the brightest first; every array has shape (N,).

    Parameters
    ----------
    x_pix, y_pix : ndarray
        Positions, counted from 0: the middle of the first pixel is (0, 0).
    flux : ndarray
        In the unit of the image.
    snr : ndarray
        Flux over its error.
    sigma_pix, stretch, misfit : ndarray
        Shape, see :class:`skydb.sky.starfit.StarFit`.
    candidates : int
        Peaks that were looked at, cosmic rays among them.
    """

    x_pix: Floats
    y_pix: Floats
    flux: Floats
    snr: Floats
    sigma_pix: Floats
    stretch: Floats
    misfit: Floats
    candidates: int = 0

    def __len__(self) -> int:
        """Return the number of stars."""
        return len(self.flux)

    @property
    def xy_pix(self) -> Floats:
        """Positions (N, 2), counted from 1 as FITS does."""
        return np.column_stack((self.x_pix, self.y_pix)) + 1.0


def find_stars(
    science: NDArray[np.floating],
    error: NDArray[np.floating] | None,
    good: Mask,
    *,
    fwhm_pix: float,
    least_snr: float = 20.0,
    most: int = 5000,
    shape: StarShape | None = None,
) -> StarList:
    """Find the stars of one chip of a single exposure.

    Parameters
    ----------
    science : ndarray, shape (ny, nx)
        The image, with or without cosmic rays.
    error : ndarray, shape (ny, nx), or None
        Error of each pixel; None takes the noise of the background.
    good : ndarray of bool, shape (ny, nx)
        Pixels that are not bad, hot or saturated.
    fwhm_pix : float
        Width that the core of a star should have.
    least_snr : float
        Flux over its error that a star needs: its position is good to about
        ``fwhm_pix / 2 / least_snr``.
    most : int
        How many, the brightest first.
    shape : StarShape, optional
        What is taken for a star.

    Returns
    -------
    StarList
        Possibly empty.
    """
    shape = shape or StarShape()
    good = good & np.isfinite(science)
    if error is not None:
        good &= np.isfinite(error) & (error > 0)
    if not good.any():
        return _nothing(0)
    level, noise = background(np.where(good, science, np.nan))
    above = np.where(good, science - level, 0.0)
    sigma = fwhm_pix / _FWHM_OVER_SIGMA
    rows, columns = _peaks(above, noise, good, sigma, least_snr)
    if not len(rows):
        return _nothing(0)
    variance = noise**2 if error is None else np.maximum(error, 0.5 * noise) ** 2
    stamps = Stamps.cut(above, variance, good, rows, columns)
    first = fit_stars(stamps, sigma, free_width=True)
    snr = _snr(stamps, first)
    keep, common = _stars_among(first, snr, sigma, least_snr, shape)
    if not keep.any():
        return _nothing(len(rows))
    final = fit_stars(stamps.where(keep), common, free_width=False)
    kept = np.flatnonzero(keep)
    order = np.argsort(-final.flux, kind="stable")[:most]
    chosen = kept[order]
    return StarList(
        columns[chosen] + final.dx_pix[order],
        rows[chosen] + final.dy_pix[order],
        final.flux[order],
        snr[chosen],
        first.sigma_pix[chosen],
        first.stretch[chosen],
        first.misfit[chosen],
        len(rows),
    )


def _stars_among(
    fit: StarFit, snr: Floats, sigma: float, least_snr: float, shape: StarShape
) -> tuple[Mask, float]:
    """Select the candidates that are stars, and the width that they have in common."""
    keep = _star_like(fit, shape) & _near(fit.sigma_pix / sigma, shape) & (snr >= least_snr)
    if not keep.any():
        return keep, sigma
    common = _common_width(fit.sigma_pix[keep], sigma)
    # A faint star's width is less certain than a bright one's.
    allowed = shape.spread + 2.0 / np.maximum(snr, 1.0)
    return keep & (np.abs(np.log(fit.sigma_pix / common)) < allowed), common


def _nothing(candidates: int) -> StarList:
    none = np.empty(0)
    return StarList(none, none, none, none, none, none, none, candidates)


def _peaks(
    above: Floats, noise: Floats, good: Mask, sigma: float, least_snr: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of local maxima of the image filtered with that of a star."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    width = np.sqrt(sigma**2 + 1.0 / 12.0)
    smooth = gaussian_filter(above, width, truncate=3.0)
    # Noise of the filtered image; a peak needs half of what the star needs in the end.
    floor = 0.5 * least_snr * noise / (2.0 * np.sqrt(np.pi) * width)
    peaks = (smooth == maximum_filter(smooth, size=3)) & (smooth > floor) & good
    edge = HALF_STAMP_PIX
    inside = np.zeros_like(good)
    inside[edge:-edge, edge:-edge] = True
    rows, columns = np.nonzero(peaks & inside)
    return rows, columns


def _snr(stamps: Stamps, fit: StarFit) -> Floats:
    """Flux over its error for a star of that width."""
    area = 4.0 * np.pi * (fit.sigma_pix**2 + 1.0 / 12.0)
    per_pixel = np.median(stamps.variances.reshape(len(stamps), -1), axis=1)
    middle = HALF_STAMP_PIX
    own = np.maximum(stamps.variances[:, middle, middle] - per_pixel, 0.0)
    return np.asarray(fit.flux / np.sqrt(area * per_pixel + own * area))


def _star_like(fit: StarFit, shape: StarShape) -> Mask:
    return np.asarray(
        (fit.flux > 0)
        & (np.hypot(fit.dx_pix, fit.dy_pix) < 1.2)
        & (fit.stretch < shape.stretch)
        & (fit.misfit < shape.misfit)
        & (fit.edge < shape.edge)
        & (fit.seen > shape.seen)
    )


def _near(ratio: Floats, shape: StarShape) -> Mask:
    return np.asarray((ratio > shape.narrowest) & (ratio < shape.widest))


def _common_width(sigma_pix: Floats, expected: float) -> float:
    """Width that most stars have, drawn to the expected one where they are few."""
    if len(sigma_pix) < _FEW:
        return float(np.median(np.append(sigma_pix, [expected] * 3)))
    widths = np.sort(sigma_pix)
    half = len(widths) // 2
    spans = widths[half:] - widths[: len(widths) - half]
    start = int(np.argmin(spans))
    return float(np.median(widths[start : start + half + 1]))
