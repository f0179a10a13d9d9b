"""Bytes that the archive holds under a name, whole or spoilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skydb.simulate.archive.faults import Fault, Misbehaviour

_CHUNK_BYTES = 1 << 17
_PAGE = b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>\n"


@dataclass(frozen=True, slots=True)
class Content:
    """A file, or bytes in memory.

    Parameters
    ----------
    source : Path or bytes
        Where the bytes are.
    generation : int
        How often the product was replaced; part of its ETag.
    """

    source: Path | bytes
    generation: int = 0

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.source.stat().st_size if isinstance(self.source, Path) else len(self.source)

    @property
    def etag(self) -> str:
        """Strong entity tag, different for every file version."""
        modified = self.source.stat().st_mtime_ns if isinstance(self.source, Path) else 0
        return f'"{self.generation:x}-{self.size:x}-{modified:x}"'

    def read(self) -> bytes:
        """All bytes."""
        return self.source.read_bytes() if isinstance(self.source, Path) else self.source

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes from ``start`` up to, not including, ``stop``."""
        if isinstance(self.source, bytes):
            for offset in range(start, stop, _CHUNK_BYTES):
                yield self.source[offset : min(offset + _CHUNK_BYTES, stop)]
            return
        with self.source.open("rb") as file:
            file.seek(start)
            while start < stop and (chunk := file.read(min(_CHUNK_BYTES, stop - start))):
                start += len(chunk)
                yield chunk

    def spoilt(self, misbehaviour: Misbehaviour) -> Content:
        """Make the damaged version of the file."""
        return Content(_spoil(self.read(), misbehaviour))


#: Faults of the bytes of a file.
CONTENT_FAULTS = frozenset({Fault.TRUNCATED, Fault.WRONG_CONTENT, Fault.CORRUPTED, Fault.EMPTY})


def _spoil(data: bytes, misbehaviour: Misbehaviour) -> bytes:
    middle = len(data) // 2
    match misbehaviour.fault:
        case Fault.TRUNCATED:
            after = misbehaviour.after_bytes
            return data[: middle if after is None else after]
        case Fault.WRONG_CONTENT:
            return _PAGE[: len(data)].ljust(len(data))
        case Fault.CORRUPTED if data:
            return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        case _:
            return b""
