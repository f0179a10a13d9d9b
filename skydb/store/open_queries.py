"""Read-only queries of activities that have not ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from skydb.domain.activitystatus import OPEN

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def has_open_activities(session: Connection | Session) -> bool:
    """Whether any activity has not ended."""
    found = session.execute(text(f"SELECT 1 FROM activities WHERE {OPEN} LIMIT 1"))
    return found.first() is not None
