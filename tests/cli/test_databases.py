"""Files are looked at before they are opened, and stay as they are."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from skydb.errors import StoreError
from skydb.store import sqlitefile
from skydb.store.engine import open_engine, resolve_url
from skydb.store.readonly import ask
from skydb.store.unit_of_work import Store
from tests.commands import LedgerDirectory

READING = [
    ["status"], ["todo"], ["findings"], ["inspect", "headers"], ["sql", "SELECT 1 AS one"],
    ["db", "current"], ["db", "check"], ["books", "list"],
]  # fmt: skip


def state(directory: Path) -> dict[str, tuple[str, int]]:
    """Content and time of everything in a directory."""
    return {
        one.name: (hashlib.sha256(one.read_bytes()).hexdigest(), one.stat().st_mtime_ns)
        for one in directory.iterdir()
    }


def foreign(path: Path, mode: str, *, statement: str = "CREATE TABLE a (x)") -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    "statement", ["CREATE TABLE a (x)", "CREATE TABLE alembic_version (version_num TEXT)"]
)
def test_a_database_of_another_program_stays_as_it_is(tmp_path, mode, statement) -> None:
    ledger = LedgerDirectory(tmp_path)
    foreign(tmp_path / "skydb.sqlite", mode, statement=statement)
    before = state(tmp_path)
    for words in (*READING, ["ingest", "."], ["db", "backup", tmp_path / "b"]):
        spoken = ledger(*words)
        assert spoken.code == 3, (words, spoken.err)
        assert "another program" in spoken.err
        assert len(spoken.err.strip().splitlines()) == 1
    assert ledger("init").code == 2
    assert state(tmp_path) == before


def test_a_database_of_another_program_becomes_a_ledger_only_when_that_is_said(tmp_path) -> None:
    ledger = LedgerDirectory(tmp_path)
    foreign(tmp_path / "skydb.sqlite", "DELETE")
    refused = ledger("init")
    assert (refused.code, "--into-foreign" in refused.err) == (2, True)
    assert ledger("init", "--into-foreign").code == 0
    assert ledger("status").code == 0
    assert ledger("init").code == 0
    assert ask(resolve_url(ledger.url), "SELECT count(*) FROM a").rows == [(0,)]


def test_alembic_of_another_program_never_becomes_a_ledger(tmp_path) -> None:
    foreign(tmp_path / "skydb.sqlite", "DELETE", statement="CREATE TABLE alembic_version (v)")
    refused = LedgerDirectory(tmp_path)("init", "--into-foreign")
    assert (refused.code, "migrations of another program" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda path: path.mkdir(), 2, "is a directory"),
        (lambda path: path.write_text("rootname,sky\n" * 99), 2, "is not an SQLite database"),
        (lambda path: path.write_text("x"), 2, "is not an SQLite database"),
        (os.mkfifo, 2, "is not a file"),
        (lambda path: path.symlink_to("nowhere"), 4, "no database"),
        (lambda path: path.touch(), 3, "skydb init"),
        (lambda path: None, 4, "skydb init"),
    ],
)
def test_a_path_that_is_no_ledger_is_one_sentence(tmp_path, make, code, said) -> None:
    make(tmp_path / "skydb.sqlite")
    spoken = LedgerDirectory(tmp_path)("status")
    assert (spoken.code, said in spoken.err) == (code, True), spoken.err
    assert len(spoken.err.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["no/such/dir.sqlite", ":memory:", ""])
def test_a_ledger_is_not_made_where_it_cannot_be(tmp_path, monkeypatch, name) -> None:
    from tests.commands import skydb

    monkeypatch.chdir(tmp_path)
    assert skydb("--db", f"sqlite:///{name}", "init").code in (2, 4)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_without_a_log_of_its_own_gets_it_from_its_first_writer(ledger) -> None:
    path = ledger.path / "skydb.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert ledger("status").code == 0
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    when = ("--began", "2019-01-01", "--ended", "2019-01-02", "--what", "y")
    assert ledger("books", "deliveries", "add", "x", *when).code == 0
    assert path.read_bytes()[18] == 2


@pytest.fixture
def frozen(ledger, monkeypatch) -> Iterator[LedgerDirectory]:
    """A ledger on media that cannot be written to, as far as this machine lets make one."""
    path = ledger.path
    mounted = subprocess.run(
        ["mount", "--bind", path, path], capture_output=True, check=False
    ).returncode == 0 and not subprocess.run(
        ["mount", "-o", "remount,ro,bind", path, path], capture_output=True, check=False
    ).returncode  # fmt: skip
    if not mounted:
        path.chmod(0o555)
        (path / "skydb.sqlite").chmod(0o444)
        if os.geteuid() == 0:  # Whom permissions do not keep from anything.
            monkeypatch.setattr(sqlitefile, "is_writable", lambda _: False)
            monkeypatch.setattr(sqlitefile, "_uri", _as_on_such_media)
    yield ledger
    if mounted:
        subprocess.run(["umount", path], check=True)
    path.chmod(0o755)


def _as_on_such_media(path: Path, *, immutable: bool) -> str:
    return f"file:{path}?mode=ro&immutable=1" if immutable else f"file:{path}-no?mode=ro"


def test_a_ledger_on_read_only_media_is_read(frozen, tmp_path_factory) -> None:
    out = tmp_path_factory.mktemp("out")
    before = state(frozen.path)
    for words in (*READING, ["export", out / "t.csv"], ["report", out / "r.html"],
                  ["db", "backup", out / "b.sqlite"], ["init"]):  # fmt: skip
        spoken = frozen(*words)
        assert spoken.code in (0, 5), (words, spoken.err)
        assert "Traceback" not in spoken.err
    assert state(frozen.path) == before
    assert LedgerDirectory(out, f"sqlite:///{out / 'b.sqlite'}")("status").code == 0


def test_what_would_write_to_read_only_media_is_refused_in_one_sentence(frozen, field) -> None:
    for words in (["ingest", field], ["books", "note", "bxl50", "x"]):
        spoken = frozen(*words)
        assert spoken.code == 1
        assert "can only be read" in spoken.err


def test_a_log_that_was_left_on_read_only_media_is_not_passed_over(ledger, monkeypatch) -> None:
    path = ledger.path / "skydb.sqlite"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("DELETE FROM passbands")
    writer.commit()
    left = ledger.path / "left"
    left.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", left / f"skydb.sqlite{ending}")
    writer.close()
    monkeypatch.setattr(sqlitefile, "is_writable", lambda _: False)
    monkeypatch.setattr(sqlitefile, "_uri", _as_on_such_media)
    spoken = LedgerDirectory(left)("status")
    assert (spoken.code, "skydb.sqlite-wal" in spoken.err) == (1, True)


def test_a_file_that_changes_while_it_is_taken_for_frozen_gives_no_answer(
    ledger, monkeypatch
) -> None:
    path = ledger.path / "skydb.sqlite"
    monkeypatch.setattr(sqlitefile, "is_writable", lambda _: False)
    monkeypatch.setattr(sqlitefile, "_uri", _as_on_such_media)
    engine = open_engine(resolve_url(ledger.url))
    with pytest.raises(StoreError, match="written to while"), Store(engine).reading() as session:
        session.connection()
        os.utime(path, (1, 1))
    engine.dispose()
