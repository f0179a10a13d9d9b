"""Rows by the million are the rows that entities would have made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, Table, func, select
from sqlalchemy.orm import Session

from skydb.domain import Activity, Environment, Exposure, IngestActivity, Stamp, Visit
from skydb.domain.vocabulary import ActivityKind, KnownFrom, Verdict
from skydb.errors import StoreError
from skydb.store.bulk import BulkWriter

NOON = datetime(2019, 4, 30, 12, 0, 0, 123456, tzinfo=UTC)


def table(entity: type) -> Table:
    return entity.__table__


def visits(*programs: str) -> dict[str, list[object]]:
    n = len(programs)
    return {"program": list(programs), "number": ["50"] * n, "proposal_id": [12812] * n}


def write(engine: Engine, entity: type, columns: dict[str, list[object]]) -> int:
    with engine.begin() as connection:
        return BulkWriter(connection).write(table(entity), columns)


def count(engine: Engine, entity: type) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(table(entity))) or 0


def test_rows_come_back_as_entities(engine: Engine) -> None:
    environment = {
        "fingerprint": ["f" * 64],
        "python_version": ["3.11.7"],
        "platform": ["Linux"],
        "packages": [{"drizzlepac": "3.11.0", "ü": "1"}],
        "verdict": [Verdict.PASSED],
        "first_seen_at": [NOON],
    }
    assert write(engine, Environment, environment) == 1
    with Session(engine) as session:
        found = session.scalars(select(Environment)).one()
    assert found.packages == {"drizzlepac": "3.11.0", "ü": "1"}
    assert (found.verdict, found.first_seen_at) == (Verdict.PASSED, NOON)
    assert found.checked_at is None


def test_numbers_are_kept_to_the_last_bit(engine: Engine) -> None:
    write(engine, Visit, {"id": [1], **visits("bxl")})
    value = 0.1 + 0.2
    exposure = {
        "visit_id": [1],
        "rootname": ["ibxl50clq"],
        "instrument": ["WFC3"],
        "known_from": [KnownFrom.HEADER],
        "expstart_mjd": [value],
        "exptime_s": [None],
    }
    write(engine, Exposure, exposure)
    with Session(engine) as session:
        found = session.scalars(select(Exposure)).one()
    assert found.expstart_mjd == value
    assert found.exptime_s is None and found.known_from is KnownFrom.HEADER


def test_entities_that_follow_get_keys_of_their_own(engine: Engine) -> None:
    with engine.begin() as connection:
        writer = BulkWriter(connection)
        writer.write(table(Visit), {"id": [1, 2, 7], **visits("aaa", "bbb", "ccc")})
        writer.advance_keys([table(Visit)])
    with Session(engine) as session, session.begin():
        session.add(Visit("ddd", "50", 1))
    assert count(engine, Visit) == 4


def test_a_row_that_refers_to_nothing_is_refused_and_nothing_is_kept(engine: Engine) -> None:
    columns = {
        "visit_id": [404],
        "rootname": ["ibxl50clq"],
        "instrument": ["WFC3"],
        "known_from": [KnownFrom.LOG],
    }
    with pytest.raises(StoreError, match="refused rows of exposures"):
        write(engine, Exposure, columns)
    assert count(engine, Exposure) == 0


def test_a_value_outside_its_vocabulary_is_refused(engine: Engine) -> None:
    columns = {
        "kind": [ActivityKind.INGEST],
        "status": ["asleep"],
        "agent": ["me"],
        "skydb_version": ["0"],
        "parameters": [{}],
        "created_at": [NOON],
    }
    with pytest.raises(StoreError, match="refused rows of activities"):
        write(engine, Activity, columns)


def test_columns_of_different_lengths_are_refused(engine: Engine) -> None:
    with pytest.raises(StoreError, match="different lengths"):
        write(engine, Visit, {"program": ["bxl"], "number": ["50", "51"]})


def test_a_block_that_raises_keeps_no_rows(engine: Engine) -> None:
    with pytest.raises(KeyError), engine.begin() as connection:
        BulkWriter(connection).write(table(Visit), visits("bxl"))
        raise KeyError
    assert count(engine, Visit) == 0


def test_bulk_rows_and_entities_share_a_transaction(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        activity = IngestActivity({}, Stamp("me", "0"))
        activity.start()
        session.add(activity)
        session.flush()
        BulkWriter(session.connection()).write(table(Visit), visits("bxl"))
    assert count(engine, Visit) == 1 and count(engine, Activity) == 1
