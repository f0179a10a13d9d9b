"""Source extraction by drizzlepac with this photutils."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydb.domain.selftest import CheckResult
from skydb.domain.vocabulary import Verdict
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.selftest import STARS, SourceReport, ask_sources
from skydb.errors import ToolCrashedError
from skydb.services.core import installed_packages
from skydb.services.selftest import cures

if TYPE_CHECKING:
    from pathlib import Path

CHECK = "source extraction"
#: A saturated star is centred on its flat top.
_LIMIT_PIX = 0.5


def check_sources(runner: DrizzlepacRunner, scratch: Path) -> CheckResult:
    """Every star of a made image is found where it was put, the saturated one too."""
    try:
        report = ask_sources(runner, scratch)
    except ToolCrashedError as error:
        version = installed_packages()["photutils"]
        return CheckResult(
            CHECK, Verdict.FAILED, cures.breaks_extraction(version, cures.text_of(error))
        )
    offset = worst_offset_pix(report)
    if offset > _LIMIT_PIX:
        seen = f"finds {len(report.found)} of {len(STARS)} stars, up to {offset:.2f} pixels off"
        return CheckResult(CHECK, Verdict.FAILED, cures.breaks_extraction(report.version, seen))
    return CheckResult(
        CHECK, Verdict.PASSED, f"{len(STARS)} stars within {offset:.2f} pixels of the truth."
    )


def worst_offset_pix(report: SourceReport) -> float:
    """Largest distance from a star to the nearest source; infinite when none was found."""
    if not len(report.found):
        return float("inf")
    stars = np.array(STARS)[:, :2]
    distances = np.linalg.norm(stars[:, None] - report.found[None], axis=2)
    return float(distances.min(axis=1).max())
