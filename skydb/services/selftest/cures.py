"""Cause and cure of a symptom."""

from __future__ import annotations

from collections.abc import Mapping

from skydb.errors import SkydbError
from skydb.services.core import installed_packages, known_faults

PIN_SPHERICAL_GEOMETRY = "pin spherical_geometry>=1.3.0,<1.3.5"
PIN_PHOTUTILS = "pin photutils>=2.2,<3"


def lacks_flat_polygons(version: str) -> str:
    """Explain why ``match`` becomes another method (spherical_geometry 1.4.0)."""
    return (
        f"spherical_geometry {version} lacks iter_polygons_flat, which skypac calls, so that "
        f"'match' becomes 'localmin' and 'globalmin+match' becomes 'globalmin'; "
        f"{PIN_SPHERICAL_GEOMETRY}."
    )


def swaps_axes(version: str) -> str:
    """Explain why footprints of non-square chips are wrong (spherical_geometry 1.3.5)."""
    return (
        f"spherical_geometry {version} swaps x and y in from_wcs (it reads array_shape as "
        f"(nx, ny)), so that non-square detectors are matched in the wrong overlaps; "
        f"{PIN_SPHERICAL_GEOMETRY}."
    )


def breaks_extraction(version: str, error: str) -> str:
    """Explain why sources cannot be extracted (photutils 3)."""
    return f"photutils {version} breaks drizzlepac's extract_sources ({error}); {PIN_PHOTUTILS}."


def of_method(reason: str, versions: Mapping[str, str]) -> str:
    """Cause and cure of a sky method that was given up for `reason`."""
    if "iter_polygons_flat" in reason:
        return lacks_flat_polygons(versions.get("spherical_geometry", "of this environment"))
    return f"skypac gave up with {reason}; {general()}"


def text_of(error: SkydbError) -> str:
    """Text of an error, without the path of a log that is removed after the self-test."""
    return error.what.partition(" Its log: ")[0].rstrip(".")


def general() -> str:
    """Advice for an unknown cause."""
    faults = known_faults(installed_packages())
    if faults:
        return f"likely because {' '.join(faults)}"
    return "compare the package versions with the pins in skydb's pyproject.toml."
