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
    Column("logged", spare=5),
    Column("last_activity_at", spare=4),
)
VISIT_STATUS = (Column("visit"), Column("proposal_id"), *_COUNTS)
PROGRAM_STATUS = (
    Column("program"),
    Column("proposal_id"),
    Column("visits"),
    *_COUNTS,
)
WHAT_IS_DUE = (
    Column("rule", wraps=True),
    Column("subject", wraps=True),
    Column("reason", wraps=True),
    Column("since", spare=1),
    Column("command", wraps=True),
)
#: Number of due rows by each rule.
COUNTS_DUE = (Column("rule"), Column("due"), Column("meaning", wraps=True))
ENTRIES = (
    Column("id"),
    Column("kind", tones={"flag": Tone.BAD}),
    Column("label", wraps=True, spare=2),
    Column("subject"),
    Column("reason", wraps=True),
    Column("author", spare=3),
    Column("made_at", spare=1),
    Column("withdrawn_why", wraps=True, spare=4),
)
#: Lines that hold, so that none is withdrawn.
LINES = tuple(column for column in ENTRIES if column.name != "withdrawn_why")
DELIVERIES = (
    Column("name"),
    Column("began_on"),
    Column("ended_on"),
    Column("what", wraps=True),
    Column("author"),
)
PROBLEMS = (
    Column("problem"),
    Column("subject", wraps=True),
    Column("known", wraps=True),
    Column("repair", wraps=True),
    Column("repaired", spare=1),
)
PURGED = (
    Column("run"),
    Column("method"),
    Column("status"),
    Column("freed_bytes"),
    Column("paths", wraps=True),
)
