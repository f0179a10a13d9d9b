"""Reading of many files in the order asked for: in this process, or in several.

The processes are not made by :mod:`multiprocessing`: when one is killed, by the system or
by a library that fails on a file, the others must continue, and the script that
calls :func:`skydb.open` must not run again in each of them.
"""

from __future__ import annotations

import pickle
import queue
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from skydb.errors import FileRejectedError
from skydb.files.checksum import Stamp, checksums_ahead, stamp_of
from skydb.services.intake.readworker import Read, read_file

#: Files from which on processes are worth the second that each takes to start.
WORKERS_PAY_FILES = 600
_WORKER = "skydb.services.intake.readworker"
_CHUNK = 16
_CHUNKS_AHEAD = 3
#: Longest that a process which no longer answers may take to end.
_GRACE_S = 5.0


def read_files(paths: Sequence[Path], jobs: int) -> Generator[Read, None, None]:
    """Read many files in order; each gives its facts, or the reason why it cannot be used.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files.
    jobs : int
        How many are read at a time: the checksums by threads or, of a large batch, everything
        by processes. A file whose process dies is rejected, and the others are read.

    Yields
    ------
    FileFacts, HeaderletFacts or FileRejectedError
        Close the generator to end its threads and processes early.
    """
    if jobs < 2 or not paths:
        yield from map(read_file, paths)
    elif len(paths) < WORKERS_PAY_FILES:
        stamps: dict[Path, Stamp | None] = {}
        with closing(checksums_ahead(_stamped(paths, stamps), jobs)) as checksums:
            for path, checksum in zip(paths, checksums, strict=True):
                yield read_file(path, checksum.result, stamps[path])
    else:
        with _Workers(min(jobs, len(paths))) as workers:
            yield from workers.read(paths)


def _stamped(paths: Iterable[Path], stamps: dict[Path, Stamp | None]) -> Iterator[Path]:
    """The files, each with its stamp taken before the next is asked for."""
    for path in paths:
        stamps[path] = stamp_of(path)
        yield path


class _WorkerDiedError(Exception):
    """A reading process ended before it answered."""


class _Worker:
    """One reading process, started when it is first needed and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def read(self, paths: Sequence[Path]) -> list[Read]:
        """Read files; when several end the process, each is read again alone."""
        try:
            return self._ask(paths)
        except _WorkerDiedError as death:
            if self._is_over:
                raise
            if len(paths) > 1:
                return [read for path in paths for read in self.read([path])]
            reason = f"the process that read it died ({death})"
            advice = "Look at the file with care, and ingest the others without it."
            return [FileRejectedError(paths[0], reason, advice=advice)]

    def end(self) -> None:
        """Let the process end; what it is busy with is lost."""
        self._is_over = True
        if self._process is not None:
            self._process.kill()

    def end_process(self) -> str:
        """Wait for the end of the process; how it ended."""
        process, self._process = self._process, None
        if process is None:
            return "it never began"
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                # The paths that were not sent yet are dropped.
                with suppress(OSError):
                    stream.close()
        try:
            code = process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return signal.strsignal(-code) or f"signal {-code}" if code < 0 else f"exit code {code}"

    def _ask(self, paths: Sequence[Path]) -> list[Read]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(list(paths), process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            answer: list[Read] = pickle.load(process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise _WorkerDiedError(self.end_process()) from error
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        if self._is_over:
            raise _WorkerDiedError
        # Its modules are found where this process found them, whatever the directory is.
        code = f"import sys; sys.path[:] = {sys.path!r}; from {_WORKER} import main; main()"
        command, pipe = [sys.executable, "-c", code], subprocess.PIPE
        # A session of its own: Ctrl-C is for this process, which ends the others.
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
        return self._process


class _Workers:
    """Reading processes, each with a thread that waits for it."""

    def __init__(self, count: int) -> None:
        self._workers = [_Worker() for _ in range(count)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="skydb-reader")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.end_process()

    def read(self, paths: Sequence[Path]) -> Iterator[Read]:
        """Read files in order, some of them ahead."""
        ahead: deque[Future[list[Read]]] = deque()
        for first in range(0, len(paths), _CHUNK):
            ahead.append(self._threads.submit(self._read_chunk, paths[first : first + _CHUNK]))
            if len(ahead) > _CHUNKS_AHEAD * len(self._workers):
                yield from ahead.popleft().result()
        for chunk in ahead:
            yield from chunk.result()

    def _read_chunk(self, paths: Sequence[Path]) -> list[Read]:
        worker = self._idle.get()
        try:
            return worker.read(paths)
        finally:
            self._idle.put(worker)
