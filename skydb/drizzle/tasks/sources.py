"""drizzlepac's own source extraction inside the subprocess, on an image of known stars."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Positions that ``extract_sources`` finds; the stars' own are in the request."""
    from drizzlepac.haputils.astrometric_utils import extract_sources

    image = _image(request)
    table = extract_sources(
        image, fwhm=request["fwhm_pix"], dao_nsigma=5.0, source_box=5, classify=False
    )[0]
    names = [] if table is None else [str(name) for name in table.colnames]
    rows = (
        []
        if table is None
        else list(zip(*(table[f"{axis}centroid"] for axis in "xy"), strict=True))
    )
    return {
        "found": [[float(x), float(y)] for x, y in rows],
        "columns": names,
        "version": metadata.version("photutils"),
    }


def _image(request: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    size = int(request["size_pix"])
    rng = np.random.default_rng(1)
    image = rng.normal(10.0, 1.0, (size, size))
    y, x = np.mgrid[:size, :size]
    sigma = request["fwhm_pix"] / 2.3548
    for x0, y0, peak in request["stars"]:
        image += peak * np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / sigma**2)
    # A flat top is what sends drizzlepac into the branch that photutils 3 breaks.
    clipped: np.ndarray[Any, np.dtype[np.float64]] = np.minimum(image, request["full_well"])
    return clipped
