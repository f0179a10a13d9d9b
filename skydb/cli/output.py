"""Streams of a command, whose failures are said of them and of no file."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


class Stream(io.TextIOWrapper):
    """A stream of the command; once something refuses it, the rest goes nowhere.

    Its reader may be gone or its disk full at any moment, and when it has a buffer, only at
    the end.
    """

    _before: TextIO

    @classmethod
    def instead_of(cls, stream: TextIO) -> TextIO:
        """Make one over what a stream of the interpreter is over."""
        # A program that runs commands within itself may have put something else there.
        if type(stream) is not io.TextIOWrapper:
            return stream
        made = cls(
            stream.buffer,
            stream.encoding,
            stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        # A library that was imported before may write to it; and its end would close both.
        made._before = stream
        return made

    def write(self, text: str) -> int:
        """Write a text, at once or later."""
        try:
            return super().write(text)
        except OSError as error:
            self._leave()
            self.refused(error)
        return len(text)

    def flush(self) -> None:
        """Write what waits."""
        try:
            super().flush()
        except OSError as error:
            self._leave()
            self.refused(error)

    def refused(self, error: OSError) -> None:
        """Go on: a remark that cannot be written is no reason to stop the work."""

    def _leave(self) -> None:
        # Or the interpreter would try again, on its way out, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())


class Output(Stream):
    """Standard output, which the command is for."""

    def refused(self, error: OSError) -> None:
        """Raise the error; without this it would read as one of the ledger or of a file.

        Raises
        ------
        BrokenPipeError
            When the reader is gone.
        DiskError
            When it cannot be written for another reason.
        """
        if isinstance(error, BrokenPipeError):
            raise error
        from skydb.errors import DiskError

        raise DiskError(f"The output was not written: {error.strerror}.") from error


def begin() -> None:
    """Put both in the places of the interpreter's own."""
    sys.stdout = Output.instead_of(sys.stdout)
    sys.stderr = Stream.instead_of(sys.stderr)
