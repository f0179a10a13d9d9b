"""The primary and alternate WCS of one header, as far as fits are concerned."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.io.fits import Header

_GEOMETRY = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")

Geometry = tuple[float | None, ...]


def geometry(header: Header, key: str = "") -> Geometry:
    """Linear WCS of one key; None for each card that is missing."""
    return tuple(header.get(f"{card}{key}") for card in _GEOMETRY)


def alternates(header: Header) -> dict[str, str]:
    """Names of the alternate WCS by key, oldest key first."""
    keys = (key for key in string.ascii_uppercase if f"CRVAL1{key}" in header)
    return {key: str(header.get(f"WCSNAME{key}", "")).strip() for key in keys}


def key_of_geometry(header: Header, wanted: Geometry) -> str | None:
    """Key of the newest alternate with this geometry, within rounding of its cards."""
    for key in reversed(alternates(header)):
        if _same(geometry(header, key), wanted):
            return key
    return None


def is_archived(header: Header) -> bool:
    """Whether an alternate has the name and the geometry of the primary WCS."""
    name = str(header.get("WCSNAME", "")).strip().upper()
    wanted = geometry(header)
    return any(
        found.upper() == name and _same(geometry(header, key), wanted)
        for key, found in alternates(header).items()
    )


def key_of_name(header: Header, name: str) -> str | None:
    """Key of the newest alternate of this name; capitals do not matter."""
    keys = [key for key, found in alternates(header).items() if found.upper() == name.upper()]
    return keys[-1] if keys else None


def _same(one: Geometry, other: Geometry) -> bool:
    if any(value is None for value in (*one, *other)):
        return False
    # Twelve digits are what wcslib writes; 1e-11 degrees are 36 nanoarcsec.
    return all(
        abs(float(a) - float(b)) <= max(1e-11 * abs(float(b)), 1e-15)
        for a, b in zip(one, other, strict=True)
        if a is not None and b is not None
    )
