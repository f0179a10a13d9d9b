"""Cards of one image that contradict each other: it is recorded, and flagged.

Each compares two cards that the pipeline writes from one number; files of the archive agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from skydb.domain.directions import separation_deg
from skydb.domain.values import ExposureFacts
from skydb.domain.vocabulary import ProductKind
from skydb.files.cards import Cards
from skydb.files.structure import FitsSkeleton, HduRecord

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MJD_0 = date(1858, 11, 17)
#: EXPTIME may be longer than EXPEND - EXPSTART by what clocks and rounding leave, and shorter
#: when reading out or a pause is in between; of exposures that were combined it is a sum.
_TOO_LONG, _TOO_SHORT, _CLOCK_S = 1.2, 0.6, 5.0
_UNBROKEN = frozenset({"", "NORMAL"})
_CAMERAS = frozenset({"WFC3", "ACS"})
#: A file is written after its exposure; clocks of machines and time zones differ by a day.
_CLOCK_DAYS = 2
#: ORIENTAT is computed from CD; a fit turns an image by much less.
_TURNED_DEG = 1.0
#: No reference pixel is farther from its aperture: detectors are 0.06 degrees wide.
_FROM_APERTURE_DEG = 0.3
_NO_TABLE = "NOMODEL"
#: Cards that stwcs writes with IDCSCALE. With the first, it takes IDCSCALE to be there.
_WITH_SCALE = ("IDCV2REF", "IDCTHETA", "OCX10")
#: Detectors whose IDCSCALE is the scale of their pixels; on WFC it is up to 2.3 % off.
_OF_AREA = frozenset({"UVIS", "IR", "WFC"})
_SCALE_OFF = 1.05
#: Of others it is that of their usual products: 0.025 of HRC and SBC, whose pixels have up to
#: 0.032 arcsec. Of WFPC2 it may be that of another chip.
_SCALE_OF_PRODUCTS = 1.5
#: Of a rootname; the last character of an exposure's is a letter.
_LENGTH = 9


def contradictions_in(
    skeleton: FitsSkeleton, kind: ProductKind, facts: ExposureFacts
) -> Iterator[str]:
    """Sentences on cards that cannot both be right.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file with at least one SCI extension.
    kind : ProductKind
        What it is: a drizzled or combined image has times and a WCS of its own.
    facts : ExposureFacts
        What its headers say of the exposure.
    """
    primary = Cards(skeleton.path, (skeleton.primary.scanned,))
    yield from _of_writing(primary, facts)
    if kind.is_drizzled:
        return
    if not kind.is_combined:
        yield from _of_exposure(primary, facts)
    for chip in skeleton.named("SCI"):
        cards = Cards(skeleton.path, (chip.scanned, skeleton.primary.scanned))
        yield from _of_names(primary, cards, chip)
        yield from _of_pointing(cards, chip)
        yield from _of_tables(cards, chip)
        yield from _of_scale(cards, chip, facts)
        if chip.scanned.get("BITPIX") in (8, 16, 32, 64) and cards.text("BSCALE") is None:
            yield f"SCI,{chip.version} has whole numbers: calibrated pixels have fractions."


def _of_writing(primary: Cards, facts: ExposureFacts) -> Iterator[str]:
    said = primary.text("DATE")
    if said is None:
        return
    written = _day(said)
    if written is None:
        yield f"DATE is {said!r}, which is not a date: deliveries cannot be ordered by it."
        return
    if written > datetime.now(UTC).date() + timedelta(_CLOCK_DAYS):
        yield f"DATE is {said}, which is in the future: no delivery will be newer."
    if facts.expstart_mjd is not None and 0 < facts.expstart_mjd < 1e6:
        taken = _MJD_0 + timedelta(int(facts.expstart_mjd))
        if written < taken - timedelta(_CLOCK_DAYS):
            yield f"DATE is {said}, before the exposure was taken ({taken})."


def _of_exposure(primary: Cards, facts: ExposureFacts) -> Iterator[str]:
    start, end, exptime_s = facts.expstart_mjd, facts.expend_mjd, facts.exptime_s
    if start is None or end is None or not 0 < end - start < 100 or not exptime_s > 0:
        return
    elapsed_s = 86400 * (end - start)
    if exptime_s > _TOO_LONG * elapsed_s + _CLOCK_S:
        yield f"EXPTIME is {exptime_s:g} s, of {elapsed_s:.1f} s from EXPSTART to EXPEND."
    is_unbroken = (primary.text("EXPFLAG") or "").upper() in _UNBROKEN
    is_single = (primary.integer("CRSPLIT") or 1) == 1 and (primary.integer("NRPTEXP") or 1) == 1
    if (
        facts.instrument.upper() in _CAMERAS
        and is_unbroken
        and is_single
        and exptime_s < _TOO_SHORT * elapsed_s - _CLOCK_S
    ):
        yield (
            f"EXPTIME is {exptime_s:g} s, of {elapsed_s:.1f} s from EXPSTART to EXPEND, and "
            "EXPFLAG says of no interruption."
        )


def _of_names(primary: Cards, cards: Cards, chip: HduRecord) -> Iterator[str]:
    """Compare the names of the exposure; the file of an association has its name, with a digit."""
    names = [(primary.text("ROOTNAME") or "").lower(), (cards.text("EXPNAME") or "").lower()]
    are_exposures = all(len(name) == _LENGTH and name[-1].isalpha() for name in names)
    if are_exposures and names[0][:-1] != names[1][:-1]:
        yield (
            f"ROOTNAME is {names[0]}, and EXPNAME of SCI,{chip.version} is {names[1]}: it is taken "
            "for the latter."
        )


def _of_pointing(cards: Cards, chip: HduRecord) -> Iterator[str]:
    orientat = cards.number("ORIENTAT")
    right, up = cards.number("CD1_2"), cards.number("CD2_2")
    if orientat is not None and right is not None and up is not None and (right or up):
        turned = (math.degrees(math.atan2(right, up)) - orientat + 180) % 360 - 180
        if abs(turned) > _TURNED_DEG:
            yield f"CD of SCI,{chip.version} is turned by {turned:.2f} degrees from ORIENTAT."
    keys = ("CRVAL1", "CRVAL2", "RA_APER", "DEC_APER")
    place = [number for key in keys if (number := cards.number(key)) is not None]
    if len(place) < len(keys):
        return
    away = separation_deg((place[0], place[1]), (place[2], place[3]))
    if away > _FROM_APERTURE_DEG:
        yield (
            f"CRVAL of SCI,{chip.version} is {away:.3g} degrees from its aperture "
            "(RA_APER, DEC_APER)."
        )


def _of_tables(cards: Cards, chip: HduRecord) -> Iterator[str]:
    """DISTNAME is ``SIP-NPOL-D2IM``: what was applied must be there (stwcs.distortion.utils)."""
    parts = (cards.text("DISTNAME") or "").split("-")
    if len(parts) != 3:
        return
    for name, card, keys in (
        (parts[1], "NPOLFILE", ("CPDIS1", "CPDIS2")),
        (parts[2], "D2IMFILE", ("D2IMDIS1", "D2IMDIS2", "AXISCORR")),
    ):
        named = cards.text(card)
        is_wanted = named is not None and name.upper() not in ("", _NO_TABLE)
        if is_wanted and all(cards.text(key) is None for key in keys):
            yield (
                f"DISTNAME and {card} name {name}, and SCI,{chip.version} has no correction of it: "
                "positions are off by up to a tenth of a pixel or more."
            )


def _of_scale(cards: Cards, chip: HduRecord, facts: ExposureFacts) -> Iterator[str]:
    """Compare IDCSCALE, by which a sky becomes a surface brightness, with the pixels of CD."""
    scale = cards.number("IDCSCALE")
    # What has the distortion of these cameras has it from an IDCTAB, by stwcs.
    kept = (*_WITH_SCALE, "A_ORDER") if facts.instrument.upper() in _CAMERAS else _WITH_SCALE
    beside = next((key for key in kept if cards.raw(key) is not None), None)
    if scale is None and beside is not None:
        yield (
            f"IDCSCALE of SCI,{chip.version} is missing beside {beside}: its sky is not on the "
            "scale of other exposures, and AstroDrizzle can fail; update its WCS anew (updatewcs)."
        )
    found = _pixel_arcsec(cards)
    if scale is None or found is None or facts.instrument.upper() == "WFPC2":
        return
    off = _SCALE_OFF if facts.detector.upper() in _OF_AREA else _SCALE_OF_PRODUCTS
    if not 1 / off <= scale / found <= off:
        yield (
            f"IDCSCALE of SCI,{chip.version} is {scale:g}, and its pixels (CD) have {found:.4g} "
            f"arcsec: its sky is off by a factor of {(found / scale) ** 2:.3g} against others."
        )


def _pixel_arcsec(cards: Cards) -> float | None:
    """Side of a square as large as a pixel, by CD; binned pixels are as large as they are."""
    matrix = [cards.number(key) for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2")]
    a, b, c, d = (number or 0.0 for number in matrix)
    return 3600.0 * math.sqrt(abs(a * d - b * c)) or None


def _day(text: str) -> date | None:
    with suppress(ValueError):
        # In its usual form; strptime takes ten times as long.
        return date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else _other_day(text)
    return None


def _other_day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%d/%m/%y"):
        with suppress(ValueError):
            return datetime.strptime(text.strip()[:10], form).date()
    return None
