"""Subprocesses that are forked from one that has imported what they need.

Importing drizzlepac takes longer than most of what the tests let it do. The runner's own call is
kept, word for word: a process of its own with its own directory, environment, session and log.
Only the interpreter does not start from nothing. ``SKYDB_FRESH_WORKERS=1`` has every one start
from nothing, and so has the fixture ``fresh_workers``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from skydb.drizzle.runner import REQUEST
from skydb.drizzle.runner import _import_path as import_path

REPOSITORY = Path(__file__).resolve().parents[1]
WORKER = "skydb.drizzle.worker"
#: Runs a script of a test; how long that may take.
SCRIPT, SCRIPT_LIMIT_S = "tests.script", 300.0
#: What reads the address of its service when it is imported.
SERVICE, SERVICE_URL = "drizzlepac.haputils.astrometric_utils", "ASTROMETRIC_CATALOG_URL"
#: On PYTHONPATH, a spherical_geometry that lacks a method.
DOWNGRADED = REPOSITORY / "tests" / "drizzle" / "without_flat_polygons"
#: An environment and a few paths; a packet arrives as a whole or not at all.
LONGEST = 1 << 17
#: What is imported before the first task; tasks import the rest themselves.
IMPORTED = (
    *("drizzlepac.astrodrizzle", "drizzlepac.tweakreg", "drizzlepac.tweakback"),
    *("drizzlepac.haputils.astrometric_utils", "stwcs.wcsutil.headerlet", "stsci.skypac"),
)


def is_fresh() -> bool:
    """Whether everything is to start from nothing."""
    return os.environ.get("SKYDB_FRESH_WORKERS") == "1"


class WorkerServer:
    """The process from which workers are forked; it ends with this one.

    Parameters
    ----------
    environment : mapping
        That of a worker.
    scratch : Path
        Its home.
    imported : sequence of str
        Modules that it imports before the first task.
    """

    def __init__(
        self, environment: Mapping[str, str], scratch: Path, imported: Sequence[str]
    ) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.workers", str(theirs.fileno()), *imported],
                cwd=REPOSITORY,
                env={**environment, "HOME": str(scratch)},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def fork(self, command: list[str], cwd: Path, env: Mapping[str, str], log: IO[bytes]) -> Forked:
        """Start a task."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            _, _, module, *arguments = command
            task = {"module": module, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}
            descriptors = [theirs.fileno(), log.fileno()]
            socket.send_fds(self._control, [json.dumps(task).encode()], descriptors)
        return Forked(command, mine)

    def stop(self) -> None:
        """Stop it; tasks that still run go on."""
        self._control.close()
        self._process.wait(60)


