"""Names of unfinished files, which contain the process that writes them.

A process that is killed leaves its drafts and its scratch directory. Their names show
that they are skydb's and whether that process still runs.
"""

from __future__ import annotations

import errno
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from skydb.domain.processmark import Fate, ProcessMark
from skydb.files.processes import fate_of, this_process
from skydb.interruption import draft

#: Files that SQLite keeps beside a database that is written to.
LOGS = ("-wal", "-shm", "-journal")
#: End of the name of a directory of which all files are made, see :mod:`skydb.files.together`.
WHOLE = "-whole"

_DRAFT = re.compile(
    rf"\..*\.[0-9a-f]{{12}}-\d+-\d+\.[0-9a-f]{{8}}\.part(?:{'|'.join((*LOGS, WHOLE))})?", re.DOTALL
)
_SCRATCH = re.compile(r"(.+)\.[0-9a-f]{12}-\d+-\d+-[a-z0-9_]{8}", re.DOTALL)

#: A file cannot grow: the disk, the quota or the largest size is reached.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: Characters of the name of the finished file that are kept, so that the draft's is not too long.
_LONGEST_STEM = 40


def draft_of(path: Path) -> Path:
    """Name the hidden file beside a path to which its draft is written.

    No two calls give the same name.
    """
    mark = this_process().mark
    stem = path.name[:_LONGEST_STEM]
    return path.with_name(f".{stem}.{mark}.{secrets.token_hex(4)}.part")


def drafts_of(path: Path) -> list[Path]:
    """Drafts that there are of a file, of whatever process; a database's with their logs."""
    pattern = f".{escape(path.name[:_LONGEST_STEM])}.*.part*"
    return [found for found in path.parent.glob(pattern) if _DRAFT.fullmatch(found.name)]


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A draft of a file, for the block that makes it whole and gives it its name.

    Errors of the operating system name the file, of which its reader knows, not the draft.
    """
    partial = draft_of(path)
    try:
        with draft(partial) as part:
            yield part
    except OSError as error:
        of_draft = str(error.filename) == str(partial)
        # Of a write that fails for want of room the system names no file.
        if of_draft or (error.filename is None and error.errno in _FULL):
            error.filename = str(path)
        raise


@contextmanager
def drafted_anew(path: Path) -> Iterator[Path]:
    """A draft as of :func:`drafted`; those that killed processes left of the file go first."""
    forget_dead_drafts(path)
    with drafted(path) as part:
        yield part


def forget_dead_drafts(path: Path) -> None:
    """Delete the drafts of a file of which the process is gone, as far as that may be."""
    for found in drafts_of(path):
        mark = owner_of_draft(found)
        if mark is not None and fate_of(mark) is Fate.DEAD:
            with suppress(OSError):
                found.unlink()


def scratch_prefix(label: str) -> str:
    """Make the beginning of the name of a scratch directory."""
    return f"{label}.{this_process().mark}-"


def owner_of_draft(path: Path) -> ProcessMark | None:
    """Find the process that writes, or wrote, a draft; None for other files."""
    return ProcessMark.found_in(path.name) if _DRAFT.fullmatch(path.name) else None


def is_in_draft(path: Path) -> bool:
    """Whether a path is a draft, or in the draft of a directory."""
    return any(_DRAFT.fullmatch(part) for part in path.parts if part.startswith("."))


def owner_of_scratch(path: Path) -> tuple[str, ProcessMark] | None:
    """Read label and process of a scratch directory; None for other directories."""
    found = _SCRATCH.fullmatch(path.name)
    mark = ProcessMark.found_in(path.name.removeprefix(found[1])) if found else None
    return None if found is None or mark is None else (found[1], mark)
