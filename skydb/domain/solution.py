"""Alignment solutions: every WCS of a file and its quality."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity
from skydb.domain.base import Base, Key, add_beside, choice, sparse_index, take, utc_now
from skydb.domain.catalog import ReferenceCatalog
from skydb.domain.chip import ChipSolution
from skydb.domain.fit import (
    FitRecord,
    ReadFrom,
    ShiftRecord,
    WcsLabel,
    name_columns,
    quality_columns,
)
from skydb.domain.product import Product
from skydb.domain.trust import TrustReason, TrustReport
from skydb.domain.values import FitParameters, FitQuality, Realised, WcsFacts, WcsName
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import FindingKind, SolutionOrigin, SolutionStatus
from skydb.errors import StateError

#: Origins of fits that skydb made and applied.
FITTED = (SolutionOrigin.TWEAKREG, SolutionOrigin.TWEAKBACK)

#: Largest departure, in mas, from the predicted shift that an exposure may show.
RESIDUAL_LIMIT_MAS = 2.0


class AlignmentSolution(FitRecord, WcsLabel, ShiftRecord, ReadFrom, Base):
    """One WCS of one product version and the quality of its fit.

    A solution found in a header (or written to one) has a ``wcs_key``; a proposed
    fit has none, for no file holds it yet. Made through :meth:`found`,
    :meth:`propose`, :meth:`failed_fit` and :meth:`carried`.
    """

    __tablename__ = "alignment_solutions"
    __table_args__ = (
        Index(None, "version_id", "wcs_key"),
        sparse_index("source_id"),
        sparse_index("applied_version_id"),
        sparse_index("superseded_by_id"),
        sparse_index("repeats_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("product_versions.id"))
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id"), index=True)
    catalog_id: Mapped[int | None] = mapped_column(ForeignKey("reference_catalogs.id"), index=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("alignment_solutions.id"))
    applied_version_id: Mapped[int | None] = mapped_column(ForeignKey("product_versions.id"))
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("alignment_solutions.id"))
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("alignment_solutions.id"))
    origin: Mapped[SolutionOrigin] = mapped_column(choice(SolutionOrigin))
    status: Mapped[SolutionStatus] = mapped_column(choice(SolutionStatus))
    reason: Mapped[str | None] = mapped_column(Text)
    wcs_key: Mapped[str | None] = mapped_column(String(1))
    group_name: Mapped[str | None] = mapped_column(String(80))  # of a rigid body
    recorded_at: Mapped[datetime]
    fitted_at: Mapped[datetime | None] = mapped_column(index=True)
    applied_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship(back_populates="solutions")
    known_version: Mapped[ProductVersion | None] = relationship(
        back_populates="solutions", foreign_keys=[version_id]
    )
    applied_version: Mapped[ProductVersion | None] = relationship(
        back_populates="applied_solutions", foreign_keys=[applied_version_id]
    )
    activity: Mapped[Activity] = relationship(back_populates="solutions")
    catalog: Mapped[ReferenceCatalog | None] = relationship()
    source: Mapped[AlignmentSolution | None] = relationship(
        foreign_keys=[source_id], remote_side=[id]
    )
    superseded_by: Mapped[AlignmentSolution | None] = relationship(
        foreign_keys=[superseded_by_id], remote_side=[id], post_update=True
    )
    repeats: Mapped[AlignmentSolution | None] = relationship(
        foreign_keys=[repeats_id], remote_side=[id]
    )
    chips: Mapped[list[ChipSolution]] = relationship(
        cascade="all, delete-orphan", order_by="ChipSolution.extver"
    )
    trust_reasons: Mapped[list[TrustReason]] = relationship(
        cascade="all, delete-orphan", order_by="TrustReason.component"
    )

    def __init__(
        self,
        fitted: ProductVersion | Product,
        activity: Activity,
        origin: SolutionOrigin,
        status: SolutionStatus,
        wcs: WcsFacts,
    ) -> None:
        if isinstance(fitted, Product):
            self.product = fitted
        else:
            self.known_version = fitted
            self.product = fitted.product
        self.activity = activity
        self.origin = origin
        self.status = status
        take(self, _columns_of(wcs))
        self.chips = [ChipSolution(chip) for chip in wcs.chips]
        add_beside(fitted, self)

    @property
    def version(self) -> ProductVersion:
        """The file version that the solution was found in or fitted to.

        Raises
        ------
        StateError
            When the solution is known from a log only.
        """
        if self.known_version is None:
            raise StateError(
                f"Solution {self.id} of {self.product.filename} is known from a log only: "
                "no file holds it."
            )
        return self.known_version

    @classmethod
    def found(cls, version: ProductVersion, activity: Activity, wcs: WcsFacts) -> AlignmentSolution:
        """A WCS as it stood in a file from outside; without a key it stood in a headerlet."""
        solution = cls(version, activity, _origin_of(wcs), SolutionStatus.RECORDED, wcs)
        solution.wcs_key = wcs.key or None
        return solution

    @classmethod
    def propose(
        cls,
        version: ProductVersion,
        run: Activity,
        catalog: ReferenceCatalog | None,
        wcs: WcsFacts,
        fit: FitParameters,
    ) -> AlignmentSolution:
        """A fit that waits for review, relative without a catalogue; ``wcs`` is its WCS."""
        solution = cls(version, run, SolutionOrigin.TWEAKREG, SolutionStatus.PROPOSED, wcs)
        solution.catalog = catalog
        solution.fitted_at = utc_now()
        solution.measure(fit)
        return solution

    @classmethod
    def failed_fit(
        cls,
        version: ProductVersion,
        run: Activity,
        catalog: ReferenceCatalog | None,
        wcs: WcsFacts,
        reason: str,
    ) -> AlignmentSolution:
        """Make a fit without a usable result; ``wcs`` is the WCS that stays active."""
        nothing = WcsFacts(wcs.key, wcs.name, (), wcs.wcs_type)
        solution = cls(version, run, SolutionOrigin.TWEAKREG, SolutionStatus.FAILED, nothing)
        solution.catalog = catalog
        solution.fitted_at = utc_now()
        solution.reason = reason
        solution.trust = 0.0
        return solution

    @classmethod
    def carried(
        cls,
        version: ProductVersion,
        acceptance: Activity,
        wcs: WcsFacts,
        source: AlignmentSolution,
        origin: SolutionOrigin = SolutionOrigin.TWEAKBACK,
    ) -> AlignmentSolution:
        """Make the solution that TweakBack wrote to an exposure, or a restored one."""
        solution = cls(version, acceptance, origin, SolutionStatus.APPLIED, wcs)
        solution.wcs_key = wcs.key
        solution.catalog = source.catalog
        solution.source = source
        solution.fitted_at = source.fitted_at
        solution.applied_at = utc_now()
        solution.trust = source.trust
        return solution

    @property
    def is_fitted(self) -> bool:
        """Whether the WCS is a fit of skydb that was accepted, or such a fit restored."""
        if self.origin is SolutionOrigin.RESTORED:
            return self.source is not None and self.source.is_fitted
        return self.status is SolutionStatus.APPLIED and self.origin in FITTED

    def as_facts(self) -> WcsFacts:
        """The solution as a value, with the linear WCS of its chips."""
        quality = FitQuality(self.nmatches, self.rms_ra_mas, self.rms_dec_mas, self.fit_geometry)
        chips = tuple(chip.geometry for chip in self.chips)
        name = WcsName.parse(self.wcs_name)
        return WcsFacts(self.wcs_key or " ", name, chips, self.wcs_type, self.hdr_name, quality)

    def accept(self, applied_to: ProductVersion, name: WcsName) -> None:
        """Record that exactly this fit is now in a new version, under a WCSNAME.

        Raises
        ------
        StateError
            When the solution is not a proposal.
        """
        _require_proposed(self, "accepted")
        self.status = SolutionStatus.APPLIED
        self.applied_version = applied_to
        self._name(name)
        self.applied_at = utc_now()

    def reject(self, why: str) -> None:
        """Refuse the fit after review.

        Raises
        ------
        StateError
            When the solution is not a proposal.
        """
        _require_proposed(self, "rejected")
        self.status = SolutionStatus.REJECTED
        self.reason = why

    def record_trust(self, report: TrustReport) -> None:
        """Record the checks of a fit and its trust."""
        self.trust = report.score
        self.trust_reasons = [TrustReason(check) for check in report.checks]

    def verify(self, realised: Realised, limit_mas: float = RESIDUAL_LIMIT_MAS) -> bool:
        """Record the measured shift; False when it is not the predicted one.

        A residual above the limit makes the solution FAILED.
        """
        self.keep_shift(realised)
        if realised.residual_mas <= limit_mas:
            return True
        self.status = SolutionStatus.FAILED
        self.reason = (
            f"received a shift {realised.residual_mas:.1f} mas off the predicted "
            f"{realised.predicted_mas:.1f} mas"
        )
        return False

    def supersede(self, earlier: Iterable[AlignmentSolution]) -> None:
        """Replace earlier solutions; they stay on record."""
        for solution in earlier:
            if solution is not self and solution.superseded_by is None:
                solution.superseded_by = self

    @property
    def is_weak(self) -> bool:
        """Whether matches are too few; a group's trust counts because its stars repeat."""
        return self.group_name is None and super().is_weak

    def warn_if_weak(self) -> None:
        """Add a finding to the activity when the fit has too few matches."""
        if self.is_weak:
            message = f"{self.nmatches} matches; {self.fit_geometry} wants {self.matches_wanted}."
            self.activity.notice(FindingKind.WEAK_FIT, self.product.filename, message)


