"""Reads a large log in two parts at a time: the later one in a process of its own.

The later part is read as if it were a log. This gives the same runs when nothing of the first
part can matter to it; where something could, the rest is read here, line after line, and the
other process was for nothing. So it is when that process fails, for whatever reason: what is
wrong with the log is then found here.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Generic, TypeVar

from skydb.files.logs.blocks import blocks_of
from skydb.files.logs.draft import Logged
from skydb.files.logs.laterpart import PLACE, Ending, Wanted
from skydb.files.logs.openruns import LONGEST_LIST
from skydb.files.logs.reader import RunReader
from skydb.files.logs.runs import LogProblem
from skydb.files.logs.seam import Seam
from skydb.files.logs.unwrap import CutWatch
from skydb.files.textfile import Span

T = TypeVar("T")

_WORKER = "skydb.files.logs.laterpart"


class DividedLog(Generic[T]):
    """A log that is read in two parts.

    Parameters
    ----------
    path : Path
        The log.
    seam : Seam
        The beginning of the later part.
    checkpoints : frozenset of int
        See :class:`~skydb.files.logs.reader.RunReader`.
    made : callable
        Makes what is wanted of each run, in the process that reads it.
    """

    def __init__(
        self, path: Path, seam: Seam, checkpoints: frozenset[int], made: Callable[[Logged], T]
    ) -> None:
        self.path = path
        self.seam = seam
        self.orphans: list[LogProblem] = []
        """Lines with values that stand outside of any run; known when all runs were read."""
        self.doubts: list[LogProblem] = []
        """Lines at which others may be lost, each with the reason; known then, too."""
        self._made = made
        self._wanted = Wanted(path, seam.offset, checkpoints, made)

    def runs(self) -> Iterator[T]:
        """Yield what is made of every run; close the iterator to end the other process early.

        Raises
        ------
        UnreadableFileError
            When the log cannot be read.
        """
        reader, first = RunReader(self._wanted.checkpoints, CutWatch()), 1
        with ExitStack() as stack:
            answers: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            process = _start(self._wanted, answers)
            stack.callback(_end, process)
            for block in blocks_of(self.path, Span(0, self.seam.offset)):
                yield from map(self._made, reader.read([block]))
                first += len(block.lines)
                if reader.has_met(self.seam.name):
                    process.kill()
            ending = self._ending(reader, process, answers)
            if ending is None:
                _end(process)
                rest = blocks_of(self.path, Span(self.seam.offset, None), first)
                yield from map(self._made, reader.runs(rest))
                self.orphans += reader.orphans
                self.doubts += reader.doubts
            else:
                yield from map(self._made, reader.end())
                for _ in range(ending.runs):
                    yield pickle.load(answers)
                self.orphans += reader.orphans + ending.orphans

    def _ending(
        self, reader: RunReader, process: subprocess.Popen[bytes], answers: IO[bytes]
    ) -> Ending | None:
        """Facts of the later part, when it can be read as if it were a log."""
        if not reader.is_done_before(self.seam.task) or reader.has_met(self.seam.name):
            return None
        ending = _answer(process, answers)
        if ending is None or not ending.is_regular or ending.names & reader.names:
            return None
        is_long = len(reader.orphans) + len(ending.orphans) >= LONGEST_LIST
        return None if is_long else ending


def _start(wanted: Wanted, answers: IO[bytes]) -> subprocess.Popen[bytes]:
    # Its modules are found where this process found them, whatever the directory is.
    code = f"import sys; sys.path[:] = {sys.path!r}; from {_WORKER} import main; main()"
    # A session of its own: Ctrl-C is for this process, which ends the other.
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    with process.stdin as asked:
        pickle.dump(wanted, asked)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _answer(process: subprocess.Popen[bytes], answers: IO[bytes]) -> Ending | None:
    """Facts that the process found at the end; the file stands at its first run then."""
    if process.wait() != 0:
        return None
    answers.seek(-PLACE.size, 2)
    (place,) = PLACE.unpack(answers.read(PLACE.size))
    answers.seek(place)
    ending: Ending = pickle.load(answers)
    answers.seek(0)
    return ending
