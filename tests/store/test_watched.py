"""Calls of a driver can be ended."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator

import pytest

from skydb.errors import StoreError
from skydb.store.watched import Watch

FOR_EVER = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    yield connection
    connection.close()


def test_a_call_gives_its_result_and_its_error(connection) -> None:
    watch = Watch(connection.interrupt, 60.0, 2**30)
    assert watch.call(lambda: 7) == 7
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        watch.call(lambda: connection.execute("SELECT * FROM no_such_table"))


def test_a_call_that_takes_too_long_is_ended_and_the_connection_can_be_used(connection) -> None:
    watch = Watch(connection.interrupt, 0.2)
    with pytest.raises(StoreError, match=r"after 0\.2 s.*--timeout"):
        watch.call(lambda: connection.execute(FOR_EVER))
    assert not watch.is_stuck
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_time_of_all_calls_counts_and_what_passes_between_them_does_not(connection) -> None:
    watch = Watch(connection.interrupt, 60.0)
    watch.call(lambda: 1)
    watch.spent_s = 59.99
    with pytest.raises(StoreError, match="after 60 s"):
        watch.call(lambda: connection.execute(FOR_EVER))


def test_a_call_that_takes_too_much_memory_is_ended(connection, monkeypatch) -> None:
    sizes = iter([0, *[5 * 2**20] * 99])
    monkeypatch.setattr("skydb.store.watched._memory", lambda: next(sizes))
    watch = Watch(connection.interrupt, None, 4 * 2**20)
    with pytest.raises(StoreError, match="5 MB of memory"):
        watch.call(lambda: connection.execute(FOR_EVER))


def test_an_interrupt_ends_the_call(connection, monkeypatch) -> None:
    watch = Watch(connection.interrupt)

    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "_require_time", press)
    with pytest.raises(KeyboardInterrupt):
        watch.call(lambda: connection.execute(FOR_EVER))
    assert not watch.is_stuck


def test_a_call_that_cannot_be_ended_keeps_nobody_waiting(monkeypatch) -> None:
    monkeypatch.setattr("skydb.store.watched._END_S", 0.1)
    go_on = threading.Event()
    watch = Watch(lambda: None, 0.1)
    with pytest.raises(StoreError):
        watch.call(go_on.wait)
    assert watch.is_stuck
    go_on.set()
