"""Commands of skydb, each in a process that is forked from one that has everything imported."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil
from sqlalchemy.orm import configure_mappers

from scripts.torturing.agent import Agent

#: Longest time that a process of a killed command may outlive it.
_GRACE_S = 10.0
#: Longest time until a command that does not end by itself says that it has begun.
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended.

    ``code`` is its exit code, or the negative number of the signal that ended it;
    ``left`` counts processes that outlived it by ten seconds.
    """

    code: int
    steps: int
    out: str
    err: str
    left: int = 0


def prepare() -> None:
    """Import all of skydb once, so that a fork costs nothing."""
    import skydb

    for module in pkgutil.walk_packages(skydb.__path__, "skydb."):
        # The subprocesses of drizzlepac import what they need themselves.
        if not module.name.startswith(("skydb.drizzle.tasks", "skydb.drizzle.worker")):
            with suppress(ImportError):
                importlib.import_module(module.name)
    configure_mappers()


def warm_up(url: str | None) -> None:
    """Do once what every command does first, so that those that are forked know it.

    Parameters
    ----------
    url : str or None
        An empty database; one of SQLite is made when left out.
    """
    from skydb.cli.main import run as command

    with tempfile.TemporaryDirectory() as home, Path(os.devnull).open("w") as nowhere:
        url = url or f"sqlite:///{home}/ledger.sqlite"
        beginning = ("--db", url, "--data", f"{home}/data")
        for words in (("init",), ("fsck", "--deep", "--json"), ("ingest", home), ("status",)):
            with redirect_stdout(nowhere), redirect_stderr(nowhere), suppress(SystemExit):
                command([*beginning, *words])


def run(
    words: Sequence[str],
    home: Path,
    environment: Mapping[str, str],
    agent: Agent | None = None,
    until: str = "",
) -> Ending:
    """Run one command to its end, or to the end that its agent makes of it.

    Parameters
    ----------
    words : sequence of str
        The command, without ``skydb``.
    home : Path
        Current directory, and where its output is kept meanwhile.
    environment : mapping of str to str
        Variables to add.
    agent : Agent, optional
        Who counts, or kills.
    until : str
        Text in its output upon which it is interrupted.
    """
    child = start(words, home, environment, agent)
    if until:
        _interrupt(child, output_of(home, child, "out"), until)
    return wait(child, home, agent)


def _interrupt(child: int, output: Path, until: str) -> None:
    """Send SIGINT to a process when it has said something, unless it ends before."""
    deadline = time.monotonic() + _PATIENCE_S
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        said = output.exists() and until in output.read_text(errors="replace")
        if said or time.monotonic() > deadline:
            os.kill(child, signal.SIGINT)
            return
        time.sleep(0.05)


class Installed(Protocol):
    """Something that is put into a process before its command begins."""

    def install(self) -> None:
        """Put it there."""


def start(
    words: Sequence[str], home: Path, environment: Mapping[str, str], agent: Installed | None = None
) -> int:
    """Begin a command; the number of its process, for :func:`wait`."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.setsid()
        os.chdir(home)
        os.environ.update(environment)
        for stream, name in ((1, "out"), (2, "err")):
            file = os.open(output_of(home, os.getpid(), name), os.O_CREAT | os.O_WRONLY)
            os.dup2(file, stream)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        if agent is not None:
            agent.install()
        code = _command(words)
    except BaseException:  # noqa: BLE001 - this process ends here, and nobody else would say it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(words: Sequence[str]) -> int:
    from skydb.cli.main import main

    try:
        main(list(words))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def output_of(home: Path, process: int, name: str) -> Path:
    """File beside the stage with the output of a process."""
    return home.with_name(f"{home.name}.{process}.{name}")


def wait(child: int, home: Path, agent: Agent | None = None) -> Ending:
    """Wait for the end of a command, and of the processes that it has started."""
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    texts = []
    for name in ("out", "err"):
        path = output_of(home, child, name)
        texts.append(path.read_text(errors="replace") if path.exists() else "")
        path.unlink(missing_ok=True)
    return Ending(code, agent.steps if agent else 0, *texts, left=_outlived(home))


def _outlived(home: Path) -> int:
    """Processes that still work below the stage, after some time to end; they are killed."""
    deadline = time.monotonic() + _GRACE_S
    while working := _working_in(home):
        if time.monotonic() > deadline:
            for process in working:
                with suppress(psutil.Error):
                    process.send_signal(signal.SIGKILL)
            return len(working)
        time.sleep(0.05)
    return 0


def _working_in(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.cwd().startswith(str(home)):
                found.append(process)
    return found
