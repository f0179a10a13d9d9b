"""Typed reading of header cards, with padding, ``N/A`` and broken cards accepted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from astropy.io import fits

from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files.cardscan import ScannedHeader

_ABSENT = object()
_UNDEFINED = fits.card.Undefined
_NUMBERS = (int, float, str)
_NO_VALUE = frozenset({"", "N/A", "NONE", "INDEF"})


@dataclass(frozen=True)
class Cards:
    """One header, or several of which the first with a keyword is used.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    headers : tuple of ScannedHeader
        In order of precedence; headers of astropy will do.
    """

    path: Path
    headers: tuple[ScannedHeader | fits.Header, ...]

    def raw(self, key: str) -> object | None:
        """Value as astropy gives it, or None when absent or undefined.

        Raises
        ------
        UnreadableFileError
            When the card cannot be parsed.
        """
        for header in self.headers:
            try:
                value: object = header.get(key, _ABSENT)
            except (fits.VerifyError, ValueError) as error:
                raise UnreadableFileError(self.path, f"card {key} cannot be parsed") from error
            if value is not _ABSENT and not isinstance(value, _UNDEFINED):
                return value
        return None

    def text(self, key: str) -> str | None:
        """Value as text without padding; None for blank, ``N/A``, ``NONE`` and ``INDEF``."""
        value = self.raw(key)
        if value is None:
            return None
        text = str(value).strip()
        return None if text.upper() in _NO_VALUE else text

    def number(self, key: str) -> float | None:
        """Finite number, also from a quoted one; None when there is none."""
        value = self.raw(key)
        if type(value) is float:
            return value if math.isfinite(value) else None
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            return None
        try:
            number = float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def integer(self, key: str) -> int | None:
        """Whole number, or None when there is none."""
        number = self.number(key)
        return int(number) if number is not None and number == int(number) else None

    def required(self, key: str, error: type[FileRejectedError]) -> str:
        """Text that must be there.

        Raises
        ------
        FileRejectedError
            Of the class given, when it is not.
        """
        text = self.text(key)
        if text is None:
            raise error(self.path, f"no {key} in its header")
        return text
