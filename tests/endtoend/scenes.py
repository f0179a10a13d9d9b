"""Moments at which a signal comes: each is set in a process that then runs a command.

A scene puts something in the place of a function of skydb, which sends the signal and then does
what would go on for ever.
"""

from __future__ import annotations

import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.endtoend.moments import Plan

Send = Callable[[], None]

#: Connections that stay open as long as the process.
_KEPT: list[object] = []

_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def _at_the_end_of_an_ingest(do: Callable[[], object]) -> None:
    import skydb.services.intake.ingest as ingest

    def instead(*_: object) -> None:
        do()
        raise AssertionError("nothing has stopped it")

    ingest.notice_missing_members = instead  # type: ignore[assignment]


def numpy_loop(send: Send, _: Plan) -> None:
    """Numbers are crunched in the main thread."""

    def crunch() -> None:
        send()
        while True:
            np.sort(np.random.default_rng(1).normal(size=10_000))

    _at_the_end_of_an_ingest(crunch)


def lost_in_a_finaliser(send: Send, _: Plan) -> None:
    """Python throws away what is raised while an object is taken apart."""

    class Last:
        def __del__(self) -> None:
            send()

    def go_on() -> None:
        last = Last()
        del last
        while True:
            time.sleep(0.01)

    _at_the_end_of_an_ingest(go_on)


def taken_for_another_error(send: Send, _: Plan) -> None:
    """A library makes an error of its own of whatever ends its import."""

    def hide() -> None:
        try:
            send()
            time.sleep(600)
        except KeyboardInterrupt as error:
            raise ImportError("a core of numpy cannot be loaded") from error

    _at_the_end_of_an_ingest(hide)


def query_of_the_ledger(send: Send, _: Plan) -> None:
    """SQLite has something to do in C, and calls nobody."""
    import skydb.services.intake.ingest as ingest

    def instead(session: Any, _: object) -> None:
        threading.Timer(0.05, send).start()
        session.connection().exec_driver_sql(_ENDLESS)
        raise AssertionError("nothing has stopped it")

    ingest.notice_missing_members = instead


def out_of_reach(send: Send, _: Plan) -> None:
    """A library does something in C that nothing can end."""

    def sink() -> None:
        connection = sqlite3.connect(":memory:")
        threading.Timer(0.05, send).start()
        connection.execute(_ENDLESS).fetchone()

    _at_the_end_of_an_ingest(sink)


def connection_given_back(send: Send, _: Plan) -> None:
    """A connection goes back to its pool, which prints whatever happens then."""
    from sqlalchemy import Engine, event
    from sqlalchemy.pool import Pool

    def watch(_: object) -> None:
        event.listen(Pool, "reset", lambda *_: send())

    event.listen(Engine, "commit", watch)


def another_writer(send: Send, plan: Plan) -> None:
    """The database is locked by somebody else."""
    import skydb.store.engine as engine

    other = sqlite3.connect(
        Path(plan.home) / "ledger.sqlite", isolation_level=None, check_same_thread=False
    )
    begun = engine._begin_immediate

    def instead(connection: Any) -> None:
        if not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")
            threading.Timer(0.05, send).start()
        begun(connection)

    engine._begin_immediate = instead


def another_session(send: Send, plan: Plan) -> None:
    """Another session of PostgreSQL has the lock of writers."""
    import psycopg

    url = plan.url.replace("+psycopg", "")
    other, watcher = (psycopg.connect(url, autocommit=True) for _ in range(2))
    other.autocommit = False
    other.execute("LOCK TABLE alembic_version IN SHARE ROW EXCLUSIVE MODE")

    def watch() -> None:
        # Of this database: other tests wait in theirs.
        waits = (
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE NOT granted AND datname = current_database()"
        )
        while watcher.execute(waits).fetchone() is None:
            time.sleep(0.005)
        send()

    threading.Thread(target=watch, daemon=True).start()
    _KEPT.append(other)


