"""Content addresses."""

from __future__ import annotations

import hashlib
from pathlib import Path

from skydb.errors import UnreadableFileError


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal, streamed.

    Raises
    ------
    UnreadableFileError
        When the operating system cannot read it.
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise UnreadableFileError(path, reason, advice="Check that it exists.") from error
