"""Questions to the subprocess that no run asks: its footprints and its source extraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.workspace import copies_in, fresh_directory

#: Stars of the image for source extraction: x, y (from 0) and peak; the last is saturated.
STARS = ((20.3, 25.7, 300.0), (70.6, 30.2, 450.0), (40.1, 75.4, 600.0), (85.0, 84.0, 4000.0))
_FULL_WELL = 900.0
_SIZE_PIX = 110
_FWHM_PIX = 3.0

#: Vertices (N, 2) in degrees by file name and EXTVER.
Outlines = dict[str, dict[int, NDArray[np.float64]]]


@dataclass(frozen=True)
class FootprintReport:
    """Outlines as skypac would have them, and the version that drew them."""

    outlines: Outlines
    version: str


@dataclass(frozen=True)
class SourceReport:
    """Positions (N, 2) that drizzlepac found, and the version of photutils that it used."""

    found: NDArray[np.float64]
    version: str


def ask_footprints(
    runner: DrizzlepacRunner, exposures: Sequence[Path], scratch: Path
) -> FootprintReport:
    """Footprints of exposures by ``SphericalPolygon.from_wcs`` in the subprocess.

    Raises
    ------
    ToolError
        When it could not give them.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    directory = scratch / fresh_directory(scratch, "outlines")
    names = [f"{directory.name}/{copy.name}" for copy in copies_in(directory, exposures)]
    report = runner.run("footprints", {"files": names}, scratch)
    by_field = report["outlines"]
    assert isinstance(by_field, Mapping)
    outlines = {
        Path(name).name: {int(chip): np.asarray(vertices) for chip, vertices in chips.items()}
        for name, chips in by_field.items()
    }
    return FootprintReport(outlines, str(report["version"]))


def ask_sources(runner: DrizzlepacRunner, scratch: Path) -> SourceReport:
    """Run drizzlepac's ``extract_sources`` on :data:`STARS`.

    Raises
    ------
    ToolError
        When it crashed.
    """
    request = {
        "stars": STARS,
        "size_pix": _SIZE_PIX,
        "fwhm_pix": _FWHM_PIX,
        "full_well": _FULL_WELL,
    }
    report = runner.run("sources", request, scratch)
    return SourceReport(np.asarray(report["found"], dtype=float), str(report["version"]))
