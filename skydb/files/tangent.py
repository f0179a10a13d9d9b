"""The WCS of a chip built from its numbers and not from the text of its header.

astropy writes a header out and parses it three times before it has a WCS. Nearly all chips
of HST are of one kind, a tangent plane with SIP and lookup tables: for these the numbers are
handed to astropy's own objects directly, so that positions are the same to the last bit.
Whatever is unusual is refused here, and left to astropy's reading of the header.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydb.files.cardnames import Keywords
from skydb.files.cardscan import ScannedHeader
from skydb.files.structure import FitsSkeleton

if TYPE_CHECKING:
    from astropy.wcs import WCS, DistortionLookupTable, Sip

#: Cards that make a primary WCS.
PRIMARY_CARDS = re.compile(
    r"XTENSION|BITPIX|NAXIS[12]?|WCSAXES|WCSNAME|AXISCORR|LONPOLE|LATPOLE|RADESYS|EQUINOX"
    r"|(CRPIX|CRVAL|CTYPE|CUNIT|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|PV[12]_\d+"
    r"|[AB]P?_(ORDER|DMAX|\d_\d)|(D2IM|CP)(DIS|ERR)[12]|(D2IM|DP)[12](\..*)?"
)
_RECORDS = frozenset({"DP1", "DP2", "D2IM1", "D2IM2"})
_TANGENT = {("RA---TAN-SIP", "DEC--TAN-SIP"), ("RA---TAN", "DEC--TAN")}
_UNUSUAL = re.compile(r"(?<!\S)(AXISCORR|CROTA[12]|PV[12]_\d+|[AB]P_ORDER|[AB]P?_DMAX)(?!\S)")
_ORDERS = range(2, 10)


def tangent_wcs(skeleton: FitsSkeleton, header: ScannedHeader) -> WCS | None:
    """WCS of a chip with its distortion, or None when it is not of the usual kind.

    Parameters
    ----------
    skeleton : FitsSkeleton
        The open file, which has the lookup tables.
    header : ScannedHeader
        Header of one of its SCI extensions.

    Returns
    -------
    astropy.wcs.WCS or None
        Good for positions only: it has neither the image's size nor what of the header does
        not move a position, such as RADESYS.
    """
    from astropy.wcs import WcsError

    if not header.keywords.once(_is_usual):
        return None
    try:
        return _tangent_wcs(skeleton, header)
    # A header that is wrong is for astropy to refuse, in its own words.
    except (WcsError, LookupError, ValueError, TypeError, fits.VerifyError):
        return None


def _is_usual(keywords: Keywords) -> bool:
    repeated = keywords.repeated - _RECORDS
    names = " ".join(keywords.first)
    return not _UNUSUAL.search(names) and not any(map(PRIMARY_CARDS.fullmatch, repeated))


def _tangent_wcs(skeleton: FitsSkeleton, header: ScannedHeader) -> WCS:
    from astropy.wcs import WCS

    ctype = (header["CTYPE1"], header["CTYPE2"])
    crval = [_number(header, f"CRVAL{axis}") for axis in (1, 2)]
    _require(ctype in _TANGENT and _is_plane(header) and abs(crval[1]) < 90.0)
    # There is nothing to repair in what has no header.
    wcs = WCS(naxis=2, fix=False)
    wcs.wcs.ctype = ctype
    wcs.wcs.crval = crval
    wcs.wcs.crpix = [_number(header, f"CRPIX{axis}", 0.0) for axis in (1, 2)]
    if any(f"CD{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
        _require(not any(f"PC{i}_{j}" in header for i in (1, 2) for j in (1, 2)))
        wcs.wcs.cd = _matrix(header, "CD", np.zeros((2, 2)))
    else:
        wcs.wcs.pc = _matrix(header, "PC", np.eye(2))
        wcs.wcs.cdelt = [_number(header, f"CDELT{axis}", 1.0) for axis in (1, 2)]
    wcs.sip = _sip(header)
    wcs.det2im1, wcs.det2im2 = (_lookup(skeleton, header, axis, _D2IM) for axis in (1, 2))
    wcs.cpdis1, wcs.cpdis2 = (_lookup(skeleton, header, axis, _CPDIS) for axis in (1, 2))
    wcs.wcs.set()
    return wcs


def _require(usual: bool) -> None:
    if not usual:
        raise ValueError("not a usual WCS")


def _is_plane(header: ScannedHeader) -> bool:
    """Whether the axes are two, in degrees, and not turned about the pole."""
    return (
        header.get("NAXIS") in (0, 2)
        and header.get("WCSAXES", 2) == 2
        and header.get("LONPOLE", 180.0) == 180.0
        and header.get("CUNIT1", "deg") == header.get("CUNIT2", "deg") == "deg"
    )


def _number(header: ScannedHeader, card: str, default: float | None = None) -> float:
    value = header.get(card, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{card} is not a number")
    return float(value)


def _matrix(header: ScannedHeader, stem: str, defaults: NDArray[np.float64]) -> NDArray[np.float64]:
    places = ((i, j) for i in (1, 2) for j in (1, 2))
    numbers = [
        _number(header, f"{stem}{i}_{j}", default)
        for (i, j), default in zip(places, defaults.ravel().tolist(), strict=True)
    ]
    return np.array(numbers).reshape(2, 2)


def _sip(header: ScannedHeader) -> Sip | None:
    """SIP polynomials; astropy takes both or none of them."""
    from astropy.wcs import Sip

    if "A_ORDER" not in header and "B_ORDER" not in header:
        return None
    crpix = [_number(header, f"CRPIX{axis}") for axis in (1, 2)]
    return Sip(_polynomial(header, "A"), _polynomial(header, "B"), None, None, crpix)


def _polynomial(header: ScannedHeader, letter: str) -> NDArray[np.float64]:
    order = header[f"{letter}_ORDER"]
    if isinstance(order, bool) or not isinstance(order, int) or order not in _ORDERS:
        raise ValueError(f"{letter}_ORDER is unusual")
    terms = np.zeros((order + 1, order + 1))
    for card, i, j in header.keywords.once(_coefficients)[letter]:
        if i + j <= order:
            terms[i, j] = _number(header, card)
    return terms


def _coefficients(keywords: Keywords) -> dict[str, list[tuple[str, int, int]]]:
    """Cards of the coefficients of A and B, each with its powers."""
    powers = [(i, j) for i in range(_ORDERS.stop) for j in range(_ORDERS.stop - i)]
    return {
        letter: [(card, i, j) for i, j in powers if (card := f"{letter}_{i}_{j}") in keywords.first]
        for letter in "AB"
    }


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A lookup table that the WCS of a chip names.

    Parameters
    ----------
    extname, extver : str and int
        Its place in the file.
    """

    extname: str
    extver: int

    def is_in(self, skeleton: FitsSkeleton) -> bool:
        """Whether the file has it."""
        return any(hdu.version == self.extver for hdu in skeleton.named(self.extname))