class Forked:
    """Part of :class:`subprocess.Popen` that is used, for a process of the server."""

    def __init__(self, command: list[str], told: socket.socket) -> None:
        self.args, self._told = command, told
        self.returncode: int | None = None
        first = told.recv(32)
        if not first:
            raise RuntimeError("The process that forks workers has ended; its error is above.")
        self.pid = int(first)

    def wait(self, timeout: float | None = None) -> int:
        """Exit code, negative for a signal.

        Raises
        ------
        subprocess.TimeoutExpired
            When it still runs after some seconds.
        """
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self.returncode = int(self._told.recv(32))
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from error
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        """Exit code when it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired, BlockingIOError):
            self.wait(0.0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _is_of_a_service(task: dict[str, Any]) -> bool:
    """Whether a task asks a service."""
    if task["module"] != WORKER:
        return task["module"] == SCRIPT and SERVICE_URL in task["env"]
    return bool(json.loads((Path(task["cwd"]) / REQUEST).read_text())["task"] == "catalog")


class Subprocesses:
    """The module :mod:`subprocess`, but workers of drizzlepac are forked.

    Parameters
    ----------
    scratch : Path
        For the processes they are forked from, each started by the first that needs it.
    """

    def __init__(self, scratch: Path) -> None:
        # As it is before a test puts anything in front of it.
        self._import_path = os.pathsep.join(import_path())
        self._scratch = scratch
        self._starting = threading.Lock()
        self._servers: dict[str, WorkerServer] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, command: list[str], **options: Any) -> Forked | subprocess.Popen[bytes]:
        is_worker = command[:3] == [sys.executable, "-m", WORKER]
        if not is_worker or not self._is_usual(options["env"]["PYTHONPATH"]):
            return subprocess.Popen(command, **options)
        server = self._server(options["env"])
        return server.fork(command, options["cwd"], options["env"], options["stdout"])

    def script(self, path: Path, *arguments: object, cwd: Path) -> str:
        """Run a script of the user's, in a process of its own that has imported drizzlepac.

        Returns
        -------
        str
            All it has said.

        Raises
        ------
        AssertionError
            When it fails, with that.
        """
        env = {**os.environ, "PYTHONPATH": self._import_path}
        words = [str(path), *map(str, arguments)]
        with tempfile.TemporaryFile() as log:
            started: Forked | subprocess.Popen[bytes]
            if is_fresh():
                command = [sys.executable, *words]
                started = subprocess.Popen(command, cwd=cwd, env=env, stdout=log, stderr=log)
            else:
                command = [sys.executable, "-m", SCRIPT, *words]
                started = self._server(env).fork(command, cwd, env, log)
            code = started.wait(SCRIPT_LIMIT_S)
            log.seek(0)
            said = log.read().decode()
        assert code == 0, said
        return said

    def stop(self) -> None:
        """Start no more."""
        for server in self._servers.values():
            server.stop()

    def _is_usual(self, path: str) -> bool:
        """Whether several tests have workers that import from there."""
        return path == self._import_path or Path(path.split(os.pathsep)[0]) == DOWNGRADED

    def _server(self, environment: Mapping[str, str]) -> WorkerServer:
        path = environment["PYTHONPATH"]
        with self._starting:
            if path not in self._servers:
                imported = (*IMPORTED, *_tasks())
                self._servers[path] = WorkerServer(environment, self._scratch, imported)
            return self._servers[path]


def _tasks() -> list[str]:
    """Modules of the tasks of drizzlepac."""
    found = pkgutil.iter_modules([str(REPOSITORY / "skydb" / "drizzle" / "tasks")])
    return [f"skydb.drizzle.tasks.{one.name}" for one in found]


def serve(control: socket.socket, imported: Sequence[str]) -> None:
    """Fork a process for every task that is asked for, until nobody can ask any more."""
    for name in imported:
        importlib.import_module(name)
    # What tasks share is searched for garbage by none of them.
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LONGEST, 2)
        reap()
        if not message:
            return
        if os.fork() == 0:
            control.close()
            return watch(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def reap() -> None:
    """Take note of what has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def watch(task: dict[str, Any], reply: int, log: int) -> None:
    """Fork a task, and tell when it has ended."""
    told = socket.socket(fileno=reply)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        told.send(str(os.getpid()).encode())
        told.close()
        run(task, log)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):
        told.send(str(os.waitstatus_to_exitcode(status)).encode())


def forget(name: str) -> None:
    """Have a module imported anew by who needs it next."""
    package, _, last = name.rpartition(".")
    del sys.modules[name]
    delattr(sys.modules[package], last)


def run(task: dict[str, Any], log: int) -> None:
    """Be the program that the command line would have started."""
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    sys.argv = [task["module"], *task["arguments"]]
    # Processes that start from nothing do not share their luck.
    importlib.import_module("numpy").random.seed()
    if "dask.config" in sys.modules:
        # It has read the environment when it was imported.
        sys.modules["dask.config"].refresh()
    if _is_of_a_service(task):
        forget(SERVICE)
    sys.modules.pop(task["module"], None)
    runpy.run_module(task["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
