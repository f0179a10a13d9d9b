"""Checks that a downloaded FITS file is complete and the one that was requested.

DATASUM and CHECKSUM are 32-bit ones' complement sums (FITS standard 4.0, section
4.4.2.7 and appendix J); few archive files carry them, so they are checked where present.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from astropy.io import fits

from skydb.errors import FileRejectedError
from skydb.files.odd import rejecting
from skydb.files.quiet import quiet_astropy
from skydb.files.structure import (
    FitsSkeleton,
    HduRecord,
    check_complete,
    open_skeleton,
)

_READ_BYTES = 1 << 22
_ALL_ONES = 0xFFFFFFFF
_ROOTNAME = re.compile(r"([a-z0-9]{9})_", re.IGNORECASE)
#: Kinds whose SCI extensions have no ERR and DQ.
_ALONE = ("_drz.fits", "_drc.fits", "_drw.fits", "_c0m.fits", "_c1m.fits")


def check_arrival(path: Path, name: str) -> None:
    """Refuse a file that is damaged or not the one that its name promises.

    Parameters
    ----------
    path : pathlib.Path
        Where the bytes are.
    name : str
        The name that the file is to get, e.g. ``ibxl50clq_flt.fits``.

    Raises
    ------
    UnreadableFileError
        When it is not FITS.
    TruncatedFileError
        When it ends before its headers say it should.
    FileRejectedError
        When a checksum does not hold, or it is another exposure's.
    """
    with rejecting(path), quiet_astropy(), open_skeleton(path) as skeleton:
        primary = skeleton.primary.scanned
        announced = primary.get("NEXTEND")
        partners = () if name.lower().endswith(_ALONE) else ("ERR", "DQ")
        check_complete(
            skeleton, announced if isinstance(announced, int) else None, partners=partners
        )
        _check_rootname(path, name, [primary.get("ROOTNAME"), *_exposures(skeleton)])
        for wrong in wrong_sums(skeleton):
            raise FileRejectedError(path, f"damaged: {wrong}")


def wrong_sums(skeleton: FitsSkeleton) -> Iterator[str]:
    """Name the cards DATASUM and CHECKSUM of an open file that do not hold.

    Only HDUs that have such cards are read.
    """
    for index, hdu in enumerate(skeleton.hdus):
        card = _wrong_sum(skeleton, hdu)
        if card is not None:
            yield f"{card} of HDU {index} ({hdu.name or 'PRIMARY'}) does not hold"


def ones_complement_sum(handle: BinaryIO, start: int, length: int, initial: int = 0) -> int:
    """Sum of big-endian 32-bit words of a file with end-around carry.

    Parameters
    ----------
    handle : file
        Open for reading.
    start, length : int
        Where; a multiple of four bytes.
    initial : int
        Sum so far.
    """
    total = initial
    for block in _blocks(handle, start, length):
        words = np.frombuffer(block.ljust(-(-len(block) // 4) * 4, b"\0"), dtype=">u4")
        total += int(words.sum(dtype=np.uint64))
    while total >> 32:
        total = (total & _ALL_ONES) + (total >> 32)
    return total


def _blocks(handle: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    handle.seek(start)
    while length > 0:
        block = handle.read(min(_READ_BYTES, length))
        if not block:
            return
        length -= len(block)
        yield block


def _exposures(skeleton: FitsSkeleton) -> list[object]:
    """Exposures of the images; files of a STIS association have its ROOTNAME."""
    return [chip.scanned.get("EXPNAME") for chip in skeleton.named("SCI")]


def _check_rootname(path: Path, name: str, found: Sequence[object]) -> None:
    """Compare rootnames only: HAP products have longer names, of several forms."""
    asked = _ROOTNAME.match(name)
    names = [str(one).strip().lower() for one in found if isinstance(one, str)]
    if asked is None or not names or len(names[0]) != 9 or asked[1].lower() in names:
        return
    raise FileRejectedError(path, f"it is {names[0]} by its header, not {asked[1]}")


def _wrong_sum(skeleton: FitsSkeleton, hdu: HduRecord) -> str | None:
    """The first card of one HDU whose sum is another, None when all hold."""
    if not hdu.may_have("DATASUM", "CHECKSUM"):
        return None
    stated, has_checksum = _stated_sum(hdu, "DATASUM"), bool(_stated_sum(hdu, "CHECKSUM"))
    if not stated and not has_checksum:
        return None
    data = ones_complement_sum(skeleton.handle, hdu.data_start, hdu.padded_bytes)
    # Tools write DATASUM as text, as the standard has it, or as a number.
    if stated and not (stated.isdigit() and int(stated) == data):
        return "DATASUM"
    start = hdu.data_start - len(hdu.header_bytes)
    whole = ones_complement_sum(skeleton.handle, start, len(hdu.header_bytes), data)
    return "CHECKSUM" if has_checksum and whole not in (0, _ALL_ONES) else None


def _stated_sum(hdu: HduRecord, card: str) -> str:
    """Read a card; empty when it is missing or undefined."""
    try:
        value = hdu.scanned.get(card)
    except (fits.VerifyError, ValueError):
        return "unreadable"
    return "" if value is None or isinstance(value, fits.card.Undefined) else str(value).strip()
