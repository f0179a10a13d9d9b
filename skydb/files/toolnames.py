"""Names of files that drizzlepac can take, and copies under such names.

It reads commas, brackets, wildcards and leading ``@`` or ``-`` in a name as its own syntax,
evaluates names with parentheses as Python, and takes a file that does not end in ``.fits``, or
that is gzipped, for GEIS.
"""

from __future__ import annotations

import gzip
import re
import shutil
import zlib
from pathlib import Path

from skydb.errors import UnreadableFileError
from skydb.files.textfile import is_packed, unpacked

_TAKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.fits")
_OTHERS = re.compile(r"[^A-Za-z0-9_.-]+")


def is_taken(path: Path) -> bool:
    """Whether drizzlepac opens a file of this name with this content."""
    return _TAKEN.fullmatch(path.name) is not None and not (path.is_file() and is_packed(path))


def tool_name(path: Path) -> str:
    """A name for a copy of the file: its own, as far as drizzlepac can take that."""
    if _TAKEN.fullmatch(path.name):
        return path.name
    stem = path.name
    for end in (".gz", ".fits", ".fit", ".fts"):
        stem = stem[: -len(end)] if stem.lower().endswith(end) else stem
    return f"{_OTHERS.sub('_', stem).lstrip('_.-') or 'image'}.fits"


def tool_copy(path: Path, copy: Path) -> Path:
    """Copy a file, unpacked when it is gzipped, and return the copy.

    Raises
    ------
    UnreadableFileError
        When its gzip stream is damaged or unpacks to too much.
    """
    if not is_packed(path):
        return Path(shutil.copyfile(path, copy))
    try:
        with path.open("rb") as raw, copy.open("wb") as writer:
            writer.writelines(unpacked(path, raw))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(path, f"damaged gzip file ({error})") from error
    return copy
