"""Reads the runs of one file, whatever kind of file it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from skydb.errors import UnreadableFileError
from skydb.files.logs.blocks import Block, blocks_of
from skydb.files.logs.division import DividedLog
from skydb.files.logs.draft import Logged
from skydb.files.logs.notebook import is_notebook, read_notebook
from skydb.files.logs.reader import RunReader
from skydb.files.logs.runs import LoggedAlignment, LoggedRun, LogProblem
from skydb.files.logs.seam import seam_of
from skydb.files.logs.unwrap import CutWatch, joiner_of
from skydb.files.processes import available_cores
from skydb.files.textfile import text_chunks

T = TypeVar("T")

#: Texts of which every log of a run has at least one.
BEGINNINGS = (b"AstroDrizzle Version ", b"TweakReg Version ", b"==== Processing Step ")
#: Texts of which the rest of a log has at least one when its beginning is lost.
REMAINS = (
    *(b"Performing fit for: ", b"XSH: ", b"Final solution based on ", b"delta(MDRIZSKY) = "),
    *(b"Applying sky value of ", b"Final (match+global) sky", b"FINAL number of objects in image"),
)
_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}".encode()

#: Size of a log from which on a second process is worth what it costs to start.
LARGE_BYTES = 16 << 20

_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|meta)\b", re.IGNORECASE)
_HEAD_BYTES = 4096
_HTML = (
    "is an HTML page, which may show the lines of two runs mixed; "
    "import the log or the notebook that it was made from"
)


@dataclass
class LogFile:
    """One file with runs.

    Parameters
    ----------
    path : Path
        A log, the trailer of ``runastrodriz``, text that a console printed, or a notebook;
        gzip is fine.
    checkpoints : collection of int
        See :class:`~skydb.files.logs.reader.RunReader`.
    """

    path: Path
    checkpoints: Collection[int] = ()
    orphans: list[LogProblem] = field(default_factory=list)
    """Lines with values that stand outside of any run; known when all runs were read."""
    doubts: list[LogProblem] = field(default_factory=list)
    """Lines at which others may be lost, each with the reason; known then, too."""

    def runs(self) -> Generator[tuple[Logged, dict[str, Any]], None, None]:
        """Every run, with the facts of its file; close the generator to end early.

        Raises
        ------
        UnreadableFileError
            When the file cannot be read, or is an HTML page.
        """
        yield from self.each(with_facts)

    def each(self, made: Callable[[Logged, dict[str, Any]], T]) -> Generator[T, None, None]:
        """Yield what is made of every run and the facts of its file; close it to end early.

        Parameters
        ----------
        made : callable
            Of a module: the later part of a large log is read, and this done, in a process
            of its own.

        Raises
        ------
        UnreadableFileError
            When the file cannot be read, or is an HTML page.
        """
        self._refuse_pages()
        if is_notebook(self.path):
            for run, facts in self._runs_of_cells():
                yield made(run, facts)
        else:
            yield from self._of_lines(partial(_of_run, made))

    def _of_lines(self, made: Callable[[Logged], T]) -> Iterator[T]:
        joiner = joiner_of(self.path)
        is_large = self.path.stat().st_size >= LARGE_BYTES and available_cores() > 1
        seam = seam_of(self.path) if is_large and joiner is None else None
        if seam is None:
            reader = RunReader(self.checkpoints, None if joiner else CutWatch())
            blocks = blocks_of(self.path)
            yield from map(made, reader.runs(joiner.blocks(blocks) if joiner else blocks))
            self._note(reader)
        else:
            log = DividedLog(self.path, seam, frozenset(self.checkpoints), made)
            yield from log.runs()
            self.orphans += log.orphans
            self.doubts += log.doubts

    def _runs_of_cells(self) -> Iterator[tuple[Logged, dict[str, Any]]]:
        for cell in read_notebook(self.path):
            reader = RunReader(self.checkpoints)
            for run in reader.runs([Block.of(cell.lines)]):
                yield run, {"notebook": cell.facts}
            self._note(reader)

    def _note(self, reader: RunReader) -> None:
        self.orphans += reader.orphans
        self.doubts += reader.doubts

    def _refuse_pages(self) -> None:
        head = next(iter(text_chunks(self.path, _HEAD_BYTES)), b"")
        if _PAGE.search(head[:_HEAD_BYTES]) and not is_notebook(self.path):
            raise UnreadableFileError(self.path, _HTML)


def with_facts(run: Logged, facts: dict[str, Any]) -> tuple[Logged, dict[str, Any]]:
    """The run itself, and the facts of its file."""
    return run, facts


def _of_run(made: Callable[[Logged, dict[str, Any]], T], run: Logged) -> T:
    return made(run, {})


def has_traces(path: Path, traces: Collection[bytes] = (*BEGINNINGS, *REMAINS)) -> bool:
    """Whether a file has something of a run, whatever it is called.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    traces : collection of bytes
        Texts of which it must have one.

    Raises
    ------
    UnreadableFileError
        When it cannot be read.
    """
    longest = max(map(len, traces)) + len(_NO_BREAK_SPACE)
    tail = b""
    for chunk in text_chunks(path, 1 << 20):
        text = tail + chunk
        if _NO_BREAK_SPACE in text:
            text = text.replace(_NO_BREAK_SPACE, b" ")
        if any(trace in text for trace in traces):
            return True
        tail = text[-longest:]
    return False


def read_log(path: Path) -> list[Logged]:
    """Every run in a file, in the order of their first lines.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    return sorted((run for run, _ in LogFile(path).runs()), key=lambda run: run.lines.first)


def read_drizzle_log(path: Path) -> list[LoggedRun]:
    """Every run of AstroDrizzle in a file; see :func:`read_log`."""
    return [run for run in read_log(path) if isinstance(run, LoggedRun)]


def read_tweakreg_log(path: Path) -> list[LoggedAlignment]:
    """Every run of TweakReg in a file; see :func:`read_log`."""
    return [run for run in read_log(path) if isinstance(run, LoggedAlignment)]
