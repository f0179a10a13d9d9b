"""Program of a reading process, and the reading of a file in any process.

Lists of paths come in on its standard input, facts of files go out on its standard
output, both pickled; it ends when its input does. :mod:`skydb.services.intake.reading` starts it.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from skydb.domain.values import FileFacts
from skydb.errors import FileRejectedError, NotHstImageError, UnreadableFileError
from skydb.files.checksum import Stamp, sha256_of, stamp_of
from skydb.files.dqfile import pixels_beside
from skydb.files.headerlets import HeaderletFacts, read_headerlet
from skydb.files.names import is_utf8
from skydb.files.odd import rejecting
from skydb.files.reader import read_facts


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that belongs to another one, with which it is read."""

    path: Path
    of: Path


Read = FileFacts | HeaderletFacts | Companion | FileRejectedError


def read_file(
    path: Path, checksum: Callable[[], str] | None = None, stamp: Stamp | None = None
) -> Read:
    """Facts of an image or of a headerlet with the checksum of the file, or why it has none.

    A file with the flags of another one is not read by itself.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    checksum : callable, optional
        Who knows its checksum; the file is read for it when left out.
    stamp : tuple of int, optional
        Its stamp from before the checksum was begun.
    """
    try:
        with rejecting(path):
            stamp = stamp or stamp_of(path)
            read = _read_any(path, checksum or (lambda: sha256_of(path)))
            _unchanged(path, stamp)
            return read
    except FileRejectedError as error:
        return error


def _unchanged(path: Path, stamp: Stamp | None) -> None:
    """Refuse a file that changed between the checksum and the reading of its facts."""
    if stamp is not None and stamp_of(path) != stamp:
        advice = "Ingest it when no program writes to it any more."
        raise UnreadableFileError(path, "it changed while it was read", advice=advice)


def _read_any(path: Path, checksum: Callable[[], str]) -> FileFacts | HeaderletFacts | Companion:
    if not is_utf8(path):
        raise FileRejectedError(path, "its path is not UTF-8", advice="Rename it.")
    owner = pixels_beside(path)
    if owner is not None:
        return Companion(path, owner)
    try:
        return read_facts(path).with_checksum(checksum())
    except NotHstImageError:
        headerlet = read_headerlet(path)
        if headerlet is None:
            raise
        return replace(headerlet, sha256=checksum())


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Read the files of every request until there are no more."""
    while True:
        try:
            paths: list[Path] = pickle.load(requests)
        except EOFError:
            return
        pickle.dump([read_file(path) for path in paths], answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def main() -> None:
    """Serve the process that started this one."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        # Output that a library prints must not come between two answers.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve(sys.stdin.buffer, answers)
