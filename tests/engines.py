"""Engines of the tests share what is the same for every ledger.

SQLite parses the whole schema whenever a file is opened, and skydb opens it once more before, to
see whose it is.
"""

from __future__ import annotations

import os
import struct
from functools import wraps
from pathlib import Path
from typing import Any

import pytest


def share_schemas(patch: pytest.MonkeyPatch) -> None:
    """Look once at a schema of SQLite that many files have: it is known by their first page."""
    # Not before the home of the tests is there.
    from skydb.store import sqlitefile

    known: set[bytes] = set()
    look = sqlitefile.foreign_tables

    def looked(path: Path) -> list[str]:
        schema = None if path.with_name(f"{path.name}-wal").exists() else _schema(path)
        if schema is not None and schema in known:
            return []
        others = look(path)
        if schema is not None and not others:
            known.add(schema)
        return others

    patch.setattr(sqlitefile, "foreign_tables", looked)


def share_differences(patch: pytest.MonkeyPatch) -> None:
    """Compare a schema of SQLite with the entities once: it is known by its statements."""
    # Not before the home of the tests is there.
    from sqlalchemy import Engine, text

    from skydb.store import schema
    from skydb.store.engine import as_reader

    known: dict[tuple[Any, ...], list[str]] = {}
    compare = schema.differences

    @wraps(compare)
    def compared(engine: Engine) -> list[str]:
        if engine.dialect.name != "sqlite":
            return compare(engine)
        with as_reader(engine).connect() as connection:
            made = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))
            statements = tuple(sorted(map(repr, made)))
        if statements not in known:
            known[statements] = compare(engine)
        return list(known[statements])

    patch.setattr(schema, "differences", compared)


def leave_unsynced(patch: pytest.MonkeyPatch) -> None:
    """Wait for no disk: nothing that a test stores has to survive a power cut."""
    # Not before the home of the tests is there.
    from skydb.store import engine

    prepare = engine._prepare_sqlite

    @wraps(prepare)
    def prepared(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    patch.setattr(engine, "_prepare_sqlite", prepared)
    patch.setattr(os, "fsync", lambda descriptor: None)


def _schema(path: Path) -> bytes | None:
    """Root of the tables' table and number of its last change; None where it has no more pages."""
    with path.open("rb") as stream:
        page = stream.read(1 << 16)
    (size,) = struct.unpack(">H", page[16:18])  # 1 stands for 1 << 16
    is_inner = page[100:101] == b"\x05"
    return page[40:44] + page[100 : size if size > 1 else 1 << 16] if is_inner else None
