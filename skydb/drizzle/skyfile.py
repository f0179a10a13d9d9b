"""Files of skies, as AstroDrizzle reads them: an exposure a line, and its sky."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain.units import HIGHEST_SKY
from skydb.errors import ParseError, UnreadableFileError

_YES = ("yes", "true", "y", "t")


@dataclass(frozen=True)
class SkyFile:
    """Skies in a file.

    Parameters
    ----------
    values : mapping of str to tuple of float
        By file name: one value for all chips, or one for each.
    is_applied : bool
        Whether its user has subtracted them.
    lines : mapping of str to int
        By file name: the line that has its values.
    path : Path
        The file, for messages.
    """

    values: Mapping[str, tuple[float, ...]]
    is_applied: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)
    path: Path = Path("skies")

    def of(self, filename: str, place: int, chips: int = 1) -> float | None:
        """Value of a chip, by its place among the chips of the file.

        Raises
        ------
        ParseError
            When there are several values, and not one for each chip: AstroDrizzle drops
            those that are too many.
        """
        known = self.values.get(filename)
        if known is None:
            return None
        if len(known) not in (1, chips):
            raise ParseError(
                self.path,
                self.lines.get(filename, 0),
                f"has {len(known)} values, and {filename} has {chips} "
                f"{'chip' if chips == 1 else 'chips'}",
                advice="Give one value for all chips, or one for each.",
            )
        return known[0] if len(known) == 1 else known[place]

    def require_known(self, filenames: Iterable[str]) -> None:
        """Refuse lines of unknown exposures, which AstroDrizzle skips.

        Parameters
        ----------
        filenames : iterable of str
            Files that there are.

        Raises
        ------
        ParseError
            With the first such line.
        """
        for name in sorted(self.values.keys() - set(filenames), key=lambda one: self.lines[one]):
            raise ParseError(
                self.path,
                self.lines[name],
                f"names {name}, which is not a file of the ledger",
                advice="Write the names of the exposures' files, such as ibxl50clq_flt.fits.",
            )

    def as_text(self) -> str:
        """The file as AstroDrizzle reads it."""
        head = ["# applied = yes"] if self.is_applied else []
        lines = [f"{name} {' '.join(map(repr, values))}" for name, values in self.values.items()]
        return "\n".join([*head, *lines]) + "\n"


def read_sky_file(path: Path) -> SkyFile:
    """Skies by the name of the exposure's file.

    Parameters
    ----------
    path : Path
        Lines of a file name, of which the directory does not count, and one value, or one
        for each chip.

    Raises
    ------
    ParseError
        With the line that is none; line 0 when there is none.
    UnreadableFileError
        When it is no text.
    """
    values: dict[str, tuple[float, ...]] = {}
    lines: dict[str, int] = {}
    is_applied = False
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line.startswith("#"):
            is_applied |= _says_applied(line)
            continue
        words = line.split()
        if not words:
            continue
        name = Path(words[0]).name
        if name in values:
            raise ParseError(path, number, f"{name} is there twice (first in line {lines[name]})")
        values[name], lines[name] = _numbers(path, number, words[1:]), number
    if not values:
        raise ParseError(path, 0, "has no line with an exposure and its sky")
    return SkyFile(values, is_applied, lines, path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path, "cannot be read as a list of skies") from error


def _says_applied(line: str) -> bool:
    word = line.replace(":", "=").rpartition("=")[2].strip().lower()
    return "applied" in line and word in _YES


def _numbers(path: Path, number: int, words: Sequence[str]) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in words)
    except ValueError as error:
        raise ParseError(path, number, "has a value that is not a number") from error
    if not values or not all(map(math.isfinite, values)):
        raise ParseError(path, number, "has no sky")
    for value in values:
        if abs(value) > HIGHEST_SKY:
            raise ParseError(path, number, f"has {value:g}, which is not a sky value")
    return values
