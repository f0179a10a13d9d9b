"""Timing one thing against another, in alternation, so that a busy machine slows both."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Result = dict[str, Any]


def seconds(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Spent(NamedTuple):
    """Seconds of a piece of work: by the clock, and of the processor with all subprocesses."""

    wall_s: float
    cpu_s: float


def spent(work: Callable[[], object]) -> Spent:
    """Both clocks of one call."""
    began, cpu_s = time.perf_counter(), _cpu_s()
    work()
    return Spent(time.perf_counter() - began, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    """Processor time of this process, all threads together, and of its ended subprocesses."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def in_turns(*works: Callable[[], object], repeats: int) -> list[Spent]:
    """Medians of each of several works, timed in turns."""
    rounds = [[spent(work) for work in works] for _ in range(repeats)]
    return [median(times) for times in zip(*rounds, strict=True)]


def median(times: Iterable[Spent]) -> Spent:
    """Median of each clock by itself."""
    return Spent(*(statistics.median(one) for one in zip(*times, strict=True)))


def by_clock(reference: Spent, ours: Spent, floor: Spent) -> Result:
    """Fields of a result that counts seconds by the clock."""
    return _fields(reference.wall_s, ours.wall_s, floor.wall_s, ours)


def by_processor(reference: Spent, ours: Spent, floor: Spent) -> Result:
    """Fields of a result that counts seconds of the processor, which other work leaves alone."""
    return _fields(reference.cpu_s, ours.cpu_s, floor.cpu_s, ours)


def _fields(reference_s: float, ours_s: float, floor_s: float, ours: Spent) -> Result:
    return {
        "median_reference_s": reference_s,
        "median_s": ours_s,
        "floor_s": floor_s,
        "cpu_s": ours.cpu_s,
        "wall_s": ours.wall_s,
    }


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
