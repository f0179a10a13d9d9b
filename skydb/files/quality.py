"""Quality of the fit of the primary WCS by its header, in one unit.

Two writers use the same RMS_RA and RMS_DEC with different units:

* HAP and MAST write NMATCHES, RMS in **mas**, with -1 as "no value"
  (``drizzlepac.haputils.align_utils``);
* TweakReg writes NMATCH, RMS in **degrees**, and leaves the comment "(mas)", NMATCHES
  and FITGEOM of an older solution standing (``drizzlepac.imgclasses``).

Numbers that are not of the active WCS do not count: a pointing, a distortion or an
a priori correction was not fitted, whatever cards another WCS left in the header. An RMS
without a number of matches does not count either.

Three properties show the unit. The count keyword: NMATCHES means mas, NMATCH degrees, both
mean nothing. The comment: "(mas)" or "(deg)", except "(mas)" beside NMATCH, which may be
old. The size: below 1e-4 means degrees (no HST fit is good to 0.1 microarcsec), 0.05 or more
means mas (0.05 degrees is as large as a camera). If they agree, that is the unit; if they
do not, or none applies, there is no RMS and ``unit_known`` is False.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from astropy.io import fits

from skydb.domain.values import FitQuality, WcsName
from skydb.domain.vocabulary import WcsKind
from skydb.files.cardscan import ScannedHeader

DEG_TO_MAS = 3_600_000.0
LARGEST_PLAUSIBLE_DEG = 0.05
SMALLEST_PLAUSIBLE_MAS = 1e-4
_RMS_KEYS = ("RMS_RA", "RMS_DEC")
_COUNT_KEYS = ("NMATCH", "NMATCHES")
_NEVER_FITTED = (WcsKind.PIPELINE, WcsKind.DISTORTION, WcsKind.A_PRIORI)


class RmsUnit(Enum):
    """Unit of RMS_RA and RMS_DEC, by the factor that makes mas of it."""

    MAS = 1.0
    DEG = DEG_TO_MAS


@dataclass(frozen=True, slots=True)
class QualityReading:
    """A fit quality, and whether its unit is known.

    Parameters
    ----------
    quality : FitQuality
        RMS in mas.
    unit_known : bool
        False when there is an RMS whose unit the header contradicts itself about; the
        RMS is then None.
    """

    quality: FitQuality = field(default_factory=FitQuality)
    unit_known: bool = True


def read_quality(header: ScannedHeader | fits.Header, key: str = " ") -> QualityReading:
    """Fit quality of one WCS of a SCI header.

    Only the primary WCS has any: alternates carry CRDER at most, whose unit is degrees by
    the standard but mas by its value in a priori solutions.

    Parameters
    ----------
    header : ScannedHeader or astropy.io.fits.Header
        Header of a SCI extension.
    key : str
        " " for the primary WCS, else the letter of an alternate.
    """
    if key.strip() or _is_left_over(header):
        return QualityReading()
    counts = {card: _count(header, card) for card in _COUNT_KEYS if card in header}
    if all(count is None for count in counts.values()):
        return QualityReading()
    rms = {card: _rms(header, card, counts) for card in _RMS_KEYS}
    if all(value is None for value in rms.values()):
        return QualityReading(_quality(header, counts, rms, _unit_of_count(header)))
    unit = _unit(header, [value for value in rms.values() if value is not None])
    if unit is None:
        unknown: dict[str, float | None] = dict.fromkeys(rms)
        return QualityReading(_quality(header, counts, unknown, None), unit_known=False)
    return QualityReading(_quality(header, counts, rms, unit))


def _is_left_over(header: ScannedHeader | fits.Header) -> bool:
    """Whether the numbers belong to an older WCS than the active one.

    TweakBack gives an exposure a name of its own and leaves the archive's NMATCHES and RMS.
    A WCS that was not fitted has none of its own, also where TweakReg counted for an older one.
    """
    name = WcsName.parse(str(header.get("WCSNAME", "")))
    if not name.text:
        return False
    return not is_fitted(name) or (name.kind is WcsKind.USER and "NMATCH" not in header)


def is_fitted(name: WcsName) -> bool:
    """Whether a solution of this name can have a fit quality of its own."""
    return name.kind not in _NEVER_FITTED


def _quality(
    header: ScannedHeader | fits.Header,
    counts: dict[str, int | None],
    rms: dict[str, float | None],
    unit: RmsUnit | None,
) -> FitQuality:
    factor = unit.value if unit else 1.0
    in_mas = {card: value * factor for card, value in rms.items() if value is not None}
    geometry = None if unit is RmsUnit.DEG else _text(header, "FITGEOM")
    return FitQuality(_matches(counts, unit), in_mas.get("RMS_RA"), in_mas.get("RMS_DEC"), geometry)


def _matches(counts: dict[str, int | None], unit: RmsUnit | None) -> int | None:
    """Count of the writer whose unit it is; of two writers without a unit, neither."""
    if len(counts) < 2:
        return next(iter(counts.values()), None)
    if unit is None:
        return None
    return counts["NMATCH" if unit is RmsUnit.DEG else "NMATCHES"]


def _unit(header: ScannedHeader | fits.Header, values: list[float]) -> RmsUnit | None:
    units = {_unit_of_count(header), _unit_of_comment(header), _unit_of_size(max(values))}
    units.discard(None)
    return units.pop() if len(units) == 1 else None


def _unit_of_count(header: ScannedHeader | fits.Header) -> RmsUnit | None:
    if ("NMATCH" in header) == ("NMATCHES" in header):
        return None
    return RmsUnit.DEG if "NMATCH" in header else RmsUnit.MAS


def _unit_of_comment(header: ScannedHeader | fits.Header) -> RmsUnit | None:
    comments = " ".join(header.comments[card] for card in _RMS_KEYS if card in header).lower()
    if "(deg)" in comments:
        return RmsUnit.DEG
    return RmsUnit.MAS if "(mas)" in comments and "NMATCH" not in header else None


def _unit_of_size(largest: float) -> RmsUnit | None:
    if 0 < largest < SMALLEST_PLAUSIBLE_MAS:
        return RmsUnit.DEG
    return RmsUnit.MAS if largest >= LARGEST_PLAUSIBLE_DEG else None


def _count(header: ScannedHeader | fits.Header, card: str) -> int | None:
    """Number of matches; zero and -1 both stand for no fit."""
    value = header.get(card)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    return int(value)


def _rms(
    header: ScannedHeader | fits.Header, card: str, counts: dict[str, int | None]
) -> float | None:
    """RMS as written; None for -1, for not a number, and for the 0.0 of a failed fit."""
    value = header.get(card)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    matched = counts.get("NMATCH", counts.get("NMATCHES")) is not None
    if not math.isfinite(number) or number < 0 or (number == 0 and not matched):
        return None
    return number


def _text(header: ScannedHeader | fits.Header, card: str) -> str | None:
    text = str(header.get(card, "")).strip()
    return text if text and text.upper() != "N/A" else None
