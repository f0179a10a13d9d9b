"""Products: the FLT of an exposure, the DRZ of its members, in one flavour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key, choice
from skydb.domain.delivery import in_order_of_delivery
from skydb.domain.exposure import Exposure
from skydb.domain.identity import logged_identity, product_identity
from skydb.domain.values import FileFacts
from skydb.domain.version import ProductVersion
from skydb.domain.visit import Visit
from skydb.domain.vocabulary import Flavour, ProductKind, SolutionStatus

if TYPE_CHECKING:
    from skydb.domain.solution import AlignmentSolution


class Product(Base):
    """The FLT of an exposure, the DRZ of a set of members, in one flavour.

    Made through :meth:`of`. Two files are versions of one product when
    their ``product_identity`` is equal, whatever their names.

    Parameters
    ----------
    identity : str
        What the product is of; unique in the ledger.
    filename : str
        Name without directory, as first seen; several products can have one name.
    kind : ProductKind
        What it is.
    flavour : Flavour
        Whose it is: the archive's pipeline, HAP, skydb or a user.
    visit : Visit
        Visit it belongs to.
    exposure : Exposure, optional
        Its exposure; None for a combination of several.
    """

    __tablename__ = "products"
    __table_args__ = (Index(None, "kind", "flavour"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    identity: Mapped[str] = mapped_column(String(255), unique=True)
    filename: Mapped[str] = mapped_column(String(255), index=True)
    kind: Mapped[ProductKind] = mapped_column(choice(ProductKind))
    flavour: Mapped[Flavour] = mapped_column(choice(Flavour))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    exposure_id: Mapped[int | None] = mapped_column(ForeignKey("exposures.id"), index=True)

    visit: Mapped[Visit] = relationship(lazy="joined", back_populates="products")
    exposure: Mapped[Exposure | None] = relationship(lazy="joined", back_populates="products")
    versions: Mapped[list[ProductVersion]] = relationship(
        back_populates="product", order_by="ProductVersion.number"
    )
    members: Mapped[list[ProductMember]] = relationship(
        back_populates="product", cascade="all, delete-orphan", order_by="ProductMember.position"
    )
    solutions: Mapped[list[AlignmentSolution]] = relationship(
        back_populates="product", order_by="AlignmentSolution.id"
    )

    def __init__(
        self,
        identity: str,
        filename: str,
        kind: ProductKind,
        flavour: Flavour,
        visit: Visit,
        exposure: Exposure | None = None,
    ) -> None:
        self.identity = identity
        self.filename = filename
        self.kind = kind
        self.flavour = flavour
        self.visit = visit
        self.exposure = exposure

    @classmethod
    def of(cls, file: FileFacts, visit: Visit, exposure: Exposure | None = None) -> Self:
        """The product that a file is the first version of."""
        return cls(**cls.columns_of(file), visit=visit, exposure=exposure)

    @staticmethod
    def columns_of(file: FileFacts) -> dict[str, Any]:
        """Columns of the product that a file is the first version of, but for what it is of."""
        return {
            "identity": product_identity(file),
            "filename": file.path.name,
            "kind": file.kind,
            "flavour": file.flavour,
        }

    @property
    def rootname(self) -> str | None:
        """Rootname of the exposure; None for a combination."""
        return self.exposure.rootname if self.exposure else None

    @property
    def subject(self) -> str:
        """Name for users: the rootname of an exposure, else the file name."""
        return self.rootname or self.filename

    @property
    def is_only_logged(self) -> bool:
        """Whether no file of it was recorded."""
        return self.identity == logged_identity(self.filename)

    def recognise(self, file: FileFacts) -> None:
        """Take the first file of a product that was known from a log only."""
        self.identity = product_identity(file)
        self.flavour = file.flavour

    @property
    def latest(self) -> ProductVersion:
        """The last version made of the newest archive version.

        Raises
        ------
        LookupError
            When the product has no version yet.
        """
        if not self.versions:
            raise LookupError(f"{self.filename} has no version.")
        return max(self.versions, key=lambda version: version.place)

    @property
    def deliveries(self) -> list[ProductVersion]:
        """Versions that came from outside, the oldest first."""
        outside = [version for version in self.versions if version.is_delivery]
        return sorted(outside, key=lambda version: version.place)

    def version_with(self, sha256: str) -> ProductVersion | None:
        """Find the version with this checksum; None if there is none."""
        return next((known for known in self.versions if known.sha256 == sha256), None)

    def add_version(
        self,
        facts: FileFacts,
        *,
        derived_from: ProductVersion | None = None,
        is_annotated: bool = False,
    ) -> ProductVersion:
        """Append a file version; earlier ones stay as they are.

        Parameters
        ----------
        facts : FileFacts
            What the file says.
        derived_from : ProductVersion, optional
            What skydb made it of; None for a file from outside.
        is_annotated : bool
            Whether skydb added no more than cards that say what a run found.
        """
        number = 1 + max((version.number for version in self.versions), default=0)
        version = ProductVersion(self, number, facts, derived_from, is_annotated=is_annotated)
        self._take_name(version)
        self._order()
        return version

    def note_name(self, version: ProductVersion, facts: FileFacts) -> None:
        """Record that a version also exists under its own name, where a copy was seen first.

        The order of recording does not matter: a renamed copy never decides the name or
        the order of archive versions.

        Parameters
        ----------
        version : ProductVersion
            One of the product's.
        facts : FileFacts
            The same version, as it was seen now.
        """
        if version.is_own_name or facts.path.name != facts.header_filename:
            return
        version.filename, version.is_own_name = facts.path.name, True
        self._take_name(version)
        before = self.latest
        self._order()
        now, then = self.latest.current_solution, before.current_solution
        if self.latest is not before and now is not None and then is not None:
            now.superseded_by = None
            now.supersede([then])

    def name_members(self, rootnames: Iterable[str]) -> None:
        """Record which exposures a combined product was made of, in order."""
        known = {member.rootname for member in self.members}
        for rootname in rootnames:
            if rootname not in known:
                self.members.append(ProductMember(rootname, len(self.members)))
                known.add(rootname)

    def settle(self, version: ProductVersion) -> None:
        """Let the WCS of a version just recorded supersede that of older archive versions.

        An older archive version that is recorded late is itself superseded.
        """
        came_with = next((one for one in version.solutions if one.wcs_key == " "), None)
        if came_with is None:
            return
        others = [one for one in self.versions if one is not version]
        if version is self.latest:
            active = (one.current_solution for one in others)
            came_with.supersede(one for one in active if one is not None)
        elif (current := self.latest.current_solution) is not None:
            current.supersede([came_with])

    def supersede_with(self, solution: AlignmentSolution) -> None:
        """Let a solution replace those active in its archive version or an older one."""
        standing = solution.applied_version or solution.version
        active = [
            one
            for version in self.versions
            if version.delivery <= standing.delivery
            for one in (*version.solutions, *version.applied_solutions)
            if one.wcs_key == " " or one.status is SolutionStatus.APPLIED
        ]
        solution.supersede(active)

    def _take_name(self, version: ProductVersion) -> None:
        """Take the name of its files, not that of a renamed copy that was seen first."""
        named = {one.filename for one in self.versions if one.is_own_name}
        if version.is_own_name and self.filename not in named:
            self.filename = version.filename

    def _order(self) -> None:
        """Number the archive versions by calibration, and order the versions made of each."""
        outside = [version for version in self.versions if version.is_delivery]
        for ordinal, version in enumerate(in_order_of_delivery(outside), 1):
            version.delivery = ordinal
        for version in self.versions:
            version.delivery = version.origin.delivery
        placed = sorted(self.versions, key=_standing)
        for place, version in enumerate(placed, 1):
            version.place = place


def _standing(version: ProductVersion) -> tuple[int, bool, int]:
    """Sort key of versions: the last one represents the product; annotated ones never do."""
    return version.delivery, not version.is_annotated, version.number


class ProductMember(Base):
    """One exposure that a combined product was made of, by rootname.

    The exposure may not be in the ledger, so this is not a foreign key.
    """

    __tablename__ = "product_members"

    product_id: Mapped[int] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    rootname: Mapped[str] = mapped_column(String(9), primary_key=True, index=True)
    position: Mapped[int]

    product: Mapped[Product] = relationship(back_populates="members")

    def __init__(self, rootname: str, position: int) -> None:
        self.rootname = rootname
        self.position = position
