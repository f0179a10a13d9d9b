"""Checks that files named by options contain what the options need.

drizzlepac reads them late: a missing extension is an ``IndexError`` after minutes, a line
that it cannot use is skipped, and an empty list counts as no list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from skydb.drizzle.skyfile import read_sky_file
from skydb.errors import FileRejectedError, ParseError, UsageError
from skydb.files.cards import Cards
from skydb.files.structure import HduRecord, open_skeleton

_NUMBERED = re.compile(r"\[\s*(\d+)\s*\]")
_NAMED = re.compile(r"\[\s*([A-Za-z_]\w*)\s*(?:,\s*(\d+)\s*)?\]")
_MATRIX = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
#: Options of which drizzlepac reads the primary HDU when no extension is named.
_FIRST_ONLY = frozenset({"driz_sep_refimage", "skymask_cat"})

#: Whether an HDU will do, as a reason why it will not, or nothing.
HduCheck = Callable[[Path, HduRecord], str]


def require_content(
    option: str, path: Path, extension: str = "", *, is_member: bool = False
) -> None:
    """Refuse a file that an option cannot use.

    Parameters
    ----------
    option : str
        The option that names it.
    path : Path
        The file; it is there.
    extension : str
        ``[1]`` or ``[sci,1]`` behind its name, or nothing.
    is_member : bool
        Whether a list names it which the option names.

    Raises
    ------
    UsageError
        With the option, the file and what is wrong with it.
    """
    try:
        if option in _IMAGES and is_member == (option in _LISTS_OF_IMAGES):
            _require_hdu(path, extension, _IMAGES[option], option in _FIRST_ONLY)
            return
        if extension:
            raise FileRejectedError(path, f"is a text, which has no extension {extension}")
        _require_text(path)
        if option in ("skyfile", "skyuser"):
            read_sky_file(path)
    except (FileRejectedError, ParseError) as error:
        raise UsageError(f"{option}: {error.what}", advice=error.advice) from error


def _require_text(path: Path) -> None:
    """Refuse what is no text, and a text that says nothing."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileRejectedError(path, "cannot be read as a text") from error
    if not any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        raise FileRejectedError(path, "is empty" if not lines else "has no line but comments")


def _require_hdu(path: Path, extension: str, check: HduCheck, only_first: bool) -> None:
    with open_skeleton(path) as skeleton:
        hdus = skeleton.hdus
        if extension:
            refusal = check(path, _extension(path, hdus, extension))
            if refusal:
                raise FileRejectedError(path, f"{extension} {refusal}")
            return
        refusals = [check(path, hdu) for hdu in hdus]
    wanted = refusals[:1] if only_first else refusals
    if "" in wanted:
        return
    if "" in refusals:
        number = refusals.index("")
        raise FileRejectedError(
            path, "must be named with its extension", advice=f"Write {path.name}[{number}]."
        )
    said = refusals[-1] if len(refusals) == 1 else f"has no extension that will do: {refusals[1]}"
    raise FileRejectedError(path, said)


def _extension(path: Path, hdus: tuple[HduRecord, ...], extension: str) -> HduRecord:
    """The extension of ``[7]``, ``[sci]`` or ``[sci,1]``."""
    numbered, named = _NUMBERED.fullmatch(extension), _NAMED.fullmatch(extension)
    if numbered and int(numbered[1]) < len(hdus):
        return hdus[int(numbered[1])]
    if named and named[1].upper() == "PRIMARY":
        return hdus[0]
    if named:
        wanted = named[1].upper(), int(named[2] or 1)
        for hdu in hdus[1:]:
            if (hdu.name, hdu.version) == wanted:
                return hdu
    known = ", ".join(
        f"[{number}]{f' {hdu.name.lower()},{hdu.version}' if hdu.name else ''}"
        for number, hdu in enumerate(hdus)
    )
    raise FileRejectedError(path, f"has no extension {extension} (it has {known})")


def _grid_refusal(path: Path, hdu: HduRecord) -> str:
    """Explain why a header defines no grid of pixels on the sky for HSTWCS, or give ''."""
    cards = Cards(path, (hdu.scanned,))
    axes = [(cards.text(f"CTYPE{axis}") or "").upper() for axis in (1, 2)]
    place = [cards.number(key) for key in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")]
    if None in place or not (axes[0].startswith("RA--") and axes[1].startswith("DEC-")):
        return "has no WCS on the sky (CTYPE, CRVAL, CRPIX)"
    if not any(key in hdu.scanned for key in _MATRIX):
        return "has a WCS without a CD matrix, which drizzlepac needs"
    one, two, three, four = (cards.number(key) or 0.0 for key in _MATRIX)
    if one * four == two * three or not math.isfinite(one * four - two * three):
        return "has a WCS with a CD matrix that cannot be inverted"
    return "" if hdu.is_tile_compressed else _size_refusal(cards)


def _size_refusal(cards: Cards) -> str:
    sizes = [cards.integer(key) for key in ("NAXIS1", "NAXIS2")]
    sizes = sizes if None not in sizes else [cards.integer(key) for key in ("NPIX1", "NPIX2")]
    return "" if all(size is not None and size > 0 for size in sizes) else "has no size in pixels"


def _mask_refusal(_: Path, hdu: HduRecord) -> str:
    if hdu.is_tile_compressed or (len(_shape(hdu)) == 2 and min(_shape(hdu)) > 0):
        return ""
    return "is not an image of two dimensions"


def _shape(hdu: HduRecord) -> list[int]:
    header = hdu.scanned
    return [int(header[f"NAXIS{axis + 1}"]) for axis in range(int(header.get("NAXIS", 0)))]


#: Check of an image, by the option that names it or its list.
_IMAGES: Mapping[str, HduCheck] = MappingProxyType(
    {
        "final_refimage": _grid_refusal,
        "driz_sep_refimage": _grid_refusal,
        "refimage": _grid_refusal,
        "skymask_cat": _mask_refusal,
    }
)
_LISTS_OF_IMAGES = frozenset({"skymask_cat"})
