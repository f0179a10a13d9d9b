"""What of a file cannot be right, although the file can be used: it is recorded and flagged.

What makes an image or its WCS unusable is refused, see :mod:`skydb.files.sanity`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from skydb.domain.values import ExposureFacts
from skydb.domain.vocabulary import ProductKind
from skydb.files.cards import Cards
from skydb.files.instruments import sky_unit_of
from skydb.files.integrity import wrong_sums
from skydb.files.structure import FitsSkeleton

#: Launch of HST, 1990-04-24, and the end of the century, as MJD.
_FIRST_MJD, _LAST_MJD = 48005.0, 88069.0
#: A hundred days: a product of the deepest fields has less.
_LONGEST_EXPTIME_S = 8.64e6
#: Since 1999 dates are ISO 8601 (FITS standard 4.0, section 9.1); before, a year had two digits.
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
        *_doubtful_extensions(skeleton, kind),
        *_doubtful_times(kind, facts),
        *_doubtful_places(facts),
    )


def sum_doubts(skeleton: FitsSkeleton) -> Iterator[str]:
    """Sentences on checksums that do not hold: bits have changed since they were written."""
    for wrong in wrong_sums(skeleton):
        yield f"{wrong}: it is damaged, or was changed without renewing its sums; fetch it again."


def _doubtful_extensions(skeleton: FitsSkeleton, kind: ProductKind) -> Iterator[str]:
    announced = Cards(skeleton.path, (skeleton.primary.scanned,)).integer("NEXTEND")
    if announced is not None and announced < 0:
        yield f"NEXTEND is {announced}."
    if kind.is_drizzled:
        return
    for chip in skeleton.named("SCI"):
        bunit = Cards(skeleton.path, (chip.scanned, skeleton.primary.scanned)).text("BUNIT")
        if sky_unit_of(bunit) is None:
            said = "is missing" if bunit is None else f"is {bunit!r}, which is no unit of a sky"
            yield f"BUNIT of SCI,{chip.version} {said}: its sky has no unit."
        # The flags of a c0m are in another file, and it has no errors.
        for name in ("ERR", "DQ") if kind is not ProductKind.C0M else ():
            if all(hdu.version != chip.version for hdu in skeleton.named(name)):
                yield f"SCI,{chip.version} has no {name},{chip.version}."


def _doubtful_times(kind: ProductKind, facts: ExposureFacts) -> Iterator[str]:
    if facts.date_obs is not None and not _is_date(facts.date_obs):
        yield f"DATE-OBS is {facts.date_obs!r}, which is no date of HST."
    if facts.expstart_mjd is None and not kind.is_drizzled:
        yield "EXPSTART is missing: nobody knows when it was taken."
    for card, mjd in (("EXPSTART", facts.expstart_mjd), ("EXPEND", facts.expend_mjd)):
        if mjd is not None and not _FIRST_MJD <= mjd <= _LAST_MJD:
            yield f"{card} is {mjd:.10g}, when HST was not in space (MJD)."
    start, end = facts.expstart_mjd, facts.expend_mjd
    if start is not None and end is not None and end < start:
        yield "EXPEND is before EXPSTART."
    if not 0 <= facts.exptime_s <= _LONGEST_EXPTIME_S:
        yield f"EXPTIME is {facts.exptime_s:g} s, which no exposure has."


def _doubtful_places(facts: ExposureFacts) -> Iterator[str]:
    limits = {
        "RA_TARG": (facts.ra_targ_deg, -180.0, 360.0),
        "DEC_TARG": (facts.dec_targ_deg, -90.0, 90.0),
        "PA_V3": (facts.pa_v3_deg, -360.0, 360.0),
    }
    for card, (value, low, high) in limits.items():
        if value is not None and not low <= value <= high:
            yield f"{card} is {value:g}, which is no angle of its kind (degrees)."


def _is_date(text: str) -> bool:
    """Whether a text is a date since the launch of HST."""
    for form in _DATES:
        with suppress(ValueError):
            return datetime.strptime(text, form).year >= 1990
    return False
