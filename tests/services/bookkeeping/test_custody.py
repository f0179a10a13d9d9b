"""Backups are the ledger as it stood, proved, or nothing."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

import skydb as package
from skydb.domain import Visit
from skydb.errors import StoreError, UsageError
from skydb.files.drafts import draft_of
from skydb.services.bookkeeping import BackupKind, back_up, copy_database
from skydb.store import pgdump
from skydb.store.copying import checksum_of, tables_in_order
from skydb.store.engine import as_reader, open_engine, resolve_url
from skydb.store.unit_of_work import Store
from tests.commands import skydb
from tests.postgres import _bin_directories
from tests.store.anyrows import fill_every_table


@pytest.fixture
def full(ledger_url: str) -> str:
    """A ledger with hard values in every table."""
    engine = open_engine(resolve_url(ledger_url))
    with engine.begin() as connection:
        fill_every_table(connection)
    engine.dispose()
    return ledger_url


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the server that the tests run."""
    where = next(path for path in _bin_directories() if (path / "initdb").exists())
    if not (where / "pg_dump").exists():
        pytest.fail(f"{where} has a server and no pg_dump")
    monkeypatch.setenv("PATH", f"{where}{os.pathsep}{os.environ['PATH']}")


def sums(url: str) -> dict[str, str]:
    engine = open_engine(resolve_url(url))
    with as_reader(engine).connect() as connection:
        found = {one.name: checksum_of(connection, one).hexadecimal for one in tables_in_order()}
    engine.dispose()
    return found


def test_a_backup_is_the_ledger_and_can_be_used_as_it_is(full, tmp_path) -> None:
    out = tmp_path / "backup"
    made = back_up(full, out, kind=BackupKind.SQLITE)
    assert {one.table: one.checksum for one in made.tables} == sums(full)
    assert all(one.verified for one in made.tables)
    assert sums(f"sqlite:///{out}") == sums(full)
    assert skydb("--db", f"sqlite:///{out}", "db", "check").code == 0
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith((".", "backup"))] == [
        "backup"
    ]


def test_a_dump_is_proved_by_the_rows_in_it_and_can_be_restored(
    client, postgres_ledger_url, postgres_url, tmp_path
) -> None:
    engine = open_engine(resolve_url(postgres_ledger_url))
    with engine.begin() as connection:
        fill_every_table(connection)
    engine.dispose()
    out = tmp_path / "ledger.dump"
    made = back_up(postgres_ledger_url, out)
    assert (made.kind, made.remark) == (BackupKind.DUMP, "")
    assert {one.table: one.checksum for one in made.tables} == sums(postgres_ledger_url)
    target = postgres_url.replace("+psycopg", "")
    subprocess.run(["pg_restore", "--no-owner", f"--dbname={target}", out], check=True)
    assert sums(postgres_url) == sums(postgres_ledger_url)


