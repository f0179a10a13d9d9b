"""An archive on loopback for the commands that fetch."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skydb.archive.endpoints import GAIA_VARIABLE, GSSS_VARIABLE, MAST_VARIABLE
from skydb.simulate.archive import LoopbackArchive

_SERVICES = (MAST_VARIABLE, GAIA_VARIABLE, GSSS_VARIABLE)


@contextmanager
def serving(directory: Path) -> Iterator[None]:
    """Serve simulated files, and have every command begun meanwhile ask for them there.

    A process of its own: one that has threads cannot be forked into a clean command.
    """
    reading, writing = os.pipe()
    until, alive = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setsid()
            os.close(alive)
            threading.Thread(target=_end_with_parent, args=(until,), daemon=True).start()
            LoopbackArchive(directory).run(lambda url: _tell(writing, url))
        finally:
            os._exit(0)
    os.close(writing)
    os.close(until)
    with os.fdopen(reading) as told:
        url = told.readline().strip()
    os.environ.update(dict.fromkeys(_SERVICES, url))
    try:
        yield
    finally:
        for variable in _SERVICES:
            del os.environ[variable]
        os.close(alive)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _end_with_parent(pipe: int) -> None:
    """Wait until nobody has the other end of a pipe any more, however they ended."""
    os.read(pipe, 1)
    os._exit(0)


def _tell(pipe: int, url: str) -> None:
    os.write(pipe, f"{url}\n".encode())
    os.close(pipe)
