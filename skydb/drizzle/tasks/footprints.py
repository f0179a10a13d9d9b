"""Footprints inside the subprocess, by the package and in the way that skypac uses."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Outline of every chip of every file as ``SphericalPolygon.from_wcs`` gives it."""
    outlines = {name: _outlines(scratch / name) for name in request["files"]}
    return {"outlines": outlines, "version": metadata.version("spherical_geometry")}


def _outlines(path: Path) -> dict[str, list[list[float]]]:
    from astropy.io import fits
    from spherical_geometry.polygon import SphericalPolygon
    from stwcs.wcsutil import HSTWCS

    with fits.open(path) as hdus:
        chips = [hdu.ver for hdu in hdus if hdu.name == "SCI"]
        return {
            str(chip): _vertices(SphericalPolygon.from_wcs(HSTWCS(hdus, ext=("SCI", chip))))
            for chip in chips
        }


def _vertices(polygon: Any) -> list[list[float]]:  # noqa: ANN401 - its type is under test
    """RA and Dec in degrees of every vertex."""
    return [
        [float(ra), float(dec)]
        for lon, lat in polygon.to_lonlat()
        for ra, dec in zip(lon, lat, strict=True)
    ]
