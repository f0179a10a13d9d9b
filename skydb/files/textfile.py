"""Reading of text files: gzipped or not, with any line ends, in any encoding.

Files are read in pieces, so that the size of a log does not matter. A gzip file that
unpacks to many times its size is refused before it fills the memory or the disk.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import itertools
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from skydb.errors import ParseError, UnreadableFileError
from skydb.files.checksum import require_file

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
#: Text of two bytes within one of one byte, as PowerShell appends it, and the reverse.
_WIDE = re.compile(rb"(?:\xff\xfe)?(?:[\t\n\r -\xff]\0){2,}")
_NARROW = re.compile(rb"[\t\n\r -~]{64}")
#: Bytes at the beginning of a text that show how many bytes its characters have.
_SHOWN_BY_BYTES = 64
#: What a NUL becomes in a text, for databases refuse it.
NUL_MARK = "\N{SYMBOL FOR NULL}"
_LINE_END = re.compile(r"\r\n|\n|\r")
_CHUNK_BYTES = 1 << 18

#: Text packs to a tenth or a fiftieth of its size. What packs better is not looked into any
#: further once it has this many bytes.
LARGEST_RATIO = 200
_RATIO_COUNTS_FROM_BYTES = 32 << 20
LARGEST_UNPACKED_BYTES = 8 << 30
#: Longest line; the rest of a longer one is left out.
LONGEST_LINE = 1 << 20


class UnendedLine(list[str]):
    """Block of the last line of a file that does not end with a line: it may be cut."""


class Span(NamedTuple):
    """Bytes of a file from one on, up to another one or the end."""

    begin: int
    end: int | None


WHOLE = Span(0, None)


def chunks_of(
    path: Path, size: int = _CHUNK_BYTES, largest: int = LARGEST_UNPACKED_BYTES
) -> Iterator[bytes]:
    """Read a file in pieces, unpacked when it is gzipped, up to a limit of bytes.

    Raises
    ------
    UnreadableFileError
        When it is no file, cannot be read, its gzip stream is damaged, or it unpacks to too much.
    """
    try:
        require_file(path)
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            yield from unpacked(path, raw, size, largest) if packed else _pieces(raw, size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFileError(path, f"damaged gzip file ({error})") from error
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from error


def text_chunks(path: Path, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
    """Read a text in pieces, as UTF-8 where it is UTF-16 or UTF-32, as shells of Windows write.

    Where only a part of it is UTF-16, that part is read as ASCII with NULs between.

    Raises
    ------
    UnreadableFileError
        See :func:`chunks_of`.
    """
    chunks = chunks_of(path, size)
    first = next(chunks, b"")
    encoding = _encoding_of(first)
    pieces = itertools.chain([first], chunks)
    yield from _narrowed(pieces) if encoding is None else _recoded(pieces, encoding)


def _encoding_of(first: bytes) -> str | None:
    """Encoding of characters of several bytes; None when they have one, or as UTF-8 has it."""
    if first.startswith(_UTF32_MARKS):
        return "utf-32"
    if first.startswith(_UTF16_MARKS):
        return "utf-16"
    low, high = first[0::2], first[1::2]
    if len(first) < _SHOWN_BY_BYTES or not low.count(0) + high.count(0):
        return None
    if high.count(0) > 0.9 * len(high) and low.count(0) == 0:
        return "utf-16-le"
    return "utf-16-be" if low.count(0) > 0.9 * len(low) and high.count(0) == 0 else None


def _recoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Pieces as UTF-8, until one has text of one byte: no character of it can be believed."""
    decode = codecs.getincrementaldecoder(encoding)(errors="replace").decode
    rest = iter(chunks)
    for chunk in rest:
        if _NARROW.search(chunk):
            yield from _narrowed(itertools.chain([chunk], rest))
            return
        yield decode(chunk).encode("utf-8", errors="replace")
    yield decode(b"", True).encode("utf-8", errors="replace")


