"""Result of the acceptance of a fit for each exposure."""

from __future__ import annotations

from dataclasses import dataclass

from skydb.domain import Acceptance, AlignmentSolution, ProductVersion
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.values import Realised
from skydb.domain.vocabulary import FindingKind, SolutionStatus


@dataclass(frozen=True, slots=True)
class AcceptOutcome:
    """The predicted and the measured shift of one exposure.

    An exposure that was moved has a reason when the fit replaces another one.
    An exposure that a fit does not move - the fit is not trusted, or belongs to another
    version - is not changed and has no shift, but a reason.
    """

    run: int
    rootname: str
    filename: str
    predicted_shift_mas: float | None
    realised_shift_mas: float | None
    residual_mas: float | None
    status: SolutionStatus
    version: int | None
    reason: str | None = None


def moved_outcome(
    acceptance: Acceptance,
    version: ProductVersion,
    realised: Realised,
    status: SolutionStatus,
    number: int | None,
    reason: str | None = None,
) -> AcceptOutcome:
    """The outcome of an exposure that was moved, as predicted or not."""
    return AcceptOutcome(
        run=acceptance.alignment_run_id,
        rootname=version.subject,
        filename=version.filename,
        predicted_shift_mas=realised.predicted_mas,
        realised_shift_mas=realised.realised_mas,
        residual_mas=realised.residual_mas,
        status=status,
        version=number,
        reason=reason,
    )


def missed_outcome(
    acceptance: Acceptance, version: ProductVersion, realised: Realised
) -> AcceptOutcome:
    """The outcome of an exposure of which nothing is kept, and the finding if it went astray."""
    if not is_as_predicted(realised):
        message = (
            f"moved {realised.realised_mas:.1f} mas instead of {realised.predicted_mas:.1f} "
            f"mas: pixels are up to {realised.residual_mas:.1f} mas off."
        )
        acceptance.notice(FindingKind.SHIFT_MISMATCH, version.filename, message)
    return moved_outcome(acceptance, version, realised, SolutionStatus.FAILED, None)


def is_as_predicted(realised: Realised) -> bool:
    """Whether pixels are where the fit puts them."""
    return realised.residual_mas <= RESIDUAL_LIMIT_MAS


def recorded_outcomes(acceptance: Acceptance) -> list[AcceptOutcome]:
    """The outcomes of the exposures that an acceptance has moved, as they are on record."""
    return [
        AcceptOutcome(
            run=acceptance.alignment_run_id,
            rootname=solution.version.subject,
            filename=solution.version.filename,
            predicted_shift_mas=solution.predicted_shift_mas,
            realised_shift_mas=solution.realised_shift_mas,
            residual_mas=solution.residual_mas,
            status=solution.status,
            version=(solution.applied_version or solution.version).number,
        )
        for solution in _solutions_of(acceptance)
        if solution.version.product.exposure
    ]


def _solutions_of(acceptance: Acceptance) -> list[AlignmentSolution]:
    """Solutions that an acceptance has carried, and fits that it has applied themselves."""
    made = {link.version_id for link in acceptance.generated}
    applied = [
        solution
        for solution in acceptance.alignment_run.solutions
        if solution.applied_version_id in made
    ]
    return [*acceptance.solutions, *applied]


def unmoved_outcome(
    acceptance: Acceptance, rootname: str, filename: str, reason: str | None
) -> AcceptOutcome:
    """The outcome of an exposure that was left alone."""
    return AcceptOutcome(
        run=acceptance.alignment_run_id,
        rootname=rootname,
        filename=filename,
        predicted_shift_mas=None,
        realised_shift_mas=None,
        residual_mas=None,
        status=SolutionStatus.PROPOSED,
        version=None,
        reason=reason,
    )
