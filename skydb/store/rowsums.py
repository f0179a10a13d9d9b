"""Checksums of tables, independent of the order of rows and of the kind of database."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer

_MODULUS = 2**256

Encoder = Callable[[Any], bytes]


@dataclass
class RowSum:
    """Sum of the SHA-256 of rows, modulo 2**256: the same for the same rows in any order.

    Parameters
    ----------
    encoders : sequence of callable
        Canonical bytes of a value of each column, as :func:`encoder_of` makes them.
    """

    encoders: Sequence[Encoder]
    rows: int = 0
    total: int = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Count more rows in."""
        for row in rows:
            digest = hashlib.sha256()
            for encode, value in zip(self.encoders, row, strict=True):
                data = b"-" if value is None else encode(value)
                digest.update(b"%d:" % len(data) + data)
            self.total = (self.total + int.from_bytes(digest.digest(), "big")) % _MODULUS
            self.rows += 1

    @property
    def hexadecimal(self) -> str:
        """The sum in 64 digits."""
        return f"{self.total:064x}"


def encoder_of(column: Column[Any]) -> Encoder:
    """Choose the function that makes canonical bytes of the values of a column.

    Truth values, times, documents and doubles have one form each, whichever database they
    come from; of doubles every bit counts, but that SQLite has no negative zero.
    """
    kind = column.type
    if isinstance(kind, Boolean):
        return _truth
    if isinstance(kind, Float):
        return _double
    if isinstance(kind, Integer):
        return _integer
    if isinstance(kind, JSON):
        return _document
    impl = getattr(kind, "impl", kind)
    return _moment if isinstance(impl, DateTime) else _text


def _truth(value: Any) -> bytes:  # noqa: ANN401 - whatever a driver gives
    return b"T" if value else b"F"


def _double(value: Any) -> bytes:  # noqa: ANN401
    number = float(value)
    return b"nan" if math.isnan(number) else struct.pack(">d", number + 0.0)


def _integer(value: Any) -> bytes:  # noqa: ANN401
    return b"%d" % int(value)


def _moment(value: datetime) -> bytes:
    return value.astimezone(UTC).isoformat(timespec="microseconds").encode()


def _text(value: Any) -> bytes:  # noqa: ANN401
    return b"t" + str(value).encode("utf-8", "surrogatepass")


def _document(value: Any) -> bytes:  # noqa: ANN401
    canonical = _without_forms(value)
    return json.dumps(canonical, sort_keys=True, separators=(",", ":"), allow_nan=True).encode()


def _without_forms(value: Any) -> Any:  # noqa: ANN401
    """A document in which 1.0 is 1, because PostgreSQL does not keep the form of a number."""
    if isinstance(value, dict):
        return {key: _without_forms(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_forms(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
