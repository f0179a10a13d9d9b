"""Read-only queries of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from skydb.domain.columntypes import UtcDateTime
from skydb.store.rows import Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def findings(session: Connection | Session, run: int | None = None) -> list[Row]:
    """List findings, newest first, as ``v_findings`` has them."""
    where = "" if run is None else " WHERE run_id = :run"
    asked = text(f"SELECT * FROM v_findings{where} ORDER BY id DESC")
    rows = session.execute(asked.columns(noticed_at=UtcDateTime()), {"run": run} if run else {})
    return [
        {
            "run_id": row["run_id"],
            "activity": row["run_id"],
            "during": row["during"],
            "kind": row["kind"],
            "subject": row["subject"],
            "message": row["message"],
            "noticed_at": row["noticed_at"].isoformat(),
        }
        for row in rows.mappings()
    ]
