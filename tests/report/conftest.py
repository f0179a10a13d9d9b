"""Small mosaics and sources for the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

MosaicMaker = Callable[..., tuple[Path, Path]]


def tangent_wcs(nx: int, ny: int, crpix: tuple[float, float] | None = None) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [83.6, 22.0]
    wcs.wcs.crpix = crpix or ((nx + 1) / 2, (ny + 1) / 2)
    wcs.wcs.cdelt = [-0.1283 / 3600, 0.1283 / 3600]
    return wcs


@pytest.fixture
def make_mosaic(tmp_path: Path) -> MosaicMaker:
    """Write a science and a weight image: noise, a ramp, a star, an empty border."""

    def make(
        name: str,
        *,
        level: float = 0.0,
        shape: tuple[int, int] = (96, 128),
        crpix: tuple[float, float] | None = None,
        unit: str = "ELECTRONS/S",
    ) -> tuple[Path, Path]:
        ny, nx = shape
        rng = np.random.default_rng(7)
        science = level + 0.02 * rng.normal(size=shape) + np.linspace(0, 0.2, nx)
        science[ny // 2, nx // 2] += 20.0
        weight = np.full(shape, 400.0)
        weight[:, :16] = 0.0
        science[:, :16] = 0.0
        header = tangent_wcs(nx, ny, crpix).to_header()
        header["BUNIT"] = unit
        paths = tmp_path / f"{name}_sci.fits", tmp_path / f"{name}_wht.fits"
        for path, data in zip(paths, (science, weight), strict=True):
            fits.PrimaryHDU(data.astype(np.float32), header).writeto(path)
        return paths

    return make


@dataclass(frozen=True)
class Sources:
    """Sources of a match file, for figures."""

    x_in_pix: NDArray[np.float64]
    y_in_pix: NDArray[np.float64]
    x_residual_pix: NDArray[np.float64]
    y_residual_pix: NDArray[np.float64]
    x_in_original_pix: NDArray[np.float64]
    y_in_original_pix: NDArray[np.float64]
    ra_fit_deg: NDArray[np.float64]
    dec_fit_deg: NDArray[np.float64]


def make_sources(
    x: NDArray[np.float64], y: NDArray[np.float64], wcs: WCS, *, rms_pix: float = 0.04
) -> Sources:
    rng = np.random.default_rng(11)
    dx, dy = rms_pix * rng.normal(size=(2, x.size))
    ra, dec = wcs.all_pix2world(x, y, 1) if x.size else (x, y)
    return Sources(x, y, dx, dy, x, y, ra, dec)
