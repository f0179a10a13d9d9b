"""Trust of a fit: a score for each check, and the lowest of them.

Every check gives a score between 0 and 1. The trust of a fit is the lowest score,
because one good check does not make up for a bad one: a fit of 3 stars has small
residuals *because* it has 3 stars. A check without data (no overlap, no fit by
the archive) has no score and does not count.

========== =============================================== ===========================
check      score                                           0.5, the floor, at
========== =============================================== ===========================
matches    ``n / (2 w)``                                   n = w, as of HAP
rms        ``0.25 pix / rms``                              0.5 pix
jackknife  ``0.05 pix / shift``                            0.1 pix
clipped    ``1 - share``                                   half of the matches clipped
offsets    ``0.25 pix / offset``                           0.5 pix
found      ``share / 0.4``                                 a fifth of the stars found
motion     ``5 mas / pull``                                10 mas
========== =============================================== ===========================

All are at most 1. ``w`` is 5 for shift and rshift, 12 for rscale and 25 for general; the RMS
is enlarged for the degrees of freedom that the fit used up (``sqrt(n / (n - p/2))`` with
p parameters); *offsets* are those of the cross-match, of the neighbours and of the
archive, each after twice its own uncertainty was taken off; *found* is part of the
cross-match. Neighbours and the archive may themselves be wrong: where the cross-match
confirms a fit, their disagreement lowers the trust to :data:`OVERRULED_SCORE` only.
``docs/trust.md`` gives the reasons for the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.base import Base, choice
from skydb.domain.vocabulary import TrustComponent

#: Fits of less trust are accepted only with --force.
TRUST_FLOOR = 0.5

#: Parameters of a fit of each geometry.
PARAMETERS_FITTED: dict[str, int] = {"shift": 2, "rshift": 3, "rscale": 4, "general": 6}

CENTROID_ERROR_PIX = 0.25
JACKKNIFE_PIX = 0.05
OFFSET_PIX = 0.25
FOUND_SHARE = 0.4

#: Of a cross-match with too few sources.
UNCONFIRMED_SCORE = 0.7

#: Of a check that contradicts a fit which the cross-match confirms.
OVERRULED_SCORE = 0.7

#: A score from which a cross-match confirms a fit.
CONFIRMING_SCORE = 0.9


@dataclass(frozen=True, slots=True)
class FitCheck:
    """Result of one check of a fit.

    Parameters
    ----------
    component : TrustComponent
        The check.
    score : float or None
        Between 0 and 1; None when there were no data.
    reason : str
        What was measured, in words.
    measured : float or None
        The number behind the score: a count, pixels or a share.
    """

    component: TrustComponent
    score: float | None
    reason: str
    measured: float | None = None


@dataclass(frozen=True, slots=True)
class TrustReport:
    """Results of all checks of one fit."""

    checks: tuple[FitCheck, ...]

    @property
    def score(self) -> float:
        """Trust: the lowest score; 0 without any score."""
        return min((w.score for w in self.checks if w.score is not None), default=0.0)

    @property
    def is_trusted(self) -> bool:
        """Whether the fit may be accepted without force."""
        return self.score >= TRUST_FLOOR

    @property
    def is_sure(self) -> bool:
        """Whether it is trusted, or failed only by neighbours while the cross-match confirms it."""
        independent = [w for w in self.checks if w.component is not TrustComponent.NEIGHBOURS]
        return _confirms(independent) and type(self)(tuple(independent)).is_trusted

    @property
    def objections(self) -> str:
        """Reasons of the checks below the floor."""
        return "; ".join(
            f"{w.component}: {w.reason}"
            for w in self.checks
            if w.score is not None and w.score < TRUST_FLOOR
        )

    @property
    def weakest(self) -> str | None:
        """Reason of the check with the lowest score; None without any score."""
        scored = [(w.score, w) for w in self.checks if w.score is not None]
        if not scored:
            return None
        _, check = min(scored, key=lambda pair: pair[0])
        return f"{check.component}: {check.reason}"

    def with_check(self, check: FitCheck) -> Self:
        """Give the report with one check replaced."""
        others = (w for w in self.checks if w.component is not check.component)
        return type(self)((*others, check))


class TrustReason(Base):
    """Result of one check, kept with the fit."""

    __tablename__ = "trust_reasons"

    solution_id: Mapped[int] = mapped_column(
        ForeignKey("alignment_solutions.id", ondelete="CASCADE"), primary_key=True
    )
    component: Mapped[TrustComponent] = mapped_column(choice(TrustComponent), primary_key=True)
    score: Mapped[float | None]
    measured: Mapped[float | None]
    reason: Mapped[str] = mapped_column(Text)

    def __init__(self, check: FitCheck) -> None:
        self.component = check.component
        self.score = check.score
        self.measured = check.measured
        self.reason = check.reason

    @property
    def check(self) -> FitCheck:
        """The row as a value."""
        return FitCheck(self.component, self.score, self.reason, self.measured)


def report_of(reasons: Iterable[TrustReason]) -> TrustReport:
    """The report that was kept with a fit."""
    return TrustReport(tuple(reason.check for reason in reasons))


def limited(limit: float, measured: float) -> float:
    """Score ``limit / measured``, at most 1; 0 for what is not a number."""
    if measured != measured:
        return 0.0
    return 1.0 if measured <= limit else limit / measured


def check_matches(nmatches: int, wanted: int) -> FitCheck:
    """Matches against those that the geometry wants; the floor is at ``wanted``."""
    score = min(1.0, nmatches / (2 * wanted))
    reason = f"{nmatches} matches, the geometry wants {wanted}"
    return FitCheck(TrustComponent.MATCHES, score, reason, float(nmatches))


def check_rms(rms_pix: float, nmatches: int, geometry: str) -> FitCheck:
    """RMS along one axis, enlarged for the degrees of freedom that are used up."""
    free = nmatches - PARAMETERS_FITTED.get(geometry, 4) / 2
    if free <= 0:
        reason = f"{nmatches} matches leave no residual to a fit of {geometry}"
        return FitCheck(TrustComponent.RMS, 0.0, reason, rms_pix)
    enlarged = rms_pix * (nmatches / free) ** 0.5
    reason = f"residuals of {enlarged:.3f} pix, a centroid is good to {CENTROID_ERROR_PIX}"
    return FitCheck(TrustComponent.RMS, limited(CENTROID_ERROR_PIX, enlarged), reason, enlarged)


def check_jackknife(shift_pix: float | None) -> FitCheck:
    """Largest movement of the shift when one match is left out; None without residuals."""
    if shift_pix is None:
        return FitCheck(TrustComponent.JACKKNIFE, None, "the residuals are not known")
    reason = f"leaving one match out moves the shift by up to {shift_pix:.3f} pix"
    return FitCheck(TrustComponent.JACKKNIFE, limited(JACKKNIFE_PIX, shift_pix), reason, shift_pix)


def check_clipped(before: int | None, nmatches: int) -> FitCheck:
    """Check the share of clipped matches; `before` is None when it is unknown."""
    if not before or before < nmatches:
        return FitCheck(TrustComponent.CLIPPED, None, "matches before clipping are not known")
    share = 1.0 - nmatches / before
    reason = f"{before - nmatches} of {before} matches were clipped"
    return FitCheck(TrustComponent.CLIPPED, 1.0 - share, reason, share)


def overruled(check: FitCheck, cross_match: FitCheck) -> FitCheck:
    """Raise the score of a failed check when the cross-match confirms the fit."""
    if not _confirms([cross_match]) or check.score is None or check.score >= OVERRULED_SCORE:
        return check
    reason = f"{check.reason}, but the cross-match confirms this fit"
    return FitCheck(check.component, OVERRULED_SCORE, reason, check.measured)


def _confirms(checks: Iterable[FitCheck]) -> bool:
    """Whether the cross-match is among the checks, and confirms the fit."""
    return any(
        w.component is TrustComponent.CROSS_MATCH
        and w.score is not None
        and w.score >= CONFIRMING_SCORE
        for w in checks
    )
