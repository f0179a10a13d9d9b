"""Work of a database driver that can be ended: after a time, for memory, by the keyboard."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from skydb.errors import StoreError

T = TypeVar("T")

#: Interval of the checks of clock and memory.
_LOOK_S = 0.05

#: Longest wait for an ended statement.
_END_S = 2.0

_STATM = Path("/proc/self/statm")


@dataclass
class Watch:
    """Runs calls of a driver in a thread, and ends them at a limit.

    A driver that works in C lets no signal through; the thread that waits for it does.

    Parameters
    ----------
    stop : callable
        Ends what the driver does at the moment; called from another thread.
    timeout_s : float or None
        Time for all calls together, without what passes between them.
    memory_bytes : int or None
        Growth of the memory of this process during one call.
    """

    stop: Callable[[], object]
    timeout_s: float | None = None
    memory_bytes: int | None = None
    spent_s: float = field(default=0.0, init=False)
    is_stuck: bool = field(default=False, init=False)

    def call(self, work: Callable[[], T]) -> T:
        """The result of a call, or what it raised.

        Raises
        ------
        StoreError
            When the time is over, or the memory grew too much; the call was ended.
        """
        job, before, began = _Job(work), _memory(), time.monotonic()
        try:
            job.thread.start()
            while not job.done.wait(_LOOK_S):
                self._require_time(time.monotonic() - began)
                self._require_memory(_memory() - before)
        finally:
            self.spent_s += time.monotonic() - began
            if not job.done.is_set():
                self.stop()
                self.is_stuck = not job.done.wait(_END_S)
        return job.result()

    def _require_time(self, here_s: float) -> None:
        if self.timeout_s is not None and self.spent_s + here_s > self.timeout_s:
            raise StoreError(
                f"SQL: the statement was ended after {self.timeout_s:g} s.",
                advice="Ask for less, or give it longer with --timeout SECONDS (0: any time).",
            )

    def _require_memory(self, growth: int) -> None:
        if self.memory_bytes is not None and growth > self.memory_bytes:
            raise StoreError(
                f"SQL: the statement was ended: it took {growth / 2**20:.0f} MB of memory.",
                advice="Ask for fewer or shorter values.",
            )


class _Job(Generic[T]):
    """One call in a thread of its own, which does not keep the process from ending."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._work = work
        self._result: T
        self._error: BaseException | None = None

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            # Raised again where it is waited for.
            self._error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self.done.set()

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result


def _memory() -> int:
    """Bytes of memory of this process; 0 where the system does not report it."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
