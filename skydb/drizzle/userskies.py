"""Skies that are not computed: those of a header keyword, of a file, or none at all.

AstroDrizzle takes skies from elsewhere in three ways (``drizzlepac/sky.py``):

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

from skydb.domain.units import HIGHEST_SKY
from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.effective import MethodVerdict, SkyReading
from skydb.drizzle.optionfiles import require_as_named
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.skyfile import SkyFile, read_sky_file
from skydb.drizzle.workspace import opened, science_hdus
from skydb.errors import FileRejectedError, UsageError

#: MDRIZSKY by file name and EXTVER; None where the source has no value.
ChipValues = Mapping[tuple[str, int], float | None]

_KEYWORD = "MDRIZSKY"


@dataclass(frozen=True)
class UserSkies:
    """Source of the skies of a run, when they are not computed.

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
            When a chip has no such keyword, or a value that is no number or no sky.
        ParseError
            When a file has several values for an exposure, and not one for each chip.
        """
        found: dict[tuple[str, int], float | None] = {}
        for path in paths:
            with opened(path) as hdus:
                science = science_hdus(hdus)
                for place, hdu in enumerate(science):
                    key = path.name, int(hdu.header.get("EXTVER", 1))
                    found[key] = self._value(path, place, len(science), hdu.header)
        return found

    def _value(
        self, path: Path, place: int, chips: int, header: Mapping[str, object]
    ) -> float | None:
        if self.method is SkyMethod.NONE:
            return 0.0
        if not self.keyword:
            return self.file.of(path.name, place, chips)
        value = header.get(self.keyword)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            reason = f"has no number as {self.keyword} in the header of image {place + 1}"
            raise FileRejectedError(
                path, reason, advice="AstroDrizzle looks for it in the extension of every chip."
            )
        if not abs(value) <= HIGHEST_SKY:
            reason = f"has {value:g} as {self.keyword} in the header of image {place + 1}"
            raise FileRejectedError(
                path, reason, advice="That is not a sky value: correct the header."
            )
        return float(value)


def user_skies_of(settings: AstroDrizzleSettings) -> UserSkies | None:
    """Find the source of the skies in the settings; None when they are computed.

    Raises
    ------
    UsageError
        When AstroDrizzle would pass over one of the options.
    ParseError
        When a file of skies is none.
    FileRejectedError
        When it is gone, or has changed since it was named.
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


def check_given(
    given: UserSkies, values: ChipValues, on_disk: Sequence[SkyReading]
) -> tuple[MethodVerdict, tuple[SkyReading, ...]]:
    """Check a run whose skies were given, and collect the skies that it used.

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
        given_sky = values.get((reading.filename, reading.extver))
        skies.append(replace(reading, mdrizsky=given_sky))
        chip = f"{reading.filename} chip {reading.extver}"
        if given_sky is None:
            found.append(f"{given.source} has no sky for {chip}: nothing was subtracted")
        elif reading.mdrizsky is None or not math.isclose(
            reading.mdrizsky, given_sky, rel_tol=1e-6
        ):
            found.append(
                f"{given.source} has {given_sky} for {chip}, MDRIZSKY is {reading.mdrizsky}"
            )
    return MethodVerdict(given.method, None, tuple(found)), tuple(skies)


def _of_file(settings: AstroDrizzleSettings, option: str) -> UserSkies:
    named = next(one for one in settings.files if one.option == option)
    require_as_named(named)
    path, file = named.path, read_sky_file(named.path)
    # With skyuser AstroDrizzle does not look for the comment, and subtracts.
    applied = file.is_applied and option == "skyfile"
    given_sky = replace(file, is_applied=applied)
    return UserSkies(SkyMethod.USER, f"file {path.name}", file=given_sky, is_subtracted=not applied)
