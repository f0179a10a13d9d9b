"""Place at which a large log may be divided: where a run begins, near its middle."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from skydb.files.logs.events import Meaning, meaning_of
from skydb.files.logs.lines import LineCleaner
from skydb.files.logs.patterns import LoggedTask, What
from skydb.files.textfile import is_plain_text

#: Part of a log before the place: the other process must begin, and what it read is taken over.
_FIRST_PART = 0.5
#: Bytes in which a run must begin.
_SEARCHED_BYTES = 4 << 20
_MAY_BEGIN = re.compile(rb"\n([^\n]*\n)([^\n]*(?:AstroDrizzle|TweakReg) Version [^\n]*)")


class Seam(NamedTuple):
    """The place: the offset of a line in bytes, and the run that begins there or after it."""

    offset: int
    task: LoggedTask
    name: str


def seam_of(path: Path) -> Seam | None:
    """Find the place in a log; None when there is none.

    Parameters
    ----------
    path : pathlib.Path
        A file that can be read.
    """
    if not is_plain_text(path):
        return None
    near = int(path.stat().st_size * _FIRST_PART)
    with path.open("rb") as raw:
        raw.seek(near)
        text = raw.read(_SEARCHED_BYTES)
    for found in _MAY_BEGIN.finditer(text):
        begins = _meaning(found[2])
        if begins is not None and begins[0] is What.BANNER:
            before = _meaning(found[1])
            is_announced = before is not None and before[0] is What.LOG_NAMED
            start = found.start(1 if is_announced else 2)
            return Seam(near + start, LoggedTask(begins[2][0]), _text(found[2]).strip())
    return None


def _text(line: bytes) -> str:
    cleaner, text = LineCleaner(), line.decode("utf-8", errors="replace").rstrip("\r\n")
    cleaner.learn(text)
    return cleaner.strip(text)[0]


def _meaning(line: bytes) -> Meaning | None:
    return meaning_of(_text(line))
