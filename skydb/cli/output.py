"""Standard output of a command, whose failures are said of it and of no file."""

from __future__ import annotations

import io
import os
import sys


class Output(io.TextIOWrapper):
    """Standard output; what it refuses once is refused for good, and written nowhere.

    Its reader may be gone or its disk full at any moment, and when it has a buffer, only at
    the end. Without this class an error of it reads as one of the ledger or of a file.
    """

    @classmethod
    def begin(cls) -> None:
        """Put it in the place of the interpreter's own."""
        stream = sys.stdout
        # A program that runs commands within itself may have put something else there.
        if type(stream) is io.TextIOWrapper:
            known = {
                "encoding": stream.encoding,
                "errors": stream.errors,
                "line_buffering": stream.line_buffering,
                "write_through": stream.write_through,
            }
            sys.stdout = sys.__stdout__ = cls(stream.detach(), **known)  # type: ignore[arg-type,misc]

    def write(self, text: str) -> int:
        """Write a text, at once or later.

        Raises
        ------
        BrokenPipeError
            When the reader is gone.
        DiskError
            When it cannot be written for another reason.
        """
        try:
            return super().write(text)
        except OSError as error:
            raise self._refused(error) from error

    def flush(self) -> None:
        """Write what waits; raise the errors of :meth:`write`."""
        try:
            super().flush()
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> OSError:
        # Or the interpreter would try again, on its way out, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        if isinstance(error, BrokenPipeError):
            return BrokenPipeError(*error.args)
        from skydb.errors import DiskError

        return DiskError(f"The output was not written: {error.strerror}.")
