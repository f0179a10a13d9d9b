"""Interruption of work: signals, threads, steps that belong together, and cleaning up.

A signal raises :class:`~skydb.errors.Interrupted` in the main thread and nowhere else, and may
do so between any two steps. A thread has a :class:`Stop` and looks at it in :func:`check`. Steps
that belong together are inside :func:`held`. Temporary things are registered, so that
:func:`sweep` removes them however the work ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from skydb.errors import Interrupted

#: Longest wait for threads that were stopped, once the process is to end.
GRACE_S = 1.0
#: Longest that a process which is to end may wait for its database.
PATIENCE_S = 1.5
#: Interval of the check whether a thread without signals is to stop.
_LOOK_S = 0.2


class Process(Protocol):
    """A subprocess that leads a group, started or forked."""

    pid: int

    def poll(self) -> int | None:
        """Exit code; None as long as it goes on."""


class Stop:
    """Says to some threads that their work is to stop; of those of another one, too."""

    def __init__(self, parent: Stop | None = None) -> None:
        self._parent = parent
        self._by: str | None = None
        self._processes: set[Process] = set()
        self._since_s = 0.0

    @property
    def by(self) -> str | None:
        """Source of the request to stop; None as long as there is none."""
        return self._by or (self._parent.by if self._parent else None)

    def request(self, by: str) -> None:
        """Say it, and end the processes that the threads wait for."""
        self.note(by)
        self.kill()

    def note(self, by: str) -> None:
        """Say it, and leave the processes to those who wait for them."""
        if self._by is None:
            self._by, self._since_s = by, time.monotonic()

    def forget(self) -> None:
        """Take it back."""
        self._by = None

    def left_s(self, longest_s: float) -> float:
        """Shorten a time limit when the process is to end."""
        if self._by is None:
            return longest_s
        return max(0.2, self._since_s + PATIENCE_S - time.monotonic())

    def kill(self) -> None:
        """End the processes that the threads wait for."""
        for process in list(self._processes):
            kill_group(process)

    @contextmanager
    def watching(self, process: Process) -> Iterator[None]:
        """Watch a process that ends when its thread is stopped."""
        self._processes.add(process)
        _PROCESSES.add(process)
        try:
            yield
        finally:
            self._processes.discard(process)
            _PROCESSES.discard(process)


class _Local(threading.local):
    """State of a thread: its request to stop, and the depth of steps held together."""

    stop: Stop | None = None
    held = 0


_LOCAL = _Local()
_ROOT = Stop()
_PROCESSES: set[Process] = set()
#: Temporary things, each with what says that it was kept after all.
_LITTER: dict[Path, Callable[[], bool]] = {}
_CLOSERS: list[Callable[[str], str]] = []
#: Lock for cleaning up, and for the interruption of running work.
_ENDING = threading.Lock()
_cleaning: set[int] = set()
_BREAKERS: list[Callable[[], None]] = []
_ABANDONERS: list[Callable[[], None]] = []
#: Threads that have begun to clean up after an interruption.
_UNWINDING: set[int] = set()


def current() -> Stop:
    """The stop of this thread."""
    return _LOCAL.stop or _ROOT


def stop_all(by: str) -> None:
    """Stop every thread of this process, which is to end."""
    _ROOT.note(by)


def forget() -> None:
    """Clear the requests to stop, for the next command in one process."""
    _ROOT.forget()
    _UNWINDING.clear()


def patience_s(longest_s: float) -> float:
    """Time to wait for locks of others: little, when the process is to end."""
    return _ROOT.left_s(longest_s)


def obey(stop: Stop) -> None:
    """Have this thread stop with others."""
    _LOCAL.stop = stop


def grace_s() -> float | None:
    """Time that threads have to end; any, unless the process is to end."""
    return None if _ROOT.by is None else GRACE_S


def check() -> None:
    """Stop here, if this thread was stopped.

    Raises
    ------
    Interrupted
        When it was, unless the step is held.
    """
    by = current().by
    if by is not None and not _LOCAL.held:
        raise Interrupted(by)


def reason(error: BaseException) -> str | None:
    """Find the source of the interruption behind an error; None for a failure of its own.

    A failure because something else was stopped counts as interrupted as well.
    """
    if isinstance(error, Interrupted):
        return error.by
    if not isinstance(error, Exception):
        return type(error).__name__
    return current().by


class held:  # noqa: N801 - reads as the statement that it makes
    """Steps that are not cut in two: an interruption waits for their end, which is near."""

    def __enter__(self) -> None:
        _LOCAL.held += 1
        error = sys.exc_info()[1]
        if error is not None:
            with _ENDING:
                _cleaning.add(threading.get_ident())
                if isinstance(error, KeyboardInterrupt):
                    _UNWINDING.add(threading.get_ident())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _LOCAL.held -= 1
        if _LOCAL.held == 0:
            _cleaning.discard(threading.get_ident())
            if kind is None and sys.exc_info()[0] is None:
                check()


def is_held() -> bool:
    """Whether this thread is within steps that are not cut in two."""
    return _LOCAL.held > 0


def is_unwinding_main() -> bool:
    """Whether the main thread has begun to clean up after an interruption."""
    return threading.main_thread().ident in _UNWINDING


@contextmanager
def litter(path: Path, is_kept: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """Say of a file or directory, before it is made, that it is there for the block only.

    Parameters
    ----------
    path : Path
    is_kept : callable
        Whether it is on record by now: then it stays, though the block has not ended.
    """
    _LITTER[path] = is_kept
    try:
        yield path
    finally:
        _LITTER.pop(path, None)


@contextmanager
def draft(path: Path) -> Iterator[Path]:
    """A file that gets its name when it is whole; it is gone after the block."""
    with litter(path):
        try:
            yield path
        finally:
            with held(), suppress(OSError):
                path.unlink()


def at_end(closer: Callable[[str], str]) -> Callable[[str], str]:
    """Have a function called when the process ends early; it returns what stands, in words."""
    _CLOSERS.append(closer)
    return closer


def sweep(by: str) -> str:
    """End all processes, close all rows, remove what must not stay; what stands, in words."""
    with held():
        for process in list(_PROCESSES):
            kill_group(process)
        failures = [closer(by) for closer in _CLOSERS]
        for path, is_kept in list(_LITTER.items()):
            if not is_kept():
                _remove(path)
        return " ".join(filter(None, failures))


def on_break(how: Callable[[], None]) -> Callable[[], None]:
    """Have a function called that ends what a thread waits for within a foreign library."""
    _BREAKERS.append(how)
    return how


def on_abandon(how: Callable[[], None]) -> Callable[[], None]:
    """Have a function called that takes from threads that are out of reach what they hold."""
    _ABANDONERS.append(how)
    return how


def abandon() -> None:
    """Take from all other threads what they hold: the process ends without them."""
    for how in _ABANDONERS:
        how()


def break_off() -> None:
    """End what threads wait for, unless one of them is cleaning up."""
    with _ENDING:
        if not _cleaning and not is_unwinding_main():
            for how in _BREAKERS:
                how()


def kill_group(process: Process) -> None:
    """End a process that leads a group, with all that it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def stopped_when(is_over: Callable[[], bool], by: str) -> Iterator[None]:
    """Stop this thread, and end what it waits for, once a condition is true.

    For threads of a program that has signals of its own; another thread checks the condition.

    Parameters
    ----------
    is_over : callable
        Whether it is so.
    by : str
        Source of the request to stop.
    """
    before, stop, done = _LOCAL.stop, Stop(current()), threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_S):
            if is_over():
                return stop.request(by)

    _LOCAL.stop = stop
    threading.Thread(target=look, name="skydb-failures", daemon=True).start()
    try:
        yield
    finally:
        done.set()
        _LOCAL.stop = before


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
