"""Entry of the command ``skydb``: it handles signals before anything else is imported."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

#: Signals that stop a command.
STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


#: numpy's threads for linear algebra, of which skydb has little: idle ones wait at full speed. With
#: one, sums do not depend on the number of cores either. Drizzlepac's processes have one, too.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

#: Objects after which garbage is collected: imports alone make some 300,000 that stay.
_COLLECT_AFTER = (50_000, 20, 20)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code.

    SIGINT, SIGTERM and SIGHUP end it, see :mod:`skydb.cli.signals`; not those that this
    process was started to ignore, as by `nohup`.
    """
    for name in ("stdout", "stderr"):
        # Closed by the caller: files that are opened later must not take the number.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123
    heard = [one for one in STOPPING if signal.getsignal(one) is not signal.SIG_IGN]
    for one in heard:
        signal.signal(one, _end_at_once)
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    from skydb.cli import output
    from skydb.cli.signals import Heed
    from skydb.postponed import SELDOM, postpone

    postpone(SELDOM)
    output.begin()
    gc.set_threshold(*_COLLECT_AFTER)
    words = sys.argv[1:] if arguments is None else arguments
    heed = Heed(words, heard)
    try:
        heed.begin()
        code = _written(run(words))
    except BaseException:
        # Whatever a library has made of the interruption.
        heed.end()
        raise
    heed.end()
    # The interpreter, on its way out, would look for garbage among all objects three times, a
    # quarter of a short command, and a signal does nothing meanwhile.
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; errors go to stderr in one sentence."""
    from skydb.cli.app import run as run_command

    return run_command(sys.argv[1:] if arguments is None else arguments)


def _written(code: int) -> int:
    """The exit code, once the output is written; 1 when it cannot be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # A reader that has seen enough, such as `head`, is no error to be explained.
        return 1
    except OSError as error:
        sys.stderr.write(f"skydb: {error}\n")
        return 1
    return code


def _end_at_once(number: int, _: object) -> NoReturn:
    """End a command that has not begun."""
    os.write(2, f"skydb: interrupted by {signal.Signals(number).name}.\n".encode())
    os._exit(128 + number)
