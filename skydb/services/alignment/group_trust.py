"""Trust in the fit of a group: the checks of any fit, on the body as a whole."""

from __future__ import annotations

from pathlib import Path

from skydb.domain.fit import MATCHES_WANTED
from skydb.domain.motion import MotionRecord, check_motion
from skydb.domain.trust import (
    CENTROID_ERROR_PIX,
    JACKKNIFE_PIX,
    FitCheck,
    TrustReport,
    check_clipped,
    check_rms,
    limited,
    overruled,
)
from skydb.domain.values import WcsFacts
from skydb.domain.vocabulary import TrustComponent
from skydb.drizzle.groupoutcome import BodyOutcome, Evidence
from skydb.drizzle.tweakreg import ProductFit
from skydb.services.alignment.screening import check_archive, worse_rms_pix
from skydb.sky import fit_trust as measure
from skydb.sky.chip_trust import with_chips
from skydb.sky.relative import Consistency


def check_member(
    outcome: BodyOutcome,
    fit: ProductFit,
    original: Path,
    archive: WcsFacts,
    motion: MotionRecord,
    chips: FitCheck | None = None,
) -> TrustReport:
    """Every check of the fit of a group, for one of its exposures.

    Parameters
    ----------
    outcome : BodyOutcome
        The fitted body.
    fit : ProductFit
        That of the exposure.
    original : Path
        The exposure as it was.
    archive : WcsFacts
        The WCS that is active in it.
    motion : MotionRecord
        How the sources of the catalogue were placed.
    chips : FitCheck or None
        Of a chip of the exposure that contradicts the fit.
    """
    evidence = outcome.evidence
    assert evidence is not None
    assert evidence.agreement is not None
    cross_match = with_chips(measure.check_cross_match(evidence.agreement), chips)
    return TrustReport(
        (
            _matches(fit, evidence),
            check_rms(worse_rms_pix(fit), fit.nmatches, fit.fit_geometry),
            _jackknife(evidence),
            check_clipped(evidence.before, fit.nmatches),
            cross_match,
            _agreement(_consistency(outcome, fit), _pixel_mas(outcome)),
            overruled(_archive(outcome, fit, original, archive), cross_match),
            check_motion(motion),
        )
    )


def check_relative(
    outcome: BodyOutcome, fit: ProductFit, chips: FitCheck | None = None
) -> TrustReport:
    """Every check of a visit that was aligned to others; none gives its absolute position.

    Parameters
    ----------
    outcome : BodyOutcome
        The visit.
    fit : ProductFit
        That of one of its exposures.
    chips : FitCheck or None
        Of a chip of the exposure that contradicts the stars of other visits.
    """
    wanted = MATCHES_WANTED["shift"]
    reason = f"{fit.nmatches} stars shared with other visits, {wanted} are wanted"
    score = min(1.0, fit.nmatches / (2 * wanted))
    none = FitCheck(TrustComponent.CROSS_MATCH, None, "there is no catalogue: a relative fit")
    return TrustReport(
        (
            FitCheck(TrustComponent.MATCHES, score, reason, float(fit.nmatches)),
            check_rms(worse_rms_pix(fit), fit.nmatches, fit.fit_geometry),
            with_chips(none, chips),
            _agreement(_consistency(outcome, fit), _pixel_mas(outcome)),
        )
    )


def _matches(fit: ProductFit, evidence: Evidence) -> FitCheck:
    wanted = MATCHES_WANTED.get(fit.fit_geometry, MATCHES_WANTED["rscale"])
    score = min(1.0, evidence.weight / (2 * wanted))
    reason = (
        f"{fit.nmatches} stars of the catalogue in {evidence.measurements} measurements, which "
        f"count as {evidence.weight} matches; the geometry wants {wanted}"
    )
    return FitCheck(TrustComponent.MATCHES, score, reason, float(evidence.weight))


def _jackknife(evidence: Evidence) -> FitCheck:
    said = [("one star", evidence.jackknife_star_pix)]
    if evidence.weakest_exposure is not None:
        rootname, moved = evidence.weakest_exposure
        said.append((f"one exposure ({rootname})", moved))
    known = [moved for _, moved in said if moved is not None]
    worst = max(known) if len(known) == len(said) else None
    reason = "; ".join(
        f"leaving {what} out leaves no fit"
        if moved is None
        else f"leaving {what} out moves the shift by up to {moved:.3f} pix"
        for what, moved in said
    )
    score = 0.0 if worst is None else limited(JACKKNIFE_PIX, worst)
    return FitCheck(TrustComponent.JACKKNIFE, score, reason, worst)


def _archive(outcome: BodyOutcome, fit: ProductFit, original: Path, archive: WcsFacts) -> FitCheck:
    assert fit.fitted_copy is not None
    return check_archive(archive, original, fit.fitted_copy, _pixel_mas(outcome) / 1000.0)


def _consistency(outcome: BodyOutcome, fit: ProductFit) -> Consistency:
    """Agreement of the exposure of a fit with the others of its body."""
    rootnames = {one.path: one.rootname for one in outcome.members}
    return outcome.consistency[rootnames[fit.product]]


def _pixel_mas(outcome: BodyOutcome) -> float:
    assert outcome.pixel_mas is not None
    return outcome.pixel_mas


def _agreement(consistency: Consistency, pixel_mas: float) -> FitCheck:
    """Agreement of an exposure with the others of its group."""
    component = TrustComponent.NEIGHBOURS
    if consistency.rms_mas is None:
        return FitCheck(component, None, "shares no star with another exposure of the group")
    # A difference has the noise of two centroids.
    rms_pix = consistency.rms_mas / pixel_mas / 2**0.5
    reason = (
        f"{consistency.pairs} stars shared with other exposures of the group agree to "
        f"{rms_pix:.3f} pix each"
    )
    return FitCheck(component, limited(CENTROID_ERROR_PIX, rms_pix), reason, rms_pix)
