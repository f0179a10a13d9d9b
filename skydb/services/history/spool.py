"""Values of thousands of runs, kept on disk until they are recorded."""

from __future__ import annotations

import pickle
import tempfile
from typing import IO, Any

#: Bytes that are kept in memory; more goes to a temporary file.
_IN_MEMORY = 4 << 20


def packed(value: object) -> bytes:
    """A value as a spool keeps it; for this process and those that it starts only."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


class Spool:
    """Values that are kept in a file, of which one at a time is in memory."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def keep(self, packed: bytes) -> int:
        """Keep a value of :func:`packed`; returns its place."""
        place = self._file.seek(0, 2)
        self._file.write(packed)
        return place

    def load(self, place: int) -> Any:  # noqa: ANN401 - whatever was kept there
        """Value at a place."""
        self._file.seek(place)
        return pickle.load(self._file)

    def close(self) -> None:
        """Forget all."""
        self._file.close()
