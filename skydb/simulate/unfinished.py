"""A directory that says of itself that what is in it is not finished."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skydb.domain.processmark import Fate, ProcessMark
from skydb.errors import UsageError
from skydb.files.processes import end_tools_below, fate_of, this_process

#: Begins the name of the file that says so; the process follows, so that it says who at once.
NAME = "UNFINISHED"


@contextmanager
def marked_unfinished(directory: Path, names: Iterable[str]) -> Iterator[None]:
    """Mark a directory as unfinished until the block has ended well.

    Parameters
    ----------
    directory : Path
        New or empty, or what a process that has ended has marked and not finished.
    names : iterable of str
        What the block makes there. It is deleted first where it was not finished; anything
        else stays.

    Raises
    ------
    UsageError
        When the directory is not empty, or another process is at work in it.
    """
    earlier = _marks_in(directory)
    directory.mkdir(parents=True, exist_ok=True)
    mark = directory / f"{NAME}.{this_process().mark}"
    mark.write_text("What is in this directory was not finished; the same command makes it anew.\n")
    for name in names if earlier else ():
        _remove(directory / name)
    for one in earlier:
        one.unlink(missing_ok=True)
    yield
    mark.unlink(missing_ok=True)


def _marks_in(directory: Path) -> list[Path]:
    """The marks of a directory that may be begun in; none in an empty one."""
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is not a directory.", advice="Give a new one.")
    there = list(directory.iterdir()) if directory.exists() else []
    marks = {path: ProcessMark.found_in(path.name) for path in there if path.name.startswith(NAME)}
    fates = {path: fate_of(mark) for path, mark in marks.items() if mark is not None}
    if Fate.ALIVE in fates.values():
        raise UsageError(f"Another process works in {directory}.", advice="Wait for it.")
    if there and Fate.DEAD not in fates.values():
        raise UsageError(f"{directory} is not empty.", advice="Give a new directory, or remove it.")
    return list(fates)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        end_tools_below(path)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
