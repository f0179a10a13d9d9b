"""Identities of processes, and their marks in the names of files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_MARK = re.compile(r"([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})-(\d+)-(\d+)")

#: The start of a process is computed from two clocks that are rounded.
_SAME_START_S = 2.5


class Fate(StrEnum):
    """State of a process, as seen from another one."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """It ran where one cannot look: on another machine, or in another container."""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """Number and start of a process in a file or directory name: enough to see whether it runs.

    Parameters
    ----------
    place, boot, namespace : str
        Four hexadecimal digits each: of the machine, of its start, and of what sees the
        same numbers of processes.
    pid : int
        Number of the process.
    started_s : int
        When it started, in seconds since the machine did; since 1970 where that is unknown.
    """

    place: str
    boot: str
    namespace: str
    pid: int
    started_s: int

    @classmethod
    def found_in(cls, name: str) -> Self | None:
        """The mark in the name of a file or directory, or None when there is none."""
        found = _MARK.search(name)
        if found is None:
            return None
        place, boot, namespace, pid, started = found.groups()
        return cls(place, boot, namespace, int(pid), int(started))

    def __str__(self) -> str:
        return f"{self.place}{self.boot}{self.namespace}-{self.pid}-{self.started_s}"

    def is_same_start(self, started_s: float) -> bool:
        """Whether a process of the same number that started then is this one."""
        return abs(self.started_s - started_s) <= _SAME_START_S


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process among all that ever ran, on any machine.

    Parameters
    ----------
    host : str
        Name of the machine.
    machine : str or None
        Identifier of the machine, for machines of the same name.
    boot_id : str or None
        Boot of the machine; None where it is unknown, and `started_s` is
        counted from 1970.
    namespace : str or None
        What sees the same numbers of processes: a container has its own.
    pid : int
        Number of the process, which another one may have later.
    started_s : float
        When it started, in seconds since the machine did.
    """

    host: str
    machine: str | None
    boot_id: str | None
    namespace: str | None
    pid: int
    started_s: float

    @property
    def mark(self) -> ProcessMark:
        """The mark in the names of its drafts and scratch directories."""
        place = _digits(f"{self.host}\n{self.machine}")
        boot, namespace = _digits(str(self.boot_id)), _digits(str(self.namespace))
        return ProcessMark(place, boot, namespace, self.pid, int(self.started_s))


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:4]
