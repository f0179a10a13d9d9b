"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from skydb.errors import disk_errors
from skydb.interruption import draft
from skydb.services.core import draft_beside


def write_atomic(path: Path, content: bytes) -> Path:
    """Write a file under a temporary name beside it, then rename.

    Parameters
    ----------
    path : Path
        Replaced when it exists; missing folders are made.
    content : bytes
        All of it.

    Raises
    ------
    DiskError
        When the folder or the file cannot be written; what stood there before
        still stands.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft(draft_beside(path)) as part:
            with part.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
    return path
