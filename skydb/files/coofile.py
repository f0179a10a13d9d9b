"""Source lists of TweakReg (``*.coo``): of which product they are, and how many sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from skydb.errors import ParseError
from skydb.files.logs import number_in
from skydb.files.textfile import read_text_lines

_PRODUCT = re.compile(r"#\s*(?:(?:Pixel|Sky) positions|Source catalog derived) for:? (.+)")
_CUMULATIVE = re.compile(r"#\s*Sky positions for cumulative reference catalog.*from: (.+)")


@dataclass(frozen=True, slots=True)
class SourceList:
    """Facts of a ``*.coo`` file; the product is None when the file does not name it."""

    product: str | None
    sources: int


def read_source_list(path: Path) -> SourceList:
    """Product and number of sources of a ``*.coo`` file.

    Raises
    ------
    ParseError
        With the first line that is neither a comment nor begins with a position.
    UnreadableFileError
        When it cannot be read.
    """
    product, sources = None, 0
    for number, line in enumerate(read_text_lines(path), start=1):
        text = line.strip()
        if found := _CUMULATIVE.match(text):
            product = found[1]
        elif found := _PRODUCT.match(text):
            product = product or found[1]
        elif text and not text.startswith("#"):
            _require_position(path, number, text)
            sources += 1
    return SourceList(PurePath(product.strip()).name if product else None, sources)


def _require_position(path: Path, number: int, text: str) -> None:
    reason = f"{text[:60]!r} does not begin with a position"
    position = text.split()[:2]
    try:
        is_position = len(list(map(number_in, position))) == 2
    except ValueError as error:
        raise ParseError(path, number, reason) from error
    if not is_position:
        raise ParseError(path, number, reason)
