"""Every WCS of a file: the primary one and all alternates, over all SCI extensions.

The linear terms are read from the cards (FITS WCS papers I and II); only the outline
of the primary one needs astropy, with SIP and the lookup tables (papers III and IV).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits

from skydb.domain.outline import outline_pix
from skydb.domain.values import ChipGeometry, WcsFacts, WcsName
from skydb.errors import FileRejectedError
from skydb.files.cardnames import Keywords
from skydb.files.cards import Cards
from skydb.files.quality import read_quality
from skydb.files.structure import FitsSkeleton, HduRecord
from skydb.files.tangent import PRIMARY_CARDS, tangent_wcs

if TYPE_CHECKING:
    from astropy.wcs import WCS

PRIMARY_KEY = " "
OUTLINE_POINTS_PER_SIDE = 5
_LOOKUPS = frozenset({"D2IMARR", "WCSDVARR"})
Matrix = tuple[float, float, float, float]
_NOTHING: Matrix = (0.0, 0.0, 0.0, 0.0)
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0)
#: Rows and columns of the elements of a matrix.
_PLACES = ((1, 1), (1, 2), (2, 1), (2, 2))
#: A determinant of more than this, of its two products, is not 0, however it is computed.
_SURELY = 1e-9
_KEYED = re.compile(r"CRVAL1([A-Z]?)$")


def read_solutions(skeleton: FitsSkeleton) -> tuple[WcsFacts, ...]:
    """All WCS of a file, the primary first, then alternates by letter.

    Alternates have no outline: their distortion is the primary's, their linear terms differ.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file with at least one SCI extension.

    Raises
    ------
    FileRejectedError
        When a chip's WCS is missing, not celestial, contradictory or not a number.
    """
    chips = skeleton.named("SCI")
    keys = sorted({key for chip in chips for key in chip.scanned.keywords.once(_keys)})
    if PRIMARY_KEY not in keys:
        raise FileRejectedError(skeleton.path, "its SCI extensions have no WCS (CRVAL1)")
    return tuple(_solution(skeleton, chips, key) for key in keys)


def distorted_wcs(skeleton: FitsSkeleton) -> dict[int, WCS]:
    """WCS of every SCI extension by EXTVER, with SIP and lookup tables.

    Raises
    ------
    FileRejectedError
        When astropy cannot build one.
    """
    chips = skeleton.named("SCI")
    lookups = _lookup_tables(skeleton, chips)
    return {chip.version: _astropy_wcs(skeleton, chip, lookups) for chip in chips}


def image_size_pix(chip: HduRecord) -> tuple[int, int]:
    """(NAXIS1, NAXIS2), or (NPIX1, NPIX2) of an image that is one constant.

    STScI writes an array of equal pixels as a header with PIXVALUE and no data.
    """
    if int(chip.early("NAXIS", 0)) >= 2:
        return int(chip.early("NAXIS1")), int(chip.early("NAXIS2"))
    return int(chip.scanned.get("NPIX1", 0)), int(chip.scanned.get("NPIX2", 0))


def _keys(keywords: Keywords) -> tuple[str, ...]:
    matches = (_KEYED.match(key) for key in keywords.first if key.startswith("CRVAL1"))
    return tuple(match[1] or PRIMARY_KEY for match in matches if match)


def _solution(skeleton: FitsSkeleton, chips: Sequence[HduRecord], key: str) -> WcsFacts:
    suffix = key.strip()
    holders = [chip for chip in chips if f"CRVAL1{suffix}" in chip.scanned]
    if key == PRIMARY_KEY and len(holders) < len(chips):
        raise FileRejectedError(skeleton.path, "some of its SCI extensions have no WCS (CRVAL1)")
    cards = Cards(skeleton.path, tuple(chip.scanned for chip in holders))
    reading = read_quality(holders[0].scanned, key)
    return WcsFacts(
        key=key,
        name=_common_name(skeleton, holders, suffix),
        chips=tuple(_chip(skeleton, chip, key) for chip in holders),
        wcs_type=cards.text(f"WCSTYPE{suffix}"),
        hdr_name=cards.text(f"HDRNAME{suffix}"),
        quality=reading.quality,
        rms_unit_known=reading.unit_known,
    )


def _common_name(skeleton: FitsSkeleton, chips: Sequence[HduRecord], suffix: str) -> WcsName:
    """WCSNAME of one solution; chips that disagree are not one solution."""
    card = f"WCSNAME{suffix}"
    names = {Cards(skeleton.path, (chip.scanned,)).text(card) or "" for chip in chips}
    if len(names) > 1:
        listed = ", ".join(repr(name) for name in sorted(names))
        advice = "Part of an update was lost; restore the file from the archive."
        raise FileRejectedError(
            skeleton.path, f"its chips disagree on {card}: {listed}", advice=advice
        )
    return WcsName.parse(names.pop())


def _chip(skeleton: FitsSkeleton, chip: HduRecord, key: str) -> ChipGeometry:
    cards = Cards(skeleton.path, (chip.scanned,))
    suffix = key.strip()
    crval = _pair(cards, chip, f"CRVAL{{}}{suffix}", None)
    outline: tuple[tuple[float, float], ...] = ()
    if key == PRIMARY_KEY:
        _require_celestial(cards, chip)
        outline = _outline(skeleton, chip)
    return ChipGeometry(
        extver=chip.version,
        naxis_pix=image_size_pix(chip),
        crpix_pix=_pair(cards, chip, f"CRPIX{{}}{suffix}", 0.0),
        crval_deg=crval,
        cd_deg=_cd_matrix(cards, chip, suffix),
        polygon_deg=outline,
        ccdchip=_ccdchip(cards),
    )


def _require_celestial(cards: Cards, chip: HduRecord) -> None:
    types = (cards.text("CTYPE1") or "", cards.text("CTYPE2") or "")
    if not (types[0].startswith("RA-") and types[1].startswith("DEC-")):
        reason = f"SCI,{chip.version} has axes {types[0]!r} and {types[1]!r}, not RA and Dec"
        raise FileRejectedError(cards.path, reason)


def _number(cards: Cards, chip: HduRecord, card: str, default: float | None) -> float:
    """Number of one WCS card; a default is only for a card that is not there."""
    value = cards.number(card)
    if value is not None:
        return value
    if default is None or cards.raw(card) is not None:
        reason = f"SCI,{chip.version} has no usable {card} in its WCS"
        raise FileRejectedError(cards.path, reason, advice="Restore the file from the archive.")
    return default


def _pair(
    cards: Cards, chip: HduRecord, pattern: str, default: float | None
) -> tuple[float, float]:
    first, second = (_number(cards, chip, pattern.format(axis), default) for axis in (1, 2))
    return first, second


def _cd_matrix(cards: Cards, chip: HduRecord, suffix: str) -> Matrix:
    """CD matrix, or PC with CDELT (FITS WCS paper I, section 2.1)."""
    if any(cards.raw(f"CD{i}_{j}{suffix}") is not None for i in (1, 2) for j in (1, 2)):
        matrix = _matrix(cards, chip, f"CD{{}}_{{}}{suffix}", _NOTHING)
    elif cards.number(f"CROTA2{suffix}"):
        raise FileRejectedError(cards.path, f"SCI,{chip.version} is turned by CROTA2, not by CD")
    else:
        first, second = _pair(cards, chip, f"CDELT{{}}{suffix}", 1.0)
        pc = _matrix(cards, chip, f"PC{{}}_{{}}{suffix}", _UNIT)
        matrix = pc[0] * first, pc[1] * first, pc[2] * second, pc[3] * second
    if _is_singular(matrix):
        reason = f"SCI,{chip.version} has a singular CD matrix (WCS {suffix or 'primary'})"
        raise FileRejectedError(cards.path, reason)
    return matrix


def _is_singular(matrix: Matrix) -> bool:
    a, b, c, d = matrix
    # The determinant of numpy is slow, and needed only where it may be 0.
    if abs(a * d - b * c) > _SURELY * (abs(a * d) + abs(b * c)):
        return False
    return not np.linalg.det(np.array(matrix).reshape(2, 2))


def _matrix(cards: Cards, chip: HduRecord, pattern: str, defaults: Matrix) -> Matrix:
    first, second, third, fourth = (
        _number(cards, chip, pattern.format(*place), default)
        for place, default in zip(_PLACES, defaults, strict=True)
    )
    return first, second, third, fourth


def _ccdchip(cards: Cards) -> int | None:
    """CCDCHIP; WFPC2 calls it DETECTOR, drizzled products write -999."""
    number = cards.integer("CCDCHIP") or cards.integer("DETECTOR")
    return number if number is not None and number > 0 else None


def _outline(skeleton: FitsSkeleton, chip: HduRecord) -> tuple[tuple[float, float], ...]:
    pixels = outline_pix(image_size_pix(chip), OUTLINE_POINTS_PER_SIDE)
    wcs = tangent_wcs(skeleton, chip.scanned)
    if wcs is None:
        wcs = _astropy_wcs(skeleton, chip, _lookup_tables(skeleton, skeleton.named("SCI")))
    sky = wcs.all_pix2world(pixels, 1)
    if not np.isfinite(sky).all():
        raise FileRejectedError(skeleton.path, f"the outline of SCI,{chip.version} is not finite")
    return tuple((ra % 360.0, dec) for ra, dec in sky.tolist())


def _lookup_tables(skeleton: FitsSkeleton, chips: Sequence[HduRecord]) -> fits.HDUList | None:
    """Lookup tables of the file, when a chip refers to one."""
    wanted = ("CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2", "AXISCORR")
    if any(card in chip.scanned for chip in chips for card in wanted):
        return skeleton.as_hdulist(_LOOKUPS)
    return None


def _astropy_wcs(skeleton: FitsSkeleton, chip: HduRecord, lookups: fits.HDUList | None) -> WCS:
    from astropy.wcs import WCS, WcsError

    cards = [card for card in chip.header.cards if PRIMARY_CARDS.fullmatch(card.keyword)]
    try:
        wcs = WCS(fits.Header(cards), lookups)
    except (WcsError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        reason = f"the WCS of SCI,{chip.version} cannot be built ({_one_line(error)})"
        raise FileRejectedError(skeleton.path, reason) from error
    wcs.pixel_shape = image_size_pix(chip)
    return wcs


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
