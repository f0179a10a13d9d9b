"""Lock for one process at a time in a directory, on POSIX systems; it ends with the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skydb.errors import StateError

# Windows has no such locks: there two processes can write at the same time.
if sys.platform != "win32":
    import fcntl


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes out of the same block; nothing is left in the directory.

    Parameters
    ----------
    directory : Path
        Made when missing.

    Raises
    ------
    StateError
        When another process is in it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        _claim(handle, directory)
        yield
    finally:
        os.close(handle)


def _claim(handle: int, directory: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StateError(
            f"Another process is writing headers of files that belong to {directory}.",
            advice="Try again when it has ended.",
        ) from error
