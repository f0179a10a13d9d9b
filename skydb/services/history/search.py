"""Search of the files of runs below a directory, by their text and not by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.errors import FileRejectedError
from skydb.files.checksum import require_file
from skydb.files.drafts import is_in_draft
from skydb.files.logs import BEGINNINGS, LogFile, LogProblem, has_traces
from skydb.files.names import is_utf8
from skydb.files.textfile import lines_of, text_chunks
from skydb.services.history.companions import MATCH_SUFFIX, Listing, is_shift_file
from skydb.services.history.foundfits import FoundFits
from skydb.services.history.foundskies import FoundSkies
from skydb.services.history.packing import PackedFit, PackedSky, packed_run

if TYPE_CHECKING:
    from skydb.files.hdrtab import DrizzledProduct

_FITS_MAGIC = b"SIMPLE  ="
_SQLITE_MAGIC = b"SQLite format 3\0"
#: Packings that are not read, by their first bytes.
_PACKINGS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x9d": "compress",
}
_HEAD_BYTES = 4096
#: Names of files that should be logs of runs when they mention some, also numbered and packed.
_LOG_NAME = re.compile(
    r".*\.(?:log|tra|trl|out|txt|ipynb)(?:\.\d+)?(?:\.(?:gz|bz2|xz|zst|zip|7z|z))?", re.DOTALL
)
_MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class Unused:
    """A file of runs that could not be used."""

    path: Path
    reason: str


@dataclass
class Found:
    """Files of runs below a directory.

    Parameters
    ----------
    fits : FoundFits
        Runs of TweakReg.
    skies : FoundSkies
        Runs of AstroDrizzle.
    checkpoints : frozenset of int
        See :class:`~skydb.files.logs.LogFile`.
    """

    fits: FoundFits
    skies: FoundSkies
    checkpoints: frozenset[int] = frozenset()
    products: list[DrizzledProduct] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    companions: list[Path] = field(default_factory=list)

    def add(self, run: PackedSky | PackedFit) -> None:
        """Keep a run of a file."""
        if isinstance(run, PackedSky):
            self.skies.add(run)
        else:
            self.fits.add(run)

    def strays(self, homes: Iterable[Path]) -> list[Unused]:
        """Shift and match files in directories without the log of an alignment."""
        known = set(homes)
        why = "no log of TweakReg was read from its directory, so its run is unknown"
        return [Unused(path, why) for path in self.companions if path.parent not in known]


def files_below(directory: Path, ours: Path) -> list[Path]:
    """Every file below a directory but those that skydb keeps or is making; a file itself.

    Directories that cannot be searched are among them, and what is no file: reading says so.
    """
    if directory.is_file():
        return [directory]
    root, errors = ours.resolve(), list[OSError]()
    found = [
        Path(home, name)
        for home, _, names in os.walk(directory, onerror=errors.append)
        for name in names
    ]
    return [
        path
        for path in sorted([*found, *(Path(error.filename) for error in errors)])
        if not path.resolve().is_relative_to(root) and not is_in_draft(path)
        # Editors lock a file by a link to nothing.
        if _is_called_as_logs(path) or not _leads_nowhere(path)
    ]


def look_at(path: Path, found: Found) -> None:
    """Add what one file is to what was found."""
    if not is_utf8(path):
        found.unused.append(Unused(path, "its path is not UTF-8"))
        return
    try:
        require_file(path)
        head = _head(path)
        if head.startswith(_FITS_MAGIC):
            # Not imported with this module: logs need no astropy.
            from skydb.files.hdrtab import read_drizzled_product

            product = read_drizzled_product(path)
            found.products += [product] if product and product.skies else []
        elif packing := _packing_of(path, head):
            why = f"is packed with {packing}, which is not read: unpack it, or pack it with gzip"
            found.unused.append(Unused(path, why))
        elif head.startswith(_SQLITE_MAGIC):
            return
        elif b"\0" not in head or has_traces(path):
            _look_at_text(path, head, found)
    except FileRejectedError as error:
        found.unused.append(Unused(path, error.reason))
    except OSError as error:
        found.unused.append(Unused(path, f"cannot be read ({error.strerror or error})"))


def _look_at_text(path: Path, head: bytes, found: Found) -> None:
    if path.name.removesuffix(".gz").endswith(MATCH_SUFFIX) or is_shift_file(lines_of(head)):
        found.companions.append(path)
    elif has_traces(path):
        _look_at_log(path, found)


def _look_at_log(path: Path, found: Found) -> None:
    log, count = LogFile(path, found.checkpoints), 0
    with closing(log.each(partial(packed_run, path, Listing(path.parent)))) as runs:
        for run in runs:
            count += 1
            found.add(run)
    reasons = _reasons(log.orphans, log.doubts)
    if reasons:
        found.unused.append(Unused(path, "; ".join(reasons)))
    elif not count and _is_called_as_logs(path) and _shows_runs(path):
        found.unused.append(Unused(path, "it mentions a run, but has no beginning of one"))


def _shows_runs(path: Path) -> bool:
    """Whether a file of which no run is known has more than a notebook that explains them."""
    return not path.name.lower().endswith(".ipynb") or has_traces(path, BEGINNINGS)


def _reasons(orphans: Sequence[LogProblem], doubts: Sequence[LogProblem]) -> list[str]:
    """Reasons why something of a log may be lost."""
    reasons = []
    if orphans:
        said = f"{len(orphans)} lines with values belong to no run that begins in it"
        reasons.append(f"{said}: {_places(orphans)}")
    for reason in dict.fromkeys(doubt.text for doubt in doubts):
        places = _places([doubt for doubt in doubts if doubt.text == reason])
        reasons.append(f"line {places}: {reason}")
    return reasons


def _places(lines: Sequence[LogProblem]) -> str:
    named = ", ".join(str(line.line_number) for line in lines[:_MOST_LINES])
    rest = len(lines) - _MOST_LINES
    return named + (f" and {rest} more" if rest > 0 else "")


def _packing_of(path: Path, head: bytes) -> str | None:
    """Packing of a file that is called as logs are; None when it is not."""
    if not _is_called_as_logs(path):
        return None
    return next((name for magic, name in _PACKINGS.items() if head.startswith(magic)), None)


def _leads_nowhere(path: Path) -> bool:
    try:
        return path.is_symlink() and not path.exists()
    except OSError:
        return False


def _is_called_as_logs(path: Path) -> bool:
    return _LOG_NAME.fullmatch(path.name.lower()) is not None


def _head(path: Path) -> bytes:
    return next(iter(text_chunks(path, _HEAD_BYTES)), b"")
