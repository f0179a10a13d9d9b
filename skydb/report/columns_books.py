"""Columns of the tables of the survey's books."""

from __future__ import annotations

from skydb.report.tables import Column, Tone

_COUNTS = (
    Column("exposures"),
    Column("downloaded", spare=2),
    Column("aligned"),
    Column("matched"),
    Column("downgraded", spare=3),
    Column("stale", spare=1),
    Column("flagged"),
    Column("logged", "from logs only", spare=5),
    Column.time("last_activity_at", "last activity", spare=4),
)
VISIT_STATUS = (Column("visit"), Column("proposal_id", "proposal"), *_COUNTS)
PROGRAM_STATUS = (
    Column("program"),
    Column("proposal_id", "proposal"),
    Column("visits"),
    *_COUNTS,
)
WHAT_IS_DUE = (
    Column("rule", wraps=True),
    Column("subject", wraps=True),
    Column("reason", wraps=True),
    Column.time("since"),
    Column("command", wraps=True),
)
#: Number of due rows by each rule.
COUNTS_DUE = (Column("rule"), Column("due"), Column("meaning", wraps=True))
ENTRIES = (
    Column("id"),
    Column("kind", tones={"flag": Tone.BAD}),
    Column("label", wraps=True),
    Column("subject"),
    Column("reason", wraps=True),
    Column("author"),
    Column.time("made_at", "when"),
    Column("withdrawn_why", "withdrawn because", wraps=True),
)
#: Lines that hold, so that none is withdrawn.
LINES = tuple(column for column in ENTRIES if column.name != "withdrawn_why")
DELIVERIES = (
    Column("name"),
    Column("began_on", "first day"),
    Column("ended_on", "last day"),
    Column("what", wraps=True),
    Column("author"),
)
PROBLEMS = (
    Column("problem"),
    Column("subject", wraps=True),
    Column("known", wraps=True),
    Column("repair", wraps=True),
    Column("repaired"),
)
PURGED = (
    Column("run"),
    Column("method"),
    Column("status"),
    Column("freed_bytes", "bytes", format=","),
    Column("files", wraps=True),
)
