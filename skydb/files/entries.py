"""Directory entries: one file under several paths, by links to it or to a directory above it.

Hard links are entries of their own: a file that is replaced stays what it was under the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: Device and number of a directory, and a name in it; or a path below what is not there.
Entry = tuple[int, int, str] | str


def entry_of(path: Path) -> Entry:
    """The directory entry that a path leads to, the same for all paths that lead to it.

    Parameters
    ----------
    path : Path
        Of a file, which need not be there.
    """
    real = Path(os.path.realpath(path))
    with suppress(OSError):
        state = real.parent.stat()
        return state.st_dev, state.st_ino, real.name
    return str(real)


def each_once(paths: Iterable[Path]) -> list[Path]:
    """The first path of each file, in order."""
    found: dict[Entry, Path] = {}
    for path in paths:
        found.setdefault(entry_of(path), path)
    return list(found.values())
