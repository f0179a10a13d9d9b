"""Attempts to fetch files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key, choice, utc_now
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import DownloadStatus


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
