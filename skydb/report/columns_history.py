"""Columns for display of imported runs; programs get all columns."""

from __future__ import annotations

from skydb.report.tables import Column

IMPORTED = (
    Column("run"),
    Column("kind"),
    Column("status"),
    Column("tool_version", spare=6),
    Column("started_at", spare=5),
    Column("method", spare=1),
    Column.alarm("downgraded", spare=2),
    Column.status("run_status", spare=4),
    Column("exposures", spare=3),
    Column("skipped", spare=2),
    Column("log", wraps=True),
    Column("first_line", spare=7),
)
