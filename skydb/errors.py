"""Every error that skydb raises on purpose.

::

    SkydbError
    ├── UsageError (ValueError)            wrong arguments                          exit 2
    ├── SchemaError (RuntimeError)         the database needs ``skydb db upgrade``  exit 3
    ├── NotFoundError (LookupError)        no such row, file or run                 exit 4
    ├── StateError (RuntimeError)          a domain verb that this state forbids    exit 1
    ├── InputsRefusedError (ValueError)    no input can be chosen, or a guard refuses  exit 1
    ├── StoreError (RuntimeError)          the database refused                     exit 1
    │   └── RowRefusedError                one row, which is not in order itself
    ├── FileRejectedError (ValueError)     one input file cannot be used            exit 1
    │   ├── NotHstImageError
    │   ├── TruncatedFileError
    │   └── UnreadableFileError
    ├── ParseError (ValueError)            a text file is not what it should be     exit 1
    ├── ToolError (RuntimeError)           drizzlepac failed                        exit 1
    │   ├── ToolCrashedError               raised, was killed or ran out of time
    │   └── ToolSilentFailureError         no error and no output
    ├── DiskError (OSError)                a file or directory cannot be used       exit 1
    ├── ExecutorError (RuntimeError)       work cannot be given to others           exit 1
    └── ArchiveError (OSError)             an archive or catalogue service failed   exit 1

    Interrupted (KeyboardInterrupt)        stopped by a signal, which is not an error

A message says what happened, to which file or row, and what to do next; the
parts are kept as attributes so that a program need not parse the sentence.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self


class SkydbError(Exception):
    """Root of the tree.

    Parameters
    ----------
    what : str
        What happened, naming the file or row.
    advice : str, optional
        What the reader can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, advice: str = "") -> None:
        self.what = what
        self.advice = advice
        super().__init__(f"{what} {advice}".strip())

    def name_subject(self, subject: str, *, advice: str = "") -> None:
        """Put its subject before the message, and more advice behind it."""
        self.what = f"{subject}: {self.what}"
        self.advice = f"{self.advice} {advice}".strip()
        self.args = (f"{self.what} {self.advice}".strip(),)


class UsageError(SkydbError, ValueError):
    """Arguments that make no sense together."""

    exit_code = 2


class SchemaError(SkydbError, RuntimeError):
    """The database is empty, older or newer than this skydb."""

    exit_code = 3


class NotFoundError(SkydbError, LookupError):
    """A row, file or run that does not exist."""

    exit_code = 4


class StateError(SkydbError, RuntimeError):
    """A domain verb was used on an entity whose state forbids it."""


class InputsRefusedError(SkydbError, ValueError):
    """No version of each exposure can be chosen, or a guard refuses them.

    Parameters
    ----------
    what : str
        Why.
    rows : sequence of mapping
        The inputs that there are, as a table.
    """

    def __init__(
        self, what: str, *, rows: Sequence[Mapping[str, object]], advice: str = ""
    ) -> None:
        self.rows = [dict(row) for row in rows]
        super().__init__(what, advice=advice)


class StoreError(SkydbError, RuntimeError):
    """The database refused a statement."""


class RowRefusedError(StoreError):
    """A row has a value that its column cannot have, or contradicts other rows.

    Without that row the rest can be written.

    Parameters
    ----------
    what : str
        Which row and why, in words fit for a table cell.
    """

    def __init__(self, what: str, *, advice: str = "") -> None:
        self.reason = what
        super().__init__(f"The database refused a row: {what}.", advice=advice)


class FileRejectedError(SkydbError, ValueError):
    """One input file cannot be used; the rest of a batch goes on.

    Parameters
    ----------
    path : path-like
        The file.
    reason : str
        Why, in words fit for a table cell.
    """

    def __init__(self, path: str | Path, reason: str, *, advice: str = "") -> None:
        self.path = Path(path)
        self.reason = reason
        super().__init__(f"{self.path.name}: {reason}.", advice=advice)

    def __reduce__(self) -> tuple[partial[Self], tuple[Path, str]]:
        # So that it comes whole out of the process that read the file.
        return partial(type(self), advice=self.advice), (self.path, self.reason)


class NotHstImageError(FileRejectedError):
    """A readable file that is not an HST image."""


class TruncatedFileError(FileRejectedError):
    """A FITS file that ends before its headers say it should."""


