"""The planner of SQLite is told how large the tables are, and only when that changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from skydb.domain import Exposure, Visit
from skydb.domain.vocabulary import KnownFrom
from skydb.store.bulk import BulkWriter
from skydb.store.engine import open_engine, resolve_url
from skydb.store.statistics import refresh_statistics


def add_exposures(engine: Engine, first: int, last: int) -> None:
    n = last - first
    with engine.begin() as connection:
        writer = BulkWriter(connection)
        if first == 0:
            writer.write(Visit.__table__, {"id": [1], "program": ["bxl"], "number": ["50"]})
        columns = {
            "visit_id": [1] * n,
            "rootname": [f"i{i:07d}q" for i in range(first, last)],
            "instrument": ["WFC3"] * n,
            "known_from": [KnownFrom.LOG] * n,
        }
        writer.write(Exposure.__table__, columns)


@pytest.fixture
def sqlite(sqlite_ledger_url: str) -> Iterator[Engine]:
    engine = open_engine(resolve_url(sqlite_ledger_url))
    yield engine
    engine.dispose()


def test_postgresql_is_left_to_itself(engine: Engine) -> None:
    add_exposures(engine, 0, 3000)
    assert refresh_statistics(engine) is (engine.dialect.name == "sqlite")


def test_a_small_ledger_needs_none(sqlite: Engine) -> None:
    add_exposures(sqlite, 0, 100)
    assert not refresh_statistics(sqlite)


def test_they_are_taken_again_when_a_table_has_outgrown_them(sqlite: Engine) -> None:
    add_exposures(sqlite, 0, 1000)
    assert refresh_statistics(sqlite)
    assert not refresh_statistics(sqlite)
    add_exposures(sqlite, 1000, 3000)
    assert not refresh_statistics(sqlite)
    add_exposures(sqlite, 3000, 6000)
    assert refresh_statistics(sqlite)
    assert not refresh_statistics(sqlite)
