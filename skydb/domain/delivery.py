"""Order of the archive versions of one product."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Protocol, Self, TypeVar

_NUMBERS = re.compile(r"\d+")
#: `3.6.2(Mar-20-2021)`, `10.2.1 (10-Nov-2020)`: the version precedes the date.
_VERSION = re.compile(r"\s*v?(\d+(?:\.\d+)*)", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Length of the day in an ISO time.
_DAY = 10


class Delivered(Protocol):
    """The calibration of one file version, as its header has it."""

    @property
    def cal_ver(self) -> str | None:
        """CAL_VER."""

    @property
    def date_written(self) -> str | None:
        """DATE."""

    @property
    def opus_ver(self) -> str | None:
        """OPUS_VER."""

    @property
    def idctab_date(self) -> str | None:
        """Date in the name of IDCTAB, ISO."""

    @property
    def is_own_name(self) -> bool:
        """Whether the file has the name that its header gives it (FILENAME)."""


D = TypeVar("D", bound=Delivered)


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """The calibration by which the archive versions of one product are ordered.

    CAL_VER decides, then DATE, OPUS_VER and the date of IDCTAB; of two files with equal
    calibration the one under its own name comes after a renamed copy. A card that is missing
    sorts before any value. Two files of one day that contradict each other - an older CAL_VER
    with a newer IDCTAB - have no order. Keywords: HST keyword dictionary.
    """

    cal_ver: tuple[int, ...]
    date: str
    opus_ver: tuple[int, ...]
    idctab_date: str
    is_own_name: bool

    @classmethod
    def of(cls, delivered: Delivered) -> Self:
        """Key of one file version."""
        return cls(
            cal_ver=_version_numbers(delivered.cal_ver),
            date=_iso(delivered.date_written),
            opus_ver=tuple(int(n) for n in _NUMBERS.findall(delivered.opus_ver or "")),
            idctab_date=delivered.idctab_date or "",
            is_own_name=delivered.is_own_name,
        )

    def compare(self, other: DeliveryKey) -> int:
        """Compare archive versions: -1 if this one is older, 1 if newer, 0 if not ordered."""
        if self.date[:_DAY] == other.date[:_DAY] and self.contradicts(other):
            return 0
        signs = (_sign(one, two) for one, two in self._pairs(other))
        return next((sign for sign in signs if sign), _sign(self.is_own_name, other.is_own_name))

    def __lt__(self, other: DeliveryKey) -> bool:
        return self.compare(other) < 0

    def contradicts(self, other: DeliveryKey) -> bool:
        """Whether one card makes this version newer, and another makes it older."""
        both_known = [(one, two) for one, two in self._pairs(other) if one and two]
        return {-1, 1} <= {_sign(one, two) for one, two in both_known}

    def _pairs(self, other: DeliveryKey) -> tuple[tuple[Any, Any], ...]:
        """The cards of both, the one that decides first."""
        return (
            (self.cal_ver, other.cal_ver),
            (self.date, other.date),
            (self.opus_ver, other.opus_ver),
            (self.idctab_date, other.idctab_date),
        )


def in_order_of_delivery(arrived: Sequence[D]) -> list[D]:
    """Sort archive versions from the oldest to the newest.

    Parameters
    ----------
    arrived : sequence
        In order of arrival, which decides where the headers do not.
    """
    keys = {id(one): DeliveryKey.of(one) for one in arrived}

    def compare(one: D, other: D) -> int:
        return keys[id(one)].compare(keys[id(other)])

    return sorted(arrived, key=cmp_to_key(compare))


def _sign(one: Any, other: Any) -> int:  # noqa: ANN401 - two values of one kind
    return int(one > other) - int(one < other)


def _version_numbers(text: str | None) -> tuple[int, ...]:
    match = _VERSION.match(text or "")
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def _iso(text: str | None) -> str:
    """The date where it is ISO; other spellings cannot be ordered and count as missing."""
    return text if text and _ISO_DATE.match(text) else ""
