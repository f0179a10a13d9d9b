"""Presets: named options in a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.base import Base, utc_now
from skydb.errors import UsageError

_LONGEST_NAME = 40


class Preset(Base):
    """Named options of AstroDrizzle for runs.

    A run keeps its own values, so that a preset may change.

    Parameters
    ----------
    name : str
        What runs call it by.
    options : mapping
        Values by the names of options, JSON-able.
    author : str
        Who says so.

    Raises
    ------
    UsageError
        When the name is none.
    """

    __tablename__ = "presets"

    name: Mapped[str] = mapped_column(String(_LONGEST_NAME), primary_key=True)
    options: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]

    def __init__(self, name: str, options: Mapping[str, Any], author: str) -> None:
        if not name.strip() or name != name.strip() or len(name) > _LONGEST_NAME:
            raise UsageError(
                f"{name!r} is not a valid name of a preset.",
                advice=f"Give 1 to {_LONGEST_NAME} characters without spaces around them.",
            )
        self.name = name
        self.change(options, author)

    def change(self, options: Mapping[str, Any], author: str) -> None:
        """Replace the options."""
        self.options = dict(options)
        self.author = author
        self.made_at = utc_now()
