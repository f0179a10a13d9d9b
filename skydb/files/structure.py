"""The skeleton of a FITS file, read without touching its pixels.

One pass over the headers gives every HDU's place and size, so that a file that
ends too early is rejected before it is used (FITS standard 4.0,
sections 3.1 and 4.4.1). astropy reads on past a truncation with a warning.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from astropy.io import fits

from skydb.errors import NotHstImageError, TruncatedFileError, UnreadableFileError
from skydb.files.cardscan import ScannedHeader
from skydb.files.checksum import require_file
from skydb.files.textfile import unpacked

BLOCK = 2880
_CARD = 80
_END = b"END" + b" " * 77
_GZIP_MAGIC = b"\x1f\x8b"
_STRUCTURAL = re.compile(rb" *= *(?:'([^']*)'|([-+\w.]+))")
#: A mosaic of a thousand exposures has fewer; each costs memory long before its pixels do.
_MOST_HDUS = 10_000
_LONGEST_HEADER_BYTES = 200_000 * _CARD
_MOST_AXES = 999
#: Cards that describe the data of an image, and a few more.
_BEGINNING = 8 * _CARD


@dataclass(frozen=True)
class HduRecord:
    """One HDU: its header's bytes and where its data are.

    Parameters
    ----------
    header_bytes : bytes
        The header, END and padding included.
    data_start, data_bytes : int
        Offset and length of the data without padding.
    """

    header_bytes: bytes
    data_start: int
    data_bytes: int

    @cached_property
    def name(self) -> str:
        """EXTNAME in capitals, or ''."""
        return (_structural(self.header_bytes, "EXTNAME") or "").upper()

    @cached_property
    def version(self) -> int:
        """EXTVER, 1 when it is not there."""
        text = (_structural(self.header_bytes, "EXTVER") or "1").split(".")[0]
        return int(text) if text.lstrip("+-").isdigit() else 1

    @property
    def is_image(self) -> bool:
        """Whether it is a plain image extension."""
        return (_structural(self.header_bytes, "XTENSION") or "").upper() == "IMAGE"

    @property
    def is_tile_compressed(self) -> bool:
        """Whether it is an image in a table, as fpack writes them."""
        return _structural(self.header_bytes, "ZIMAGE") == "T"

    def may_have(self, *keywords: str) -> bool:
        """Whether a header has one of these keywords, or a word that may be one."""
        if "scanned" in self.__dict__:
            return any(keyword in self.scanned for keyword in keywords)
        # A look for the words is quicker than the cards.
        said = self.header_bytes.upper()
        return any(keyword.encode() in said for keyword in keywords)

    @property
    def padded_bytes(self) -> int:
        """Length of the data with padding to full blocks."""
        return math.ceil(self.data_bytes / BLOCK) * BLOCK

    @cached_property
    def scanned(self) -> ScannedHeader:
        """The header's cards by keyword."""
        return ScannedHeader(self.header_bytes)

    def early(self, keyword: str, *default: object) -> Any:  # noqa: ANN401, a card holds anything
        """Value of a card that stands early in a header, as those on its data do.

        Of errors and flags nothing else is asked for: their other cards are then not looked at.

        Parameters
        ----------
        keyword : str
            What to look for, in the whole header if it is not there.
        *default : object
            Value without such a card.

        Raises
        ------
        KeyError
            When there is neither.
        """
        if "scanned" not in self.__dict__:
            value = self._beginning.get(keyword)
            # All other kinds of values may depend on cards that follow.
            if type(value) is int:
                return value
        return self.scanned.get(keyword, *default) if default else self.scanned[keyword]

    @cached_property
    def _beginning(self) -> ScannedHeader:
        is_cut = self.header_bytes.startswith(b"CONTINUE", _BEGINNING)
        return ScannedHeader(self.header_bytes[: None if is_cut else _BEGINNING])

    @cached_property
    def header(self) -> fits.Header:
        """The header as astropy parses it, for what builds on it; see :attr:`scanned`."""
        text = self.header_bytes.decode("ascii", "replace").replace("\ufffd", "?")
        return fits.Header.fromstring(text)


