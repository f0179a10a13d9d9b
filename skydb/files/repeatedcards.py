"""Cards that tools read differently: a keyword that stands twice, a number that is a text.

astropy takes the first card of a keyword and wcslib the last one; wcslib takes a text for no
number, so that its default counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skydb.errors import FileRejectedError
from skydb.files.cardnames import Keywords
from skydb.files.cardscan import ScannedHeader
from skydb.files.structure import FitsSkeleton

#: Cards of the WCS, with the letter of an alternate one; those of lookup tables come repeatedly.
_OF_WCS = re.compile(
    r"(?:NAXIS[12]?|BITPIX|WCSAXES|(?:WCSNAME|RADESYS|EQUINOX|LONPOLE|LATPOLE)[A-Z]?"
    r"|(?:CRPIX|CRVAL|CTYPE|CUNIT|CDELT|CROTA)[12][A-Z]?|(?:CD|PC)[12]_[12][A-Z]?"
    r"|[AB]P?_(?:ORDER|\d_\d))"
)
#: Numbers of a WCS, before the letter of an alternate one.
_NUMBERS = (
    *(f"{name}{axis}" for name in ("CRVAL", "CRPIX", "CDELT") for axis in (1, 2)),
    *(f"{name}{i}_{j}" for name in ("CD", "PC") for i in (1, 2) for j in (1, 2)),
)
_LINEAR = "CRVAL1"
#: Other cards of which one value is recorded.
_READ = (
    *("ROOTNAME", "FILENAME", "PROPOSID", "INSTRUME", "DETECTOR", "TARGNAME", "OBSTYPE"),
    *("FILTER", "FILTER1", "FILTER2", "FILTNAM1", "FILTNAM2", "EXPTIME", "TEXPTIME"),
    *("EXPSTART", "EXPEND", "DATE-OBS", "IDCTAB", "CCDGAIN", "ATODGAIN", "ADCGAIN"),
    *("BUNIT", "MDRIZSKY", "CCDCHIP", "EXTVER", "EXTNAME", "BSCALE", "BZERO"),
)
_TIMES = ("EXPTIME", "TEXPTIME", "EXPSTART", "EXPEND", "TEXPSTRT", "TEXPEND")


def check_cards(skeleton: FitsSkeleton) -> None:
    """Refuse a WCS of which one tool reads other numbers than another.

    Raises
    ------
    FileRejectedError
        With the card.
    """
    for chip in skeleton.named("SCI"):
        where = f"of SCI,{chip.version}"
        for key, values in _differing(chip.scanned):
            if _OF_WCS.fullmatch(key):
                raise _refused(skeleton, f"{key} {where} stands twice, as {_listed(values)}")
        for key in chip.scanned.keywords.once(_numbers):
            if _is_text(chip.scanned, key):
                text = (chip.scanned.image(key) or "")[10:].split("/")[0].strip()
                raise _refused(skeleton, f"{key} {where} is a text ({text}), no number")


def repeated_cards(skeleton: FitsSkeleton) -> Iterator[str]:
    """Sentences on other cards of which tools may take another value than the one recorded."""
    places = [("the primary header", skeleton.primary.scanned)]
    places += [(f"SCI,{chip.version}", chip.scanned) for chip in skeleton.named("SCI")]
    for where, header in places:
        for key, values in _differing(header):
            if key in _READ:
                yield f"{key} of {where} stands twice, as {_listed(values)}: the first counts."
        for key in _TIMES:
            if _is_text(header, key):
                yield f"{key} of {where} is a text, no number."


def _is_text(header: ScannedHeader, key: str) -> bool:
    return (header.image(key) or "")[10:].lstrip().startswith("'")


def _numbers(keywords: Keywords) -> tuple[str, ...]:
    """Cards of a header that are numbers of any WCS."""
    letters = [key.removeprefix(_LINEAR) for key in keywords.first if key.startswith(_LINEAR)]
    cards = (f"{name}{letter}" for letter in letters for name in _NUMBERS)
    return tuple(card for card in cards if card in keywords.first)


def _in_doubt(keywords: Keywords) -> tuple[str, ...]:
    """Keywords of several cards of which the value matters."""
    return tuple(key for key in sorted(keywords.repeated) if key in _READ or _OF_WCS.fullmatch(key))


def _differing(header: ScannedHeader) -> Iterator[tuple[str, list[object]]]:
    """Keywords of several cards that do not have one value."""
    for key in header.keywords.once(_in_doubt):
        values = list(dict.fromkeys(header.values_of(key)))
        if len(values) > 1:
            yield key, values


def _listed(values: list[object]) -> str:
    return " and ".join(repr(value) for value in values[:3])


def _refused(skeleton: FitsSkeleton, reason: str) -> FileRejectedError:
    return FileRejectedError(
        skeleton.path,
        f"{reason}, which tools read differently",
        advice="Restore the file from the archive.",
    )
