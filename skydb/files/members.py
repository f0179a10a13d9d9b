"""Which exposures a drizzled product was made of."""

from __future__ import annotations

import re

from skydb.errors import UnreadableFileError
from skydb.files.cards import Cards
from skydb.files.cardscan import ScannedHeader
from skydb.files.structure import FitsSkeleton, HduRecord

_FORMAT = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")
_WIDTHS = dict(zip("LBIJKAEDCMPQ", (1, 1, 2, 4, 8, 1, 4, 8, 8, 16, 8, 16), strict=True))
_INPUT = re.compile(r"([a-z0-9]{8,9})_[a-z0-9]{3}\.fits", re.IGNORECASE)
_DRIZZLED_INPUT = re.compile(r"D\d{3,}DATA")


def members_of(skeleton: FitsSkeleton) -> tuple[str, ...]:
    """Rootnames of the exposures drizzled, in order and each once.

    HDRTAB has one row per chip and full rootnames. The D001DATA cards come second: the
    file names they hold may be cut to eight characters by the pipeline, and are then
    given as they are.

    Raises
    ------
    UnreadableFileError
        When HDRTAB cannot be understood.
    """
    for table in skeleton.named("HDRTAB"):
        names = _column(skeleton, table, "ROOTNAME")
        if names:
            return _each_once(names)
    header = skeleton.primary.scanned
    cards = Cards(skeleton.path, (header,))
    inputs = (cards.text(key) or "" for key in header if _DRIZZLED_INPUT.fullmatch(key))
    return _each_once([match[1].lower() for match in map(_INPUT.search, inputs) if match])


def _each_once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _column(skeleton: FitsSkeleton, table: HduRecord, name: str) -> list[str]:
    """Text column of a binary table, read without building its hundreds of neighbours."""
    header = table.scanned
    try:
        rows, row_bytes = int(header["NAXIS2"]), int(header["NAXIS1"])
        place = _place(header, name)
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableFileError(skeleton.path, f"HDRTAB is damaged ({error})") from error
    if place is None:
        return []
    start, width = place
    data = skeleton.data_of(table)
    cells = (data[row * row_bytes + start :][:width] for row in range(rows))
    return [cell.split(b"\0")[0].decode("ascii", "replace").strip().lower() for cell in cells]


def _place(header: ScannedHeader, name: str) -> tuple[int, int] | None:
    """Offset and width in bytes of a text column, or None when there is none of that name."""
    offset = 0
    for number in range(1, int(header["TFIELDS"]) + 1):
        match = _FORMAT.match(str(header[f"TFORM{number}"]).strip())
        if not match:
            raise ValueError(f"TFORM{number} is not a format")
        repeat, letter = int(match[1] or 1), match[2]
        width = (repeat + 7) // 8 if letter == "X" else repeat * _WIDTHS[letter]
        if str(header.get(f"TTYPE{number}", "")).strip().upper() == name:
            return (offset, width) if letter == "A" else None
        offset += width
    return None
