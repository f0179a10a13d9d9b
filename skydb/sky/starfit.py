"""Fit of a star image to many candidates at once, integrated over pixels.

The image of a star is a round Gaussian core with a fainter, wider Gaussian around it, which
is what the stellar images of the cameras of HST come to within some per cent. Both are
integrated over the pixels, so that the position does not depend on where in a pixel a star is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Share of the light in the wide component, and its width over that of the core.
_WING_SHARE, _WING_WIDTH = 0.15, 2.3
HALF_STAMP_PIX = 3
_ROUNDS = 8
_LONGEST_STEP_PIX = 0.4
_LONGEST_STEP_WIDTH = 0.25
_DAMPING = 1e-3
#: A model that is a few per cent wrong: what limits the weight of bright pixels.
_MODEL_ERROR = 0.03


@dataclass(frozen=True)
class Stamps:
    """Squares of pixels around candidates, above the background.

    Parameters
    ----------
    values, variances : ndarray, shape (N, 2k+1, 2k+1)
        Light and the square of its error.
    usable : ndarray of bool, shape (N, 2k+1, 2k+1)
        Pixels that may be used.
    """

    values: Floats
    variances: Floats
    usable: NDArray[np.bool_]

    @classmethod
    def cut(
        cls,
        image: NDArray[np.floating],
        variance: NDArray[np.floating],
        good: NDArray[np.bool_],
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
    ) -> Stamps:
        """The squares around some pixels, all of them inside the image."""
        reach = np.arange(-HALF_STAMP_PIX, HALF_STAMP_PIX + 1)
        y, x = rows[:, None, None] + reach[:, None], columns[:, None, None] + reach
        usable = good[y, x]
        return cls(
            np.where(usable, image[y, x], 0.0).astype(float),
            np.where(usable, variance[y, x], 1.0).astype(float),
            usable,
        )

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.values)

    def where(self, chosen: NDArray[np.bool_]) -> Stamps:
        """Some of the stamps."""
        return Stamps(self.values[chosen], self.variances[chosen], self.usable[chosen])


@dataclass(frozen=True)
class StarFit:
    """Best fit of each stamp; every array has shape (N,).

    Parameters
    ----------
    dx_pix, dy_pix : ndarray
        Position from the middle of the stamp.
    flux : ndarray
        Of the whole star, in the unit of the image.
    sigma_pix : ndarray
        Width of the core before it is integrated over pixels.
    stretch : ndarray
        Elongation of the image along any direction: what would have to be added to the
        square of the width, as a part of that of the core.
    misfit : ndarray
        Root of the sum of squared residuals beyond noise, as a part of the flux.
    edge : ndarray
        Largest excess of one pixel of the middle over the model, as a part of the flux, noise
        taken off.
    seen : ndarray
        Part of the light that falls on usable pixels.
    """

    dx_pix: Floats
    dy_pix: Floats
    flux: Floats
    sigma_pix: Floats
    stretch: Floats
    misfit: Floats
    edge: Floats
    seen: Floats


def fit_stars(stamps: Stamps, sigma_pix: float, *, free_width: bool) -> StarFit:
    """Fit a star to every stamp, with a level below it.

    Parameters
    ----------
    stamps : Stamps
        Candidates in the middle of each.
    sigma_pix : float
        Width of the core: that of the result, or where to begin.
    free_width : bool
        Whether the width is fitted too.
    """
    n = len(stamps)
    state = np.zeros((n, 3))
    state[:, 2] = np.log(sigma_pix)
    weights = stamps.usable / (stamps.variances + (_MODEL_ERROR * stamps.values) ** 2)
    unknowns = 5 if free_width else 4
    linear = np.zeros((n, 2))
    for _ in range(_ROUNDS):
        image, slopes = _model(state)
        linear = _levels(image, stamps.values, weights)
        residual = stamps.values - linear[:, :1, None] * image - linear[:, 1:, None]
        design = np.stack(
            [image, np.ones_like(image), *(linear[:, :1, None] * slope for slope in slopes)], axis=1
        )[:, :unknowns].reshape(n, unknowns, -1)
        weighted = design * weights.reshape(n, 1, -1)
        normal = weighted @ design.transpose(0, 2, 1)
        diagonal = np.einsum("nii->ni", normal)
        diagonal += _DAMPING * diagonal + 1e-300
        step = np.linalg.solve(normal, weighted @ residual.reshape(n, -1, 1))[:, 2:, 0]
        state[:, :2] += np.clip(step[:, :2], -_LONGEST_STEP_PIX, _LONGEST_STEP_PIX)
        if free_width:
            state[:, 2] += np.clip(step[:, 2], -_LONGEST_STEP_WIDTH, _LONGEST_STEP_WIDTH)
        state[:, :2] = np.clip(state[:, :2], -2.0, 2.0)
        state[:, 2] = np.clip(state[:, 2], np.log(0.15), np.log(4.0 * sigma_pix))
    return _measured(stamps, state, weights)


def _measured(stamps: Stamps, state: Floats, weights: Floats) -> StarFit:
    image, _ = _model(state)
    linear = _levels(image, stamps.values, weights)
    flux = linear[:, 0]
    residual = stamps.values - flux[:, None, None] * image - linear[:, 1, None, None]
    residual *= stamps.usable
    noise = np.sqrt(stamps.variances)
    middle = slice(HALF_STAMP_PIX - 2, HALF_STAMP_PIX + 3)
    inner, inner_noise = residual[:, middle, middle], noise[:, middle, middle]
    safe = np.where(flux > 0, flux, np.inf)
    beyond = (inner**2 - inner_noise**2 * stamps.usable[:, middle, middle]).sum(axis=(1, 2))
    excess = (inner - 2.0 * inner_noise).max(axis=(1, 2))
    return StarFit(
        state[:, 0],
        state[:, 1],
        flux,
        np.exp(state[:, 2]),
        _stretch(residual, weights, state, flux),
        np.sqrt(np.maximum(beyond, 0.0)) / safe,
        np.maximum(excess, 0.0) / safe,
        (image * stamps.usable).sum(axis=(1, 2)) / image.sum(axis=(1, 2)),
    )


def _levels(image: Floats, values: Floats, weights: Floats) -> Floats:
    """Flux and level of each stamp, shape (N, 2), by weighted least squares."""
    axes = (1, 2)
    one = weights.sum(axis=axes) + 1e-300
    mean_image = (weights * image).sum(axis=axes) / one
    mean_value = (weights * values).sum(axis=axes) / one
    centred = image - mean_image[:, None, None]
    below = (weights * centred**2).sum(axis=axes) + 1e-300
    flux = (weights * centred * (values - mean_value[:, None, None])).sum(axis=axes) / below
    return np.stack((flux, mean_value - flux * mean_image), axis=1)


def _model(state: Floats) -> tuple[Floats, list[Floats]]:
    """Images (N, rows, columns) of unit flux, and their slopes with x, y and log sigma."""
    total = None
    slopes: list[Floats] = []
    for share, width in ((1.0 - _WING_SHARE, 1.0), (_WING_SHARE, _WING_WIDTH)):
        sigma = width * np.exp(state[:, 2])
        x, x_slope, x_growth = _shares(state[:, 0], sigma)
        y, y_slope, y_growth = _shares(state[:, 1], sigma)
        parts = [
            share * _outer(y, x),
            share * _outer(y, x_slope),
            share * _outer(y_slope, x),
            share * (_outer(y, x_growth) + _outer(y_growth, x)),
        ]
        total = parts if total is None else [a + b for a, b in zip(total, parts, strict=True)]
    assert total is not None
    image, *slopes = total
    return image, slopes


def _outer(y: Floats, x: Floats) -> Floats:
    return np.asarray(y[:, :, None] * x[:, None, :])


def _shares(centre: Floats, sigma: Floats) -> tuple[Floats, Floats, Floats]:
    """Part of a Gaussian in each pixel, its slope with the centre and with log sigma."""
    from scipy.special import ndtr

    edges = np.arange(-HALF_STAMP_PIX, HALF_STAMP_PIX + 2) - 0.5
    u = (edges - centre[:, None]) / sigma[:, None]
    density = np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi)
    share = np.diff(ndtr(u), axis=1)
    slope = -np.diff(density, axis=1) / sigma[:, None]
    growth = -np.diff(u * density, axis=1)
    return share, slope, growth


def _stretch(residual: Floats, weights: Floats, state: Floats, flux: Floats) -> Floats:
    """Elongation that the residuals show, by the curvature of the model in two directions."""
    h = 0.05
    sigma2 = np.exp(2 * state[:, 2])

    def at(dx: float, dy: float) -> Floats:
        return _model(state + np.array([dx, dy, 0.0]))[0]

    plus = (at(h, 0) + at(-h, 0) - at(0, h) - at(0, -h)) / h**2
    cross = (at(h, h) + at(-h, -h) - at(h, -h) - at(-h, h)) / (2 * h**2)
    found = []
    for curvature in (plus, cross):
        shape = curvature * 0.5 * sigma2[:, None, None]
        along = (weights * shape * residual).sum(axis=(1, 2))
        norm = (weights * shape**2).sum(axis=(1, 2)) * np.where(flux > 0, flux, np.inf) + 1e-300
        found.append(along / norm)
    return np.asarray(np.hypot(*found))