def columns_found(wcs: WcsFacts) -> dict[str, Any]:
    """Columns of a WCS of a file from outside, but for its version, to be written in bulk.

    They are those of :meth:`AlignmentSolution.found`.
    """
    return {
        "origin": _origin_of(wcs),
        "status": SolutionStatus.RECORDED,
        "wcs_key": wcs.key or None,
        **_columns_of(wcs),
    }


def _origin_of(wcs: WcsFacts) -> SolutionOrigin:
    """Origin of a WCS of a file from outside: without a key it is that of a headerlet."""
    return SolutionOrigin.ARCHIVE if wcs.key else SolutionOrigin.HEADERLET


def _columns_of(wcs: WcsFacts) -> dict[str, Any]:
    """Columns that a WCS gives by itself."""
    return {
        "recorded_at": utc_now(),
        "wcs_type": wcs.wcs_type,
        "hdr_name": wcs.hdr_name,
        **name_columns(wcs.name),
        **quality_columns(wcs.quality),
    }


class Timed(Protocol):
    """A run that has the times of its log."""

    @property
    def started_at(self) -> datetime | None:
        """Its beginning."""

    @property
    def finished_at(self) -> datetime | None:
        """Its end."""


def columns_logged(run: Timed, name: WcsName, status: SolutionStatus) -> dict[str, Any]:
    """Columns of a fit from a log, except run and product, to be written in bulk."""
    # Not every log has the time of its end.
    is_timed = status is not SolutionStatus.RECORDED
    return {
        "origin": SolutionOrigin.TWEAKREG,
        "status": status,
        "recorded_at": utc_now(),
        "fitted_at": run.finished_at or run.started_at if is_timed else None,
        **name_columns(name),
    }


def _require_proposed(solution: AlignmentSolution, verb: str) -> None:
    if solution.status is not SolutionStatus.PROPOSED:
        raise StateError(
            f"Solution {solution.id} is {solution.status} and cannot be {verb}.",
            advice="Only a proposed fit can; see `skydb align show`.",
        )
