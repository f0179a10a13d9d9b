"""Skies that nobody computes: those of a header keyword, of a file, or none at all.

AstroDrizzle takes skies from elsewhere in three ways, and says of each only that it
does (``drizzlepac/sky.py``):

``skysub=False``
    no sky, and MDRIZSKY is 0;
``skysub=False skyuser=KEYWORD``
    the header of every chip has the sky that its user subtracted: it is noted and, unless
    the keyword is MDRIZSKY itself, not subtracted again;
``skyfile=FILE``
    a line for every exposure, or ``skysub=False skyuser=@FILE``; subtracted, unless a
    comment of the file says ``# applied = yes``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.effective import MethodVerdict, SkyReading
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.workspace import opened, science_hdus
from skydb.errors import FileRejectedError, ParseError, UnreadableFileError, UsageError

#: MDRIZSKY by file name and EXTVER; None where the source has no value.
ChipValues = Mapping[tuple[str, int], float | None]

_KEYWORD = "MDRIZSKY"
_YES = ("yes", "true", "y", "t")


@dataclass(frozen=True)
class SkyFile:
    """What a file of skies says.

    Parameters
    ----------
    values : mapping of str to tuple of float
        By file name: one value for all chips, or one for each.
    is_applied : bool
        Whether its user has subtracted them.
    """

    values: Mapping[str, tuple[float, ...]]
    is_applied: bool = False

    def of(self, filename: str, place: int) -> float | None:
        """Value of a chip, by its place among the chips of the file.

        Raises
        ------
        IndexError
            When there are several values, and too few.
        """
        known = self.values.get(filename)
        if known is None:
            return None
        return known[0] if len(known) == 1 else known[place]

    def as_text(self) -> str:
        """The file as AstroDrizzle reads it."""
        head = ["# applied = yes"] if self.is_applied else []
        lines = [f"{name} {' '.join(map(repr, values))}" for name, values in self.values.items()]
        return "\n".join([*head, *lines]) + "\n"


@dataclass(frozen=True)
class UserSkies:
    """Where the skies of a run come from, when nobody computes them.

    Parameters
    ----------
    method : SkyMethod
        USER, or NONE.
    source : str
        For people: ``keyword MYSKY``, ``file sky.txt`` or ``none``.
    keyword : str
        Header keyword with the values; empty for a file.
    file : SkyFile
        What the file says.
    is_subtracted : bool
        Whether AstroDrizzle subtracts them while drizzling.
    """

    method: SkyMethod
    source: str
    keyword: str = ""
    file: SkyFile = field(default_factory=lambda: SkyFile({}))
    is_subtracted: bool = False

    @property
    def keeps_mdrizsky(self) -> bool:
        """Whether the inputs must keep the MDRIZSKY that they have."""
        return self.keyword == _KEYWORD

    def as_record(self) -> dict[str, object]:
        """JSON-able."""
        return {
            "method": self.method.value,
            "source": self.source,
            "subtracted": self.is_subtracted,
        }

    def values(self, paths: Sequence[Path]) -> ChipValues:
        """The sky of every chip of these files.

        Raises
        ------
        FileRejectedError
            When a chip has no such keyword, or a value that is no number.
        """
        found: dict[tuple[str, int], float | None] = {}
        for path in paths:
            with opened(path) as hdus:
                for place, hdu in enumerate(science_hdus(hdus)):
                    key = path.name, int(hdu.header.get("EXTVER", 1))
                    found[key] = self._value(path, place, hdu.header)
        return found

    def _value(self, path: Path, place: int, header: Mapping[str, object]) -> float | None:
        if self.method is SkyMethod.NONE:
            return 0.0
        if not self.keyword:
            try:
                return self.file.of(path.name, place)
            except IndexError as error:
                reason = f"has more chips than {self.source} has values for it"
                raise FileRejectedError(path, reason) from error
        value = header.get(self.keyword)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            reason = f"has no number as {self.keyword} in the header of image {place + 1}"
            raise FileRejectedError(
                path, reason, advice="AstroDrizzle looks for it in the extension of every chip."
            )
        return float(value)


def user_skies_of(settings: AstroDrizzleSettings) -> UserSkies | None:
    """Where the skies come from that the settings ask for; None when they are computed.

    Raises
    ------
    UsageError
        When AstroDrizzle would pass over one of the options.
    ParseError
        When a file of skies is none.
    """
    skyuser, skyfile = (str(settings.extra.get(name, "")) for name in ("skyuser", "skyfile"))
    if settings.skysub:
        if skyuser:
            raise UsageError(
                f"AstroDrizzle looks at skyuser={skyuser} only with skysub=False.",
                advice="Add -o skysub=False.",
            )
        return _of_file(settings, "skyfile") if skyfile else None
    if skyfile:
        raise UsageError(
            f"AstroDrizzle looks at skyfile={skyfile} only with skysub=True.",
            advice="Leave skysub out, or give skyuser.",
        )
    if not skyuser:
        return UserSkies(SkyMethod.NONE, "none")
    if skyuser.startswith("@"):
        return _of_file(settings, "skyuser")
    keyword = skyuser.upper()
    return UserSkies(
        SkyMethod.USER, f"keyword {keyword}", keyword, is_subtracted=keyword == _KEYWORD
    )


def judge_given(
    given: UserSkies, values: ChipValues, on_disk: Sequence[SkyReading]
) -> tuple[MethodVerdict, tuple[SkyReading, ...]]:
    """Verdict on a run whose skies were given, and the skies that it used.

    Parameters
    ----------
    given : UserSkies
    values : mapping
        What the source says of every chip.
    on_disk : sequence of SkyReading
        MDRIZSKY of every chip as AstroDrizzle left it.

    Returns
    -------
    MethodVerdict
        With whatever AstroDrizzle noted otherwise.
    tuple of SkyReading
        What the source says: None where it says nothing, and nothing was subtracted.
    """
    skies, found = [], []
    for reading in on_disk:
        told = values.get((reading.filename, reading.extver))
        skies.append(replace(reading, mdrizsky=told))
        chip = f"{reading.filename} chip {reading.extver}"
        if told is None:
            found.append(f"{given.source} has no sky for {chip}: nothing was subtracted")
        elif reading.mdrizsky is None or not math.isclose(reading.mdrizsky, told, rel_tol=1e-6):
            found.append(f"{given.source} has {told} for {chip}, MDRIZSKY is {reading.mdrizsky}")
    return MethodVerdict(given.method, None, tuple(found)), tuple(skies)


def _of_file(settings: AstroDrizzleSettings, option: str) -> UserSkies:
    path = next(one.path for one in settings.files if one.option == option)
    file = read_sky_file(path)
    # With skyuser AstroDrizzle does not look for the comment, and subtracts.
    applied = file.is_applied and option == "skyfile"
    told = SkyFile(file.values, applied)
    return UserSkies(SkyMethod.USER, f"file {path.name}", file=told, is_subtracted=not applied)


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
    """
    values: dict[str, tuple[float, ...]] = {}
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
            raise ParseError(path, number, f"{name} is there twice")
        values[name] = _numbers(path, number, words[1:])
    if not values:
        raise ParseError(path, 0, "has no line with an exposure and its sky")
    return SkyFile(values, is_applied)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path, "cannot be read as a list of skies") from error


def _says_applied(line: str) -> bool:
    word = line.replace(":", "=").rpartition("=")[2].strip().lower()
    return "applied" in line and word in _YES


def _numbers(path: Path, number: int, words: Sequence[str]) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in words)
    except ValueError as error:
        raise ParseError(path, number, "has something that is no number") from error
    if not values or not all(map(math.isfinite, values)):
        raise ParseError(path, number, "has no sky")
    return values
