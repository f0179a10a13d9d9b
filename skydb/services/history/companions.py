"""Files beside the log of an alignment: shift files, match files, source lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from skydb.domain.vocabulary import FindingKind
from skydb.errors import FileRejectedError, ParseError
from skydb.files.coofile import read_source_list
from skydb.files.logs import LoggedFit
from skydb.files.shiftfile import ShiftFile, ShiftRow, read_shift_file
from skydb.services.history.plan import Note

if TYPE_CHECKING:
    from skydb.files.matchfile import MatchFile

T = TypeVar("T")

MATCH_SUFFIX = "_catalog_fit.match"
_SHIFT_TRACE = "# form:"
_LIST = ".coo"
#: Digits after the point: of shifts in the log and the match file, of scale, of rotation.
_SHIFT_STEP, _SCALE_STEP, _ROTATION_STEP = 1e-4, 1e-6, 1e-6
#: Tolerance of an RMS, of which the log has two digits.
_RMS_PART = 0.05


@dataclass(frozen=True)
class Listing:
    """Names of the files in a directory, looked up once for all runs that it has.

    Parameters
    ----------
    path : Path
        The directory.
    """

    path: Path

    @cached_property
    def _names(self) -> frozenset[str]:
        try:
            return frozenset(one.name for one in self.path.iterdir())
        except OSError:
            return frozenset()

    @cached_property
    def _lists(self) -> list[str]:
        return sorted(name for name in self._names if _LIST in name)

    def source_lists(self, product: str) -> list[Path]:
        """Source lists of a product: its stem, and their ending anywhere behind it."""
        stem = stem_of(product)
        return [self.path / name for name in self._lists if _LIST in name.partition(stem)[2]]

    def file(self, name: str) -> Path | None:
        """The file of a name, gzipped or not."""
        there = (one for one in (name, f"{name}.gz") if one in self._names)
        return next((path for one in there if (path := self.path / one).is_file()), None)


@dataclass
class Directory:
    """The files beside a log; what cannot be read becomes a note."""

    listing: Listing
    notes: list[Note] = field(default_factory=list)
    used: list[Path] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The directory."""
        return self.listing.path

    def shift_file(self, name: str | None) -> ShiftFile | None:
        """The shift file that a run wrote, by its name."""
        return None if not name else self._read(PurePath(name).name, read_shift_file)

    def match_file(self, product: str) -> MatchFile | None:
        """The match file of a product, of whatever run."""
        # Not imported with this module: most logs stand alone, and need no numpy.
        from skydb.files.matchfile import read_matches

        return self._read(f"{stem_of(product)}{MATCH_SUFFIX}", read_matches)

    def source_lists(self, products: Iterable[str]) -> dict[str, dict[str, int]]:
        """Number of sources in each list of each product."""
        found: dict[str, dict[str, int]] = {}
        for product in products:
            for path in self.listing.source_lists(product):
                listed = self._read(path.name, read_source_list, keep=False)
                if listed is not None:
                    found.setdefault(product, {})[path.name] = listed.sources
        return found

    def _read(self, name: str, read: Callable[[Path], T], *, keep: bool = True) -> T | None:
        path = self.listing.file(name)
        if path is None:
            return None
        try:
            content = read(path)
        except ParseError as error:
            where = f"{path.name}:{error.line_number}" if error.line_number else path.name
            said = f"{error.problem}; it is left out."
            self._note(Note(FindingKind.UNREADABLE_LINE, where, said))
            return None
        except FileRejectedError as error:
            self._note(Note(FindingKind.REJECTED_FILE, path.name, f"{error.reason}."))
            return None
        if keep and path not in self.used:
            self.used.append(path)
        return content

    def _note(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)


def stem_of(product: str) -> str:
    """Name of a product as the files beside it begin."""
    return product.removesuffix(".gz").removesuffix(".fits")


def is_shift_file(lines: Iterable[str]) -> bool:
    """Whether a text is a shift file, whatever it is called."""
    return any(line.startswith(_SHIFT_TRACE) for line in lines)


def row_disagreements(fit: LoggedFit, row: ShiftRow) -> list[str]:
    """List numbers that differ in the log and the shift file."""
    angle = None if fit.rotation_deg is None else _angle_between(fit.rotation_deg, row.rotation_deg)
    pairs = (
        ("dx", fit.dx_pix, row.dx_pix, _SHIFT_STEP),
        ("dy", fit.dy_pix, row.dy_pix, _SHIFT_STEP),
        ("rotation", None if angle is None else row.rotation_deg + angle, row.rotation_deg,
         _ROTATION_STEP),
        ("scale", fit.scale, row.scale, _SCALE_STEP),
        ("RMS of x", fit.x_rms_pix, row.x_rms_pix, _RMS_PART * abs(fit.x_rms_pix or 0.0)),
        ("RMS of y", fit.y_rms_pix, row.y_rms_pix, _RMS_PART * abs(fit.y_rms_pix or 0.0)),
    )  # fmt: skip
    return [
        f"{what} {logged:g} against {filed:g}"
        for what, logged, filed, step in pairs
        if logged is not None and not abs(logged - filed) <= step
    ]


def is_of(fit: LoggedFit, matches: MatchFile) -> bool:
    """Whether a match file is the one that a fit left: as many sources, and the same shift."""
    if fit.nmatches not in (None, len(matches)) or fit.nmatches is fit.dx_pix is None:
        return False
    shifts = zip((fit.dx_pix, fit.dy_pix), matches.shift_pix, strict=True)
    return all(
        logged is None or math.isnan(filed) or abs(logged - filed) <= _SHIFT_STEP
        for logged, filed in shifts
    )


def sky_scatter_mas(matches: MatchFile) -> tuple[float, float] | None:
    """RMS towards east and north of the sources behind a fit."""
    from skydb.sky.scatter import scatter_mas

    return scatter_mas(
        (matches.x_fit_pix, matches.y_fit_pix),
        (matches.ra_fit_deg, matches.dec_fit_deg),
        (matches.x_residual_pix, matches.y_residual_pix),
    )


def _angle_between(one_deg: float, other_deg: float) -> float:
    return math.remainder(one_deg - other_deg, 360.0)
