"""Content addresses."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from skydb.errors import UnreadableFileError

#: Large enough that a thread seldom asks for the interpreter's lock, small enough for a cache.
_BLOCK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal, streamed.

    Raises
    ------
    UnreadableFileError
        When the operating system cannot read it.
    """
    digest, block = hashlib.sha256(), bytearray(_BLOCK_BYTES)
    view = memoryview(block)
    try:
        with path.open("rb", buffering=0) as handle:
            while count := handle.readinto(block):
                digest.update(view[:count])
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise UnreadableFileError(path, reason, advice="Check that it exists.") from error
    return digest.hexdigest()


def checksums_ahead(paths: Sequence[Path], jobs: int) -> Generator[Future[str], None, None]:
    """SHA-256 of many files, a few of them ahead of whoever asks for them.

    Neither reading nor hashing holds the interpreter's lock, so that threads will do.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files.
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
