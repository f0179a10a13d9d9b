"""A real Dask cluster of a scheduler and workers on loopback, each a process of its own."""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.workers import Forked, WorkerServer

START_LIMIT_S = 300.0

#: What the programs of a cluster import in any case, which takes longer than what they do.
IMPORTED = (
    *("distributed.cli.dask_scheduler", "distributed.cli.dask_worker"),
    *("skydb.api.composition", "skydb.services.skies.executors.work"),
)

#: What a worker loads that claims its runs and then goes silent, like a machine that hangs.
HANGS = """
import os, pathlib, time
from skydb.services.skies.executors import claims, work

def hang(context, runner, task, worker, inputs=None):
    claims.claim(context, task.run_ids, worker)
    pathlib.Path(os.environ["SKYDB_TEST_CLAIMED"]).write_text(worker)
    time.sleep(600)

work.perform = hang
"""


#: What a worker loads that claims its runs and then works for ever.
WORKS = """
import os, pathlib, time
from skydb.interruption import check
from skydb.services.skies.executors import work

class Engine:
    def execute(self, runs, inputs):
        claimed = pathlib.Path(os.environ["SKYDB_TEST_CLAIMED"])
        claimed.write_text("claimed")
        try:
            while True:
                check()
                time.sleep(0.05)
        finally:
            claimed.with_name("broken-off").touch()

work.engine_for = lambda *_: (Engine(), None)
"""

#: What a worker loads that dies of every task.
DIES = """
import os
from skydb.services.skies.executors import claims, work

def die(context, runner, task, worker, inputs=None):
    claims.claim(context, task.run_ids, worker)
    os._exit(1)

work.perform = die
"""


@dataclass
class Cluster:
    """Processes that are stopped at the end of the block, if they have not been before."""

    directory: Path
    allowed_failures: int = 1
    address: str = ""
    processes: list[Forked] = field(default_factory=list)

    def start_scheduler(self) -> None:
        file = self.directory / "scheduler.json"
        self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(file), "--no-show",
        )  # fmt: skip
        document = _json(_awaited(file))
        self.address = document["address"].replace("tcp://", "dask://")

    def start_worker(self, preload: str = "") -> Forked:
        more = ["--preload", preload] if preload else []
        server = self.address.replace("dask://", "tcp://")
        return self._start(
            "dask_worker", server, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--host", "127.0.0.1", *more,
        )  # fmt: skip

    def start_hanging_worker(self) -> tuple[Forked, Path]:
        """The worker, and the file that it writes when it has claimed runs."""
        return self._start_odd_worker("hangs.py", HANGS), self.directory / "claimed"

    def start_tireless_worker(self) -> tuple[Forked, Path]:
        """The same of one that works on, and writes ``broken-off`` when it breaks off."""
        return self._start_odd_worker("works.py", WORKS), self.directory / "claimed"

    def start_dying_worker(self) -> None:
        self._start_odd_worker("dies.py", DIES)

    def _start_odd_worker(self, name: str, code: str) -> Forked:
        preload = self.directory / name
        # Not written again: the worker before may be reading it.
        if not preload.exists():
            preload.write_text(code)
        return self.start_worker(str(preload))

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()

    def _start(self, program: str, *arguments: str) -> Forked:
        home = self.directory / f"{program}-{len(self.processes)}"
        home.mkdir()
        with (home / "log").open("wb") as log:
            process = _programs().fork(
                [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
                home,
                {
                    **os.environ,
                    "SKYDB_TEST_CLAIMED": str(self.directory / "claimed"),
                    # One worker is enough to lose.
                    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(self.allowed_failures),
                },
                log,
            )
        self.processes.append(process)
        return process


@cache
def _programs() -> WorkerServer:
    """The process that scheduler and workers are forked from, which the first of them starts."""
    server = WorkerServer(os.environ, Path(os.environ["HOME"]), IMPORTED)
    atexit.register(server.stop)
    return server


@contextmanager
def cluster(directory: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    made = Cluster(directory)
    try:
        made.start_scheduler()
        yield made
    finally:
        made.stop()


def awaited(path: Path) -> str:
    """Text of a file, once somebody has written it."""
    return _awaited(path).read_text()


def _awaited(path: Path) -> Path:
    deadline = time.monotonic() + START_LIMIT_S
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"{path.name} was never written"
        time.sleep(0.05)
    return path


def _json(path: Path) -> dict[str, str]:
    return json.loads(path.read_text())
