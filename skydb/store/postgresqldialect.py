"""Dialect of PostgreSQL; see :mod:`skydb.store.statements`."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg


class SharingDialect(PGDialect_psycopg):
    """psycopg 3: dialects of servers of one version and manner of strings are equal."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharingDialect) and self._manner() == other._manner()

    def __hash__(self) -> int:
        return hash(type(self))

    def _manner(self) -> tuple[object, ...]:
        return getattr(self, "server_version_info", None), self._backslash_escapes
