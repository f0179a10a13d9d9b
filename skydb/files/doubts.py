"""Checks of values in a usable file that cannot be right: they are recorded and flagged.

Values that make an image or its WCS unusable are refused, see :mod:`skydb.files.sanity`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import numpy as np

from skydb.domain.units import HIGHEST_SKY
from skydb.domain.values import ExposureFacts
from skydb.domain.vocabulary import ProductKind
from skydb.files.cards import Cards
from skydb.files.contradictions import contradictions_in
from skydb.files.equalpixels import equal_pixels
from skydb.files.instruments import sky_unit_of
from skydb.files.integrity import wrong_sums
from skydb.files.repeatedcards import repeated_cards
from skydb.files.structure import FitsSkeleton, HduRecord

#: Launch of HST, 1990-04-24, and the end of the century, as MJD.
_FIRST_MJD, _LAST_MJD = 48005.0, 88069.0
_MJD_0 = datetime(1858, 11, 17)
#: A hundred days: a product of the deepest fields has less.
_LONGEST_EXPTIME_S = 8.64e6
#: Since 1999 dates are ISO 8601 (FITS standard 4.0, section 9.1); before, a year had two digits.
#: Longest time by which DATE-OBS, which has whole days, is off EXPSTART.
_DAYS_APART = 2.0
#: Speed of HST around the Earth and the Sun, some 38 km/s, in that of light, and some more.
_FASTEST = 2e-4
_GAINS = ("ATODGAIN", "ADCGAIN", "CCDGAIN", "GAIN")
#: Detectors that count photons have no gain.
_WITHOUT_GAIN = frozenset({"SBC", "FUV-MAMA", "NUV-MAMA"})
#: What names of filters and gratings, several of them, are made of.
_FILTER = re.compile(r"[A-Za-z0-9;,/+. _-]+")
#: Pixels looked at first, in the middle of a chip, and at a time.
_PIXELS = 1 << 14
#: Pixels that are looked at before those: nearly always that is enough.
_FEW_PIXELS = 64
#: The usual form, for which :meth:`datetime.strptime` takes ten times as long.
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%d/%m/%y")


def doubts_of(skeleton: FitsSkeleton, kind: ProductKind, facts: ExposureFacts) -> tuple[str, ...]:
    """Sentences on cards and sums of an image that cannot be right.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file with at least one SCI extension.
    kind : ProductKind
        What it is: of a drizzled product there are no flags, and its unit is not asked for.
    facts : ExposureFacts
        What its headers say of the exposure.
    """
    return (
        *sum_doubts(skeleton),
        *repeated_cards(skeleton),
        *_doubtful_filters(facts),
        *_doubtful_extensions(skeleton, kind),
        *_doubtful_numbers(skeleton, facts),
        # A product can be empty: a sky cell that its exposures hardly touch.
        *(() if kind.is_drizzled else _doubtful_pixels(skeleton, kind, facts)),
        *_doubtful_times(kind, facts),
        *_doubtful_places(facts),
        *contradictions_in(skeleton, kind, facts),
    )


def sum_doubts(skeleton: FitsSkeleton) -> Iterator[str]:
    """Check the checksums in a file: bits may have changed since they were written."""
    for wrong in wrong_sums(skeleton):
        yield f"{wrong}: it is damaged, or was changed without renewing its sums; fetch it again."


def _doubtful_filters(facts: ExposureFacts) -> Iterator[str]:
    if not _FILTER.fullmatch(facts.filters):
        yield f"its filter is {facts.filters!r}, which is no name of one."


def _doubtful_extensions(skeleton: FitsSkeleton, kind: ProductKind) -> Iterator[str]:
    announced = Cards(skeleton.path, (skeleton.primary.scanned,)).integer("NEXTEND")
    if announced is not None and announced < 0:
        yield f"NEXTEND is {announced}."
    if skeleton.primary.scanned.get("SIMPLE") is False:
        yield "SIMPLE is F: it does not claim to be FITS."
    if kind.is_drizzled:
        return
    for chip in skeleton.named("SCI"):
        bunit = Cards(skeleton.path, (chip.scanned, skeleton.primary.scanned)).text("BUNIT")
        if sky_unit_of(bunit) is None:
            said = "is missing" if bunit is None else f"is {bunit!r}, which is not a unit of a sky"
            yield f"BUNIT of SCI,{chip.version} {said}: its sky has no unit."
        # The flags of a c0m are in another file, and it has no errors.
        for name in ("ERR", "DQ") if kind is not ProductKind.C0M else ():
            if all(hdu.version != chip.version for hdu in skeleton.named(name)):
                yield f"SCI,{chip.version} has no {name},{chip.version}."
    for flags in skeleton.named("DQ"):
        if flags.data_bytes and int(flags.early("BITPIX", 16)) < 0:
            yield f"DQ,{flags.version} has numbers with fractions, not flags: no run can use it."


def _doubtful_numbers(skeleton: FitsSkeleton, facts: ExposureFacts) -> Iterator[str]:
    """Check the values from which a sky and its unit are computed."""
    primary = skeleton.primary.scanned
    for chip in skeleton.named("SCI"):
        cards = Cards(skeleton.path, (chip.scanned, primary))
        said, sky = cards.text("MDRIZSKY"), cards.number("MDRIZSKY")
        if said is not None and (sky is None or abs(sky) > HIGHEST_SKY):
            yield f"MDRIZSKY of SCI,{chip.version} is {said}, which is not a sky value."
        factor = cards.number("VAFACTOR")
        if factor is not None and abs(factor - 1) > _FASTEST:
            yield f"VAFACTOR of SCI,{chip.version} is {factor:g}: so fast HST never moves."
        scale = cards.text("BSCALE")
        if scale is not None and cards.number("BSCALE") in (None, 0.0):
            yield f"BSCALE of SCI,{chip.version} is {scale}: its pixels have no values."
        good = cards.integer("NGOODPIX")
        if good is not None and good < 0:
            yield f"NGOODPIX of SCI,{chip.version} is {good}."
    cards = Cards(skeleton.path, (primary, skeleton.named("SCI")[0].scanned))
    gains = {key: cards.number(key) for key in _GAINS if cards.text(key) is not None}
    if gains and facts.detector not in _WITHOUT_GAIN and not any(map(_is_gain, gains.values())):
        listed = " and ".join(f"{key} is {cards.text(key)}" for key in gains)
        yield f"{listed}: it has no gain, and counts cannot be converted to electrons."


def _is_gain(number: float | None) -> bool:
    return number is not None and number > 0


def _doubtful_pixels(
    skeleton: FitsSkeleton, kind: ProductKind, facts: ExposureFacts
) -> Iterator[str]:
    flags = {hdu.version: hdu for hdu in skeleton.named("DQ")}
    # Of counted photons there are often none; the flags of a c0m are in another file.
    are_distinct = facts.detector not in _WITHOUT_GAIN and kind is not ProductKind.C0M
    for chip in skeleton.named("SCI"):
        if not _has_numbers(skeleton, chip):
            yield f"SCI,{chip.version} has no pixel that is a number: nothing can be measured."
            continue
        equal = equal_pixels(skeleton, chip, flags.get(chip.version)) if are_distinct else None
        if equal is not None:
            yield (
                f"About {equal[0]:.0%} of the pixels of SCI,{chip.version} have the same value, "
                f"{equal[1]:g}, and no flag: they are hardly measurements, and pull its sky."
            )


def _has_numbers(skeleton: FitsSkeleton, chip: HduRecord) -> bool:
    """Whether any pixel is finite; of nearly every image the first that are read are."""
    kind = {-32: ">f4", -64: ">f8"}.get(int(chip.early("BITPIX", 0)))
    if kind is None or not chip.data_bytes:
        return True
    width = np.dtype(kind).itemsize
    middle = chip.data_bytes // width // 2 * width
    few = min(middle + _FEW_PIXELS * width, chip.data_bytes)
    return any(
        np.isfinite(np.frombuffer(block[: len(block) // width * width], kind)).any()
        for first, last in ((middle, few), (middle, chip.data_bytes), (0, middle))
        for block in skeleton.blocks_of(chip, first, last, _PIXELS * width)
    )


def _doubtful_times(kind: ProductKind, facts: ExposureFacts) -> Iterator[str]:
    if facts.date_obs is not None and _date(facts.date_obs) is None:
        yield f"DATE-OBS is {facts.date_obs!r}, which is not a date of HST."
    days = _days_apart(facts)
    if days is not None and days > _DAYS_APART and not kind.is_combined:
        yield f"DATE-OBS is {facts.date_obs}, {days:.0f} days off EXPSTART."
    if facts.expstart_mjd is None and not kind.is_drizzled:
        yield "EXPSTART is missing; the time of the exposure is unknown."
    for card, mjd in (("EXPSTART", facts.expstart_mjd), ("EXPEND", facts.expend_mjd)):
        if mjd is not None and not _FIRST_MJD <= mjd <= _LAST_MJD:
            yield f"{card} is {mjd:.10g}, when HST was not in space (MJD)."
    start, end = facts.expstart_mjd, facts.expend_mjd
    if start is not None and end is not None and end < start:
        yield "EXPEND is before EXPSTART."
    if not 0 <= facts.exptime_s <= _LONGEST_EXPTIME_S:
        yield f"EXPTIME is {facts.exptime_s:g} s, which is out of range."


def _days_apart(facts: ExposureFacts) -> float | None:
    """Difference of DATE-OBS and EXPSTART; None without one of them.

    A year of two digits is no evidence.
    """
    taken = _date(facts.date_obs)
    if taken is None or facts.expstart_mjd is None or "/" in str(facts.date_obs):
        return None
    return abs((taken - _MJD_0).total_seconds() / 86400 - facts.expstart_mjd)


def _doubtful_places(facts: ExposureFacts) -> Iterator[str]:
    limits = {
        "RA_TARG": (facts.ra_targ_deg, -180.0, 360.0),
        "DEC_TARG": (facts.dec_targ_deg, -90.0, 90.0),
        "PA_V3": (facts.pa_v3_deg, -360.0, 360.0),
    }
    for card, (value, low, high) in limits.items():
        if value is not None and not low <= value <= high:
            yield f"{card} is {value:g}, which is out of range (degrees)."


def _date(text: str | None) -> datetime | None:
    """The date that a text is, if it is one since the launch of HST."""
    if text is not None and _ISO_DATE.fullmatch(text):
        with suppress(ValueError):
            year, month, day = (int(part) for part in text.split("-"))
            found = datetime(year, month, day)
            return found if found.year >= 1990 else None
    for form in _DATES:
        with suppress(ValueError):
            found = datetime.strptime(text or "", form)
            return found if found.year >= 1990 else None
    return None
