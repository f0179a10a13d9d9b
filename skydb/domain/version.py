"""The immutable file versions of a product."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key, add_beside, sparse_index, take, utc_now
from skydb.domain.condition_record import ConditionRecord, condition_columns
from skydb.domain.location import FileLocation, Placed
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import ProductKind
from skydb.errors import StateError

if TYPE_CHECKING:
    from skydb.domain.exposure import Exposure
    from skydb.domain.product import Product
    from skydb.domain.solution import AlignmentSolution


#: Columns that have the names of the facts.
_GIVEN = (
    *("sha256", "size_bytes", "cal_ver", "opus_ver", "idctab", "idctab_date", "tool_version"),
    *("date_written", "dq_sha256"),
)
#: Columns of a version that is the first of its product.
FIRST = {"number": 1, "delivery": 1, "place": 1, "is_annotated": False}


class ProductVersion(ConditionRecord, Placed, Base):
    """One immutable file version of a product, addressed by its SHA-256.

    Parameters
    ----------
    product : Product
        The product it is a version of.
    number : int
        Counted from 1 in the order of arrival.
    facts : FileFacts
        What the file says; must carry the checksum.
    derived_from : ProductVersion, optional
        What skydb made it of (W3C PROV *wasDerivedFrom*); None for a file from outside.

    Attributes
    ----------
    delivery : int
        Ordinal of its archive version among those of the product, the oldest 1; that of its
        origin for what skydb made. Ordered by calibration, see
        ``skydb.domain.delivery.DeliveryKey``.
    place : int
        Ordinal among all versions of the product, by archive version and then by arrival;
        those that were only annotated come first in their archive version.
    is_annotated : bool
        Whether it differs from what it was made of only in cards of a sky run.

    Raises
    ------
    ValueError
        When the facts carry no checksum.
    """

    __tablename__ = "product_versions"
    __table_args__ = (
        UniqueConstraint("product_id", "sha256"),
        UniqueConstraint("product_id", "number"),
        Index(None, "product_id", "place"),
        Index(None, "idctab", "date_written"),
        sparse_index("derived_from_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    number: Mapped[int]
    delivery: Mapped[int]
    place: Mapped[int]
    derived_from_id: Mapped[int | None] = mapped_column(ForeignKey("product_versions.id"))
    filename: Mapped[str] = mapped_column(String(255))
    is_own_name: Mapped[bool]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    cal_ver: Mapped[str | None] = mapped_column(String(64))
    opus_ver: Mapped[str | None] = mapped_column(String(64))
    idctab: Mapped[str | None] = mapped_column(String(64))
    idctab_date: Mapped[str | None] = mapped_column(String(10))
    tool_version: Mapped[str | None] = mapped_column(String(64))
    date_written: Mapped[str | None] = mapped_column(String(32))
    recorded_at: Mapped[datetime]
    dq_sha256: Mapped[str | None] = mapped_column(String(64))
    is_annotated: Mapped[bool]

    product: Mapped[Product] = relationship(back_populates="versions", lazy="joined")
    derived_from: Mapped[ProductVersion | None] = relationship(
        remote_side=[id], back_populates="derivatives"
    )
    derivatives: Mapped[list[ProductVersion]] = relationship(
        back_populates="derived_from", order_by="ProductVersion.number"
    )
    locations: Mapped[list[FileLocation]] = relationship(
        back_populates="version",
        cascade="all, delete-orphan",
        lazy="selectin",
        order_by="FileLocation.id",
    )
    solutions: Mapped[list[AlignmentSolution]] = relationship(
        back_populates="known_version",
        order_by="AlignmentSolution.id",
        foreign_keys="AlignmentSolution.version_id",
    )
    applied_solutions: Mapped[list[AlignmentSolution]] = relationship(
        back_populates="applied_version",
        order_by="AlignmentSolution.id",
        foreign_keys="AlignmentSolution.applied_version_id",
    )

    def __init__(
        self,
        product: Product,
        number: int,
        facts: FileFacts,
        derived_from: ProductVersion | None = None,
        *,
        is_annotated: bool = False,
    ) -> None:
        take(self, self.columns_of(facts))
        self.number = number
        self.delivery = self.place = number
        self.derived_from = derived_from
        self.is_annotated = is_annotated
        self.product = product
        add_beside(product, self)

    @staticmethod
    def columns_of(facts: FileFacts) -> dict[str, Any]:
        """Columns that a file gives, but for its product and its place among its versions.

        Raises
        ------
        ValueError
            When the facts carry no checksum.
        """
        if not facts.sha256:
            raise ValueError(f"{facts.path.name}: a version needs a checksum.")
        return {
            "filename": facts.path.name,
            "is_own_name": facts.path.name == (facts.header_filename or facts.path.name),
            **{name: getattr(facts, name) for name in _GIVEN},
            "recorded_at": utc_now(),
            **condition_columns(facts.condition),
        }

    @property
    def exposure(self) -> Exposure | None:
        """The exposure; None for a combination."""
        return self.product.exposure

    @property
    def rootname(self) -> str | None:
        """Rootname of the exposure; None for a combination."""
        return self.product.rootname

    @property
    def subject(self) -> str:
        """Name for users: the rootname of an exposure, else the file name."""
        return self.rootname or self.filename

    def require_exposure(self) -> Exposure:
        """The exposure.

        Raises
        ------
        StateError
            When the version is of a combination, which has no sky value.
        """
        if self.exposure is None:
            raise StateError(f"{self.filename} is not a single exposure and has no sky.")
        return self.exposure

    @property
    def reference(self) -> str:
        """Name in commands: ``ibxl50clq@2``."""
        return f"{self.subject}@{self.number}"

    @property
    def content_id(self) -> str:
        """Checksum of this version, with that of its flags when they are another file."""
        return self.sha256 if self.dq_sha256 is None else f"{self.sha256}+{self.dq_sha256}"

    def note_flags(self, facts: FileFacts) -> bool:
        """Record the file with the flags of this version, which may arrive later.

        Returns
        -------
        bool
            Whether they are others than were known: what was measured is then of no use.
        """
        before = self.dq_sha256
        self.dq_sha256 = facts.dq_sha256 or before
        return self.dq_sha256 != before

    @property
    def lacks_flags(self) -> bool:
        """Whether its flags are in another file, which was never found beside it."""
        return self.product.kind is ProductKind.C0M and self.dq_sha256 is None

    @property
    def is_delivery(self) -> bool:
        """Whether the file came from outside; skydb made the others from such a file."""
        return self.derived_from is None

    @property
    def origin(self) -> ProductVersion:
        """The archive version that this version was made of, or this version itself."""
        return self if self.derived_from is None else self.derived_from.origin

    def derive(self, facts: FileFacts, path: str) -> ProductVersion:
        """Make the version that skydb derived from this one, with the same archive version.

        Parameters
        ----------
        facts : FileFacts
            What the new file says.
        path : str
            Where skydb keeps it.
        """
        version = self.product.add_version(facts, derived_from=self)
        version.see_at(path, is_managed=True)
        return version

    def annotate(self, facts: FileFacts, path: str) -> ProductVersion:
        """Make a version that differs from this one only by cards of a sky run.

        It never represents the product: pixels and WCS are those of this version.

        Parameters
        ----------
        facts : FileFacts
            What the file with the cards says.
        path : str
            Where skydb keeps it.
        """
        version = self.product.version_with(facts.sha256 or "") or self.product.add_version(
            facts, derived_from=self, is_annotated=True
        )
        version.see_at(path, is_managed=True)
        return version

    @property
    def current_solution(self) -> AlignmentSolution | None:
        """The active WCS of this version, or None when none was recorded."""
        if self.is_annotated and self.derived_from is not None:
            return self.derived_from.current_solution
        in_header = [s for s in self.solutions if s.wcs_key == " "]
        return next(iter(in_header + self.applied_solutions), None)

    @property
    def accepted_solution(self) -> AlignmentSolution | None:
        """The accepted fit of this version, or None."""
        current = self.current_solution
        return current if current is not None and current.is_fitted else None

    @property
    def has_signal(self) -> bool:
        """Whether there is a signal: exposure time and good pixels."""
        return not self.condition.has_no_signal

    @property
    def is_newest_delivery(self) -> bool:
        """Whether no newer archive version of the product is recorded."""
        return all(other.delivery <= self.delivery for other in self.product.versions)
