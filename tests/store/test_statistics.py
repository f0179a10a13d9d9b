"""The planner is told how large the tables are, and only when that changes."""

from __future__ import annotations

from sqlalchemy import Engine

from skydb.domain import Exposure, Visit
from skydb.domain.vocabulary import KnownFrom
from skydb.store.bulk import BulkWriter
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


def test_a_small_ledger_needs_none(engine: Engine) -> None:
    add_exposures(engine, 0, 100)
    assert not refresh_statistics(engine)


def test_they_are_taken_again_when_a_table_has_outgrown_them(engine: Engine) -> None:
    add_exposures(engine, 0, 1000)
    assert refresh_statistics(engine)
    assert not refresh_statistics(engine)
    add_exposures(engine, 1000, 3000)
    assert not refresh_statistics(engine)
    add_exposures(engine, 3000, 6000)
    assert refresh_statistics(engine)
    assert not refresh_statistics(engine)
