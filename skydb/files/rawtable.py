"""Some columns of a binary table, read without its hundreds of other columns.

It reads only what HDRTAB has: text, and one number a row (FITS standard 4.0, section 7.3).
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UnreadableFileError
from skydb.files.cardscan import ScannedHeader
from skydb.files.structure import FitsSkeleton, HduRecord

_FORMAT = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")
_WIDTHS = dict(zip("LBIJKAEDCMPQ", (1, 1, 2, 4, 8, 1, 4, 8, 8, 16, 8, 16), strict=True))
_NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_NO_TEXT = frozenset({"", "N/A", "NONE", "INDEF"})


class RawTable:
    """Cells of a binary table.

    Parameters
    ----------
    skeleton : FitsSkeleton
        The open file.
    hdu : HduRecord
        The table.

    Raises
    ------
    UnreadableFileError
        When its header does not describe it.
    """

    def __init__(self, skeleton: FitsSkeleton, hdu: HduRecord) -> None:
        self._skeleton, self._hdu = skeleton, hdu
        try:
            header = hdu.scanned
            self.rows, self._row_bytes = int(header["NAXIS2"]), int(header["NAXIS1"])
            if self._row_bytes * self.rows <= 0 < self.rows:
                # Rows without bytes cost the file nothing, but they cost the reader memory.
                raise ValueError(f"{self.rows} rows of {self._row_bytes} bytes")
            self._places = _places(header, self._row_bytes)
        except (KeyError, ValueError, TypeError) as error:
            raise UnreadableFileError(skeleton.path, f"{hdu.name} is damaged ({error})") from error

    def texts(self, *names: str) -> list[str | None]:
        """Text of each row, of the first of these columns that the table has.

        None for blank, ``N/A``, ``NONE`` and ``INDEF``, and throughout when it has none.
        """
        place = self._place("A", names)
        if place is None:
            return [None] * self.rows
        cells = [bytes(row).split(b"\0")[0] for row in self._cells(place)]
        texts = (cell.decode("ascii", "replace").strip() for cell in cells)
        return [None if text.upper() in _NO_TEXT else text for text in texts]

    def numbers(self, name: str) -> list[float | None]:
        """Number of each row; None for one that is not finite, and throughout without column."""
        place = self._place("".join(_NUMBERS), (name,))
        if place is None or place[1] != _WIDTHS[place[2]]:
            return [None] * self.rows
        values = np.ascontiguousarray(self._cells(place)).view(_NUMBERS[place[2]])[:, 0]
        return [float(value) if np.isfinite(value) else None for value in values]

    def _place(self, letters: str, names: tuple[str, ...]) -> tuple[int, int, str] | None:
        found = (self._places[name] for name in names if name in self._places)
        return next((place for place in found if place[2] in letters), None)

    def _cells(self, place: tuple[int, int, str]) -> NDArray[np.uint8]:
        offset, width, _ = place
        return self._bytes[:, offset : offset + width]

    @cached_property
    def _bytes(self) -> NDArray[np.uint8]:
        data = self._skeleton.data_of(self._hdu)[: self.rows * self._row_bytes]
        return np.frombuffer(data, np.uint8).reshape(self.rows, self._row_bytes)


def _places(header: ScannedHeader, row_bytes: int) -> dict[str, tuple[int, int, str]]:
    """Offset, width in bytes and letter of every column by its name in capitals."""
    found: dict[str, tuple[int, int, str]] = {}
    offset = 0
    for number in range(1, int(header["TFIELDS"]) + 1):
        match = _FORMAT.match(str(header[f"TFORM{number}"]).strip())
        if not match:
            raise ValueError(f"TFORM{number} is not a format")
        repeat, letter = int(match[1] or 1), match[2]
        width = (repeat + 7) // 8 if letter == "X" else repeat * _WIDTHS[letter]
        name = str(header.get(f"TTYPE{number}", "")).strip().upper()
        found.setdefault(name, (offset, width, letter))
        offset += width
    if offset > row_bytes:
        raise ValueError(f"a row has {offset} bytes in its columns and {row_bytes} in all")
    return found
