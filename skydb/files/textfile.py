"""Text as tools and people leave it: gzipped, with any line ends, in any encoding."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from skydb.errors import ParseError, UnreadableFileError

_GZIP_MAGIC = b"\x1f\x8b"
_LINE_END = re.compile(r"\r\n|\n|\r")


def read_bytes(path: Path) -> bytes:
    """Content of a file, unpacked when it is gzipped.

    Raises
    ------
    UnreadableFileError
        When it cannot be read, or its gzip stream is damaged.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFileError(path, f"damaged gzip file ({error})") from error
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from error


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
    if b"\0" in content:
        raise ParseError(path, 0, "is not a text file")
    return lines_of(content)
