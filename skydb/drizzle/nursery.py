"""A process that has imported what one pass needs, and is forked for each pass of a batch.

The imports of a pass take longer than a small field. A forked process has them, and is in
everything else as one that was started: it has a session, a directory, an environment and a log of
its own, and ends with the process that asked for it.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from skydb.errors import ToolCrashedError
from skydb.interruption import current, held, kill_group

#: Longest that its imports, or a fork, may take before processes are started one by one again.
_PATIENCE_S = 60.0
_MODULE = "skydb.drizzle.tasks.nursery"
#: Task that is forked, as people know it.
TITLE = "One-pass drizzle"
READY = b"ready"
#: What ends a message.
END = b"\n"
_MOST_BYTES = 64


class ForkedProcess:
    """A forked process, as :class:`subprocess.Popen` has one that was started.

    Parameters
    ----------
    pid : int
        Its number; it leads a group.
    end : socket
        Where it is said how it ended.
    """

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._end = end
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Exit code, minus the signal that ended it; None as long as it goes on."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Exit code, once there is one.

        Raises
        ------
        subprocess.TimeoutExpired
            When it goes on for longer.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(_MODULE, timeout or 0.0)
        return code

    def _ended(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and self._is_said(timeout_s):
            with self._lock:
                if self.returncode is None:
                    said = self._end.recv(_MOST_BYTES)
                    # Nothing is said when the process that was forked has been killed.
                    self.returncode = int(said) if said else -int(signal.SIGKILL)
                    self._end.close()
        return self.returncode

    def _is_said(self, timeout_s: float | None) -> bool:
        try:
            return bool(select.select([self._end], [], [], timeout_s)[0])
        except (OSError, ValueError):
            # Another thread knows it, and has closed the socket.
            return False


class Nursery:
    """The process to be forked; started when it is first wanted.

    Parameters
    ----------
    python : Path
        Interpreter with drizzlepac.
    """

    def __init__(self, python: Path) -> None:
        self._python = python
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._is_usable = True
        self._stack = ExitStack()

    @staticmethod
    def suits(task: str, request: Mapping[str, Any]) -> bool:
        """Whether it has imported what a task needs: one pass that keeps cosmic rays."""
        return task == "onepass" and request.get("parameters", {}).get("driz_cr") is not True

    def is_ready(self, directory: Path, environment: Mapping[str, str]) -> bool:
        """Start it unless it is there, and wait for its imports; whether it can be forked.

        Raises
        ------
        OSError
            When the interpreter cannot be started, as of a pass by itself.
        """
        with self._lock:
            if self._ours is None and self._is_usable:
                with held():
                    self._start(directory, environment)
                self._is_usable = self._said() == READY
            return self._is_usable

    def fork(
        self, directory: Path, environment: Mapping[str, str], log: int, pipe: int
    ) -> ForkedProcess | None:
        """A process for a request; None when there is none to be had.

        Parameters
        ----------
        directory : Path
            With the request.
        environment : mapping
            Its own, instead of that of the process that is forked.
        log : int
            File that it writes to.
        pipe : int
            Ends it when the other end is closed.

        Raises
        ------
        ToolCrashedError
            When it may have been forked, and that is not known: a second one beside it would
            write the same files.
        """
        document = {"directory": str(directory.resolve()), "environment": dict(environment)}
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            asked = self._ours
            if asked is None or not self._is_usable:
                ours.close()
                return None
            try:
                content = json.dumps(document).encode() + END
                socket.send_fds(asked, [content], [log, pipe, theirs.fileno()])
            except OSError:
                # It has ended, and has not been asked.
                self._is_usable = False
                ours.close()
                return None
            said = self._said()
        if not said.isdigit():
            self.close()
            ours.close()
            raise ToolCrashedError(
                TITLE, "was asked of a process that does not answer", advice="Repeat the command."
            )
        return ForkedProcess(int(said), ours)

    def close(self) -> None:
        """End it; those that were forked go on."""
        self._is_usable = False
        self._stack.close()

    def _start(self, directory: Path, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [str(self._python), "-m", _MODULE, str(theirs.fileno())],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )
        self._ours = ours
        self._stack.callback(ours.close)
        self._stack.callback(process.wait)
        self._stack.callback(kill_group, process)
        self._stack.enter_context(current().watching(process))

    def _said(self) -> bytes:
        """Its next message; nothing when it has ended or takes too long."""
        if self._ours is None or not select.select([self._ours], [], [], _PATIENCE_S)[0]:
            return b""
        try:
            return self._ours.recv(_MOST_BYTES).removesuffix(END)
        except OSError:
            return b""
