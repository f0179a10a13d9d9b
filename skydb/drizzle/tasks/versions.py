"""Packages that can change a mosaic, as the subprocess has them."""

from __future__ import annotations

from importlib import metadata

_PACKAGES = (
    "drizzlepac",
    "stsci.skypac",
    "spherical_geometry",
    "stwcs",
    "tweakwcs",
    "photutils",
    "stsci.tools",
    "stsci.imagestats",
    "fitsblender",
    "astropy",
    "numpy",
    "scipy",
)


def versions() -> dict[str, str]:
    """Version of every package that is installed."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