@dataclass(frozen=True)
class FitsSkeleton:
    """All HDUs of one file and the handle they were read from.

    Valid inside :func:`open_skeleton` only.
    """

    path: Path
    size_bytes: int
    hdus: tuple[HduRecord, ...]
    handle: BinaryIO

    @property
    def primary(self) -> HduRecord:
        """The primary HDU."""
        return self.hdus[0]

    def named(self, name: str) -> tuple[HduRecord, ...]:
        """Extensions of one EXTNAME, in EXTVER order."""
        return self._by_name.get(name, ())

    @cached_property
    def _by_name(self) -> dict[str, tuple[HduRecord, ...]]:
        found: dict[str, list[HduRecord]] = {}
        for hdu in sorted(self.hdus[1:], key=_version):
            found.setdefault(hdu.name, []).append(hdu)
        return {name: tuple(hdus) for name, hdus in found.items()}

    def data_of(self, hdu: HduRecord, count: int | None = None) -> bytes:
        """Data of one HDU, or as many bytes of them."""
        self.handle.seek(hdu.data_start)
        return self.handle.read(hdu.data_bytes if count is None else count)

    def blocks_of(self, hdu: HduRecord, first: int, last: int, size: int) -> Iterator[bytes]:
        """Data of one HDU piece by piece, from one byte of them to before another."""
        for start in range(first, last, size):
            yield self._piece(hdu.data_start + start, min(size, last - start))

    def _piece(self, start: int, count: int) -> bytes:
        # Without the reading ahead that a buffer does, of which nothing is used.
        if isinstance(self.handle, io.BufferedReader):
            found = os.pread(self.handle.fileno(), count, start)
            if len(found) == count:
                return found
        self.handle.seek(start)
        return self.handle.read(count)

    def as_hdulist(self, names: frozenset[str]) -> fits.HDUList:
        """Extensions of these names with their data, behind an empty primary HDU."""
        chosen = [h for h in self.hdus[1:] if h.name in names]
        images = [
            fits.ImageHDU.fromstring(h.header_bytes + self.data_of(h).ljust(h.padded_bytes, b"\0"))
            for h in chosen
        ]
        return fits.HDUList([fits.PrimaryHDU(), *images])


@contextmanager
def open_skeleton(path: Path) -> Iterator[FitsSkeleton]:
    """Open a FITS file once and read its skeleton.

    Raises
    ------
    UnreadableFileError
        When the file is missing, forbidden, no file at all, or not FITS.
    TruncatedFileError
        When the file ends before its headers say it should.
    """
    try:
        require_file(path)
        with path.open("rb") as raw:
            handle, size = _decompressed(path, raw)
            stored = os.fstat(raw.fileno()).st_size
            yield FitsSkeleton(path, stored, _scan(path, handle, size), handle)
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        advice = "Check that it exists and that you may read it."
        raise UnreadableFileError(path, reason, advice=advice) from error


def skeleton_of(path: Path, content: bytes) -> FitsSkeleton:
    """Skeleton of a FITS file that is held in memory, such as one inside an extension.

    Parameters
    ----------
    path : pathlib.Path
        The file that it came from, for messages.
    content : bytes
        The FITS file itself.

    Raises
    ------
    UnreadableFileError, TruncatedFileError
        As :func:`open_skeleton`.
    """
    handle = io.BytesIO(content)
    return FitsSkeleton(path, len(content), _scan(path, handle, len(content)), handle)


def _version(hdu: HduRecord) -> int:
    return hdu.version


def _decompressed(path: Path, raw: io.BufferedReader) -> tuple[BinaryIO, int]:
    """Handle on plain FITS bytes, and their number; gzip is unpacked in memory."""
    magic = raw.read(2)
    raw.seek(0)
    if magic != _GZIP_MAGIC:
        return raw, raw.seek(0, io.SEEK_END)
    try:
        content = b"".join(unpacked(path, raw))
    except EOFError as error:
        raise _truncated(path, "the gzip stream ends early") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(path, f"damaged gzip file ({error})") from error
    return io.BytesIO(content), len(content)


def _scan(path: Path, handle: BinaryIO, size: int) -> tuple[HduRecord, ...]:
    if size == 0:
        raise TruncatedFileError(path, "the file is empty", advice="Fetch it again.")
    handle.seek(0)
    if handle.read(9) != b"SIMPLE  =":
        raise UnreadableFileError(path, "not a FITS file (it does not begin with SIMPLE)")
    hdus: list[HduRecord] = []
    position = 0
    while position < size:
        record = _read_hdu(path, handle, position, index=len(hdus))
        if record is None:
            break
        hdus.append(record)
        if len(hdus) > _MOST_HDUS:
            raise UnreadableFileError(path, f"it has more than {_MOST_HDUS} HDUs")
        position = record.data_start + record.padded_bytes
    if position > size:
        where = f"HDU {len(hdus) - 1} ({hdus[-1].name or 'PRIMARY'})"
        raise _truncated(path, f"{position} bytes are due by {where}, {size} are there")
    return tuple(hdus)


