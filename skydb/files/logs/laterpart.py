"""Program of a process that reads the later part of a large log; :mod:`division` starts it.

What to read comes in on its standard input. The runs go out on its standard output, which is
a file, then what is known at the end and the place of that, all pickled.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from skydb.files.logs.blocks import blocks_of
from skydb.files.logs.draft import Logged
from skydb.files.logs.reader import RunReader
from skydb.files.logs.runs import LogProblem
from skydb.files.logs.unwrap import CutWatch
from skydb.files.textfile import Span, count_lines

PLACE = struct.Struct("<Q")
#: Objects after which garbage is collected: runs leave none.
_COLLECT_AFTER = (50_000, 20, 20)


def itself(run: Logged) -> Logged:
    """The run."""
    return run


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of a log to be read.

    Parameters
    ----------
    path : Path
        The log.
    offset : int
        Its first byte, with which a line begins.
    checkpoints : frozenset of int
        See :class:`~skydb.files.logs.reader.RunReader`.
    made : callable
        Makes what is wanted of each run; of a module, so that another process finds it.
    """

    path: Path
    offset: int
    checkpoints: frozenset[int]
    made: Callable[[Logged], object] = itself


@dataclass(frozen=True, slots=True)
class Ending:
    """Facts of a part after its last line; see :class:`~skydb.files.logs.reader.RunReader`.

    ``runs`` is the number of runs that were found.
    """

    runs: int
    names: frozenset[str]
    is_regular: bool
    orphans: list[LogProblem]


def read_part(wanted: Wanted, answers: IO[bytes]) -> None:
    """Read a part of a log and write what is made of its runs."""
    reader, runs = RunReader(wanted.checkpoints, CutWatch()), 0
    first = count_lines(wanted.path, wanted.offset) + 1
    for run in reader.runs(blocks_of(wanted.path, Span(wanted.offset, None), first)):
        pickle.dump(wanted.made(run), answers, pickle.HIGHEST_PROTOCOL)
        runs += 1
    place = answers.tell()
    ending = Ending(runs, reader.names, reader.is_regular, reader.orphans)
    pickle.dump(ending, answers, pickle.HIGHEST_PROTOCOL)
    answers.write(PLACE.pack(place))


def main() -> None:
    """Read what the process that started this one wants."""
    gc.set_threshold(*_COLLECT_AFTER)
    wanted: Wanted = pickle.load(sys.stdin.buffer)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        read_part(wanted, answers)
