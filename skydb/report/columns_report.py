"""Columns of the tables that only the report of a ledger has."""

from __future__ import annotations

from skydb.report.tables import Column

FIELDS = (
    Column("field"),
    Column("proposal_id"),
    Column("target"),
    Column("detector"),
    Column("filter"),
    Column("visits"),
    Column("exposures"),
    Column("aligned"),
    Column("shown"),
)
LOGGED = (
    Column("rootname"),
    Column("visit"),
    Column("proposal_id"),
    Column("target"),
    Column("detector"),
    Column("filter"),
)
FAILED_FITS = (Column("product"), Column("run"), Column("reason", wraps=True))
FAILED_RUNS = (Column("run"), Column("kind"), Column.status(), Column("error", wraps=True))
INPUTS = (
    Column("rootname"),
    Column("flavour"),
    Column("kind"),
    Column("version"),
    Column("delivery"),
    Column("newest_delivery"),
    Column("wcs_name"),
    Column("alignment"),
    Column("role"),
    Column("reason", wraps=True),
)
