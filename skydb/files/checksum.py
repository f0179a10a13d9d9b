"""Checksums of files."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from skydb.errors import UnreadableFileError

#: Large enough for few calls, small enough for a cache.
_BLOCK_BYTES = 1 << 17


#: Number of a file, its size, and the times of its last changes.
Stamp = tuple[int, int, int, int]

_OTHER_KINDS = (
    (stat.S_ISDIR, "a directory that could not be searched"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def require_file(path: Path) -> None:
    """Refuse a pipe or device, which has no end.

    Raises
    ------
    UnreadableFileError
        When it is something else.
    OSError
        When it is not there, or may not be looked at.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _OTHER_KINDS if is_kind(mode)), "a device")
        raise UnreadableFileError(path, f"not a file but {kind}")


def stamp_of(path: Path) -> Stamp | None:
    """Stamp that changes when a file is written or replaced; None without it."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal, streamed.

    Raises
    ------
    UnreadableFileError
        When the operating system cannot read it.
    """
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def copy_synced(source: Path, target: Path) -> str:
    """Copy a file to a new one on the disk; SHA-256 of what was written.

    Raises
    ------
    UnreadableFileError
        When the operating system cannot read the source.
    OSError
        When it cannot write the copy.
    """
    digest = hashlib.sha256()
    with target.open("xb") as writer:
        for block in _blocks(source):
            writer.write(block)
            digest.update(block)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[memoryview]:
    """Bytes of a file, a block at a time; each is gone with the next."""
    block = bytearray(_BLOCK_BYTES)
    view = memoryview(block)
    try:
        require_file(path)
        handle = path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error
    with handle:
        while count := _count_read(path, handle, block):
            yield view[:count]


def _count_read(path: Path, handle: io.FileIO, block: bytearray) -> int:
    try:
        return handle.readinto(block)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UnreadableFileError:
    reason = f"cannot be read ({error.strerror or error})"
    return UnreadableFileError(path, reason, advice="Check that it exists.")


def checksums_ahead(paths: Iterable[Path], jobs: int) -> Generator[Future[str], None, None]:
    """Compute SHA-256 of many files, a few ahead of the caller.

    Neither reading nor hashing holds the interpreter's lock, so that threads will do.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        The files; each is asked for when its checksum is about to be begun.
    jobs : int
        How many are read at a time.

    Yields
    ------
    concurrent.futures.Future
        One for each file, in order; its result is the checksum, or what
        :func:`sha256_of` raises.
    """
    ahead: deque[Future[str]] = deque()
    pool = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="skydb-checksum")
    try:
        for path in paths:
            ahead.append(pool.submit(sha256_of, path))
            if len(ahead) > 2 * jobs:
                yield ahead.popleft()
        yield from ahead
    except GeneratorExit:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
