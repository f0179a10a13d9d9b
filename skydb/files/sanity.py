"""Checks of an image and its WCS: impossible values are refused with a sentence.

AstroDrizzle accepts any WCS and makes a wrong mosaic of a wrong one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from skydb.domain.outline import outline_pix
from skydb.domain.values import (
    ChipGeometry,
    ExposureFacts,
    WcsFacts,
    WcsName,
    plate_scale_arcsec,
)
from skydb.domain.vocabulary import ProductKind, WcsKind
from skydb.errors import FileRejectedError, NotHstImageError
from skydb.files.cardnames import Keywords
from skydb.files.cards import Cards
from skydb.files.cardscan import ScannedHeader
from skydb.files.structure import FitsSkeleton, HduRecord
from skydb.files.tangent import named_tables
from skydb.files.wcs import image_size_pix

#: Kinds whose pixels are those of the detector, distorted.
_DETECTOR_KINDS = frozenset(
    {
        *(ProductKind.FLT, ProductKind.FLC, ProductKind.CRJ, ProductKind.CRC),
        *(ProductKind.C0M, ProductKind.CAL),
    }
)
_MODELLED = frozenset({WcsKind.DISTORTION, WcsKind.A_PRIORI, WcsKind.FIT})
_LARGEST_EXTVER = 2**31 - 1
#: Chips have 4096 pixels at most; a sky cell counts from the middle of its projection cell.
_FARTHEST_PIX = {True: 1e6, False: 1e4}
#: Tolerance of the scale of an area with its distortion model; without one it is that of
#: one place, which on ACS/WFC is up to 4.6 % off the mean.
_SCALE_OFF = {True: 0.05, False: 0.1}
#: Tolerance along one axis: pixels of IR, HRC and SBC are 5 to 7 % longer than wide.
_AXIS_OFF = 0.15
_DRIZZLED_SCALES_ARCSEC = (1e-3, 10.0)
#: Plate scale of the Planetary Camera of WFPC2, which is chip 1 (WFPC2 Instrument Handbook).
_PC_SCALE_ARCSEC = 0.0455
#: SIP moves a pixel of HST by up to 4 % of its distance from CRPIX.
_LARGEST_SIP = 0.2
_SIP_FLOOR_PIX = 20.0
#: Detectors whose calibrated images show the sky as it is seen, with east left of north: the
#: determinant of CD is negative. Of the others no two images of one run may differ (see guards).
_AS_SEEN = frozenset({("WFC3", "IR"), ("WFC3", "UVIS"), ("ACS", "WFC"), ("ACS", "HRC")})
_ORDERS = range(10)
_SIP_CARD = re.compile(r"[AB]P?_([0-9]_[0-9]|ORDER)")
_SIP_TERM = re.compile(r"([AB])_([0-9])_([0-9])")
_FRAMES = frozenset({"ICRS", "FK5"})
#: Two matrices are one to so much of their largest number.
_EQUAL = 1e-6
_MATRIX = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")


def check_layout(skeleton: FitsSkeleton, kind: ProductKind) -> None:
    """Refuse an image whose extensions do not fit together.

    Raises
    ------
    FileRejectedError
        SCI without two dimensions or pixels, ERR or DQ of another shape, or an EXTVER that
        is none.
    """
    for chip in skeleton.named("SCI"):
        _check_version(skeleton, chip)
        axes, size = _axes(chip), image_size_pix(chip)
        if axes not in (0, 2):
            raise _refused(skeleton, f"SCI,{chip.version} has {axes} dimensions, not two")
        if min(size) < 1:
            raise NotHstImageError(skeleton.path, f"SCI,{chip.version} has no pixels")
        if not kind.is_drizzled:
            _check_companions(skeleton, chip, size)


def check_polynomials(skeleton: FitsSkeleton) -> None:
    """Refuse coefficients of SIP that are not numbers, before they are used.

    Raises
    ------
    FileRejectedError
        With the card.
    """
    for chip in skeleton.named("SCI"):
        cards = Cards(skeleton.path, (chip.scanned,))
        for key in chip.scanned.keywords.once(_sip_cards):
            number = cards.number(key)
            if number is None or (key.endswith("ORDER") and number not in _ORDERS):
                said = f"{key} of SCI,{chip.version} is {cards.raw(key)}, which is not valid"
                raise _refused(skeleton, said)


def _sip_cards(keywords: Keywords) -> tuple[str, ...]:
    return tuple(filter(_SIP_CARD.fullmatch, keywords.of_sip))


def check_lookups(skeleton: FitsSkeleton) -> None:
    """Refuse a WCS that names a lookup table which the file lacks, as tools leave it.

    Raises
    ------
    FileRejectedError
        With the table.
    """
    for chip in skeleton.named("SCI"):
        for table in named_tables(chip.scanned):
            if not table.is_in(skeleton):
                named = f"{table.extname},{table.extver}"
                said = f"SCI,{chip.version} names {named}, which is not in the file"
                raise _refused(skeleton, said)


def check_wcs(
    skeleton: FitsSkeleton, kind: ProductKind, facts: ExposureFacts, wcs: WcsFacts
) -> None:
    """Refuse a primary WCS that no image of this detector can have.

    Raises
    ------
    FileRejectedError
        With the chip and the number that cannot be.
    """
    for hdu, chip in zip(skeleton.named("SCI"), wcs.chips, strict=True):
        _check_frame(skeleton, hdu)
        _check_matrices(skeleton, hdu)
        _check_place(skeleton, kind, chip)
        _check_scale(skeleton, kind, facts, hdu.scanned, chip)
        if kind in _DETECTOR_KINDS:
            _check_model(skeleton, wcs.name, hdu.scanned, chip)
        _check_distortion(skeleton, hdu.scanned, chip)
    if kind in _DETECTOR_KINDS:
        _check_handedness(skeleton, facts, wcs.chips)


def _check_matrices(skeleton: FitsSkeleton, hdu: HduRecord) -> None:
    """Refuse CD beside another matrix of PC and CDELT, for programs differ in which they take."""
    cards = Cards(skeleton.path, (hdu.scanned,))
    said = [cards.number(key) or 0.0 for key in _MATRIX]
    other = [cards.number(key.replace("CD", "PC")) for key in _MATRIX]
    if not any(said) or not any(number is not None for number in other):
        return
    # What is not said is 1 (CDELT) or of the unit matrix (PC): FITS standard 4.0, section 8.2.
    steps = [1.0 if step is None else step for step in map(cards.number, ("CDELT1", "CDELT2"))]
    unit = (1.0, 0.0, 0.0, 1.0)
    parts = [one if number is None else number for one, number in zip(unit, other, strict=True)]
    if np.abs(said - np.repeat(steps, 2) * parts).max() > _EQUAL * max(map(abs, said)):
        raise _refused(skeleton, f"CD of SCI,{hdu.version} says otherwise than its PC and CDELT")


def _check_handedness(
    skeleton: FitsSkeleton, facts: ExposureFacts, chips: Sequence[ChipGeometry]
) -> None:
    """Refuse a mirrored sky: one axis of CD has the wrong sign, and no shift mends that."""
    detector = f"{facts.instrument}/{facts.detector}"
    is_known = (facts.instrument.upper(), facts.detector.upper()) in _AS_SEEN
    for chip in chips:
        if is_known and chip.is_mirrored:
            said = f"the CD matrix of SCI,{chip.extver} is mirrored, as of no image of {detector}"
            raise _refused(skeleton, said)
        if chip.is_mirrored is not chips[0].is_mirrored:
            other = f"SCI,{chip.extver} is mirrored against that of SCI,{chips[0].extver}"
            raise _refused(skeleton, f"the CD matrix of {other}")


def _refused(skeleton: FitsSkeleton, reason: str) -> FileRejectedError:
    return FileRejectedError(skeleton.path, reason, advice="Restore the file from the archive.")


def _check_version(skeleton: FitsSkeleton, hdu: HduRecord) -> None:
    if not 1 <= hdu.version <= _LARGEST_EXTVER:
        raise _refused(skeleton, f"a SCI extension has EXTVER {hdu.version}")


def _axes(hdu: HduRecord) -> int:
    return int(hdu.early("NAXIS", 0))


def _check_companions(skeleton: FitsSkeleton, chip: HduRecord, size: tuple[int, int]) -> None:
    companions = [hdu for name in ("ERR", "DQ") for hdu in skeleton.named(name)]
    for hdu in companions:
        # One that is a constant may not say how large it is.
        if hdu.version != chip.version or (_axes(hdu) == 0 and image_size_pix(hdu) == (0, 0)):
            continue
        if _axes(hdu) not in (0, 2) or image_size_pix(hdu) != size:
            raise _refused(skeleton, f"{hdu.name},{hdu.version} has another shape than its SCI")


def _check_frame(skeleton: FitsSkeleton, hdu: HduRecord) -> None:
    """Refuse a WCS that is not in degrees of ICRS or FK5 J2000 with the pole in the north."""
    cards = Cards(skeleton.path, (hdu.scanned,))
    units = {key: (cards.text(key) or "deg").lower() for key in ("CUNIT1", "CUNIT2")}
    frame = {key: (cards.text(key) or "ICRS").upper() for key in ("RADESYS", "RADECSYS")}
    equinox, pole = cards.number("EQUINOX"), cards.number("LONPOLE")
    off: dict[str, object] = {
        **{key: unit for key, unit in units.items() if not unit.startswith("deg")},
        **{key: name for key, name in frame.items() if name not in _FRAMES},
        **({"EQUINOX": equinox} if equinox not in (None, 2000.0) else {}),
        **({"LONPOLE": pole} if pole not in (None, 180.0) else {}),
    }
    for key, value in off.items():
        raise _refused(skeleton, f"{key} of SCI,{hdu.version} is {value}, which no HST image has")


def _check_place(skeleton: FitsSkeleton, kind: ProductKind, chip: ChipGeometry) -> None:
    ra, dec = chip.crval_deg
    if not (-180.0 <= ra <= 361.0 and abs(dec) <= 90.0):
        raise _refused(skeleton, f"CRVAL of SCI,{chip.extver} is not on the sky: {ra}, {dec}")
    centre = [(size + 1) / 2 for size in chip.naxis_pix]
    away = math.dist(chip.crpix_pix, centre)
    if not away <= _FARTHEST_PIX[kind.is_drizzled]:
        said = f"CRPIX of SCI,{chip.extver} is {away:.3g} pixels away from the image"
        raise _refused(skeleton, said)


def _check_scale(
    skeleton: FitsSkeleton,
    kind: ProductKind,
    facts: ExposureFacts,
    header: ScannedHeader,
    chip: ChipGeometry,
) -> None:
    matrix = [3600.0 * element for element in chip.cd_deg]
    found = _side(matrix)
    if kind not in _DETECTOR_KINDS:
        smallest, largest = _DRIZZLED_SCALES_ARCSEC
        if not smallest <= found <= largest:
            raise _refused(skeleton, f"SCI,{chip.extver} has {found:.3g} arcsec per pixel")
        return
    binning = [_binning(header, axis) for axis in (1, 2)]
    matrix = [element / pixels for element, pixels in zip(matrix, binning * 2, strict=True)]
    allowed = _nominal_scales(facts, chip)
    if not allowed:
        raise _refused(skeleton, f"{facts.instrument} has no detector {facts.detector} (DETECTOR)")
    if not any(_fits(matrix, scale, _has_sip(header)) for scale in allowed):
        listed = " or ".join(f"{scale:g}" for scale in allowed)
        unbinned = found / math.sqrt(math.prod(binning))
        said = f"{unbinned:.4g} arcsec per pixel, {facts.instrument}/{facts.detector} {listed}"
        raise _refused(skeleton, f"the scale of SCI,{chip.extver} is off: it has {said}")


def _fits(matrix: Sequence[float], scale: float, has_model: bool) -> bool:
    a, b, c, d = matrix
    of_area = _side(matrix) / scale
    along = (math.sqrt(a * a + c * c) / scale, math.sqrt(b * b + d * d) / scale)
    return abs(of_area - 1) <= _SCALE_OFF[has_model] and all(
        abs(one - 1) <= _AXIS_OFF for one in along
    )


def _side(matrix: Sequence[float]) -> float:
    """Side of a square as large as a pixel."""
    a, b, c, d = matrix
    return math.sqrt(abs(a * d - b * c))


def _nominal_scales(facts: ExposureFacts, chip: ChipGeometry) -> tuple[float, ...]:
    scale = plate_scale_arcsec(facts.instrument, facts.detector)
    if scale is None:
        return ()
    if facts.instrument != "WFPC2":
        return (scale,)
    if chip.ccdchip is None:
        return (_PC_SCALE_ARCSEC, scale)
    return (_PC_SCALE_ARCSEC if chip.ccdchip == 1 else scale,)


def _binning(header: ScannedHeader, axis: int) -> float:
    value = header.get(f"BINAXIS{axis}", 1)
    return float(value) if isinstance(value, int | float) and value >= 1 else 1.0


def _has_sip(header: ScannedHeader) -> bool:
    return "A_ORDER" in header and "B_ORDER" in header


def _check_model(
    skeleton: FitsSkeleton, name: WcsName, header: ScannedHeader, chip: ChipGeometry
) -> None:
    missing = [key for key in _MATRIX if key not in header]
    if 0 < len(missing) < len(_MATRIX):
        # By the standard it is 0: pixels of another shape, in another direction.
        said = f"SCI,{chip.extver} has no {missing[0]} beside its other cards of CD"
        raise _refused(skeleton, said)
    is_modelled = name.kind in _MODELLED or name.text.upper().startswith(("IDC_", "FIT_"))
    if is_modelled and not _has_sip(header):
        said = f"WCSNAME {name} promises a distortion model, and SCI,{chip.extver} has none (SIP)"
        raise _refused(skeleton, said)
    axes = [str(header.get(f"CTYPE{axis}", "")) for axis in (1, 2)]
    if _has_sip(header) and not all(axis.endswith("-SIP") for axis in axes):
        # Some tools apply such coefficients and others do not.
        listed = " and ".join(repr(axis) for axis in axes)
        said = f"SCI,{chip.extver} has coefficients of a distortion (SIP), and axes {listed}"
        raise _refused(skeleton, said)


def _check_distortion(skeleton: FitsSkeleton, header: ScannedHeader, chip: ChipGeometry) -> None:
    """SIP must be a small correction everywhere on the chip (SIP convention, Shupe 2005)."""
    terms = tuple((*term, header[key]) for key, *term in header.keywords.once(_sip_terms))
    farthest = _too_far_pix(terms, chip.naxis_pix, chip.crpix_pix)
    if farthest is not None:
        said = f"the distortion of SCI,{chip.extver} (SIP) moves a pixel by {farthest:.3g}"
        raise _refused(skeleton, said)


def _sip_terms(keywords: Keywords) -> tuple[tuple[str, str, int, int], ...]:
    """Cards of the coefficients, each with the letter and the powers that it is for."""
    matches = filter(None, map(_SIP_TERM.fullmatch, keywords.of_sip))
    return tuple((one[0], one[1], int(one[2]), int(one[3])) for one in matches)


# Many exposures have the distortion of one table.
@lru_cache(maxsize=256)
def _too_far_pix(
    terms: tuple[tuple[Any, ...], ...], size: tuple[int, int], crpix: tuple[float, float]
) -> float | None:
    """By how much a distortion moves a pixel, when that is too much."""
    from_crpix = outline_pix(size, 3) - np.array(crpix)
    of_axes = ([term[1:] for term in terms if term[0] == letter] for letter in "AB")
    moved = np.hypot(*(_polynomial(one, from_crpix) for one in of_axes))
    allowed = _SIP_FLOOR_PIX + _LARGEST_SIP * np.hypot(*from_crpix.T)
    return None if (moved <= allowed).all() else float(moved.max())


def _polynomial(terms: Sequence[tuple[Any, ...]], uv: np.ndarray) -> np.ndarray:
    factors = np.zeros((1 + max((max(i, j) for i, j, _ in terms), default=0),) * 2)
    for i, j, value in terms:
        factors[i, j] = value
    with np.errstate(over="ignore", invalid="ignore"):
        u, v = (uv[:, [axis]] ** np.arange(len(factors)) for axis in (0, 1))
        return np.asarray(((u @ factors) * v).sum(axis=1))


def check_exposures(skeleton: FitsSkeleton, names: Sequence[str]) -> None:
    """Refuse one file of several exposures, as STIS makes them of repeated exposures.

    Its image sets are of one detector area each, not chips beside each other.

    Raises
    ------
    NotHstImageError
        When its SCI extensions belong to several exposures.
    """
    several = list(dict.fromkeys(names))
    if len(several) > 1:
        advice = "Make one file of each set of SCI, ERR and DQ, and ingest those."
        reason = f"it holds {len(several)} exposures ({', '.join(several)})"
        raise NotHstImageError(skeleton.path, reason, advice=advice)
