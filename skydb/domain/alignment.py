"""Alignment runs and their acceptance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity, Stamp
from skydb.domain.base import choice
from skydb.domain.catalog import ReferenceCatalog
from skydb.domain.solution import AlignmentSolution
from skydb.domain.values import FileFacts, Realised
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import (
    ActivityKind,
    AlignmentRoad,
    FindingKind,
    LinkRole,
    SolutionStatus,
)
from skydb.errors import StateError

T = TypeVar("T")

#: Name of the catalogue of a run that aligned visits to each other.
RELATIVE = "relative"


class AlignmentRun(Activity):
    """One fit of a set of products to a reference catalogue; it changes no file.

    Parameters
    ----------
    reference : ReferenceCatalog or str
        What is fitted to: a catalogue, or the name that a log gives it.
    parameters : mapping
        Of the fit.
    stamp : Stamp
        Who asked, and where it runs.
    what : AlignmentRoad, optional
        What is fitted; None when the run is known from a log only.
    """

    __tablename__ = "alignment_runs"

    id: Mapped[int] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    catalog_id: Mapped[int | None] = mapped_column(ForeignKey("reference_catalogs.id"), index=True)
    reference: Mapped[str | None] = mapped_column(String(255))
    what: Mapped[AlignmentRoad | None] = mapped_column(choice(AlignmentRoad))
    workspace: Mapped[str | None] = mapped_column(Text)

    known_catalog: Mapped[ReferenceCatalog | None] = relationship()
    __mapper_args__ = {"polymorphic_identity": ActivityKind.ALIGNMENT}

    def __init__(
        self,
        reference: ReferenceCatalog | str,
        parameters: Mapping[str, Any],
        stamp: Stamp,
        what: AlignmentRoad | None = None,
    ) -> None:
        super().__init__(parameters, stamp)
        self.tool_version = stamp.tool_version
        self.what = what
        if isinstance(reference, ReferenceCatalog):
            self.known_catalog = reference
            self.reference = reference.name
        else:
            self.reference = reference

    @property
    def catalog(self) -> ReferenceCatalog:
        """The catalogue that was fitted to.

        Raises
        ------
        StateError
            When the run is known from a log only.
        """
        if self.known_catalog is None:
            raise StateError(
                f"Alignment run {self.id} is known from a log only, and so is its catalogue, "
                f"{self.reference}."
            )
        return self.known_catalog

    @property
    def is_relative(self) -> bool:
        """Whether visits were aligned to each other, and to no catalogue."""
        return self.known_catalog is None and self.reference == RELATIVE

    def at_rest(self, solution: AlignmentSolution) -> tuple[ProductVersion, ...]:
        """Inputs of the visit to which a relative fit moved its own; none of an absolute one."""
        group = self.parameters.get("groups", {}).get(solution.group_name, {})
        resting = group.get("resting")
        if resting is None:
            return ()
        fitted = {one.known_version for one in self.solutions}
        # A body is called by its visit, and by the camera too where there are several.
        visit = str(resting).split()[0]
        return tuple(
            one for one in self.inputs if one not in fitted and one.product.visit.label == visit
        )

    def in_order(self, fits: Iterable[T], name_of: Callable[[T], str]) -> list[T]:
        """Fits in the order of the files of the run; they are recorded as they get done."""
        places = {name: place for place, name in enumerate(self.parameters.get("products", ()))}
        return sorted(fits, key=lambda fit: places.get(name_of(fit), len(places)))

    def open_proposals(self) -> list[AlignmentSolution]:
        """Fits that wait for review.

        Raises
        ------
        StateError
            When none is left: all were accepted, rejected or had failed; or when the fits are
            known from a log only, so that there is no file to write them to.
        """
        if self.imported_by_id is not None:
            raise StateError(
                f"Alignment run {self.id} is known from a log; its fits cannot be reviewed here.",
                advice="Fit again with `skydb align run`.",
            )
        waiting = [s for s in self.solutions if s.status is SolutionStatus.PROPOSED]
        if not waiting:
            raise StateError(
                f"Alignment run {self.id} has no fit that waits for review.",
                advice="See `skydb align show`, or fit again with `skydb align run`.",
            )
        return self.in_order(waiting, lambda solution: solution.version.filename)


class Acceptance(Activity):
    """The fits of one alignment run were applied to new versions of its products."""

    __tablename__ = "acceptances"

    id: Mapped[int] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    alignment_run_id: Mapped[int] = mapped_column(ForeignKey("alignment_runs.id"), index=True)

    alignment_run: Mapped[AlignmentRun] = relationship(foreign_keys=[alignment_run_id])

    __mapper_args__ = {
        "polymorphic_identity": ActivityKind.ACCEPTANCE,
        "inherit_condition": id == Activity.id,
    }

    def __init__(
        self, alignment_run: AlignmentRun, parameters: Mapping[str, Any], stamp: Stamp
    ) -> None:
        super().__init__(parameters, stamp)
        self.tool_version = stamp.tool_version
        self.alignment_run = alignment_run

    def apply(self, solution: AlignmentSolution, file: FileFacts, path: str) -> ProductVersion:
        """Record the drizzled product that has exactly the fit that was reviewed.

        Parameters
        ----------
        solution : AlignmentSolution
            The fit; it supersedes what was active in the product.
        file : FileFacts
            What the new file of the product says.
        path : str
            Where skydb keeps it.

        Raises
        ------
        StateError
            When the solution is not a proposal.
        """
        version = solution.version.derive(file, path)
        self.generate(version, LinkRole.ALIGNED)
        solution.accept(version, file.primary.name)
        solution.product.supersede_with(solution)
        return version

    def carry(
        self,
        solution: AlignmentSolution,
        member: ProductVersion,
        file: FileFacts,
        path: str,
        realised: Realised,
    ) -> AlignmentSolution:
        """Record a member that TweakBack has moved by the fit, and by how much it moved.

        Parameters
        ----------
        solution : AlignmentSolution
            The fit of the drizzled product.
        member : ProductVersion
            The file version that the product was made of.
        file : FileFacts
            What the new file of the member says.
        path : str
            Path of skydb's copy.
        realised : Realised
            Its shift as measured; one that is not the predicted one makes the result FAILED.
        """
        version = member.derive(file, path)
        self.generate(version, LinkRole.ALIGNED)
        carried = AlignmentSolution.carried(version, self, file.primary, solution)
        if carried.verify(realised):
            member.product.supersede_with(carried)
        return carried

    def leave(self, rootname: str, why: str) -> None:
        """Record that a member of a product is not moved by its fit."""
        self.notice(FindingKind.NOT_MOVED, rootname, why)


class Restoration(Activity):
    """An earlier solution was written to a new version of its product."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.RESTORATION}
