"""Search of the files of runs below a directory, by their text and not by name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from skydb.errors import FileRejectedError
from skydb.files.checksum import require_file
from skydb.files.drafts import is_in_draft
from skydb.files.hdrtab import DrizzledProduct, read_drizzled_product
from skydb.files.logs import LogFile, LoggedRun, has_traces
from skydb.files.names import is_utf8
from skydb.files.textfile import lines_of, text_chunks
from skydb.services.history.companions import MATCH_SUFFIX, is_shift_file
from skydb.services.history.foundfits import FoundFits
from skydb.services.history.foundskies import FoundSkies
from skydb.services.history.skyplan import sky_plan

_FITS_MAGIC = b"SIMPLE  ="
_HEAD_BYTES = 4096
#: Names of files that should be logs of runs when they mention some.
_LOG_NAMES = (".log", ".tra", ".trl", ".out", ".txt", ".ipynb")


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
            product = read_drizzled_product(path)
            found.products += [product] if product and product.skies else []
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
    with closing(log.runs()) as runs:
        for run, beside in runs:
            count += 1
            if isinstance(run, LoggedRun):
                found.skies.add(sky_plan(path, run, beside))
            else:
                found.fits.add(path, run, beside)
    if log.orphans:
        lines = ", ".join(str(orphan.line_number) for orphan in log.orphans[:5])
        more = f" and {len(log.orphans) - 5} more" if len(log.orphans) > 5 else ""
        why = f"{len(log.orphans)} lines with values belong to no run that begins in it: {lines}"
        found.unused.append(Unused(path, why + more))
    elif not count and _is_called_as_logs(path):
        found.unused.append(Unused(path, "it mentions a run, but has no beginning of one"))


def _leads_nowhere(path: Path) -> bool:
    try:
        return path.is_symlink() and not path.exists()
    except OSError:
        return False


def _is_called_as_logs(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(_LOG_NAMES)


def _head(path: Path) -> bytes:
    return next(iter(text_chunks(path, _HEAD_BYTES)), b"")
