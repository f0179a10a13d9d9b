"""The paths at which the file of a version is found."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key, utc_now
from skydb.errors import StateError

if TYPE_CHECKING:
    from skydb.domain.version import ProductVersion


class FileLocation(Base):
    """One path of a version; a path holds one version at a time.

    Parameters
    ----------
    path : str
        Relative paths start at the data root.
    is_managed : bool
        Whether skydb made or fetched the file and keeps it.
    """

    __tablename__ = "file_locations"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("product_versions.id", ondelete="CASCADE"), index=True
    )
    path: Mapped[str] = mapped_column(Text, unique=True)
    is_managed: Mapped[bool]
    seen_at: Mapped[datetime]

    version: Mapped[ProductVersion] = relationship(back_populates="locations")

    def __init__(self, path: str, *, is_managed: bool) -> None:
        self.path = path
        self.is_managed = is_managed
        self.seen_at = utc_now()

    def move_to(self, version: ProductVersion, *, is_managed: bool) -> None:
        """Record that this path holds another version from now on."""
        self.version = version
        self.is_managed = is_managed
        self.seen_at = utc_now()


class Placed:
    """A version with paths: its name and where it is read."""

    if TYPE_CHECKING:
        locations: Mapped[list[FileLocation]]

        @property
        def reference(self) -> str:
            """Name in commands."""

    @property
    def path(self) -> str:
        """Path from which the file is read: skydb's own copy if there is one, else as first seen.

        Relative paths start at the data root.

        Raises
        ------
        StateError
            When no path is known.
        """
        if not self.locations:
            raise StateError(
                f"No file of {self.reference} is known any more.",
                advice="Ingest a copy of it, or fetch it again.",
            )
        return min(self.locations, key=lambda place: not place.is_managed).path

    @property
    def known_path(self) -> str | None:
        """The same path, or None when no path is known."""
        return self.path if self.locations else None

    @property
    def is_managed(self) -> bool:
        """Whether skydb made or fetched the file and keeps it."""
        return any(place.is_managed for place in self.locations)

    def see_at(self, path: str, *, is_managed: bool) -> FileLocation:
        """Record that this version is at a path."""
        known = next((place for place in self.locations if place.path == path), None)
        if known is None:
            known = FileLocation(path, is_managed=is_managed)
            self.locations.append(known)
        known.is_managed = known.is_managed or is_managed
        return known

    def leave(self, path: str) -> None:
        """Record that this version is no longer at a path."""
        self.locations = [place for place in self.locations if place.path != path]