def named_tables(header: ScannedHeader) -> Iterator[NamedTable]:
    """Lookup tables that the primary WCS of a chip names (FITS WCS paper IV, section 3.4)."""
    for distortion, records, _, extname in (_D2IM, _CPDIS):
        for axis in (1, 2):
            if str(header.get(f"{distortion}{axis}", "")).lower() == "lookup":
                extver = header.records(f"{records}{axis}").get("EXTVER", 1.0)
                yield NamedTable(extname, int(extver))


#: Cards of a kind of table (FITS WCS paper IV): what, its records, its largest error; EXTNAME.
_D2IM = ("D2IMDIS", "D2IM", "D2IMERR", "D2IMARR")
_CPDIS = ("CPDIS", "DP", "CPERR", "WCSDVARR")


def _lookup(
    skeleton: FitsSkeleton, header: ScannedHeader, axis: int, kind: tuple[str, str, str, str]
) -> DistortionLookupTable | None:
    distortion, records, error, extname = kind
    _require(_number(header, f"{error}{axis}", 0.0) >= 0)
    if f"{distortion}{axis}" not in header:
        return None
    fields = header.records(f"{records}{axis}")
    said = str(header[f"{distortion}{axis}"]).lower()
    _require(said == "lookup" and fields[f"AXIS.{axis}"] == axis)
    return _table(skeleton, extname, fields.get("EXTVER", 1.0))


def _table(skeleton: FitsSkeleton, extname: str, extver: float) -> DistortionLookupTable:
    from astropy.wcs import DistortionLookupTable

    hdu = next((hdu for hdu in skeleton.named(extname) if hdu.version == extver), None)
    if hdu is None:
        raise LookupError(f"no {extname},{extver:g}")
    header = hdu.scanned
    _require(hdu.is_image and header["BITPIX"] == -32 and header["NAXIS"] == 2)
    _require(not {"BSCALE", "BZERO"} & header.keys())
    shape = int(_number(header, "NAXIS2")), int(_number(header, "NAXIS1"))
    data = np.frombuffer(skeleton.data_of(hdu), ">f4").reshape(shape).astype(np.float32)
    place = ([_number(header, f"{stem}{i}", 0.0) for i in (1, 2)] for stem in ("CRPIX", "CRVAL"))
    step = [_number(header, f"CDELT{i}", 1.0) for i in (1, 2)]
    return DistortionLookupTable(data, *place, step)
