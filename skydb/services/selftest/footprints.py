"""Outlines that skypac matches in, against those of the chips."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.domain.selftest import CheckResult
from skydb.domain.values import unit_vectors
from skydb.domain.vocabulary import Verdict
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.selftest import ask_footprints
from skydb.files.products import read_hstwcs
from skydb.services.selftest import cures
from skydb.services.selftest.fields import TinyField
from skydb.sky.footprint import chip_polygon
from skydb.sky.geometry import ARCSEC_PER_RADIAN

if TYPE_CHECKING:
    from pathlib import Path

    from astropy.wcs import WCS

#: A corner may lie at the centre or at the edge of the corner pixel, and no further off.
CORNER_LIMIT_ARCSEC = 0.1

#: A chip's WCS, and its outline (N, 2) in degrees by the package under test.
_Chip = tuple["WCS", NDArray[np.float64]]


def check_footprints(runner: DrizzlepacRunner, field: TinyField, scratch: Path) -> CheckResult:
    """Corners by spherical_geometry in the subprocess against skydb's own.

    Raises
    ------
    ToolError
        When the subprocess gave no outline.
    """
    report = ask_footprints(runner, field.first_visit, scratch)
    chips: list[_Chip] = [
        (wcs, report.outlines[path.name][extver])
        for path in field.first_visit
        for extver, wcs in read_hstwcs(path).items()
    ]
    check = f"footprints {field.detector}"
    worst = _worst_arcsec(chips)
    off = f"corners are {worst:.3f} arcsec off"
    if worst <= CORNER_LIMIT_ARCSEC:
        return CheckResult(check, Verdict.PASSED, f"{off}, within {CORNER_LIMIT_ARCSEC:g}.")
    is_swapped = _worst_arcsec((_transposed(wcs), outline) for wcs, outline in chips) < worst / 10
    cause = cures.swaps_axes(report.version) if is_swapped else cures.general()
    return CheckResult(check, Verdict.FAILED, f"{off}: {cause}")


def _worst_arcsec(chips: Iterable[_Chip]) -> float:
    """Largest distance from a corner of a chip to the nearest vertex of its outline."""
    return max(_corner_distance_arcsec(wcs, outline) for wcs, outline in chips)


def _corner_distance_arcsec(wcs: WCS, outline: NDArray[np.float64]) -> float:
    corners = unit_vectors(chip_polygon(wcs, points_per_side=1))
    distances = np.linalg.norm(corners[:, None] - unit_vectors(outline)[None], axis=2)
    return float(distances.min(axis=1).max()) * ARCSEC_PER_RADIAN


def _transposed(wcs: WCS) -> WCS:
    """The WCS of an image whose width is this one's height, as a swap of axes has it."""
    swapped = wcs.deepcopy()
    swapped.pixel_shape = wcs.pixel_shape[::-1]
    return swapped
