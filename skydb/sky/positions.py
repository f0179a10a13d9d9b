"""Parsing of positions, angles and regions."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError

_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_PLAIN = re.compile(rf"(?P<sign>[+-]?)(?P<a>(?:{_NUMBER})(?:[eE][+-]?\d+)?)\s*(?:deg|d|°)?")
_SPLIT = re.compile(
    rf"(?P<sign>[+-]?)(?P<a>\d+)\s*(?P<unit>[hd°:\s])\s*(?P<b>\d+)\s*[m':\s]\s*"
    rf"(?P<c>{_NUMBER})\s*(?:s|\")?"
)
_ANGLE = re.compile(rf"(?P<a>(?:{_NUMBER})(?:[eE][+-]?\d+)?)\s*(?P<unit>[a-z°'\"]*)")
_UNITS_DEG = {
    **dict.fromkeys(("", "arcsec", "asec", "as", "s", '"'), 1 / 3600),
    **dict.fromkeys(("arcmin", "amin", "am", "m", "'"), 1 / 60),
    **dict.fromkeys(("deg", "d", "°"), 1.0),
}
_OUTLINE = r"POLYGON(?:\s+ICRS)?([-+.\dE\s]*)"
_POLYGON = re.compile(_OUTLINE)
_REGION = re.compile(rf"UNION(\s+ICRS)?\s*\((\s*{_OUTLINE})+\)|({_OUTLINE})+")


def parse_ra_deg(text: str) -> float:
    """Right ascension in degrees, from 0 to 360, of degrees or of hours, minutes, seconds.

    Raises
    ------
    UsageError
        When it is neither.
    """
    degrees = _coordinate(text, hours=True)
    if degrees is None or not -360 <= degrees <= 360:
        raise UsageError(
            f"Invalid right ascension {text!r}.", advice="Use 85.25, 05:41:00 or 5h41m0s."
        )
    return degrees % 360.0


def parse_dec_deg(text: str) -> float:
    """Declination in degrees, of degrees or of degrees, minutes, seconds.

    Raises
    ------
    UsageError
        When it is neither, or beyond a pole.
    """
    degrees = _coordinate(text, hours=False)
    if degrees is None or not -90 <= degrees <= 90:
        raise UsageError(
            f"Invalid declination {text!r}.", advice="Use -2.46, -02:27:36 or -2d27m36s."
        )
    return degrees


def parse_angle_deg(text: str) -> float:
    """An angle in degrees, of arcsec or of a number with ``arcsec``, ``arcmin`` or ``deg``.

    Raises
    ------
    UsageError
        When it is none, or more than half a circle.
    """
    match = _ANGLE.fullmatch(text.strip().lower())
    scale = _UNITS_DEG.get(match["unit"]) if match else None
    if match is None or scale is None:
        raise UsageError(f"Invalid angle {text!r}.", advice="Use 30 or 30arcsec, 2arcmin, 0.5deg.")
    degrees = float(match["a"]) * scale
    if not degrees <= 180:
        raise UsageError(f"{text!r} is more than half a circle.", advice="Give 180deg at most.")
    return degrees


def parse_polygons_deg(text: str) -> list[NDArray[np.float64]]:
    """Polygons of an ``s_region``: ``POLYGON ICRS ra dec ra dec ...``, one or a UNION of several.

    Returns
    -------
    list of ndarray, each of shape (N, 2)
        Vertices in degrees, not closed.

    Raises
    ------
    UsageError
        When the text is nothing of the kind.
    """
    region = " ".join(text.upper().replace(",", " ").split())
    if not _REGION.fullmatch(region):
        raise UsageError(
            f"Invalid polygon {_short(text)}.", advice="Use 'POLYGON ICRS RA DEC ...'."
        )
    return [_vertices(numbers, text) for numbers in _POLYGON.findall(region)]


def _coordinate(text: str, *, hours: bool) -> float | None:
    plain, split = _PLAIN.fullmatch(text.strip()), _SPLIT.fullmatch(text.strip())
    if plain is not None:
        degrees = float(plain["a"])
        return -degrees if plain["sign"] == "-" else degrees
    if split is None or float(split["b"]) >= 60 or float(split["c"]) >= 60:
        return None
    if split["unit"] == "h" and not hours:
        return None
    value = float(split["a"]) + float(split["b"]) / 60 + float(split["c"]) / 3600
    in_hours = hours and split["unit"] not in "d°"
    degrees = value * 15 if in_hours else value
    return -degrees if split["sign"] == "-" else degrees


def _vertices(numbers: str, text: str) -> NDArray[np.float64]:
    try:
        values = [float(word) for word in numbers.split()]
    except ValueError as error:
        raise UsageError(f"{_short(text)} has a vertex that is not a number.") from error
    pairs = list(zip(values[::2], values[1::2], strict=False))
    if pairs and pairs[0] == pairs[-1]:
        pairs.pop()
    if len(values) % 2 or len(pairs) < 3:
        raise UsageError(f"{_short(text)} needs three or more pairs of RA and Dec.")
    if not all(math.isfinite(ra) and abs(dec) <= 90 for ra, dec in pairs):
        raise UsageError(f"{_short(text)} has a vertex that is not on the sky.")
    return np.array(pairs, dtype=float)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
