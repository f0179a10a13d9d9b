"""Read-only queries of activities that have not ended."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from skydb.domain.activitystatus import OPEN


def has_open_activities(session: Session) -> bool:
    """Whether any activity has not ended."""
    found = session.execute(text(f"SELECT 1 FROM activities WHERE {OPEN} LIMIT 1"))
    return found.first() is not None
