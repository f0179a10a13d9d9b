"""Threads of a command, which end with what waits for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import ParamSpec, TypeVar

from skydb.interruption import Stop, check, current, grace_s, held, obey, reason

P = ParamSpec("P")
T = TypeVar("T")


class Threads(ThreadPoolExecutor):
    """Threads that stop soon when the caller that waits for them is interrupted.

    Parameters
    ----------
    jobs : int
        How many.
    name : str
        Begins their names.
    on_stop : callable, optional
        Called when the block ends badly.
    """

    def __init__(
        self, jobs: int, name: str = "skydb", on_stop: Callable[[], None] | None = None
    ) -> None:
        super().__init__(max(jobs, 1), thread_name_prefix=name)
        self.stop = Stop(current())
        self._on_stop = on_stop
        self._begun: list[Future[object]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it, unless it is to stop before its turn."""
        future: Future[T] = super().submit(self._do, fn, *args, **kwargs)
        self._begun.append(future)  # type: ignore[arg-type]
        return future

    def _do(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        obey(self.stop)
        check()
        return fn(*args, **kwargs)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        by = reason(error) if error is not None else None
        if error is not None and self._on_stop is not None:
            self._on_stop()
        if by is None:
            self.shutdown(wait=True, cancel_futures=error is not None)
            return None
        with held():
            self.stop.request(by)
            self.shutdown(wait=False, cancel_futures=True)
            # In a program that goes on, what they have begun is closed before this returns.
            going_on = [future for future in self._begun if not future.cancelled()]
            wait(going_on, grace_s())
        return None
