"""Rows of answers, and keys that are asked for in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

#: One row of an answer, by column.
Row = dict[str, Any]

#: Keys in one statement: SQLite takes 32766 of them.
_BATCH = 5000


def batches(keys: Iterable[Any], size: int = _BATCH) -> Iterator[list[Any]]:
    """Distinct keys in order, so many at a time."""
    rest = iter(sorted(set(keys)))
    while batch := list(islice(rest, size)):
        yield batch
