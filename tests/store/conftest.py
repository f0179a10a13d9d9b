"""A ledger at the newest revision, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from skydb.store.engine import open_engine, resolve_url
from skydb.store.unit_of_work import Store


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = open_engine(resolve_url(ledger_url))
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)
