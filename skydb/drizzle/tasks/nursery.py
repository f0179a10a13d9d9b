"""Entry of the process that is forked for each pass: ``python -m ... SOCKET``.

It imports what a pass needs, reads requests from a socket, forks itself for each, and says how
each fork ended. It ends when the other end of the socket is closed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from typing import Any

from skydb.drizzle.nursery import END, READY
from skydb.drizzle.runner import REQUEST
from skydb.drizzle.tasks.lean import DRIZZLE, import_drizzlepac
from skydb.drizzle.worker import COLLECT_AFTER, end_with
from skydb.drizzle.worker import main as work

#: Modules of a pass that have imports of their own.
_MODULES = ("onepass", "onepass_field", "onepass_output", "onepass_work", "onepass_sums")
_MOST_BYTES, _MOST_FILES = 1 << 16, 3


def main(number: int) -> None:
    """Serve one socket.

    Parameters
    ----------
    number : int
        Of its file.
    """
    gc.set_threshold(*COLLECT_AFTER)
    import_drizzlepac(DRIZZLE)
    for name in _MODULES:
        importlib.import_module(f"skydb.drizzle.tasks.{name}")
    # What is here stays as it is in every fork: nothing looks at it again.
    gc.freeze()
    asked = socket.socket(fileno=number)
    asked.sendall(READY + END)
    _Forks(asked).serve()


class _Forks:
    """Processes that were forked and have not ended.

    Parameters
    ----------
    asked : socket
        Where requests come from.
    """

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._answers: dict[int, socket.socket] = {}
        self._ended, self._noted = os.pipe()

    def serve(self) -> None:
        """Fork for each request; in a fork this returns when its work is done."""
        for end in (self._ended, self._noted):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._noted, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._asked, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._ended in ready:
                    self._reap()
                if self._asked.fileno() in ready:
                    request = self._received()
                    if request is None:
                        return
                    if self._fork(*request):
                        break
        work(REQUEST)
        gc.freeze()

    def _received(self) -> tuple[dict[str, Any], list[int]] | None:
        """The next request with its files; None when there will be none."""
        content, files, _, _ = socket.recv_fds(self._asked, _MOST_BYTES, _MOST_FILES)
        while content and not content.endswith(END):
            more = self._asked.recv(_MOST_BYTES)
            content = content + more if more else b""
        return (json.loads(content), list(files)) if content else None

    def _fork(self, request: dict[str, Any], files: list[int]) -> bool:
        """Fork once; whether this is the fork."""
        log, pipe, answer = files
        settled, settles = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become(request, log, pipe)
            for one in (settled, answer, log):
                os.close(one)
            os.write(settles, READY)
            os.close(settles)
            return True
        for one in (settles, log, pipe):
            os.close(one)
        # Only then does it lead the group by which it is killed.
        os.read(settled, len(READY))
        os.close(settled)
        self._answers[pid] = socket.socket(fileno=answer)
        self._asked.sendall(str(pid).encode() + END)
        return False

    def _become(self, request: dict[str, Any], log: int, pipe: int) -> None:
        """Become a process as the runner starts one."""
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (self._asked, *self._answers.values()):
            one.close()
        os.close(self._ended)
        os.close(self._noted)
        for standard in (sys.stdout.fileno(), sys.stderr.fileno()):
            os.dup2(log, standard)
        os.chdir(request["directory"])
        os.environ.clear()
        os.environ.update(request["environment"])
        end_with(pipe)

    def _reap(self) -> None:
        """Say of every fork that has ended how it ended."""
        try:
            os.read(self._ended, _MOST_BYTES)
        except BlockingIOError:
            return
        for pid in list(self._answers):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                with self._answers.pop(pid) as answer:
                    code = os.waitstatus_to_exitcode(status)
                    try:
                        answer.sendall(str(code).encode() + END)
                    except OSError:
                        continue  # There is none who waits for it.


if __name__ == "__main__":
    main(int(sys.argv[1]))
