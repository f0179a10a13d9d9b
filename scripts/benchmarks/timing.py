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


def cpu_seconds_of_children(work: Callable[[], object]) -> float:
    """Processor time of the subprocesses of one call, which other work leaves alone."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


def alternate(
    reference: Callable[[], object], work: Callable[[], object], repeats: int
) -> tuple[float, float]:
    """Median seconds of the reference and of the work, timed in turns."""
    pairs = [(seconds(reference), seconds(work)) for _ in range(repeats)]
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


def p95(times: list[float]) -> float:
    """The value that 95 of 100 times stay below."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]