def test_a_dump_with_other_rows_is_found_out(
    client, postgres_ledger_url, tmp_path, monkeypatch
) -> None:
    engine = open_engine(resolve_url(postgres_ledger_url))
    run = pgdump._run

    def meddle(command: list[str], url: object) -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE passbands SET em_min_m = em_min_m * 1.0000001"))
        run([one for one in command if not one.startswith("--snapshot")], url)

    monkeypatch.setattr(pgdump, "_run", meddle)
    with pytest.raises(StoreError, match="backup of passbands differs from the original"):
        back_up(postgres_ledger_url, tmp_path / "out.dump")
    assert list(tmp_path.iterdir()) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("program", "reason"),
    [(None, "not installed"), ("pg_dump (PostgreSQL) 9.6.24", "older than the server")],
)
def test_without_a_client_a_backup_is_an_sqlite_file_and_says_so(
    postgres_ledger_url, tmp_path, monkeypatch, program, reason
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore") if program else ():
        (programs / name).write_text(f"#!/bin/sh\necho '{program}'\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin" if program else str(programs))
    spoken = skydb("--db", postgres_ledger_url, "db", "backup", tmp_path / "b", "--json")
    assert (spoken.code, spoken.document["kind"]) == (0, "sqlite")
    assert reason in spoken.err
    assert sums(f"sqlite:///{tmp_path / 'b'}") == sums(postgres_ledger_url)
    with pytest.raises(StoreError, match=reason):
        back_up(postgres_ledger_url, tmp_path / "c", kind=BackupKind.DUMP)


@pytest.fixture
def writer(ledger_url: str) -> Iterator[list[int]]:
    """Somebody who goes on writing; how much was written."""
    written, stop = [0], threading.Event()
    store = Store(open_engine(resolve_url(ledger_url)))

    def write() -> None:
        while not stop.is_set():
            with store.writing() as session:
                session.add(Visit(f"b{written[0] // 100:02}", f"{written[0] % 100:02}", 1))
                session.add(Visit(f"c{written[0] // 100:02}", f"{written[0] % 100:02}", 1))
                session.commit()
            written[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    yield written
    stop.set()
    thread.join()
    store.engine.dispose()


def test_a_backup_while_somebody_writes_has_whole_transactions(
    ledger_url, writer, tmp_path
) -> None:
    for number in range(2):
        before = writer[0]
        made = back_up(ledger_url, tmp_path / f"{number}", kind=BackupKind.SQLITE)
        with closing(sqlite3.connect(made.path)) as connection:
            (rows,) = connection.execute("SELECT count(*) FROM visits").fetchone()
        assert rows % 2 == 0
        assert 2 * before <= rows <= 2 * (writer[0] + 1)


def test_an_earlier_file_stays_until_it_is_said_and_the_new_one_is_proved(
    sqlite_ledger_url, tmp_path, monkeypatch
) -> None:
    out = tmp_path / "out"
    out.write_text("precious")
    words = ("--db", sqlite_ledger_url, "db", "backup", out)
    refused = skydb(*words)
    assert (refused.code, "--overwrite" in refused.err) == (2, True)

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("skydb.store.backups.seal", fail)
        failed = skydb(*words, "--overwrite")
    assert (failed.code, "disk full" in failed.err) == (1, True)
    assert out.read_text() == "precious"
    assert skydb(*words, "--overwrite").code == 0
    assert out.read_bytes().startswith(b"SQLite")
    assert {one.name for one in tmp_path.iterdir()} <= {"out", "ledger.sqlite", *_logs()}


def _logs() -> set[str]:
    return {"ledger.sqlite-wal", "ledger.sqlite-shm"}


def test_an_interrupted_backup_leaves_nothing(sqlite_ledger_url, tmp_path, monkeypatch) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("skydb.store.backups.checksum_of", press)
    with pytest.raises(KeyboardInterrupt):
        back_up(sqlite_ledger_url, tmp_path / "out")
    assert {one.name for one in tmp_path.iterdir()} <= {"ledger.sqlite", *_logs()}


def _kill_in_backup(url: str, path: Path) -> None:
    """Back up in a process that is killed when the draft stands, with the logs SQLite keeps."""
    code = (
        "import os, signal, sys\n"
        "from skydb.services.bookkeeping import custody\n"
        "def kill(engine, draft, *_):\n"
        "    for ending in ('', '-wal', '-shm', '-journal'):\n"
        "        draft.with_name(draft.name + ending).write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "custody._made = kill\n"
        "custody.back_up(sys.argv[1], custody.Path(sys.argv[2]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, url, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def test_fsck_finds_what_a_killed_backup_has_left(sqlite_ledger_url, tmp_path) -> None:
    _kill_in_backup(sqlite_ledger_url, tmp_path / "out")
    own = tmp_path / ".mine.part-wal"
    own.write_text("of somebody else")
    done = skydb("--db", sqlite_ledger_url, "fsck", "--repair", "--json")
    assert [one["problem"] for one in json.loads(done.out)] == ["draft"] * 4
    assert set(tmp_path.glob(".*")) == {own}


def test_a_repeated_backup_deletes_what_the_killed_one_has_left(
    sqlite_ledger_url, tmp_path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "out"
    _kill_in_backup(sqlite_ledger_url, path)
    assert len(list(path.parent.iterdir())) == 4
    running = draft_of(path)
    running.write_text("of a backup that is at work")
    back_up(sqlite_ledger_url, path)
    assert set(path.parent.iterdir()) == {path, running}


def test_a_backup_never_takes_the_place_of_the_ledger(sqlite_ledger_url, tmp_path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    (tmp_path / "link").symlink_to(ledger)
    for path in (ledger, tmp_path / "link"):
        with pytest.raises(UsageError, match="is the ledger itself"):
            back_up(sqlite_ledger_url, path, overwrite=True)
    for path, said in ((tmp_path, "is a directory"), (tmp_path / "no" / "b", "no directory")):
        with pytest.raises(UsageError, match=said):
            back_up(sqlite_ledger_url, path, overwrite=True)


def test_a_file_that_comes_to_be_meanwhile_stays(sqlite_ledger_url, tmp_path, monkeypatch) -> None:
    out = tmp_path / "out"

    def arrive(path: Path) -> None:
        out.write_text("precious")

    monkeypatch.setattr("skydb.store.backups.seal", arrive)
    with pytest.raises(UsageError, match="exists by now"):
        back_up(sqlite_ledger_url, out)
    assert out.read_text() == "precious"


def test_a_backup_goes_back_into_a_server(sqlite_ledger_url, postgres_url, tmp_path) -> None:
    back_up(sqlite_ledger_url, tmp_path / "b")
    copy_database(f"sqlite:///{tmp_path / 'b'}", postgres_url)
    assert sums(postgres_url) == sums(sqlite_ledger_url)


def test_a_program_makes_backups_too(sqlite_ledger_url, tmp_path) -> None:
    with package.open(sqlite_ledger_url) as ledger:
        made = ledger.database.backup(tmp_path / "b")
    assert len(made) == len(tables_in_order())
