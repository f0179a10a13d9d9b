"""Jobs of one request: each runs in its own directory and leaves marks there.

After a crash, the marks show the parent which job it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STARTED = "job.started"
DONE = "job.done"


@contextmanager
def working_in(job: Mapping[str, object], scratch: Path) -> Iterator[Path]:
    """Work inside the directory of a job; marked done only when nothing was raised."""
    directory = scratch / str(job["directory"])
    before = Path.cwd()
    (directory / STARTED).touch()
    os.chdir(directory)
    try:
        yield directory
    finally:
        os.chdir(before)
    (directory / DONE).touch()
