"""Threads end with what waits for them, and with nothing else."""

from __future__ import annotations

import threading

import pytest

from skydb.errors import Interrupted
from skydb.interruption import check
from skydb.threads import Threads


def test_threads_are_told_by_whoever_waits_for_them_and_others_are_not() -> None:
    begun, ended = threading.Event(), []

    def work(number: int) -> None:
        begun.set()
        try:
            while True:
                check()
        except Interrupted as error:
            ended.append((number, error.by))
            raise

    with pytest.raises(KeyboardInterrupt), Threads(1) as pool:
        futures = [pool.submit(work, number) for number in range(3)]
        begun.wait()
        raise KeyboardInterrupt
    assert ended == [(0, "KeyboardInterrupt")]
    assert [future.cancelled() for future in futures] == [False, True, True]
    check()


def test_threads_that_fail_stop_nobody() -> None:
    stopped = []
    with pytest.raises(ValueError, match="bad"), Threads(2, on_stop=lambda: stopped.append(1)) as p:
        p.submit(int, "7")
        raise ValueError("bad")
    assert stopped == [1] and p.stop.by is None


def test_threads_of_threads_are_told_as_well() -> None:
    begun = threading.Event()

    def inner() -> None:
        begun.set()
        while True:
            check()

    def outer() -> None:
        with Threads(1) as pool:
            pool.submit(inner).result()

    with pytest.raises(KeyboardInterrupt), Threads(1) as pool:
        future = pool.submit(outer)
        begun.wait()
        raise KeyboardInterrupt
    assert isinstance(future.exception(), Interrupted)
