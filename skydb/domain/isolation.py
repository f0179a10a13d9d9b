"""Proof that a tool kept its inputs, and backups of files that skydb wrote to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity, Stamp
from skydb.domain.base import Base, Key, add_beside
from skydb.domain.cardchanges import CardChanges
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import ActivityKind
from skydb.errors import StateError


class InputProof(Base):
    """One input of one tool: the file was not changed, and the tool changed a copy.

    Parameters
    ----------
    activity : Activity
        What called the tool.
    version : ProductVersion
        The version that the file had before.
    tool : str
        ``TweakReg``, ``TweakBack`` or ``AstroDrizzle``.
    sha256_after : str or None
        Checksum of the file after the call; None when it is gone.
    changes : CardChanges
        What the tool changed in its copy of the file.
    """

    __tablename__ = "input_proofs"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id", ondelete="CASCADE"), index=True
    )
    version_id: Mapped[int] = mapped_column(ForeignKey("product_versions.id"), index=True)
    tool: Mapped[str] = mapped_column(String(24))
    sha256_before: Mapped[str] = mapped_column(String(64))
    sha256_after: Mapped[str | None] = mapped_column(String(64))
    is_untouched: Mapped[bool]
    cards_added: Mapped[int]
    cards_removed: Mapped[int]
    cards_changed: Mapped[int]
    pixels_changed: Mapped[bool]
    changes: Mapped[dict[str, Any]]

    activity: Mapped[Activity] = relationship()
    version: Mapped[ProductVersion] = relationship()

    def __init__(
        self,
        activity: Activity,
        version: ProductVersion,
        tool: str,
        sha256_after: str | None,
        changes: CardChanges,
    ) -> None:
        self.activity = activity
        self.version = version
        self.tool = tool
        self.sha256_before = version.sha256
        self.sha256_after = sha256_after
        self.is_untouched = sha256_after == version.sha256
        self.cards_added = changes.added
        self.cards_removed = changes.removed
        self.cards_changed = changes.changed
        self.pixels_changed = changes.pixels_changed
        self.changes = changes.as_document()
        add_beside(activity, self)


class HeaderWrite(Activity):
    """Accepted results were written into the headers of the user's own files."""

    backups: Mapped[list[HeaderBackup]] = relationship(
        back_populates="write",
        cascade="all, delete-orphan",
        order_by="HeaderBackup.id",
        foreign_keys="HeaderBackup.activity_id",
    )

    __mapper_args__ = {"polymorphic_identity": ActivityKind.HEADER_WRITE}

    def __init__(self, parameters: Mapping[str, Any], stamp: Stamp) -> None:
        super().__init__(parameters, stamp)

    def open_backups(self) -> list[HeaderBackup]:
        """Headers that were not restored yet.

        Raises
        ------
        StateError
            When there are none.
        """
        waiting = [backup for backup in self.backups if backup.restored_by_id is None]
        if not waiting:
            raise StateError(f"There is nothing left of activity {self.id} to put back.")
        return waiting


class HeaderRestore(Activity):
    """Restoration of headers that skydb had replaced in the user's files."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.HEADER_RESTORE}


class HeaderBackup(Base):
    """Headers of one of the user's files as they were before skydb wrote to it.

    Parameters
    ----------
    write : HeaderWrite
        What is about to write.
    path : str
        The user's file.
    before, after : ProductVersion
        The versions that it has and will have.
    headers : sequence of str
        Every header, as the bytes in the file are, by HDU.
    """

    __tablename__ = "header_backups"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id", ondelete="CASCADE"), index=True
    )
    version_before_id: Mapped[int] = mapped_column(ForeignKey("product_versions.id"), index=True)
    version_after_id: Mapped[int] = mapped_column(ForeignKey("product_versions.id"), index=True)
    path: Mapped[str] = mapped_column(Text)
    headers: Mapped[list[str]]
    restored_by_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id"), index=True)

    write: Mapped[HeaderWrite] = relationship(back_populates="backups", foreign_keys=[activity_id])
    before: Mapped[ProductVersion] = relationship(foreign_keys=[version_before_id])
    after: Mapped[ProductVersion] = relationship(foreign_keys=[version_after_id])
    restored_by: Mapped[HeaderRestore | None] = relationship(foreign_keys=[restored_by_id])

    def __init__(
        self,
        write: HeaderWrite,
        path: str,
        before: ProductVersion,
        after: ProductVersion,
        headers: list[str],
    ) -> None:
        self.write = write
        self.path = path
        self.before = before
        self.after = after
        self.headers = headers
        add_beside(write, self)
