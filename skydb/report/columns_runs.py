"""Columns of the tables of ``skydb runs``."""

from __future__ import annotations

from skydb.report.tables import Column

RUNS = (
    Column("run"),
    Column("kind"),
    Column.status(),
    Column("started_at"),
    Column("method"),
    Column("inputs", spare=2),
    Column("mosaic", spare=3),
    Column("about", wraps=True, spare=1),
)
#: Properties of one run, and their names.
FACTS = {
    "status": "status",
    "error": "error",
    "about": "about",
    "requested_method": "method asked for",
    "effective_method": "method that ran",
    "started_at": "started (UTC)",
    "finished_at": "finished (UTC)",
    "agent": "by",
    "tool_version": "tool",
    "skydb_version": "skydb",
    "imported_by": "read from a log by run",
    "retention": "kept",
    "mosaic_purged_at": "mosaic purged (UTC)",
    "deleted_at": "deleted (UTC)",
}
FACT = (Column("what"), Column("value", format="", wraps=True))
PARTS = {
    "parameters": (
        "Parameters that differ from the defaults",
        (
            Column("name"),
            Column("value", format="", wraps=True),
            Column("usual", "default", wraps=True),
            Column("source", "default of"),
        ),
    ),
    "used": (
        "Inputs",
        (Column("filename"), Column("version"), Column("role"), Column("reason", wraps=True)),
    ),
    "outputs": ("Outputs", (Column("what"), Column("path", wraps=True))),
    "findings": (
        "Findings",
        (Column("kind"), Column("subject", wraps=True), Column("message", wraps=True)),
    ),
    "attempts": (
        "Attempts",
        (
            Column("attempt"),
            Column("worker", wraps=True),
            Column.status(),
            Column("started_at"),
            Column("error", wraps=True),
        ),
    ),
}
