"""Deleting files of the data root, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from skydb.errors import StateError
from skydb.interruption import held

#: Beginning of the label of a purge's scratch directory; the number of the run follows.
PURGE_LABEL = "purge-"


def require_below(root: Path, path: Path) -> Path:
    """The path, when it is really below the root: no link leads out of it.

    Raises
    ------
    StateError
        When it is not.
    """
    home = path.parent.resolve()
    if not home.is_relative_to(root.resolve()) or path.name in ("", ".", ".."):
        raise StateError(
            f"{path} is not below the data root and is left alone.",
            advice="Only files that skydb made are deleted.",
        )
    return path


@contextmanager
def set_aside(files: Sequence[Path], aside: Path) -> Iterator[int]:
    """Move files out of their places for the length of a block, and back when it raises.

    Parameters
    ----------
    files : sequence of Path
        Those that are not there are passed over.
    aside : Path
        An empty directory in the same file system; what is in there afterwards can go.

    Yields
    ------
    int
        Bytes of the files that were moved.

    Raises
    ------
    StateError
        When a file cannot be moved; all are back in their places.
    """
    moved: list[tuple[Path, Path]] = []
    try:
        for number, path in enumerate(files):
            if path.is_file():
                target = aside / _name_aside(number, path)
                with held():
                    _move(path, target)
                    moved.append((path, target))
        yield sum(target.lstat().st_size for _, target in moved)
    except BaseException:
        with held():
            for path, target in moved:
                target.replace(path)
        raise


def put_back(files: Sequence[Path], aside: Path) -> int:
    """Move back what :func:`set_aside` had moved when its process was killed; how many files.

    Parameters
    ----------
    files : sequence of Path
        As they were given to it; a place that has a file again is left alone.
    aside : Path
        The directory.
    """
    back = [
        (aside / _name_aside(number, path), path)
        for number, path in enumerate(files)
        if (aside / _name_aside(number, path)).is_file() and not path.exists()
    ]
    for target, path in back:
        target.replace(path)
    return len(back)


def _name_aside(number: int, path: Path) -> str:
    return f"{number}-{path.name}"


def _move(path: Path, target: Path) -> None:
    try:
        path.replace(target)
    except OSError as error:
        raise StateError(
            f"{path} cannot be deleted: {error.strerror or error}.",
            advice="Nothing was deleted; check its permissions.",
        ) from error
