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
    found = {package: version_of(package) for package in _PACKAGES}
    return {package: version for package, version in found.items() if version is not None}


def version_of(package: str) -> str | None:
    """Version of a package, None when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