def _read_hdu(path: Path, handle: BinaryIO, start: int, *, index: int) -> HduRecord | None:
    """HDU that begins at an offset, or None for the special records that may follow the last."""
    handle.seek(start)
    header = _read_header(handle, is_extension=index > 0)
    if header is None:
        return None
    if not _ends(header):
        if len(header) > _LONGEST_HEADER_BYTES:
            many = _LONGEST_HEADER_BYTES // _CARD
            raise UnreadableFileError(path, f"the header of HDU {index} has more than {many} cards")
        raise _truncated(path, f"the header of HDU {index} has no END")
    return HduRecord(header, start + len(header), _data_bytes(path, header, index))


def _read_header(handle: BinaryIO, *, is_extension: bool) -> bytes | None:
    blocks = bytearray(handle.read(BLOCK))
    if is_extension and not blocks.startswith(b"XTENSION"):
        return None
    while not _ends(blocks) and len(blocks) <= _LONGEST_HEADER_BYTES:
        block = handle.read(BLOCK)
        if len(block) < BLOCK:
            break
        blocks += block
    return bytes(blocks)


def _ends(header: bytes | bytearray) -> bool:
    """Whether the last block read holds an END card and is whole."""
    last = len(header) - BLOCK
    if last < 0 or len(header) % BLOCK:
        return False
    at = header.find(_END, last)
    while at % _CARD and at >= 0:
        at = header.find(_END, at + 1)
    return at >= 0


def _structural(header: bytes, keyword: str) -> str | None:
    """Value of a structural keyword as text, or None; the first of duplicates counts."""
    key = keyword.encode()
    at = header.find(key)
    while at >= 0:
        match = None if at % _CARD else _STRUCTURAL.match(header, at + len(key), at + _CARD)
        if match:
            value = match[2] if match[1] is None else match[1]
            return value.decode("ascii", "replace").strip()
        at = header.find(key, at + 1)
    return None


def _size(header: bytes, keyword: str, default: int | None = None) -> int:
    text = _structural(header, keyword)
    if text is not None:
        return int(text)
    if default is None:
        raise KeyError(keyword)
    return default


def _data_bytes(path: Path, header: bytes, index: int) -> int:
    """Size of the data, FITS standard 4.0, equations 1, 2 and 4."""
    try:
        bits = abs(_size(header, "BITPIX"))
        count = _size(header, "NAXIS")
        if not 0 <= count <= _MOST_AXES:
            raise ValueError(f"NAXIS is {count}")
        axes = [_size(header, f"NAXIS{i + 1}") for i in range(count)]
        groups, extra = _size(header, "GCOUNT", 1), _size(header, "PCOUNT", 0)
    except (KeyError, ValueError) as error:
        reason = f"the header of HDU {index} does not describe its data ({error})"
        raise UnreadableFileError(path, reason) from error
    if not axes:
        return 0
    if axes[0] == 0 and _structural(header, "GROUPS") == "T":
        axes = axes[1:]
    if min([*axes, groups, extra]) < 0:
        raise UnreadableFileError(path, f"the header of HDU {index} has a negative size")
    return bits // 8 * groups * (extra + math.prod(axes))


def _truncated(path: Path, reason: str) -> TruncatedFileError:
    return TruncatedFileError(path, f"truncated: {reason}", advice="Fetch it again.")


def check_complete(
    skeleton: FitsSkeleton, announced: int | None, *, partners: tuple[str, ...]
) -> None:
    """Refuse a file cut exactly between two HDUs.

    NEXTEND alone proves nothing, because tools that drop headerlets leave it; a
    SCI extension that lacks a partner beside a too large NEXTEND does.

    Parameters
    ----------
    skeleton : FitsSkeleton
        The file.
    announced : int or None
        NEXTEND of the primary header.
    partners : tuple of str
        Extensions that every SCI must have: ERR and DQ of a calibrated exposure, none
        of a drizzled product, whose NEXTEND counts a context that may not be there.

    Raises
    ------
    TruncatedFileError
        When extensions are missing from the end.
    """
    found = len(skeleton.hdus) - 1
    if announced is None or announced <= found:
        return
    science = {h.version for h in skeleton.named("SCI")}
    complete = ({h.version for h in skeleton.named(name)} for name in partners)
    if not science or any(science - versions for versions in complete):
        raise _truncated(skeleton.path, f"NEXTEND announces {announced} extensions, {found} exist")


def require_uncompressed(skeleton: FitsSkeleton) -> None:
    """Refuse tile-compressed files, which AstroDrizzle cannot open either.

    Raises
    ------
    NotHstImageError
        When an extension is a compressed image.
    """
    if any(hdu.is_tile_compressed for hdu in skeleton.hdus):
        advice = "Unpack it with funpack first."
        raise NotHstImageError(skeleton.path, "its images are tile-compressed", advice=advice)
