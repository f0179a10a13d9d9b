"""Fits in the units that are on record, and a TweakBack that moves exposures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skydb.domain.selftest import CheckResult
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.values import FitQuality
from skydb.domain.vocabulary import Verdict
from skydb.drizzle.labels import SolutionLabel
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakback import TweakBack, TweakBackJob
from skydb.drizzle.tweakreg import ProductFit, TweakReg
from skydb.drizzle.workspace import opened, science_hdus
from skydb.files.products import read_hstwcs
from skydb.services.selftest import cures
from skydb.services.selftest.fields import TinyField
from skydb.sky.displacement import displacement_of_grids, predicted, residual_mas, sky_grid

#: Sound fits of the tiny fields scatter by less, in mas.
_LARGEST_RMS_MAS = 60.0
#: RMS_RA and RMS_DEC of a header in degrees are far below this, in mas far above.
_LARGEST_RMS_DEG = 1e-3
#: A fit of a tiny field leaves no more of the pointing error than this, in mas.
_LARGEST_ERROR_MAS = 40.0
#: Below this an exposure has not moved; the fields are 150 mas off at least.
_SMALLEST_SHIFT_MAS = 50.0


@dataclass(frozen=True)
class FittedField:
    """The product of a field's first visit and its fit to the truth."""

    field: TinyField
    product: Path
    fit: ProductFit


def fit_fields(
    runner: DrizzlepacRunner, products: Sequence[tuple[TinyField, Path]], scratch: Path
) -> list[FittedField]:
    """Fit every product to the true positions of its stars, in one subprocess.

    Raises
    ------
    ToolError
        When TweakReg crashed before it fitted anything.
    """
    catalogs = {product: field.catalog for field, product in products}
    fits = TweakReg(runner).fit(list(catalogs), catalogs, TweakRegSettings(), scratch)
    return [
        FittedField(field, product, fit)
        for (field, product), fit in zip(products, fits, strict=True)
    ]


def check_fit(fitted: FittedField) -> CheckResult:
    """There is a fit; its RMS is plausible in mas, and TweakReg's own keyword is in degrees."""
    fit, check = fitted.fit, f"fit {fitted.field.detector}"
    if fit.fitted_copy is None:
        problem = f"TweakReg failed: {fit.reason}; {cures.general()}"
        return CheckResult(check, Verdict.FAILED, problem)
    stated_deg = _stated_rms_deg(fit.fitted_copy)
    problems = wrong_units((fit.rms_ra_mas, fit.rms_dec_mas), stated_deg)
    if problems:
        return CheckResult(check, Verdict.FAILED, f"{'; '.join(problems)}; {cures.general()}")
    detail = f"{fit.nmatches} matches, RMS {fit.rms_ra_mas:.1f} and {fit.rms_dec_mas:.1f} mas."
    return CheckResult(check, Verdict.PASSED, detail)


def wrong_units(
    rms_mas: tuple[float | None, float | None], stated_deg: tuple[float, ...]
) -> list[str]:
    """Find problems of the scatter of a fit.

    Parameters
    ----------
    rms_mas : tuple of float or None
        Of the residuals, towards east and north.
    stated_deg : tuple of float
        RMS_RA and RMS_DEC as TweakReg wrote them.
    """
    known = [rms for rms in rms_mas if rms is not None]
    plausible = len(known) == 2 and all(0.0 < rms < _LARGEST_RMS_MAS for rms in known)
    in_degrees = len(stated_deg) == 2 and all(0.0 <= s < _LARGEST_RMS_DEG for s in stated_deg)
    checks = {
        f"the RMS of {rms_mas} mas is implausible": plausible,
        f"RMS_RA and RMS_DEC of {stated_deg} are not in degrees any more": in_degrees,
    }
    return [problem for problem, is_fine in checks.items() if not is_fine]


def check_tweakback(
    runner: DrizzlepacRunner, fitted: Sequence[FittedField], scratch: Path
) -> list[CheckResult]:
    """Exposures move, by what the fit predicts, to where they truly are.

    Raises
    ------
    ToolError
        When TweakBack failed.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    jobs = [_job(one, scratch / one.field.detector) for one in fitted]
    TweakBack(runner).carry_all(jobs, scratch / "run")
    return [_check(one, job) for one, job in zip(fitted, jobs, strict=True)]


def _job(fitted: FittedField, home: Path) -> TweakBackJob:
    home.mkdir()
    fit = fitted.fit
    copies = [Path(shutil.copy(path, home)) for path in fitted.field.first_visit]
    quality = FitQuality(fit.nmatches, fit.rms_ra_mas, fit.rms_dec_mas, fit.fit_geometry)
    label = SolutionLabel.aligned_to("IDC_selftest-FIT_SKYDB_truth", "truth", quality)
    copy = fit.fitted_copy or fitted.product
    return TweakBackJob(copy, tuple(copies), fit.original_wcs_name, label)


def _check(fitted: FittedField, job: TweakBackJob) -> CheckResult:
    check = f"tweakback {fitted.field.detector}"
    old, new = (next(iter(read_hstwcs(p).values())) for p in (fitted.product, job.drizzled))
    moves = []
    for before, after in zip(fitted.field.first_visit, job.exposures, strict=True):
        chips, moved = read_hstwcs(before), read_hstwcs(after)
        shift = displacement_of_grids(sky_grid(chips), sky_grid(moved)).median_mas
        error = fitted.field.pointing_error_mas(after)
        moves.append((shift, residual_mas(predicted(chips, old, new), moved), error))
    problems = wrong_moves(moves)
    if problems:
        return CheckResult(check, Verdict.FAILED, f"{'; '.join(problems)}; {cures.general()}")
    shift, residual, error = (max(column) for column in zip(*moves, strict=True))
    detail = f"moved {shift:.0f} mas, {residual:.2f} mas from the prediction; {error:.1f} mas left."
    return CheckResult(check, Verdict.PASSED, detail)


def wrong_moves(moves: Sequence[tuple[float, float, float]]) -> list[str]:
    """Find problems of the motions of exposures.

    Parameters
    ----------
    moves : sequence of (float, float, float)
        Of each exposure, in mas: its shift, how far that is from the prediction, and the
        pointing error that is left.
    """
    shifts, residuals, errors = zip(*moves, strict=True)
    checks = {
        f"an exposure moved only {min(shifts):.1f} mas": min(shifts) >= _SMALLEST_SHIFT_MAS,
        f"an exposure moved {max(residuals):.1f} mas off the prediction": max(residuals)
        <= RESIDUAL_LIMIT_MAS,
        f"{max(errors):.0f} mas of error are left": max(errors) <= _LARGEST_ERROR_MAS,
    }
    return [problem for problem, is_fine in checks.items() if not is_fine]


def _stated_rms_deg(product: Path) -> tuple[float, ...]:
    with opened(product) as hdus:
        header = science_hdus(hdus)[0].header
        return tuple(float(header[k]) for k in ("RMS_RA", "RMS_DEC") if k in header)
