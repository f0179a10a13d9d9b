"""Fits as rows of the ledger."""

from __future__ import annotations

from pathlib import Path

from skydb.domain import AlignmentRun, AlignmentSolution, ProductVersion, ReferenceCatalog
from skydb.domain.alignment import RELATIVE
from skydb.domain.trust import TrustReport
from skydb.domain.values import FitParameters, FitQuality, WcsFacts, WcsName
from skydb.domain.vocabulary import FindingKind
from skydb.drizzle.tweakreg import ProductFit
from skydb.errors import NotFoundError, ToolError


def record_fit(
    run: AlignmentRun,
    version: ProductVersion,
    fit: ProductFit,
    wcs: WcsFacts | None,
    report: TrustReport | None,
    catalog: ReferenceCatalog | None,
    evidence: Path,
) -> None:
    """Record the fit of one file as a proposal, or why there is none.

    Parameters
    ----------
    run : AlignmentRun
    version : ProductVersion
        The file version that was fitted.
    fit : ProductFit
    wcs : WcsFacts or None
        The fitted WCS; None when there is none.
    report : TrustReport or None
        The checks of the fit.
    catalog : ReferenceCatalog or None
        What it was fitted to; None when visits were aligned to each other.
    evidence : Path
        Where the evidence of the run is kept; a failure names its log there.

    Raises
    ------
    NotFoundError
        When the ledger has no WCS of the file.
    ToolError
        When numbers of the fit are missing.
    """
    if wcs is None or not fit.is_fitted:
        reason = fit.reason or "TweakReg left no fitted WCS"
        reason = reason.replace(str(fit.log), str(evidence / fit.product.stem / fit.log.name))
        stays = wcs_in_force(version)
        failed = AlignmentSolution.failed_fit(version, run, catalog, stays, reason)
        failed.group_name = fit.group
        run.notice(FindingKind.FIT_FAILED, version.filename, reason)
        return
    quality = FitQuality(fit.nmatches, fit.rms_ra_mas, fit.rms_dec_mas, fit.fit_geometry)
    name = WcsName.fitted_by_skydb(
        wcs_in_force(version).name, catalog.name if catalog else RELATIVE
    )
    proposal = WcsFacts(" ", name, wcs.chips, None, None, quality)
    solution = AlignmentSolution.propose(version, run, catalog, proposal, _parameters(fit))
    solution.group_name = fit.group
    if report is not None:
        solution.record_trust(report)
    solution.warn_if_weak()


def wcs_in_force(version: ProductVersion) -> WcsFacts:
    """The WCS that is active in a file version.

    Raises
    ------
    NotFoundError
        When the ledger has none.
    """
    current = version.current_solution
    if current is None:
        raise NotFoundError(f"The ledger has no WCS of {version.filename}.")
    return current.as_facts()


def _parameters(fit: ProductFit) -> FitParameters:
    numbers = (
        fit.dx_pix, fit.dy_pix, fit.rotation_deg, fit.scale, fit.x_rms_pix, fit.y_rms_pix
    )  # fmt: skip
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers):
        raise ToolError("TweakReg", f"gave an incomplete fit of {fit.product.name}", log=fit.log)
    return FitParameters(*known)
