"""Files: products, their immutable versions, and attempts to fetch them."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key, choice, follow, utc_now
from skydb.domain.exposure import Exposure
from skydb.domain.values import FileFacts
from skydb.domain.visit import Visit
from skydb.domain.vocabulary import DownloadStatus, ProductKind

if TYPE_CHECKING:
    from skydb.domain.solution import AlignmentSolution


class Product(Base):
    """A named file: the FLT of an exposure, the DRZ of an association.

    Parameters
    ----------
    filename : str
        Name without directory, unique in the ledger.
    kind : ProductKind
        What it is.
    visit : Visit
        Visit it belongs to.
    exposure : Exposure, optional
        Its exposure; None for a combination of several.
    """

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    filename: Mapped[str] = mapped_column(String(255), unique=True)
    kind: Mapped[ProductKind] = mapped_column(choice(ProductKind))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    exposure_id: Mapped[int | None] = mapped_column(ForeignKey("exposures.id"), index=True)

    visit: Mapped[Visit] = relationship(lazy="joined")
    exposure: Mapped[Exposure | None] = relationship(lazy="joined")
    versions: Mapped[list[ProductVersion]] = relationship(
        back_populates="product", order_by="ProductVersion.number"
    )
    members: Mapped[list[ProductMember]] = relationship(
        back_populates="product", cascade="all, delete-orphan", order_by="ProductMember.position"
    )

    def __init__(
        self,
        filename: str,
        kind: ProductKind,
        visit: Visit,
        exposure: Exposure | None = None,
    ) -> None:
        self.filename = filename
        self.kind = kind
        self.visit = visit
        self.exposure = exposure

    @property
    def latest(self) -> ProductVersion:
        """The newest version.

        Raises
        ------
        LookupError
            When the product has no version yet.
        """
        if not self.versions:
            raise LookupError(f"{self.filename} has no version.")
        return self.versions[-1]

    def version_with(self, sha256: str) -> ProductVersion | None:
        """The version that has this content, or None."""
        return next((known for known in self.versions if known.sha256 == sha256), None)

    def add_version(self, facts: FileFacts, path: str, *, is_managed: bool) -> ProductVersion:
        """Append a version with new content; earlier ones stay as they are."""
        number = self.versions[-1].number + 1 if self.versions else 1
        return ProductVersion(self, number, facts, path, is_managed=is_managed)

    def name_members(self, rootnames: tuple[str, ...]) -> None:
        """Record which exposures a combined product was made of, in order."""
        known = {member.rootname for member in self.members}
        for rootname in rootnames:
            if rootname not in known:
                self.members.append(ProductMember(rootname, len(self.members)))
                known.add(rootname)


class ProductMember(Base):
    """One exposure that a combined product was made of, by rootname.

    The exposure itself may not be in the ledger (yet), so this is no foreign key.
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


class ProductVersion(Base):
    """One immutable content of a product, addressed by its SHA-256.

    Parameters
    ----------
    product : Product
        The product it is a version of.
    number : int
        Counted from 1 in the order of arrival.
    facts : FileFacts
        What the file says; must carry the checksum.
    path : str
        Where it is; relative paths start at the data root.
    is_managed : bool
        Whether skydb made or fetched the file and keeps it.

    Raises
    ------
    ValueError
        When the facts carry no checksum.
    """

    __tablename__ = "product_versions"
    __table_args__ = (
        UniqueConstraint("product_id", "sha256"),
        UniqueConstraint("product_id", "number"),
        Index(None, "idctab", "date_written"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(Text)
    is_managed: Mapped[bool]
    cal_ver: Mapped[str | None] = mapped_column(String(64))
    idctab: Mapped[str | None] = mapped_column(String(64))
    tool_version: Mapped[str | None] = mapped_column(String(64))
    date_written: Mapped[str | None] = mapped_column(String(32))
    recorded_at: Mapped[datetime]

    product: Mapped[Product] = relationship(back_populates="versions", lazy="joined")
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
        self, product: Product, number: int, facts: FileFacts, path: str, *, is_managed: bool
    ) -> None:
        if not facts.sha256:
            raise ValueError(f"{facts.path.name}: a version needs the checksum of its content.")
        self.product = product
        self.number = number
        self.sha256 = facts.sha256
        self.size_bytes = facts.size_bytes
        self.path = path
        self.is_managed = is_managed
        self.cal_ver = facts.cal_ver
        self.idctab = facts.idctab
        self.tool_version = facts.tool_version
        self.date_written = facts.date_written
        self.recorded_at = utc_now()
        follow(product, self)

    @property
    def filename(self) -> str:
        """Name of the file without directory."""
        return PurePath(self.path).name

    def relocate(self, path: str, *, is_managed: bool) -> None:
        """Note that this very content is kept elsewhere from now on."""
        self.path = path
        self.is_managed = is_managed

    @property
    def current_solution(self) -> AlignmentSolution | None:
        """The WCS in force in this content, or None when none was recorded."""
        in_header = [s for s in self.solutions if s.wcs_key == " "]
        return next(iter(in_header + self.applied_solutions), None)


class Download(Base):
    """One attempt to fetch one product.

    Parameters
    ----------
    uri : str
        Archive's name of the file.
    attempt : int
        Counted from 1 for this file in this fetch.
    expected_bytes : int, optional
        Size that the archive announced.
    """

    __tablename__ = "downloads"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("product_versions.id"), index=True)
    uri: Mapped[str] = mapped_column(Text, index=True)
    attempt: Mapped[int]
    status: Mapped[DownloadStatus | None] = mapped_column(choice(DownloadStatus))
    expected_bytes: Mapped[int | None] = mapped_column(BigInteger)
    received_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    etag: Mapped[str | None] = mapped_column(String(255))
    path: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    version: Mapped[ProductVersion | None] = relationship()

    def __init__(
        self, activity_id: int, uri: str, attempt: int = 1, expected_bytes: int | None = None
    ) -> None:
        self.activity_id = activity_id
        self.uri = uri
        self.attempt = attempt
        self.expected_bytes = expected_bytes
        self.started_at = utc_now()

    def finish(
        self,
        status: DownloadStatus,
        received_bytes: int,
        sha256: str,
        path: str,
        etag: str | None = None,
    ) -> None:
        """Record that the bytes arrived, where they are, and how the archive calls them."""
        self.status = status
        self.received_bytes = received_bytes
        self.sha256 = sha256
        self.path = path
        self.etag = etag
        self.finished_at = utc_now()

    def fail(self, status: DownloadStatus, error: str, received_bytes: int | None = None) -> None:
        """Record that the attempt gave no usable file, and why."""
        self.status = status
        self.error = error
        self.received_bytes = received_bytes
        self.finished_at = utc_now()
