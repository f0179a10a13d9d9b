"""Forked processes that share memory and do some things in order."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, ClassVar, Self

#: After the imports, so that these are paid for once.
FORK = multiprocessing.get_context("fork")


class GivenUpError(RuntimeError):
    """The event that a process waits for will not happen; another one has reported why."""


class Waiting:
    """Waits of processes for each other, which end when one of them fails."""

    def __init__(self) -> None:
        self._condition = FORK.Condition()
        self._broken = FORK.Value("b", 0, lock=False)

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait with the condition held; a failure elsewhere ends it."""
        self._condition.wait_for(lambda: self._broken.value or is_so())
        if self._broken.value:
            raise GivenUpError("Another process has failed.")

    def give_up(self) -> None:
        """End the waiting of all processes."""
        with self._condition:
            self._broken.value = 1
            self._condition.notify_all()


class Turns(Waiting):
    """Lets processes do something one after the other, in the order of their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._next = FORK.Value("i", 0, lock=False)

    @contextmanager
    def turn(self, number: int) -> Iterator[None]:
        """Wait for all lower numbers, and let the next one in at the end.

        Raises
        ------
        GivenUpError
            When a lower number will never come.
        """
        with self._condition:
            self._wait_until(lambda: self._has_come(number))
            yield
            self._next.value += 1
            self._condition.notify_all()

    def all_before(self, number: int) -> None:
        """Wait until all lower numbers have had their turn.

        Raises
        ------
        GivenUpError
            When one of them will never come.
        """
        with self._condition:
            self._wait_until(lambda: self._has_come(number))

    def _has_come(self, number: int) -> bool:
        return bool(self._next.value >= number)


class Processes:
    """Forked processes that all have one object, and call its methods.

    Parameters
    ----------
    subject : object
        What they have; never pickled.
    jobs : int
        How many they are.
    """

    _subject: ClassVar[Any] = None

    def __init__(self, subject: object, jobs: int) -> None:
        self._pool = ProcessPoolExecutor(
            max(1, jobs), mp_context=FORK, initializer=Processes._adopt, initargs=(subject,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(
        self, method: str, count: int, more: Sequence[object] | None = None
    ) -> list[Future[Any]]:
        """Call a method with every number below `count`, in order, and with one of `more`."""
        rests = [()] * count if more is None else [(one,) for one in more]
        return [
            self._pool.submit(Processes._call, method, index, *rest)
            for index, rest in zip(range(count), rests, strict=True)
        ]

    @classmethod
    def _adopt(cls, subject: object) -> None:
        cls._subject = subject

    @classmethod
    def _call(cls, method: str, index: int, *more: object) -> Any:  # noqa: ANN401
        call: Callable[..., Any] = getattr(cls._subject, method)
        return call(index, *more)


def results_of(futures: Sequence[Future[Any]]) -> list[Any]:
    """Results in order; of several failures the one that made the others fail is raised."""
    failures = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(failures, key=lambda error: isinstance(error, GivenUpError)):
        raise error
    return [future.result() for future in futures]
