"""Rows of answers, and keys that are asked for in batches."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import InstrumentedAttribute

    Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])

#: One row of an answer, by column.
Row = dict[str, Any]

#: Keys in one statement: SQLite takes 32766 of them.
_BATCH = 5000


def batches(keys: Iterable[Any], size: int = _BATCH) -> Iterator[list[Any]]:
    """Distinct keys in order, so many at a time."""
    rest = iter(sorted(set(keys)))
    while batch := list(islice(rest, size)):
        yield batch


def in_parts(
    query: Q,
    column: InstrumentedAttribute[Any],
    keys: Iterable[Any] | None,
    size: int = _BATCH,
) -> Iterator[Q]:
    """A select by some keys of a column, so many at a time; as it is where they are None."""
    if keys is None:
        yield query
    else:
        yield from (query.where(column.in_(batch)) for batch in batches(keys, size))


@contextmanager
def many_rows() -> Iterator[None]:
    """Build many rows at once, and look for garbage afterwards.

    A row keeps nothing alive but its values, and looking through a hundred thousand of them
    again and again takes a quarter of the time that they need.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