def _narrowed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces without the NULs of characters of two bytes."""
    rest = b""
    for chunk in chunks:
        if b"\0" not in chunk:
            yield rest + chunk
            rest = b""
            continue
        piece, rest = rest + chunk, b""
        if piece[-2:-1] == b"\0" and piece[-1:] != b"\0":
            piece, rest = piece[:-1], piece[-1:]
        yield _WIDE.sub(lambda found: found[0].removeprefix(b"\xff\xfe").replace(b"\0", b""), piece)
    yield rest


def _pieces(handle: io.BufferedIOBase, size: int) -> Iterator[bytes]:
    while chunk := handle.read(size):
        yield chunk


def unpacked(
    path: Path,
    raw: io.BufferedIOBase,
    size: int = _CHUNK_BYTES,
    largest: int = LARGEST_UNPACKED_BYTES,
) -> Iterator[bytes]:
    """Read a gzip stream in pieces.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    raw : file
        The stream, from its beginning.
    size, largest : int
        Bytes of a piece, and of all of them at most.

    Raises
    ------
    UnreadableFileError
        When it unpacks to too much; what gzip and zlib raise is left to the caller.
    """
    total = 0
    with gzip.GzipFile(fileobj=raw) as handle:
        for chunk in _pieces(handle, size):
            total += len(chunk)
            _refuse_bomb(path, total, raw.tell(), largest)
            yield chunk


def unpacked_sha256(path: Path) -> str | None:
    """SHA-256 of the bytes that a gzipped file holds; None when it is not whole or not gzipped.

    Raises
    ------
    UnreadableFileError
        When it unpacks to too much.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as raw:
            for chunk in unpacked(path, raw):
                digest.update(chunk)
    except (OSError, EOFError, zlib.error):
        return None
    return digest.hexdigest()


def _refuse_bomb(path: Path, unpacked: int, packed: int, largest: int) -> None:
    is_dense = unpacked > _RATIO_COUNTS_FROM_BYTES and unpacked > LARGEST_RATIO * packed
    if not is_dense and unpacked <= largest:
        return
    limit = f"{LARGEST_RATIO} times its size" if is_dense else f"{largest / (1 << 30):g} GB"
    raise UnreadableFileError(
        path, f"unpacks to more than {limit}", advice="Unpack it yourself if it is sound."
    )


def is_plain_text(path: Path) -> bool:
    """Whether a file that can be read is neither packed nor UTF-16."""
    with path.open("rb") as raw:
        return not raw.read(2).startswith((_GZIP_MAGIC, *_UTF16_MARKS))


def count_lines(path: Path, end: int) -> int:
    """Number of lines in the first bytes of a file, which end with a line, in any manner."""
    count, last = 0, b""
    for chunk in _part(path, Span(0, end)):
        pairs = chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
        count += chunk.count(b"\n") + chunk.count(b"\r") - pairs
        last = chunk[-1:]
    return count


def is_packed(path: Path) -> bool:
    """Whether a file that can be read begins as a gzip stream does."""
    with path.open("rb") as raw:
        return raw.read(2) == _GZIP_MAGIC


def read_bytes(path: Path, largest: int = LARGEST_UNPACKED_BYTES) -> bytes:
    """Read a file, unpacked when it is gzipped, up to a limit of bytes.

    Raises
    ------
    UnreadableFileError
        When it cannot be read, its gzip stream is damaged, or it unpacks to too much.
    """
    return b"".join(chunks_of(path, largest=largest))


def stream_blocks(path: Path, span: Span = WHOLE) -> Iterator[list[str]]:
    """Lines of a file as an editor counts them, in blocks of as many as a piece of it has.

    See :func:`lines_of`; a last line without a line end is an :class:`UnendedLine`.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    span : Span
        Part of it, from the beginning of a line to the end of one; only of a file that is
        neither packed nor UTF-16.

    Raises
    ------
    UnreadableFileError
        See :func:`chunks_of`.
    """
    rest = ""
    for text in _texts(text_chunks(path) if span == WHOLE else _narrowed(_part(path, span))):
        lines = text.split("\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()[:LONGEST_LINE]
        yield lines
    if rest:
        yield UnendedLine([rest])


def _part(path: Path, span: Span) -> Iterator[bytes]:
    try:
        with path.open("rb") as raw:
            raw.seek(span.begin)
            left = sys.maxsize if span.end is None else span.end - span.begin
            while chunk := raw.read(min(_CHUNK_BYTES, left)):
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from error


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    """Text piece by piece, with one kind of line end."""
    decode = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8-sig")(errors="replace"), translate=True
    ).decode
    for chunk in chunks:
        yield decode(chunk).replace("\0", NUL_MARK)
    yield decode(b"", True)


def lines_of(content: bytes) -> list[str]:
    """Lines as an editor counts them; what is not UTF-8 becomes U+FFFD.

    So does NUL, which databases refuse.
    """
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    lines = _LINE_END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def read_text_lines(path: Path) -> list[str]:
    """Lines of a table of text.

    Raises
    ------
    ParseError
        When the file is no text.
    UnreadableFileError
        When it cannot be read.
    """
    content = read_bytes(path)
    try:
        if content.startswith(_UTF16_MARKS):
            content = content.decode("utf-16").encode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(path, 0, "is not a text file") from error
    if b"\0" in content:
        raise ParseError(path, 0, "is not a text file")
    return lines_of(content)
