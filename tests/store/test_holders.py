"""A waiting writer names the process that holds the lock."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from skydb.errors import StoreError
from skydb.store import engine as engines
from skydb.store import holders
from skydb.store.engine import open_engine, resolve_url
from skydb.store.unit_of_work import Store

#: Has begun something, by the ledger, and writes on.
_WRITER = """
import sqlite3, sys
from skydb.domain import IngestActivity
from skydb.services.core import connect
context = connect(sys.argv[1], sys.argv[2] + ".data")
context.begin(lambda session, stamp: IngestActivity({}, stamp))
context.store.engine.dispose()
connection = sqlite3.connect(sys.argv[2], isolation_level=None)
connection.execute(f"PRAGMA journal_mode = {sys.argv[3]}")
connection.execute("BEGIN IMMEDIATE")
print("writing", flush=True)
sys.stdin.read()
"""


@contextmanager
def writer(url: str, mode: str = "wal") -> Iterator[int]:
    """The number of a process that writes to a ledger."""
    secret = "postgresql://me:hidden@host/x"
    words = [url, url.removeprefix("sqlite:///"), mode, "skydb", "ingest", secret]
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    try:
        assert process.stdout.readline() == b"writing\n"
        yield process.pid
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 200)
    monkeypatch.setattr(engines, "_PATIENCE_S", 0.0)


def refusal(url: str) -> StoreError:
    """Error of a writer that has waited for too long."""
    engine = open_engine(resolve_url(url))
    try:
        with pytest.raises(StoreError) as refused, Store(engine).writing() as session:
            session.execute(text("DELETE FROM visits"))
    finally:
        engine.dispose()
    return refused.value


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_locked_ledger_tells_which_process_has_it_and_what_to_do(
    sqlite_ledger_url: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    with writer(sqlite_ledger_url, mode) as pid, caplog.at_level(logging.WARNING):
        said = refusal(sqlite_ledger_url)
    clock = r"\d\d:\d\d:\d\d UTC"
    command = r"skydb ingest postgresql://me:\*\*\*@host/x"
    who = rf"process {pid} \({command}, since {clock}; ingest 1 since {clock}\)"
    assert re.search(rf"is locked: waited \d+ s for {who}\.", str(said))
    assert re.search(rf"Waiting for {who}\.", caplog.text)
    assert f"kill {pid}" in str(said)


@pytest.mark.usefixtures("impatient")
def test_where_locks_cannot_be_seen_the_ledger_tells_who_has_begun_something(
    sqlite_ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "_LOCKS", Path("nowhere"))
    with writer(sqlite_ledger_url) as pid:
        said = str(refusal(sqlite_ledger_url))
    assert re.search(
        rf"for another process; running by the ledger: process {pid} on .+ \(ingest 1 since ", said
    )


@pytest.mark.usefixtures("impatient")
def test_a_thread_of_the_same_process_is_not_to_be_killed(sqlite_ledger_url: str) -> None:
    own = sqlite3.connect(sqlite_ledger_url.removeprefix("sqlite:///"), isolation_level=None)
    own.execute("BEGIN IMMEDIATE")
    said = str(refusal(sqlite_ledger_url))
    own.close()
    assert "for another thread of this process." in said and "kill" not in said


def test_the_lock_of_another_file_or_byte_and_those_who_wait_are_not_the_holder() -> None:
    me = os.getpid()
    lines = {
        f"1: POSIX  ADVISORY  WRITE {me} fe:00:7 120 120": [me],
        f"1: POSIX  ADVISORY  WRITE {me} fe:00:7 0 EOF": [me],
        f"1: -> POSIX  ADVISORY  WRITE {me} fe:00:7 120 120": [],
        f"1: POSIX  ADVISORY  READ {me} fe:00:7 120 120": [],
        f"1: POSIX  ADVISORY  WRITE {me} fe:00:77 120 120": [],
        f"1: POSIX  ADVISORY  WRITE {me} fe:00:7 123 123": [],
        f"1: FLOCK  ADVISORY  WRITE {me} fe:00:7 0 EOF": [],
        "1: OFDLCK ADVISORY  WRITE -1 fe:00:7 120 120": [],
        "": [],
    }
    for line, wanted in lines.items():
        assert list(holders._locker(line.split(), 7, 120)) == wanted, line
