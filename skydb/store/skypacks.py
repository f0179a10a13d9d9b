"""The newest sky values of some chips, packed: what statistics need, without a row a value.

A pack has the chips of one filter, detector and unit in one visit: first the spreads of their
methods, then a section for each method that really ran.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Any, NamedTuple

from skydb.domain.vocabulary import SkyMethod

#: Bytes of one number; all of them are little-endian.
WIDTH = 8

#: Method, then how many exposures, chips, runs, downgraded, imported and repeating runs.
_HEAD = struct.Struct("<16s6I")
_COUNT = struct.Struct("<I")

#: The method of which every run has a zero of its own.
_RELATIVE = SkyMethod.MATCH.value

#: What is known of a run, added to eight times its number.
DOWNGRADED, IMPORTED, REPLAY = 1, 2, 4
FLAGS = 8


class Value(NamedTuple):
    """MDRIZSKY of one chip in one run; of its method it is the newest when its place is 1."""

    visit_id: int
    filters: str | None
    detector: str | None
    exposure_id: int
    extver: int
    method: str | None
    unit: str | None
    mdrizsky: float
    run_id: int
    group_id: int
    flags: int
    place: int


class Place(NamedTuple):
    """Properties that the chips of a pack have in common."""

    visit_id: int
    filters: str | None
    detector: str | None
    unit: str | None


class Section(NamedTuple):
    """The values of one method.

    Parameters
    ----------
    method : str
        Empty when unknown.
    exposures, chips, runs, downgraded, imported, replays : int
        How many have a value; how many runs ever gave one, and which of them are special.
    values : bytes
        Newest value of every chip, doubles.
    counted : bytes
        The runs, each eight times its number and what is known of it.
    of_runs, levels : bytes
        Of match alone: the run of each value, and the value less the median of that run.
    """

    method: str
    exposures: int
    chips: int
    runs: int
    downgraded: int
    imported: int
    replays: int
    values: bytes
    counted: bytes
    of_runs: bytes
    levels: bytes


@dataclass(slots=True)
class _Method:
    """Values of one method as they come, chip after chip."""

    values: list[float] = field(default_factory=list)
    of_runs: list[int] = field(default_factory=list)
    exposures: set[int] = field(default_factory=set)
    runs: dict[int, int] = field(default_factory=dict)

    def packed(self, method: str, constants: Mapping[int, float]) -> bytes:
        flags = [sum(1 for one in self.runs.values() if one & flag) for flag in (1, 2, 4)]
        counts = (len(self.exposures), len(self.values), len(self.runs), *flags)
        parts = [
            _HEAD.pack(method.encode(), *counts),
            _doubles(self.values),
            _integers([FLAGS * run + known for run, known in sorted(self.runs.items())]),
        ]
        if method == _RELATIVE:
            pairs = zip(self.values, self.of_runs, strict=True)
            parts.append(_integers(self.of_runs))
            parts.append(_doubles([value - constants[run] for value, run in pairs]))
        return b"".join(parts)


class Packer:
    """Packs the values of some chips.

    Parameters
    ----------
    constants : mapping of int to float
        Median of all chips of every run.
    """

    def __init__(self, constants: Mapping[int, float]) -> None:
        self._constants = constants
        self._methods: dict[Place, dict[str, _Method]] = defaultdict(dict)
        self._spreads: dict[Place, list[float]] = defaultdict(list)

    def packs(self, values: Iterable[Value]) -> Iterator[tuple[Place, bytes]]:
        """Pack values that come in the order of their visits, exposures and chips."""
        for _, chip in groupby(values, key=lambda one: (one.exposure_id, one.extver)):
            newest = [value for value in chip if self._counted(value)]
            for place, spread in _spreads(newest, self._constants):
                self._spreads[place].append(spread)
        for place, methods in self._methods.items():
            spreads = self._spreads.get(place, [])
            sections = [methods[name].packed(name, self._constants) for name in sorted(methods)]
            yield place, b"".join((_COUNT.pack(len(spreads)), _doubles(spreads), *sections))

    def _counted(self, value: Value) -> bool:
        methods, name = self._methods[_place(value)], value.method or ""
        of_method = methods.get(name)
        if of_method is None:
            of_method = methods[name] = _Method()
        of_method.runs[value.run_id] = value.flags
        if value.place != 1:
            return False
        of_method.values.append(value.mdrizsky)
        of_method.of_runs.append(value.run_id)
        of_method.exposures.add(value.exposure_id)
        return True


def unpacked(pack: bytes) -> tuple[bytes, list[Section]]:
    """The spreads of a pack, doubles, and its sections."""
    (spreads,) = _COUNT.unpack_from(pack)
    at = _COUNT.size + WIDTH * spreads
    sections, end = [], len(pack)
    while at < end:
        head: tuple[bytes, int, int, int, int, int, int] = _HEAD.unpack_from(pack, at)
        method, counts = _named(head[0]), head[1:]
        chips, runs = WIDTH * counts[1], WIDTH * counts[2]
        first = at + _HEAD.size
        second, at = first + chips, first + chips + runs
        values, counted, of_runs, levels = pack[first:second], pack[second:at], b"", b""
        if method == _RELATIVE:
            of_runs, levels = pack[at : at + chips], pack[at + chips : at + 2 * chips]
            at += 2 * chips
        sections.append(Section(method, *counts, values, counted, of_runs, levels))
    return pack[_COUNT.size : _COUNT.size + WIDTH * spreads], sections


def constants_of(levels: Iterable[Sequence[Any]]) -> dict[int, float]:
    """Median of the values of each run, given with it."""
    found: dict[int, list[float]] = defaultdict(list)
    for run, level in levels:
        found[run].append(level)
    return {run: median(values) for run, values in found.items()}


def _named(name: bytes, known: dict[bytes, str] = {}) -> str:  # noqa: B006 - a memory
    if name not in known:
        known[name] = name.rstrip(b"\0").decode()
    return known[name]


def _place(value: Value) -> Place:
    return Place(value.visit_id, value.filters, value.detector, value.unit)


def _spreads(
    newest: Iterable[Value], constants: Mapping[int, float]
) -> Iterator[tuple[Place, float]]:
    """Max - min of the methods of one chip, in the newest runs of one group."""
    runs: dict[tuple[Place, int], list[Value]] = defaultdict(list)
    for value in newest:
        runs[_place(value), value.group_id].append(value)
    several = [(place, same) for (place, _), same in runs.items() if len(same) > 1]
    last: dict[Place, list[Value]] = {}
    for place, same in sorted(several, key=lambda item: max(one.run_id for one in item[1])):
        last[place] = same
    for place, same in last.items():
        levels = [value.mdrizsky - constants[value.run_id] for value in same]
        yield place, max(levels) - min(levels)


def _doubles(values: list[float]) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def _integers(values: list[int]) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)
