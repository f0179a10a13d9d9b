"""Engines of the tests share the statements that SQLAlchemy has compiled.

SQLAlchemy compiles a statement once for each engine. Nearly every test opens a ledger of its own,
and so compiled everything anew, which took longer than what the databases did.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

#: More than all tests have together.
STATEMENTS = 10_000


def share_statements(patch: pytest.MonkeyPatch) -> None:
    """Let engines of skydb share a cache, whose keys tell kinds of databases from each other."""
    shared: LRUCache[object, object] = LRUCache(STATEMENTS)

    def create_sharing(url: URL, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        engine._compiled_cache = shared  # type: ignore[assignment]
        return engine

    # Every engine has a dialect of its own; all of one kind compile alike.
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        patch.setattr(dialect, "__eq__", _are_one_kind, raising=False)
        patch.setattr(dialect, "__hash__", _hash_of_kind, raising=False)
    patch.setattr("skydb.store.engine.create_engine", create_sharing)


def _are_one_kind(one: object, other: object) -> bool:
    return type(one) is type(other)


def _hash_of_kind(one: object) -> int:
    return hash(type(one))
