"""Run while its log is read: common part of the builders of both tasks."""

from __future__ import annotations

import ast
import hashlib
import sys
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from skydb.files.logs.mixing import Mixing
from skydb.files.logs.patterns import Event, What
from skydb.files.logs.runs import LoggedAlignment, LoggedRun, LogLines, LogProblem, Sections
from skydb.files.logs.values import moment

_BATCH = 512
_GIVEN = "given by the user"
_FIRST_SECTION = "Processing Steps"


def _nothing_waits() -> None:
    """Add nothing: every line is added when it is read."""


class LineDigest:
    """Checksum of the lines of a run.

    Parameters
    ----------
    checkpoints : collection of int
        Numbers of lines after which the checksum is wanted.
    catch_up : callable
        Called before the lines are counted, to add those that wait.
    """

    def __init__(
        self, checkpoints: Collection[int] = (), catch_up: Callable[[], None] = _nothing_waits
    ) -> None:
        self.first: int | None = None
        self.last = 0
        self.beginnings: dict[int, str] = {}
        self._checkpoints = sorted(checkpoints)
        self._catch_up = catch_up
        self._digest = hashlib.sha256()
        self._taken = 0
        self._batch: list[str] = []
        self._due = 1
        """Length of the batch at which there is something to do; first for the first line."""

    @property
    def count(self) -> int:
        """Lines so far."""
        return self._taken + len(self._batch)

    def add(self, number: int, text: str) -> None:
        """Take one line."""
        self.last = number
        self._batch.append(text)
        if len(self._batch) >= self._due:
            self._pause()

    def extend(self, numbers: Sequence[int], texts: Sequence[str]) -> None:
        """Take lines that follow each other."""
        place = 0
        while place < len(texts):
            step = max(self._due - len(self._batch), 1)
            some = texts[place : place + step]
            self._batch += some
            place += len(some)
            self.last = numbers[place - 1]
            if len(self._batch) >= self._due:
                self._pause()

    def _pause(self) -> None:
        if self.first is None:
            self.first = self.last
        count = self.count
        if count in self._checkpoints:
            self.beginnings[count] = self._hexdigest()
        elif len(self._batch) >= _BATCH:
            self._update()
        self._plan()

    def _plan(self) -> None:
        """Know when there is something to do: at the next checkpoint, or with a full batch."""
        later = self._checkpoints[bisect_right(self._checkpoints, self.count) :]
        self._due = min([_BATCH, *(one - self._taken for one in later[:1])])

    def close(self) -> LogLines:
        """The lines so far."""
        self._catch_up()
        return LogLines(
            self.first or 0, self.last, self.count, self._hexdigest(), dict(self.beginnings)
        )

    def _update(self) -> None:
        if self._batch:
            text = "\n".join([line.rstrip() for line in self._batch])
            text = "\n" + text if self._taken else text
            self._digest.update(text.encode("utf-8", errors="replace"))
            self._taken += len(self._batch)
            self._batch.clear()
            self._plan()

    def _hexdigest(self) -> str:
        self._update()
        return self._digest.hexdigest()


class Draft:
    """Facts of a run before its task is known.

    Parameters
    ----------
    banner : Event or None
        The line that names the task, its version and the time; None when there is none.
    checkpoints : collection of int
        See :class:`LineDigest`.
    catch_up : callable
        See :class:`LineDigest`.
    """

    def __init__(
        self, banner: Event | None, checkpoints: Collection[int], catch_up: Callable[[], None]
    ) -> None:
        self.banner = banner
        self.digest = LineDigest(checkpoints, catch_up)
        self.section = _FIRST_SECTION
        self.parameters: Sections = {}
        self.packages: dict[str, str] = {}
        self.python_version: str | None = None
        self.problems: list[LogProblem] = []
        self.log_name: str | None = None
        self.plain: Callable[[str], str] = str
        """How the task calls a section."""
        self.is_fresh = True
        """Nothing but its first lines was read."""
        self.interrupts = False
        """It began before another run of its task came to its end: that one was killed, or
        both write to the log."""
        self.mixing = Mixing()

    def take(self, event: Event) -> bool:
        """Take a line that both tasks print; return whether it was one."""
        take = _TAKE.get(event.what)
        if take is None:
            return False
        take(self, event)
        return True

    @property
    def opened(self) -> dict[str, str]:
        """Parameters of the section that was opened."""
        section = self.parameters.get(self.section)
        if section is None:
            section = self.parameters[sys.intern(self.section)] = {}
        return section

    def problem(self, event: Event) -> None:
        """Record a line that cannot be parsed."""
        self.problems.append(LogProblem(event.number, event.text))

    def mixed(self, run: Logged, event: Event) -> None:
        """Another run writes to the log: it is unknown which lines are of this one."""
        if not run.is_mixed:
            self.problem(event)
        run.is_mixed = True

    def facts(self) -> dict[str, Any]:
        """Facts with which a run begins."""
        _, version, _, clock, day = self.banner.groups if self.banner else ("",) * 5
        started_at = moment(clock, day)
        if self.banner is not None and started_at is None:
            self.problem(self.banner)
        return {
            "tool_version": version or self.packages.get("drizzlepac", ""),
            "started_at": started_at,
            "python_version": self.python_version,
            "packages": self.packages,
            "parameters": self.parameters,
            "problems": self.problems,
        }

    def _package(self, event: Event) -> None:
        name, version = event.groups
        self.packages[name] = version

    def _python(self, event: Event) -> None:
        self.python_version = self.python_version or event.groups[0] or None

    def _open_section(self, event: Event) -> None:
        self.section = self.plain(event.groups[0].strip())
        self.parameters.setdefault(sys.intern(self.section), {})

    def _parameter(self, event: Event) -> None:
        name, value = event.groups
        self.opened[name] = value

    def _given(self, event: Event) -> None:
        try:
            given = ast.literal_eval(event.groups[0])
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            self.problem(event)
            return
        if isinstance(given, Mapping):
            texts = {sys.intern(str(name)): str(value) for name, value in given.items()}
            self.parameters.setdefault(_GIVEN, {}).update(texts)


_TAKE: dict[What, Callable[[Draft, Event], None]] = {
    What.PACKAGE: Draft._package,
    What.PYTHON: Draft._python,
    What.SECTION: Draft._open_section,
    What.PARAMETER: Draft._parameter,
    What.PARAMETERS_GIVEN: Draft._given,
    What.UNREAD: Draft.problem,
}

#: Class of a run after its log was read, by task.
Logged = LoggedRun | LoggedAlignment
