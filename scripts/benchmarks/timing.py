"""Timing one thing against another, in alternation, so that a busy machine slows both."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

Result = dict[str, Any]


def seconds(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call in this process, all threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def cpu_seconds_of_children(work: Callable[[], object]) -> float:
    """Processor time of the subprocesses of one call, which other work leaves alone."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


def in_turns(*works: Callable[[], object], repeats: int) -> list[float]:
    """Median seconds of each of several works, timed in turns."""
    rounds = [[seconds(work) for work in works] for _ in range(repeats)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def with_share(result: Result) -> Result:
    """The result with the share of its floor that it reached, where it has a floor.

    A share above 1 is left as it is: then the floor was none, or other work slowed it.
    """
    floor_s, median_s = result.get("floor_s"), result.get("median_s")
    if floor_s is None or not median_s:
        return result
    return {**result, "floor_share": floor_s / median_s}


def p95(times: list[float]) -> float:
    """The value that 95 of 100 times stay below."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]
