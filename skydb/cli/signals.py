"""SIGINT, SIGTERM and SIGHUP end a command within three seconds, and nothing is left behind.

The first one raises :class:`~skydb.errors.Interrupted` in the main thread. Where that is lost,
as within a finaliser, it comes again; a thread ends what a library waits for in C, and, when
the main thread cannot be reached at all, closes the rows in its place. Those that come later
change nothing, so that the end is not broken off.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from skydb import interruption
from skydb.errors import Interrupted

if TYPE_CHECKING:
    import logging

#: Time after the signal at which the main thread is interrupted again and its wait is ended.
_AGAIN_S = 0.25
#: How long after the signal the rows are closed without the main thread.
_WITHOUT_MAIN_S = 1.7
#: How long after the signal the process is gone, whatever is not done by then.
_LATEST_S = 2.6

_PASSWORD = re.compile(r"(://[^:@/]*:).*(?=@)|(password=)[^&\s]*", re.IGNORECASE)


class Heed:
    """Handler of the signals of a command.

    Parameters
    ----------
    words : sequence of str
        The command, to say how to go on.
    signals : sequence of signal.Signals
        Those that it obeys.
    """

    def __init__(self, words: Sequence[str], signals: Sequence[signal.Signals]) -> None:
        self._words = list(words)
        self._signals = frozenset(signals)
        self._signal: signal.Signals | None = None
        self._is_raised = False
        self._is_over = False
        self._leaving = threading.Lock()
        self._pipe = (-1, -1)

    @property
    def is_stopped(self) -> bool:
        """Whether a signal has come."""
        return self._signal is not None

    def begin(self) -> None:
        """Obey from here on."""
        for one in self._signals:
            signal.signal(one, self._hear)
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[1], False)
        signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        sys.unraisablehook = _quiet_about_interruptions
        threading.Thread(target=self._watch, name="skydb-signals", daemon=True).start()

    def end(self) -> None:
        """The work is over: a signal changes nothing any more, one that came before is obeyed."""
        with interruption.held():
            if self.is_stopped:
                self.leave()
            self._is_over = True
            for one in self._signals:
                # Else the interpreter, on its way out, puts the default back, which kills.
                signal.signal(one, signal.SIG_IGN)

    def leave(self, *, without_main: bool = False) -> NoReturn:
        """Close what is open, say what stands and end the process; for one thread only."""
        if not self._leaving.acquire(blocking=False):
            # The other one ends the process.
            threading.Event().wait()
        by = self._signal or signal.SIGINT
        standing = ""
        try:
            if without_main:
                interruption.abandon()
            standing = interruption.sweep(by.name)
        finally:
            self._end(by, standing)

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self._is_over:
            return
        self._signal = self._signal or signal.Signals(number)
        interruption.stop_all(self._signal.name)
        if not self._is_raised and not interruption.is_held():
            self._is_raised = True
            _hush_logs()
            raise Interrupted(self._signal.name)

    def _watch(self) -> None:
        """Wait for the first signal that is ours, and see that it has its way."""
        while self._signal is None:
            for number in os.read(self._pipe[0], 64):
                # A server that runs in this process handles signals itself.
                if number in self._signals and signal.getsignal(number) == self._hear:
                    self._signal = self._signal or signal.Signals(number)
        if self._is_over:
            return
        since_s = time.monotonic()
        interruption.stop_all(self._signal.name)
        last = threading.Timer(_LATEST_S, self._end, (self._signal, ""))
        last.daemon = True
        last.start()
        while time.monotonic() - since_s < _WITHOUT_MAIN_S:
            time.sleep(_AGAIN_S)
            if not interruption.is_unwinding_main():
                interruption.break_off()
                self._is_raised = False
                signal.pthread_kill(threading.main_thread().ident or 0, self._signal)
        self.leave(without_main=True)

    def _end(self, by: signal.Signals, standing: str) -> NoReturn:
        said = f"skydb: interrupted by {by.name}. {standing}".rstrip()
        again = _PASSWORD.sub(r"\1\2***", shlex.join(["skydb", *self._words]))
        with suppress(OSError, ValueError):
            if sys.stderr.isatty():
                # A progress bar hides the cursor.
                sys.stderr.write("\x1b[?25h")
            sys.stderr.write(f"{said} To go on: {again}\n")
            sys.stderr.flush()
            sys.stdout.flush()
        os._exit(128 + by)


def _hush_logs() -> None:
    """Have no library print the interruption as an error: a pool of connections does."""
    # Not imported for this: a library that prints has it, and a signal may come within an import.
    loaded = sys.modules.get("logging")
    if loaded is not None:
        for handler in (loaded.lastResort, *loaded.root.handlers):
            handler.addFilter(_is_no_interruption)


def _is_no_interruption(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error is None


def _quiet_about_interruptions(what: sys.UnraisableHookArgs) -> None:
    """Say nothing of an interruption that was lost: it comes again."""
    if not isinstance(what.exc_value, Interrupted):
        sys.__unraisablehook__(what)
