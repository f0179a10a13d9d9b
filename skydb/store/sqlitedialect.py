"""Dialect of SQLite; see :mod:`skydb.store.statements`."""

from __future__ import annotations

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class SharingDialect(SQLiteDialect_pysqlite):
    """Driver of the standard library, of which a process has one version."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))
