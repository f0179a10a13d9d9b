"""Two alignment runs with one recipe, fit by fit."""

from __future__ import annotations

import math
from collections.abc import Iterator

from skydb.domain import AlignmentRun, AlignmentSolution
from skydb.domain.fingerprint import fingerprint
from skydb.domain.vocabulary import SolutionOrigin, SolutionStatus
from skydb.services.provenance.verdict import Difference, Tolerance

#: In pixels: the tolerance of skydb for a restored WCS, 0.01 mas, in a drizzled infrared image.
FIT_TOLERANCE_PIX = 1e-4

_REASON = (
    "1e-4 pixels anywhere in the image, about the 0.01 mas to which a restored WCS must be right; "
    "the number of matches must be the same"
)

#: Numbers of a fit that are compared, and their conversion to pixels.
_NUMBERS = ("dx_pix", "dy_pix", "rotation_deg", "scale")


def fit_tolerance(asked: float | None) -> Tolerance:
    """Make the tolerance of two fits of the same product in pixels."""
    if asked is not None:
        return Tolerance(asked, "pix", "as asked for")
    return Tolerance(FIT_TOLERANCE_PIX, "pix", _REASON)


def recipe_of(run: AlignmentRun) -> str:
    """SHA-256 of the inputs of a fit: parameters, epochs, files and catalogue."""
    return fingerprint(
        {
            "tweakreg": run.parameters.get("tweakreg"),
            "group": [run.parameters.get(name) for name in ("group_by", "fitgeometry", "members")],
            "epochs": run.parameters["epochs"],
            "inputs": sorted(link.version.sha256 for link in run.used),
            "catalog": None if run.is_relative else run.catalog.sha256,
        }
    )


def fits_of(run: AlignmentRun) -> dict[str, AlignmentSolution]:
    """Fits of a run, the failed ones too, by product."""
    return {
        one.product.filename: one for one in run.solutions if one.origin is SolutionOrigin.TWEAKREG
    }


def fit_differences(
    run: AlignmentRun, replay: AlignmentRun, tolerance: Tolerance
) -> Iterator[Difference]:
    """Numbers of fits that differ."""
    ours, theirs = fits_of(run), fits_of(replay)
    for product in sorted(ours.keys() | theirs.keys()):
        before, after = ours.get(product), theirs.get(product)
        if before is None or after is None or _is_failed(before) is not _is_failed(after):
            yield Difference(
                product, "fit", _state(before), _state(after), None, "", is_tolerable=False
            )
        else:
            yield from _numbers_that_differ(product, before, after, tolerance)


def _is_failed(fit: AlignmentSolution) -> bool:
    """Whether there was no fit; one that was abandoned later had numbers."""
    return fit.status is SolutionStatus.FAILED and fit.dx_pix is None


def _state(fit: AlignmentSolution | None) -> str | None:
    if fit is None:
        return None
    return "none" if _is_failed(fit) else "fitted"


def _numbers_that_differ(
    product: str, before: AlignmentSolution, after: AlignmentSolution, tolerance: Tolerance
) -> Iterator[Difference]:
    if before.nmatches != after.nmatches:
        apart = abs((before.nmatches or 0) - (after.nmatches or 0))
        yield Difference(
            product, "nmatches", before.nmatches, after.nmatches, apart, "", is_tolerable=False
        )
    radius_pix = _radius_pix(before)
    for name in _NUMBERS:
        old, new = getattr(before, name), getattr(after, name)
        if old == new or old is None or new is None:
            continue
        moved_pix = _in_pixels(name, abs(old - new), radius_pix)
        tolerable = tolerance.admits(moved_pix, 0.0)
        yield Difference(product, name, old, new, moved_pix, "pix", is_tolerable=tolerable)


def _radius_pix(fit: AlignmentSolution) -> float:
    """Distance of a corner of the image from its centre."""
    sizes = [math.hypot(chip.naxis1_pix, chip.naxis2_pix) for chip in fit.chips]
    return max(sizes, default=0.0) / 2


def _in_pixels(name: str, change: float, radius_pix: float) -> float:
    """Movement of a pixel at the corner by a change of one number."""
    if name == "rotation_deg":
        return math.radians(change) * radius_pix
    return change * radius_pix if name == "scale" else change
