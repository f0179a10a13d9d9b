"""Inputs of TweakReg: its catalogue, and parameters in its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from skydb.errors import ParseError, UsageError

#: TweakReg has no such geometry: it fits ``rscale``, and the task holds the scale at one.
HELD_SCALE = "rshift"


def held_scale(parameters: Mapping[str, object]) -> dict[str, object]:
    """Parameters as TweakReg knows them, and whether the scale is held at one."""
    is_held = parameters["fitgeometry"] == HELD_SCALE
    known = {**parameters, **({"fitgeometry": "rscale"} if is_held else {})}
    return {"parameters": known, "hold_scale": is_held}


def catalog_of(products: Sequence[Path], catalogs: Path | Mapping[Path, Path]) -> Path:
    """The one catalogue of a call."""
    if isinstance(catalogs, Path):
        return catalogs
    missing = [product.name for product in products if product not in catalogs]
    if missing:
        raise UsageError(f"There is no reference catalogue for {', '.join(missing)}.")
    found = {catalogs[product] for product in products}
    if len(found) > 1:
        raise UsageError("With expand_refcat all products must have the same catalogue.")
    return found.pop()


def count_sources(catalog: Path) -> int:
    """Sources of a text catalogue whose first two columns are degrees.

    Raises
    ------
    ParseError
        With the line that is no position; line 0 when there is no source.
    """
    count = 0
    for number, line in enumerate(catalog.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.split("#", 1)[0].split()
        if not text:
            continue
        try:
            ra_deg, dec_deg = float(text[0]), float(text[1])
        except (ValueError, IndexError) as error:
            raise ParseError(catalog, number, "does not begin with RA and Dec") from error
        if not (-360.0 <= ra_deg <= 360.0 and -90.0 <= dec_deg <= 90.0):
            raise ParseError(catalog, number, f"{ra_deg} {dec_deg} is not a position in degrees")
        count += 1
    if count == 0:
        raise ParseError(catalog, 0, "has no source")
    return count
