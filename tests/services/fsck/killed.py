"""Processes that begin work on a ledger and are killed at a certain point of it."""

from __future__ import annotations

import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from skydb.api.composition import Services
from skydb.domain import IngestActivity, SkyRun
from skydb.domain.vocabulary import SkyMethod
from skydb.files import headerblocks
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.bookkeeping.retention import RetentionService
from skydb.services.core import header_journal
from skydb.services.core.context import Context
from skydb.services.skies.skyrun import SkyRunService
from tests.services.tools import Toolbox

#: Tells the test that the point is reached, and waits there to be killed.
Here = Callable[..., None]

Work = Callable[[Context, Here], object]


@dataclass
class Child:
    """A process that has come to the point where it calls ``here()``."""

    pid: int
    is_over: bool = False

    def kill(self) -> None:
        """Kill as the operating system does when memory is short, without tidying up."""
        if not self.is_over:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.is_over = True


def start(services: Services, work: Work) -> Child:
    """Another process, with a connection of its own, at work until it calls ``here()``.

    Forked, for a new interpreter takes longer than all that is tested; what the child
    replaces in modules is replaced in the child only.
    """
    url = services.context.store.engine.url.render_as_string(hide_password=False)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Threads that a library keeps are not used by the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _be_child(url, str(services.context.workspace.root), work, writing)
    os.close(writing)
    said = os.read(reading, 1)
    os.close(reading)
    child = Child(pid)
    if said != b"!":
        child.kill()
        raise AssertionError("The child ended before it came to its point.")
    return child


def killed(services: Services, work: Work) -> None:
    """Do some work in a process that is killed where it calls ``here()``."""
    start(services, work).kill()


def _be_child(url: str, root: str, work: Work, writing: int) -> None:
    def here(*_: object, **__: object) -> None:
        os.write(writing, b"!")
        time.sleep(600)

    try:
        work(Services.open(url, root).context, here)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(1)


def ingest(context: Context, here: Here) -> None:
    context.begin(lambda _, stamp: IngestActivity({"files": ["a"]}, stamp))
    here()


def sky_run(context: Context, here: Here) -> None:
    class Hanging(Toolbox):
        def run(self, task, request, scratch):  # type: ignore[no-untyped-def]
            super().run(task, request, scratch)
            here()

    SkyRunService(context, Hanging()).run([SkyMethod.MATCH])


def acceptance(run: int) -> Work:
    """Killed between the last of its files and the commit of its rows."""

    def work(context: Context, here: Here) -> None:
        AcceptService._moved = here  # type: ignore[method-assign,assignment]
        AcceptService(context, Toolbox()).accept(run)

    return work


def header_write(run: int, count: int) -> Work:
    """Killed after so many of three of the user's files were written."""

    def work(context: Context, here: Here) -> None:
        _after(count, here)
        HeaderService(context).accept(run)

    return work


def accepted_write(run: int, count: int) -> Work:
    """Killed after so many of three of the user's files, in an acceptance that writes them."""

    def work(context: Context, here: Here) -> None:
        _after(count, here)
        HeaderService(context, Toolbox()).accept(run)

    return work


def restoration(write: int) -> Work:
    """Killed after one of three of the user's files was put back."""

    def work(context: Context, here: Here) -> None:
        _after(1, here)
        HeaderService(context).restore(write)

    return work


def draft(run: int) -> Work:
    """Killed while the draft of one of the user's files stands beside it."""

    def work(context: Context, here: Here) -> None:
        headerblocks.sha256_of = here  # type: ignore[assignment]
        HeaderService(context).accept(run)

    return work


def purge(run: int) -> Work:
    """Killed when the files are out of their places and nothing of it is on record."""

    def work(context: Context, here: Here) -> None:
        SkyRun.purge = here  # type: ignore[method-assign]
        RetentionService(context).purge([run], "no room")

    return work


def _after(count: int, here: Here) -> None:
    replace, done = header_journal.replace_headers, 0

    def counted(*arguments: object) -> None:
        nonlocal done
        if done == count:
            here()
        replace(*arguments)  # type: ignore[arg-type]
        done += 1
        if done == count == 3:
            here()

    header_journal.replace_headers = counted
