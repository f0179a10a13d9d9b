"""Names that the cameras of HST give detectors, filters and files.

Source: HST keyword dictionary and the data handbooks of WFC3, ACS, WFPC2, STIS, NICMOS.
"""

from __future__ import annotations

import re
from pathlib import Path

from skydb.domain.units import unit_of
from skydb.domain.vocabulary import ProductKind, SkyUnit
from skydb.errors import NotHstImageError
from skydb.files.cards import Cards

_FILTER_CARDS: dict[str, tuple[str, ...]] = {
    "WFC3": ("FILTER",),
    "ACS": ("FILTER1", "FILTER2"),
    "WFPC2": ("FILTNAM1", "FILTNAM2"),
    "STIS": ("OPT_ELEM", "FILTER"),
    "NICMOS": ("FILTER",),
}
#: Keywords that a drizzled product may have instead, in the pipeline's spelling.
_PRODUCT_FILTER_CARDS = ("FILTER",)
_NO_FILTER = re.compile(r"CLEAR\w*")
_NO_WORD = frozenset({"", "N/A", "NONE"})
_SUFFIX = re.compile(r"_([a-z0-9]{3})(?=_|\.)", re.IGNORECASE)
_IMAGE_KINDS = {kind.value: kind for kind in ProductKind if kind is not ProductKind.HLET}
#: Name that AstroDrizzle gives a product of WFPC2, so that it does not replace the archive's.
_IMAGE_KINDS["drw"] = ProductKind.DRZ
_NO_IMAGE = {
    "asn": "an association table",
    "c1m": "flags of a c0m that is not beside it",
    "hlet": "a headerlet: a WCS without pixels",
    "ima": "an intermediate product with every read; use the flt",
    "jif": "a jitter file",
    "jit": "a jitter file",
    "raw": "raw data; use the calibrated flt or flc",
    "spt": "a support file (spt)",
    "trl": "a trailer file",
    "x1d": "an extracted spectrum",
}


def instrument_of(cards: Cards) -> str:
    """Camera that made the image.

    Raises
    ------
    NotHstImageError
        When it is not one of WFC3, ACS, WFPC2, STIS and NICMOS.
    """
    instrument = cards.required("INSTRUME", NotHstImageError).upper()
    if instrument not in _FILTER_CARDS:
        known = ", ".join(_FILTER_CARDS)
        raise NotHstImageError(cards.path, f"{instrument} is not a camera skydb knows ({known})")
    return instrument


def detector_of(cards: Cards, instrument: str) -> str:
    """DETECTOR, or its substitute: WFPC2 has none, NICMOS numbers its cameras.

    Raises
    ------
    NotHstImageError
        When a header that should name one does not.
    """
    if instrument == "WFPC2":
        return "WFPC2"
    if instrument == "NICMOS":
        return f"NIC{cards.required('CAMERA', NotHstImageError)}"
    return cards.required("DETECTOR", NotHstImageError).upper()


def filters_of(cards: Cards, instrument: str) -> str:
    """Elements in the beam joined by ';', clear positions left out, ``CLEAR`` if none is left.

    Raises
    ------
    NotHstImageError
        When the header has no filter keyword at all, or says nothing in it.
    """
    for names in (_FILTER_CARDS[instrument], _PRODUCT_FILTER_CARDS):
        present = [cards.raw(name) for name in names if cards.raw(name) is not None]
        if present:
            elements = [str(value).strip().upper() for value in present]
            said = [element for element in elements if element not in _NO_WORD]
            # For WFPC2 only, a blank means that no filter was in the beam.
            if not said and instrument != "WFPC2":
                raise NotHstImageError(cards.path, f"{' and '.join(names)} in its header is blank")
            return ";".join(one for one in said if not _NO_FILTER.fullmatch(one)) or "CLEAR"
    wanted = " or ".join(_FILTER_CARDS[instrument])
    raise NotHstImageError(cards.path, f"no {wanted} in its header")


def kind_of(path: Path, filename: str | None, *, is_drizzled: bool) -> ProductKind:
    """Kind of product by the suffix of its name, or else of its FILENAME card.

    Parameters
    ----------
    path : pathlib.Path
        The file as it is called now.
    filename : str or None
        FILENAME of the header: what it was called when it was written.
    is_drizzled : bool
        Whether the header shows that images were drizzled onto it; a name that says
        otherwise is not believed.

    Raises
    ------
    NotHstImageError
        When neither name shows the kind, or both contradict the header.
    """
    suffixes = [*_suffixes(path.name), *_suffixes(filename or "")]
    kinds = [_IMAGE_KINDS[suffix] for suffix in suffixes if suffix in _IMAGE_KINDS]
    for kind in kinds:
        if kind.is_drizzled or not is_drizzled:
            return kind
    if kinds:
        raise NotHstImageError(path, f"named {kinds[0]} but its header shows a drizzled product")
    for suffix in suffixes:
        if suffix in _NO_IMAGE:
            raise NotHstImageError(path, f"{_NO_IMAGE[suffix]}, not a calibrated image")
    advice = f"A name must end in one of {', '.join(_IMAGE_KINDS)}."
    raise NotHstImageError(path, "its name does not show which product it is", advice=advice)


def _suffixes(name: str) -> list[str]:
    """Three-letter parts of a file name, the last one first."""
    found = [match.lower() for match in _SUFFIX.findall(name)]
    return (["hlet"] if re.search(r"[_-]hlet\b", name) else []) + found[::-1]


def sky_unit_of(bunit: str | None) -> SkyUnit | None:
    """Unit of an image by its BUNIT, or None when it is not one skydb knows."""
    return unit_of(bunit)
