"""Kills its own process, or does something else, before the n-th step that leaves a trace.

A step is a commit, or an operation on files that Python makes (PEP 578): a file opened for
writing, renamed, linked, truncated or removed, a directory made or removed. SQLite's own
writing is done at its commits.
"""

from __future__ import annotations

import mmap
import os
import re
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = frozenset(
    ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")
)
_CHANGING = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|COPY|GRANT|REVOKE)\b", re.IGNORECASE
)
_NUMBER = struct.Struct("<q")


def killed() -> None:
    """End this process as nobody can prevent."""
    os.kill(os.getpid(), signal.SIGKILL)


def told(number: signal.Signals) -> Callable[[], None]:
    """Send this process a signal."""
    return lambda: os.kill(os.getpid(), number)


class Agent:
    """Counts the steps of a process that is forked after it was made, or ends it.

    Parameters
    ----------
    home : Path
        Operations on files elsewhere are no steps.
    before : int, optional
        Step, from 1, before which something happens; it only counts when left out.
    what : callable
        What happens then, in the process; :func:`killed` unless told.
    counts_statements : bool
        Whether statements that write are steps, too.
    """

    def __init__(
        self,
        home: Path,
        before: int | None = None,
        what: Callable[[], None] | None = None,
        *,
        counts_statements: bool = False,
    ) -> None:
        self._home = str(home)
        self._before = before
        self._what = what or killed
        self._counts_statements = counts_statements
        self._process = 0
        self._shared = mmap.mmap(-1, _NUMBER.size)

    @property
    def steps(self) -> int:
        """Steps so far, those of a forked process too."""
        return int(_NUMBER.unpack_from(self._shared)[0])

    def install(self) -> None:
        """Watch this process from now on."""
        self._process = os.getpid()
        sys.addaudithook(self._hear)
        event.listen(Engine, "commit", lambda _: self._step())
        if self._counts_statements:
            event.listen(Engine, "before_cursor_execute", self._see)
            self._watch_driver()

    def _watch_driver(self) -> None:
        """Count what is said to the driver of PostgreSQL itself, such as GRANT."""
        execute = psycopg.Connection.execute

        def counted(connection: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            self._step()
            return execute(connection, *arguments, **options)

        psycopg.Connection.execute = counted  # type: ignore[method-assign]

    def _see(self, *arguments: object) -> None:
        """See a statement; its text comes after the connection and the cursor."""
        if _CHANGING.match(str(arguments[2])):
            self._step()

    def _hear(self, name: str, arguments: tuple[object, ...]) -> None:
        if name == "open":
            changed = arguments[:1] if _writes(arguments) else ()
        else:
            changed = arguments[: 2 if name == "os.rename" else 1] if name in _CHANGES else ()
        if any(_is_below(path, self._home) for path in changed):
            self._step()

    def _step(self) -> None:
        if os.getpid() != self._process:
            return  # A process that it has started.
        step = self.steps + 1
        _NUMBER.pack_into(self._shared, 0, step)
        if step == self._before:
            self._what()


def _writes(arguments: tuple[object, ...]) -> bool:
    mode, flags = arguments[1:3]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _is_below(path: object, home: str) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return False  # An open file.
    return str(Path(os.fsdecode(path)).absolute()).startswith(home)
