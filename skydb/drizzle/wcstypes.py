"""WCSTYPE of skydb's own solutions; light enough for any subprocess."""

from __future__ import annotations


def wcs_type_of(catalog: str) -> str:
    """WCSTYPE of a fit that skydb made to a catalogue."""
    return f"undistorted a posteriori solution aligned by skydb to {catalog}"
