"""Visit-level products that skydb makes: the exposures of a visit on one rectified grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity, Stamp
from skydb.domain.base import choice, sparse_index
from skydb.domain.repetition import Repeatable
from skydb.domain.values import SkyLevel
from skydb.domain.version import ProductVersion
from skydb.domain.visit import Visit
from skydb.domain.vocabulary import (
    ActivityKind,
    FindingKind,
    LinkRole,
    ReplayVerdict,
    SkyMethod,
)


class VisitDrizzle(Repeatable, Activity):
    """Product of the exposures of one visit in one filter and detector.

    Parameters
    ----------
    visit : Visit
        Whose exposures.
    filters, detector : str
        What all of them were taken with.
    method : SkyMethod
        The sky that is subtracted before cosmic rays are looked for.
    parameters : mapping
        Options of AstroDrizzle, and the versions that it is given.
    stamp : Stamp
        Who asked, and where it runs.
    recipe_hash : str
        SHA-256 of method, parameters and input checksums; the same recipe in the same
        environment is the same product.
    """

    __tablename__ = "visit_drizzles"
    __table_args__ = (sparse_index("replay_of_id"),)

    id: Mapped[int] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    filters: Mapped[str] = mapped_column(String(40))
    detector: Mapped[str] = mapped_column(String(12))
    requested_method: Mapped[SkyMethod] = mapped_column(choice(SkyMethod, "requested"))
    effective_method: Mapped[SkyMethod | None] = mapped_column(choice(SkyMethod, "effective"))
    recipe_hash: Mapped[str] = mapped_column(String(64), index=True)
    replay_of_id: Mapped[int | None] = mapped_column(ForeignKey("visit_drizzles.id"))
    replay_verdict: Mapped[ReplayVerdict | None] = mapped_column(choice(ReplayVerdict))

    visit: Mapped[Visit] = relationship()
    replay_of: Mapped[VisitDrizzle | None] = relationship(
        remote_side=[id], foreign_keys=[replay_of_id]
    )

    __mapper_args__ = {
        "polymorphic_identity": ActivityKind.DRIZZLE,
        "inherit_condition": id == Activity.id,
    }

    def __init__(
        self,
        visit: Visit,
        optics: tuple[str, str],
        method: SkyMethod,
        parameters: Mapping[str, Any],
        stamp: Stamp,
        *,
        recipe_hash: str,
    ) -> None:
        super().__init__(parameters, stamp)
        self.visit = visit
        self.filters, self.detector = optics
        self.requested_method = method
        self.recipe_hash = recipe_hash
        self.tool_version = stamp.tool_version

    @property
    def product_version(self) -> ProductVersion | None:
        """Its product; None until it has succeeded, and for a repetition."""
        return next((link.version for link in self.generated), None)

    @property
    def skies(self) -> dict[str, float | None]:
        """Sky that was subtracted from each chip, by ``ROOTNAME[EXTVER]``, in units of BUNIT."""
        return dict(self.parameters.get("skies", {}))

    def note_skies(
        self, levels: Iterable[SkyLevel], effective: SkyMethod, reason: str | None
    ) -> None:
        """Record the sky that was used of each chip, and flag a method that was not asked for.

        Parameters
        ----------
        levels : iterable of SkyLevel
            Of every chip; None is no sky.
        effective : SkyMethod
            What really ran.
        reason : str or None
            Why it is another method than the one asked for.
        """
        by_chip = {f"{one.rootname}[{one.extver}]": one.mdrizsky for one in levels}
        self.parameters = {**self.parameters, "skies": by_chip}
        self.effective_method = effective
        if effective is not self.requested_method:
            message = f"{self.requested_method} was asked for, {effective} ran. "
            self.notice(
                FindingKind.DOWNGRADED, f"run {self.id}", (message + (reason or "")).strip()
            )

    def keep(self, version: ProductVersion) -> None:
        """Record the product."""
        self.generate(version, LinkRole.MOSAIC)

    def repeat(self, original: VisitDrizzle) -> None:
        """Record the one that this repeats."""
        self.replay_of = original
