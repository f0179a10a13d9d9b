"""Headers of a FITS file as blocks of bytes, to be saved and restored.

Pixels are copied as bytes and never decoded, so that a file whose headers are put back
is again, byte for byte, what it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files.checksum import sha256_of
from skydb.files.drafts import drafted, drafts_of

_BLOCK_BYTES = 2880
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Place:
    """Offsets of the header and the data of one HDU, in bytes."""

    header: int
    data: int
    end: int


def read_headers(path: Path) -> list[str]:
    """Every header of a file, padding included, by HDU.

    Raises
    ------
    UnreadableFileError
        When it is no FITS file, or a header is not ASCII.
    """
    with path.open("rb") as stream:
        blocks = []
        for place in _places(path):
            stream.seek(place.header)
            blocks.append(stream.read(place.data - place.header))
    try:
        return [block.decode("ascii") for block in blocks]
    except UnicodeDecodeError as error:
        raise UnreadableFileError(path, "a header is not ASCII") from error


def replace_headers(path: Path, headers: Sequence[str], sha256: str) -> None:
    """Replace the headers of a file, whole or not at all; its pixels stay as they are.

    Parameters
    ----------
    path : Path
        The file; its permissions are kept, and a link to it stays a link.
    headers : sequence of str
        As :func:`read_headers` gives them, one for each HDU.
    sha256 : str
        Checksum that the result must have.

    Raises
    ------
    FileRejectedError
        When the headers do not belong to this file's pixels; nothing was written.
    UnreadableFileError
        When it cannot be read.
    """
    target = path.resolve()
    places = _places(target)
    if len(places) != len(headers) or any(len(text) % _BLOCK_BYTES for text in headers):
        raise FileRejectedError(path, f"it does not have the {len(headers)} HDUs of the headers")
    with drafted(target) as partial:
        _write(target, partial, places, headers)
        if sha256_of(partial) != sha256:
            raise FileRejectedError(
                path,
                "its pixels are not those that the headers belong to",
                advice="Nothing was written.",
            )
        shutil.copymode(target, partial)
        partial.replace(target)


def remove_partials(path: Path) -> None:
    """Remove the drafts that :func:`replace_headers` left when its process was killed."""
    for partial in drafts_of(path.resolve()):
        partial.unlink(missing_ok=True)


def _write(source: Path, target: Path, places: Sequence[_Place], headers: Sequence[str]) -> None:
    with source.open("rb") as reader, target.open("xb") as writer:
        for place, text in zip(places, headers, strict=True):
            writer.write(text.encode("ascii"))
            reader.seek(place.data)
            _copy(reader, writer, place.end - place.data)
        writer.flush()
        os.fsync(writer.fileno())


def _copy(reader: IO[bytes], writer: IO[bytes], length: int) -> None:
    left = length
    while left > 0:
        block = reader.read(min(left, _CHUNK_BYTES))
        if not block:
            return
        writer.write(block)
        left -= len(block)


def _places(path: Path) -> list[_Place]:
    from astropy.io import fits

    try:
        with fits.open(path, memmap=False, lazy_load_hdus=False) as hdus:
            found = [hdu.fileinfo() for hdu in hdus]
    except (OSError, fits.VerifyError) as error:
        raise UnreadableFileError(path, f"its headers cannot be found ({error})") from error
    return [_Place(i["hdrLoc"], i["datLoc"], i["datLoc"] + i["datSpan"]) for i in found]
