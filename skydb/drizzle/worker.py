"""Entry of the subprocess: ``python -m skydb.drizzle.worker request.json [PIPE]``.

Runs one task and writes ``result.json`` beside the request, with the outcome
or with the exception; an exception is also raised, so that its traceback ends
the log and the exit code is not zero. Given a pipe that only its parent process holds
open, it ends with that process, however that one ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Task = Callable[[dict[str, Any], Path], dict[str, object]]

_TASKS = (
    *("tweakreg", "tweakback", "astrodrizzle", "headerlet"),
    *("catalog", "footprints", "sources", "onepass", "rigid"),
)

#: Objects after which garbage is searched for: a task makes many that stay, such as cards of
#: headers, and few that refer to each other.
COLLECT_AFTER = (10_000, 10, 10)


def main(request_file: str) -> None:
    """Run the task that a request file names.

    Raises
    ------
    BaseException
        Whatever the task raised, after it has been written to the result.
    """
    path = Path(request_file).resolve()
    document = json.loads(path.read_text(encoding="utf-8"))
    result = path.parent / "result.json"
    try:
        outcome = _task(document["task"])(document["request"], path.parent)
        _write(result, {"outcome": outcome})
    except BaseException as error:
        _write(result, {"error": _describe(error)})
        raise


def end_with(pipe: int) -> None:
    """End this process and all that it has started when the other end of a pipe is closed."""

    def wait() -> None:
        os.read(pipe, 1)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, name="skydb-parent", daemon=True).start()


def _task(name: str) -> Task:
    if name not in _TASKS:
        raise ValueError(f"There is no task {name!r}.")
    run: Task = importlib.import_module(f"skydb.drizzle.tasks.{name}").run
    return run


def _describe(error: BaseException) -> dict[str, str]:
    """Type, message and traceback; drizzlepac raises errors without a message."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return {
        "type": type(error).__name__,
        "message": str(error) or f"in {where.name}, {Path(where.filename).name}:{where.lineno}",
        "traceback": "".join(traceback.format_exception(error)),
    }


def _write(result: Path, document: dict[str, object]) -> None:
    """Write the result in one step, so that a killed worker leaves none."""
    partial = result.with_suffix(".part")
    partial.write_text(json.dumps(document, indent=1), encoding="utf-8")
    partial.replace(result)


if __name__ == "__main__":
    for pipe in sys.argv[2:]:
        end_with(int(pipe))
    gc.set_threshold(*COLLECT_AFTER)
    main(sys.argv[1])
    # Nothing is left to do; the interpreter would search all objects for garbage on its way out.
    gc.freeze()
