"""Dialect of PostgreSQL; see :mod:`skydb.store.statements`."""

from __future__ import annotations

from typing import Any

from psycopg.pq import Format
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGExecutionContext_psycopg

from skydb.store.statements import AS_BYTES


class _Context(PGExecutionContext_psycopg):
    """Statement with its cursor, which a server keeps when it gives rows some at a time."""

    def create_server_side_cursor(self) -> Any:  # noqa: ANN401 - of the driver
        """Make a cursor that gets values as text, or as the server has them."""
        cursor = super().create_server_side_cursor()  # type: ignore[no-untyped-call]
        if self.execution_options.get(AS_BYTES):
            cursor.format = Format.BINARY
        return cursor


class SharingDialect(PGDialect_psycopg):
    """psycopg 3: dialects of servers of one version and manner of strings are equal."""

    supports_statement_cache = True
    execution_ctx_cls = _Context

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharingDialect) and self._manner() == other._manner()

    def __hash__(self) -> int:
        return hash(type(self))

    def _manner(self) -> tuple[object, ...]:
        return getattr(self, "server_version_info", None), self._backslash_escapes