class UnreadableFileError(FileRejectedError):
    """A file that the operating system or astropy cannot read."""


class ParseError(SkydbError, ValueError):
    """A text file does not follow its format.

    Parameters
    ----------
    path : path-like
        The file.
    line_number : int
        First line that is wrong, counted from 1; 0 when it is the whole file.
    problem : str
        What is wrong with it.
    """

    def __init__(
        self, path: str | Path, line_number: int, problem: str, *, advice: str = ""
    ) -> None:
        self.path = Path(path)
        self.line_number = line_number
        self.problem = problem
        where = f"{self.path.name}, line {line_number}" if line_number else self.path.name
        super().__init__(f"{where}: {problem}.", advice=advice)


class ToolError(SkydbError, RuntimeError):
    """A drizzlepac task failed.

    Parameters
    ----------
    tool : str
        ``TweakReg``, ``TweakBack`` or ``AstroDrizzle``.
    what : str
        What happened.
    log : path-like, optional
        The task's log, kept for the reader.
    """

    def __init__(
        self, tool: str, what: str, *, log: str | Path | None = None, advice: str = ""
    ) -> None:
        self.tool = tool
        self.reason = what
        self._say(None if log is None else Path(log), advice)

    def move_log(self, log: Path) -> None:
        """Note that the log lies elsewhere now; the message names that place."""
        self._say(log, self.advice)

    def _say(self, log: Path | None, advice: str) -> None:
        self.log = log
        seen = f" Its log: {log}." if log else ""
        super().__init__(f"{self.tool} {self.reason}.{seen}", advice=advice)


class ToolCrashedError(ToolError):
    """The task raised, was killed by a signal, or ran out of time."""


class ToolSilentFailureError(ToolError):
    """The task ended well by its own account but its outputs are missing or stale."""


class DiskError(SkydbError, OSError):
    """The operating system refused a file or directory that the work needs."""

    @classmethod
    def of(cls, error: OSError, written: Path | None = None) -> Self:
        """Make the error from that of the operating system, with the file and advice.

        Parameters
        ----------
        error : OSError
        written : Path, optional
            The file that was to be written, whichever draft or directory was refused.
        """
        number = error.errno or 0
        said = error.strerror or str(error) or type(error).__name__
        if _FULL in said:
            number, said = errno.ENOSPC, os.strerror(errno.ENOSPC)
        named = [str(name) for name in (error.filename, error.filename2) if name is not None]
        if written is not None:
            named = [f"{written} cannot be written"]
        what = f"{' and '.join(named)}: {said}." if named else f"{said}."
        advice = _CURES.get(number, "Correct this, and repeat the command.")
        made = cls(what, advice=advice)
        for note in getattr(error, "__notes__", ()):
            made.add_note(note)
        return made


@contextmanager
def disk_errors(written: Path | None = None) -> Iterator[None]:
    """Raise errors of the operating system as :class:`DiskError`.

    Parameters
    ----------
    written : Path, optional
        The file that the block writes.

    Raises
    ------
    DiskError
        When a file or directory cannot be used: with its name, the reason and advice.
    """
    try:
        yield
    except SkydbError:
        raise
    except OSError as error:
        raise DiskError.of(error, written) from error


#: What astropy makes of a full disk: its own sentence, once for every buffer, and no number.
_FULL = "Not enough space on disk"
#: Advice for errors of the operating system.
_CURES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Free some space, and repeat the command."),
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM),
        "Choose a place that you may write to (for skydb's own files: --data), or change its "
        "permissions.",
    ),
}


class ExecutorError(SkydbError, RuntimeError):
    """Work cannot be given to other machines: no scheduler, or no package to reach it."""


class ArchiveError(SkydbError, OSError):
    """A remote archive or catalogue service failed.

    Parameters
    ----------
    service : str
        ``MAST``, ``Gaia`` or ``GSSS``.
    what : str
        What happened.
    """

    def __init__(self, service: str, what: str, *, advice: str = "") -> None:
        self.service = service
        super().__init__(f"{service}: {what}.", advice=advice)


class Interrupted(KeyboardInterrupt):
    """The work was stopped by a signal.

    A :class:`KeyboardInterrupt`, so that libraries that clean up after that one do so.

    Parameters
    ----------
    by : str
        Source of the request to stop, such as ``SIGTERM``.
    """

    def __init__(self, by: str) -> None:
        self.by = by
        super().__init__(f"interrupted by {by}")
