"""The sky methods done slowly and simply: the referee of the fast ways.

Every pixel goes through the full WCS of its chip to the sky and from there through the
inverse of the partner's; what falls onto the partner is common sky. No polygon, no fitted
transformation, no limits guessed from a sample, and a dense least squares.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from tests.files.builders import read_pixels

#: A pixel that does not come back to where it was, in pixels, has no inverse.
_RETURNS_PIX = 1e-3


class Chip(NamedTuple):
    """Pixels of a chip as a surface brightness, which of them are good, and the WCS."""

    rootname: str
    extver: int
    brightness: NDArray[np.float64]
    good: NDArray[np.bool_]
    wcs: WCS


def chips_of(paths: list[Path], reset_bits: int = 4096) -> list[Chip]:
    """All chips of some exposures."""
    found = []
    for path in paths:
        for extver, chip in read_pixels(path).items():
            time_s = 1.0 if chip.is_rate else chip.exptime_s or 1.0
            good = np.isfinite(chip.science) & ((chip.quality & ~reset_bits) == 0)
            brightness = chip.science.astype(float) / time_s / chip.pixel_scale_arcsec**2
            found.append(Chip(path.name[:9], extver, brightness, good, chip.wcs))
    return found


def clipped_median(values: NDArray[np.float64]) -> tuple[float, int]:
    """Median after five rounds of clipping at four standard deviations, and of how many."""
    kept = values
    for _ in range(5):
        middle, width = kept.mean(), kept.std(ddof=1)
        kept = values[np.abs(values - middle) <= 4 * width]
    return float(np.median(kept)), kept.size


def falls_onto(chip: Chip, other: Chip) -> NDArray[np.bool_]:
    """Find the pixels of a chip with their centre on another chip."""
    ny, nx = chip.brightness.shape
    y, x = np.mgrid[1 : ny + 1, 1 : nx + 1]
    sky = chip.wcs.all_pix2world(x.ravel(), y.ravel(), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = other.wcs.all_world2pix(*sky, 1, quiet=True)
        rough = other.wcs.wcs_world2pix(*sky, 1)
    back = other.wcs.all_pix2world(*there, 1)
    again = other.wcs.wcs_world2pix(*back, 1)
    returns = np.hypot(again[0] - rough[0], again[1] - rough[1]) < _RETURNS_PIX
    height, width = other.brightness.shape
    inside = (there[0] >= 0.5) & (there[0] < width + 0.5)
    inside &= (there[1] >= 0.5) & (there[1] < height + 0.5) & returns
    return np.asarray(inside.reshape(ny, nx))


def match(chips: list[Chip]) -> Mapping[str, float]:
    """Offsets of exposures, the lowest zero, in surface brightness."""
    names = sorted({chip.rootname for chip in chips})
    rows, differences = [], []
    for one, other in combinations(names, 2):
        sides = [_common(chips, one, other), _common(chips, other, one)]
        if not all(pixels for _, pixels in sides):
            continue
        (first, n), (second, m) = sides
        row = np.zeros(len(names))
        row[names.index(one)], row[names.index(other)] = (n + m) / 2, -(n + m) / 2
        rows.append(row)
        differences.append((first - second) * (n + m) / 2)
    offsets = np.linalg.pinv(np.array(rows)) @ np.array(differences)
    return dict(zip(names, (offsets - offsets.min()).tolist(), strict=True))


def _common(chips: list[Chip], name: str, partner: str) -> tuple[float, int]:
    """Level of one exposure in the sky of another, its chips weighted by their pixels."""
    total, pixels = 0.0, 0
    for chip in (one for one in chips if one.rootname == name):
        for other in (one for one in chips if one.rootname == partner):
            values = chip.brightness[falls_onto(chip, other) & chip.good]
            if values.size > 1:
                level, number = clipped_median(values)
                total, pixels = total + level * number, pixels + number
    return (total / pixels if pixels else 0.0), pixels
