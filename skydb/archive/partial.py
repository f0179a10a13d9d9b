"""Bytes of a file that have arrived so far, kept between attempts and between processes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Self

from skydb.errors import StateError
from skydb.interruption import draft

# Windows has no such locks: there two fetches of one file at the same time can collide.
if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True, slots=True)
class Validators:
    """The archive's identifiers of a file version (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def for_range(self) -> str | None:
        """Value for ``If-Range``: a strong ETag, else a date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass(frozen=True, slots=True)
class Partial:
    """``<key>.part`` with the bytes, ``<key>.json`` with the version they belong to.

    The key is made of the URI, so that the next fetch continues one that was killed.

    Parameters
    ----------
    path : Path
        The bytes.
    uri : str
        Archive's name of the file.
    """

    path: Path
    uri: str

    @classmethod
    def of(cls, directory: Path, uri: str) -> Self:
        """The partial file of a URI below a directory, which is made when missing."""
        directory.mkdir(parents=True, exist_ok=True)
        key = hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return cls(directory / f"{key}.part", uri)

    @property
    def size_bytes(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def validators(self) -> Validators:
        """Identifiers of the version of the bytes; without any, the bytes are not used."""
        try:
            noted = json.loads(self._notes.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return Validators()
        if noted.pop("uri", None) != self.uri:
            return Validators()
        return Validators(**noted)

    def begin(self, validators: Validators) -> None:
        """Start from nothing with a version."""
        self.discard()
        note = {"uri": self.uri, **asdict(validators)}
        self._notes.write_text(json.dumps(note), encoding="utf-8")

    @contextmanager
    def appending(self) -> Iterator[FileIO]:
        """The bytes, open for more; each write is safe from the death of this process."""
        with self.path.open("ab", buffering=0) as handle:
            yield handle
            os.fsync(handle.fileno())

    def discard(self) -> None:
        """Delete everything."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing the same file.

        Raises
        ------
        StateError
            When another one is writing it.
        """
        lock = self.path.with_suffix(".lock")
        with lock.open("ab") as handle:
            self._claim(handle, lock)
            with draft(lock):
                yield

    @property
    def _notes(self) -> Path:
        return self.path.with_suffix(".json")

    def _claim(self, handle: BinaryIO, lock: Path) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last owner may have removed the file between our opening and our claim.
            if os.fstat(handle.fileno()).st_ino == lock.stat().st_ino:
                return
        except (BlockingIOError, FileNotFoundError):
            pass
        raise StateError("is being fetched by another process")