def tool_with_children(send: Send, plan: Plan) -> None:
    """A tool runs, and a process that it has started."""
    from skydb.drizzle.runner import DrizzlepacRunner
    from tests.endtoend.moments import REAL

    tool = Path(plan.home) / "tool"
    pids = Path(plan.home) / "pids"
    tool.write_text(f"#!/bin/sh\nsleep 600 &\necho $! $$ > {pids}\nwait\n")
    tool.chmod(0o700)

    def instead(self: DrizzlepacRunner, *arguments: Any) -> Any:
        self.python = tool
        return REAL["run"](self, *arguments)

    def watch() -> None:
        while not (pids.is_file() and len(pids.read_text().split()) == 2):
            time.sleep(0.005)
        send()

    threading.Thread(target=watch, daemon=True).start()
    DrizzlepacRunner.run = instead  # type: ignore[method-assign]


def runs_that_wait(send: Send, _: Plan) -> None:
    """Some runs go on, and others wait for their turn."""
    from skydb.drizzle.runner import DrizzlepacRunner
    from skydb.interruption import check

    def instead(_: DrizzlepacRunner, *__: object) -> None:
        send()
        while True:
            check()
            time.sleep(0.005)

    DrizzlepacRunner.run = instead  # type: ignore[method-assign, assignment]


def another_signal_at_the_end(send: Send, _: Plan) -> None:
    """The user presses Ctrl-C again, while rows are closed and files removed."""
    import skydb.files.workspace as workspace
    from skydb.domain import Activity

    closing, removing = Activity.interrupt, workspace._remove_tree

    def close(self: Activity, *arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        closing(self, *arguments)
        signal.raise_signal(signal.SIGTERM)

    def remove(directory: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        removing(directory)

    Activity.interrupt = close  # type: ignore[method-assign]
    workspace._remove_tree = remove
    runs_that_wait(send, _)


def silent_archive(send: Send, _: Plan) -> None:
    """An archive was asked and does not answer."""
    import os

    listener = socket.create_server(("127.0.0.1", 0))
    os.environ["SKYDB_MAST_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(1)
        send()
        time.sleep(600)

    threading.Thread(target=serve, daemon=True).start()


def ignored(send: Send, _: Plan) -> None:
    """Start a command like `nohup`, so that it continues when its terminal is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def go_on() -> None:
        signal.raise_signal(signal.SIGHUP)
        send()
        time.sleep(600)

    _at_the_end_of_an_ingest(go_on)


def after_the_acceptance(send: Send, _: Plan) -> None:
    """The fits are accepted, and no header is written yet."""
    from skydb.services.alignment.header_writes import HeaderService

    def instead(*_: object) -> None:
        send()
        time.sleep(600)

    HeaderService._write = instead  # type: ignore[method-assign, assignment]


def between_two_headers(send: Send, _: Plan) -> None:
    """One file has its new headers, and beside the other one lies a half of it."""
    import skydb.files.headerblocks as headerblocks

    write = headerblocks._write
    written: list[Path] = []

    def instead(source: Path, target: Path, *arguments: Any) -> None:
        write(source, target, *arguments)
        written.append(target)
        if len(written) == 2:
            send()
            time.sleep(600)

    headerblocks._write = instead


def between_two_fits(send: Send, plan: Plan) -> None:
    """One fit is recorded, and TweakReg has not come to the next one."""
    from skydb.drizzle.runner import DrizzlepacRunner
    from skydb.drizzle.tasks.jobs import DONE
    from tests.services.tools import Toolbox

    recorded = "SELECT count(*) FROM alignment_solutions WHERE status = 'proposed'"

    class Slow(Toolbox):
        def _tweakreg(self, job: Any, directory: Path) -> None:
            super()._tweakreg(job, directory)
            (directory / DONE).touch()
            ledger = sqlite3.connect(Path(plan.home) / "ledger.sqlite")
            before = ledger.execute(recorded).fetchone()
            while ledger.execute(recorded).fetchone() == before:
                time.sleep(0.005)
            ledger.close()
            send()
            time.sleep(600)

    def instead(_: DrizzlepacRunner, *arguments: Any) -> dict[str, object]:
        return Slow().run(*arguments)

    DrizzlepacRunner.run = instead  # type: ignore[method-assign]
