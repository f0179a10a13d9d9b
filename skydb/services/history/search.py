"""Finding what runs have left below a directory, by content and not by name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files.hdrtab import DrizzledProduct, read_drizzled_product
from skydb.files.logs import TRACES, RunLines, read_runs
from skydb.files.textfile import lines_of
from skydb.services.history.witnesses import MATCH_SUFFIX, is_shift_file

_GZIP_MAGIC = b"\x1f\x8b"
_FITS_MAGIC = b"SIMPLE  ="
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 4096
#: Names of files that should be logs of runs when they speak of some.
_LOG_NAMES = (".log", ".tra", ".trl", ".out", ".txt", ".log.gz", ".tra.gz", ".trl.gz")


@dataclass(frozen=True, slots=True)
class Unused:
    """A file that tells of runs and could not be used."""

    path: Path
    reason: str


@dataclass
class Found:
    """What there is below a directory."""

    logs: dict[Path, list[RunLines]] = field(default_factory=dict)
    products: list[DrizzledProduct] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    witnesses: list[Path] = field(default_factory=list)

    def strays(self, homes: Iterable[Path]) -> list[Unused]:
        """Shift and match files in directories without the log of an alignment."""
        known = set(homes)
        why = "no log of TweakReg is beside it, so that nothing tells of its run"
        return [Unused(path, why) for path in self.witnesses if path.parent not in known]


def files_below(directory: Path, ours: Path) -> list[Path]:
    """Every file below a directory but those that skydb keeps."""
    root = ours.resolve()
    return [
        path
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.resolve().is_relative_to(root)
    ]


def look_at(path: Path, found: Found) -> None:
    """Add what one file is to what was found."""
    try:
        head = _head(path)
        if head.startswith(_FITS_MAGIC):
            product = read_drizzled_product(path)
            found.products += [product] if product and product.skies else []
        elif b"\0" not in head or any(trace in head for trace in TRACES):
            _look_at_text(path, head, found)
    except FileRejectedError as error:
        found.unused.append(Unused(path, error.reason))
    except OSError as error:
        found.unused.append(Unused(path, f"cannot be read ({error.strerror or error})"))


def _look_at_text(path: Path, head: bytes, found: Found) -> None:
    if path.name.removesuffix(".gz").endswith(MATCH_SUFFIX) or is_shift_file(lines_of(head)):
        found.witnesses.append(path)
    elif _speaks_of_runs(path):
        runs = read_runs(path)
        if runs:
            found.logs[path] = runs
        elif path.name.lower().endswith(_LOG_NAMES):
            found.unused.append(Unused(path, "no run begins in it, though it speaks of one"))


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        if handle.read(2) != _GZIP_MAGIC:
            handle.seek(0)
            return handle.read(_HEAD_BYTES)
    return next(_chunks(path, _HEAD_BYTES), b"")


def _speaks_of_runs(path: Path) -> bool:
    longest = max(map(len, TRACES))
    tail = b""
    for chunk in _chunks(path, _CHUNK_BYTES):
        text = tail + chunk
        if any(trace in text for trace in TRACES):
            return True
        tail = text[-longest:]
    return False


def _chunks(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as raw:
        is_packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        handle = gzip.GzipFile(fileobj=raw) if is_packed else raw
        try:
            while chunk := handle.read(size):
                yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableFileError(path, f"damaged gzip file ({error})") from error
