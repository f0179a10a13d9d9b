"""The site of a ledger: a snapshot that writers do not disturb, served until the end of a block."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import skydb
from skydb.errors import StateError, StoreError, UsageError
from skydb.services.bookkeeping import snapshots
from tests.browse.asked import pages
from tests.commands import skydb as spoken
from tests.cookbook import Cookbook


def read(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=300) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Iterator[skydb.Ledger]:
    """The ledger of the cookbook, on both kinds of database."""
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        with ledger.services.context.store.writing() as session:
            Cookbook(session).fill()
            session.commit()
        yield ledger


def test_a_ledger_is_browsed_and_nothing_is_left(ledger: skydb.Ledger, tmp_path: Path) -> None:
    with ledger.browse() as site:
        status, text = read(site.url)
        assert status == 200 and "3</span>" in text
        assert len(list((tmp_path / "data" / "scratch").iterdir())) == 1
        assert read(f"{site.url}/exposure/ibxl50aaq")[0] == 200
        assert read(f"{site.url}/ledger/v_run_inputs")[0] == 200
    assert list((tmp_path / "data" / "scratch").iterdir()) == []
    with pytest.raises(urllib.error.URLError):
        read(site.url)
    assert not [thread for thread in threading.enumerate() if "browse" in thread.name]


def test_a_snapshot_does_not_show_what_comes_later(ledger: skydb.Ledger) -> None:
    with ledger.browse() as site:
        ledger.books.note("ibxl50aaq", "recorded while it is browsed")
        assert "recorded while" not in read(f"{site.url}/exposure/ibxl50aaq")[1]
    with ledger.browse() as site:
        assert "recorded while" in read(f"{site.url}/exposure/ibxl50aaq")[1]


def test_pages_are_whole_while_another_process_writes(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    path = sqlite_ledger_url.removeprefix("sqlite:///")
    ended = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            number = 0
            while not ended.is_set():
                # Both rows in one transaction: half of it would be one without the other.
                connection.execute(
                    "INSERT INTO visits (program, number) VALUES (?, '00')", (f"{number:03}",)
                )
                connection.execute(
                    "INSERT INTO visits (program, number) VALUES (?, '01')", (f"{number:03}",)
                )
                connection.commit()
                number = (number + 1) if number < 900 else ended.set() or 0

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            with pages(sqlite_ledger_url, tmp_path / "data") as get:
                sql = "SELECT COUNT(*) % 2 AS odd, COUNT(*) AS n FROM visits"
                found = json.loads(get(f"/ledger.json?sql={sql}&_shape=array").text)
                assert found[0]["odd"] == 0
                assert f"{found[0]['n']:,} visits" in get("/").words
    finally:
        ended.set()
        writer.join()


def test_a_ledger_whose_data_root_is_write_protected_is_browsed(
    ledger: skydb.Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(snapshots, "_may_write_below", lambda _: False)
    with ledger.services.snapshots.taken() as snapshot:
        assert snapshot.path.is_relative_to(temporary)
    assert list(temporary.iterdir()) == []


def test_a_full_disk_is_said_and_nothing_is_left(
    sqlite_ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("skydb.store.backups.seal", full)
    with (
        skydb.open(sqlite_ledger_url, data=tmp_path / "data") as ledger,
        pytest.raises(StoreError, match="disk is full"),
        ledger.browse(),
    ):
        pass
    assert list((tmp_path / "data" / "scratch").iterdir()) == []


def test_a_port_that_is_taken_is_refused_before_the_snapshot(
    sqlite_ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots.SnapshotService, "taken", lambda _: pytest.fail("too early"))
    with skydb.open(sqlite_ledger_url, data=tmp_path / "data") as ledger, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StateError, match="Address already in use"):
            ledger.browse(port=other.getsockname()[1]).__enter__()
        with pytest.raises(UsageError, match="Invalid port 70000"):
            ledger.browse(port=70_000).__enter__()
        with pytest.raises(StateError, match=r"nowhere\.invalid"):
            ledger.browse(host="nowhere.invalid").__enter__()


def test_without_the_extra_it_is_said_what_to_install(
    sqlite_ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasette", None)
    monkeypatch.delitem(sys.modules, "skydb.browse.application", raising=False)
    monkeypatch.delattr("skydb.browse.application", raising=False)
    refused = spoken("--db", sqlite_ledger_url, "browse")
    assert refused.code == 2
    assert "pip install 'skydb[browse]'" in refused.err


@contextmanager
def browsing(home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and what it printed first."""
    program = "from skydb.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "browse", *words],
        cwd=home, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"BROWSER": f"touch {home / 'opened'} #%s"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.fixture
def directory(tmp_path: Path, sqlite_template: Path) -> Path:
    shutil.copyfile(sqlite_template, tmp_path / "skydb.sqlite")
    return tmp_path


def scratch(home: Path) -> list[Path]:
    return list((home / "skydb-data" / "scratch").glob("*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_interrupted(
    directory: Path, number: signal.Signals
) -> None:
    with browsing(directory, "--json") as (process, line):
        url = json.loads(line)["url"]
        assert read(url)[0] == 200
        assert len(scratch(directory)) == 1
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err) == (0, "", "")
    assert scratch(directory) == []
    # No terminal, no browser.
    assert not (directory / "opened").exists()


def test_what_a_killed_command_leaves_is_found_by_fsck(directory: Path) -> None:
    with browsing(directory) as (process, line):
        assert read(line.strip())[0] == 200
        process.kill()
        process.wait(30)
    (left,) = scratch(directory)
    with skydb.open(f"sqlite:///{directory / 'skydb.sqlite'}") as ledger:
        assert [problem.subject for problem in ledger.fsck()] == [str(left)]
        assert [problem.repaired for problem in ledger.fsck(repair=True)] == [True]
    assert scratch(directory) == []


def test_the_browser_is_opened_where_there_is_a_terminal(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skydb.cli import browse

    opened: list[str] = []
    monkeypatch.setattr(browse, "_open", opened.append)
    monkeypatch.setattr("skydb.browse.server.Served.wait", lambda _, ready: ready())
    monkeypatch.setattr(browse, "_has_terminal", lambda: True)
    url = f"sqlite:///{directory / 'skydb.sqlite'}"
    answer = spoken("--db", url, "browse")
    assert answer.code == 0 and opened == [answer.out.strip()]
    for words in (["--no-browser"], ["--json"]):
        assert spoken("--db", url, "browse", *words).code == 0
    monkeypatch.setattr(browse, "_has_terminal", lambda: False)
    assert spoken("--db", url, "browse").code == 0
    assert len(opened) == 1


def test_other_machines_are_let_in_only_when_that_is_asked_for(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with (
        skydb.open(sqlite_ledger_url, data=tmp_path / "data") as ledger,
        ledger.browse(host="0.0.0.0") as site,
    ):
        assert site.url.startswith("http://127.0.0.1:")
        request = urllib.request.Request(site.url, headers={"Host": "ledger.example"})
        with closing(urllib.request.urlopen(request)) as response:
            assert response.status == 200
