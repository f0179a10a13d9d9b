"""Processes that hold a lock on an SQLite ledger, as far as they are known.

On Linux the kernel lists the process of a lock. On other systems and for other machines
only the ledger lists processes that have begun an activity and not ended it.
"""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getpid, stat_result
from os.path import samestat
from pathlib import Path

from skydb.store.urls import redacted

#: File in which Linux lists locks.
_LOCKS = Path("/proc/locks")

#: Bytes that a writer locks: one of the shared memory of a log, or one of the database
#: itself where there is no log (https://sqlite.org/walformat.html, os.h of SQLite).
_LOCKED = (("-shm", 120), ("", 0x4000_0001))

#: Clocks that a start is read from differ by this much, s.
_SAME_START_S = 2.0

_MOST = 3
_LONGEST = 120

_BEGUN = """
    SELECT a.kind, a.id, a.started_at, p.pid, p.host FROM activities a
    JOIN processes p ON p.id = a.process_id WHERE a.status = 'running' ORDER BY a.id
"""


@dataclass(frozen=True, slots=True)
class _Work:
    """An activity that is running by the ledger."""

    name: str
    since: datetime
    pid: int
    host: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.name} since {_clock(self.since)})"


@dataclass(frozen=True, slots=True)
class Holder:
    """Process that holds the lock.

    Parameters
    ----------
    who : str
        A noun phrase.
    advice : str
        What can be done about it.
    """

    who: str
    advice: str = "Try again when it is done."


def holder_of(path: Path, driver: sqlite3.Connection) -> Holder:
    """Find the process that writes to a ledger.

    Parameters
    ----------
    path : Path
        The file.
    driver : sqlite3.Connection
        A connection to it that is in no transaction.
    """
    works = _begun(driver)
    for pid in _locking(path):
        if pid == getpid():
            return Holder("another thread of this process")
        return _described(pid, works)
    if not works:
        return Holder("another process")
    more = f" and {len(works) - _MOST} more" if len(works) > _MOST else ""
    return Holder(
        f"another process; running by the ledger: {', '.join(map(str, works[:_MOST]))}{more}",
        "Try again when it is done; `skydb fsck` lists those that have ended.",
    )


def _described(pid: int, works: Sequence[_Work]) -> Holder:
    """Describe the process that has the lock."""
    import psutil

    said, started = [], None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        said.append(_command(process))
        started = datetime.fromtimestamp(process.create_time(), UTC)
        said.append(f"since {_clock(started)}")
    its = [
        f"{work.name} since {_clock(work.since)}"
        for work in works
        if (work.pid, work.host) == (pid, socket.gethostname()) and _is_later(work.since, started)
    ]
    words = "; ".join([", ".join(said), *its[:_MOST]])
    return Holder(
        f"process {pid} ({words})" if words else f"process {pid}",
        f"Try again when it is done. If it hangs, end it with `kill {pid}` and see `skydb fsck`.",
    )


def _command(process: object) -> str:
    """The command of a process without the interpreter, and without secrets."""
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        words = process.cmdline()
    except psutil.AccessDenied:
        words = []
    names = [Path(word).name for word in words]
    first = names.index("skydb") if "skydb" in names else 0
    line = " ".join([*names[first : first + 1], *map(redacted, words[first + 1 :])])
    line = " ".join(line.split()) or process.name()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _is_later(since: datetime, started: datetime | None) -> bool:
    """Whether the process is not an earlier one with the same number."""
    return started is not None and (since - started).total_seconds() >= -_SAME_START_S


def _begun(driver: sqlite3.Connection) -> list[_Work]:
    try:
        rows = driver.execute(_BEGUN).fetchall()
    except sqlite3.Error:
        # Locked for readers, too, or not a ledger yet.
        return []
    return [
        _Work(f"{kind} {number}", datetime.fromisoformat(since).replace(tzinfo=UTC), pid, host)
        for kind, number, since, pid, host in rows
        if since
    ]


def _locking(path: Path) -> Iterator[int]:
    """Numbers of the processes on this machine that have the lock of writers."""
    # The file must not be opened for that: closing it would release this process' own locks.
    try:
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for ending, byte in _LOCKED:
        with suppress(OSError):
            seen = path.with_name(path.name + ending).stat()
            for line in lines:
                found = _locker(line.split(), seen.st_ino, byte)
                yield from (pid for pid in found if _has_open(pid, seen))


def _locker(words: Sequence[str], inode: int, byte: int) -> Iterator[int]:
    """The process of a line ``1: POSIX ADVISORY WRITE PID MAJOR:MINOR:INODE FIRST LAST``.

    Devices are not compared: some file systems have other numbers here than in ``stat``.
    A separate check finds whether the process has this very file open.
    """
    if len(words) != len(("1:", "POSIX", "ADVISORY", "WRITE", "1", "0:0:0", "0", "0")):
        return  # Somebody who waits.
    _, kind, _, mode, pid, place, first, last = words
    if (kind, mode, place.split(":")[-1]) != ("POSIX", "WRITE", str(inode)) or int(pid) <= 0:
        return
    if int(first) <= byte and (last == "EOF" or byte <= int(last)):
        yield int(pid)


def _has_open(pid: int, seen: stat_result) -> bool:
    """Whether a process has a file open; False where that cannot be seen."""
    try:
        return any(samestat(one.stat(), seen) for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _clock(when: datetime) -> str:
    return f"{when:%H:%M:%S} UTC"
