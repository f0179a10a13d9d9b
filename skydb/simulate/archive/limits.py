"""Limits of the number of rows of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from skydb.simulate.archive.faults import Fault, Misbehaviour

T = TypeVar("T")


def capped(rows: Sequence[T], limit: int | None, misbehaviour: Misbehaviour | None) -> list[T]:
    """Limit the rows of an answer as the client asks, unless a fault is active."""
    asked = list(rows if limit is None else rows[:limit])
    if misbehaviour is None:
        return asked
    match misbehaviour.fault:
        case Fault.EMPTY:
            return []
        case Fault.ROW_CAP:
            return asked[: misbehaviour.rows]
        case Fault.MORE_ROWS if rows:
            wanted = (len(rows) if limit is None else limit) + misbehaviour.rows
            return [rows[index % len(rows)] for index in range(wanted)]
        case _:
            return asked
