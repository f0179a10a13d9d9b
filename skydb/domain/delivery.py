"""The order in which an archive delivered the files of one product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol, Self

_NUMBERS = re.compile(r"\d+")
#: `3.6.2(Mar-20-2021)`, `10.2.1 (10-Nov-2020)`: the version stands before the date.
_VERSION = re.compile(r"\s*v?(\d+(?:\.\d+)*)", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


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


@dataclass(frozen=True, order=True, slots=True)
class DeliveryKey:
    """Sorts the file versions of one product from the oldest delivery to the newest.

    The calibration decides: CAL_VER, then DATE, OPUS_VER and the date of IDCTAB; of two
    files with equal calibration the one under its own name comes after a renamed copy. A
    card that is missing sorts before any value. Keywords: HST keyword dictionary.
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


def _version_numbers(text: str | None) -> tuple[int, ...]:
    match = _VERSION.match(text or "")
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def _iso(text: str | None) -> str:
    """The date where it is ISO; other spellings cannot be ordered and count as missing."""
    return text if text and _ISO_DATE.match(text) else ""
