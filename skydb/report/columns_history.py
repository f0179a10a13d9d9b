"""Columns for display of imported runs; programs get all columns."""

from __future__ import annotations

from skydb.report.tables import Column

IMPORTED = (
    Column("run"),
    Column("kind"),
    Column("status"),
    Column("tool_version", "tool"),
    Column.time("started_at", "started"),
    Column("method"),
    Column.alarm("downgraded"),
    Column.status("run_status"),
    Column("exposures"),
    Column("skipped"),
    Column("log", wraps=True),
    Column("first_line", "line"),
)
