"""MDRIZSKY in exposures: taking it out before a run, reading it after one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.domain.vocabulary import SkyUnit
from skydb.drizzle.effective import SkyReading
from skydb.drizzle.workspace import opened, science_hdus

if TYPE_CHECKING:
    from astropy.io.fits import Header

_UNITS: Mapping[str, SkyUnit] = {
    "ELECTRONS/S": SkyUnit.ELECTRON_PER_S,
    "ELECTRONS": SkyUnit.ELECTRON,
    "COUNTS/S": SkyUnit.COUNT_PER_S,
    "COUNTS": SkyUnit.COUNT,
}
_RATES = (SkyUnit.ELECTRON_PER_S, SkyUnit.COUNT_PER_S)
#: HDRTAB holds the header's double; blending may round it once.
_TABLE_RTOL = 1e-6


def unit_of(bunit: str) -> SkyUnit | None:
    """Unit of BUNIT in any spelling (``ELECTRONS/S``, ``electron/sec``), or None."""
    text = bunit.strip().upper().replace(" ", "").replace("SEC", "S")
    quantity, _, per = text.partition("/")
    return _UNITS.get("/".join(filter(None, (quantity.rstrip("S") + "S", per))))


def remove_sky(path: Path) -> None:
    """Make a copy pristine: no MDRIZSKY in any header."""
    with opened(path, "update") as hdus:
        for hdu in hdus:
            hdu.header.remove("MDRIZSKY", ignore_missing=True, remove_all=True)


def read_skies(paths: Sequence[Path]) -> tuple[SkyReading, ...]:
    """Sky of every chip of every exposure; None for a chip without MDRIZSKY."""
    return tuple(reading for path in paths for reading in _read(path))


def _read(path: Path) -> list[SkyReading]:
    with opened(path) as hdus:
        primary = hdus[0].header
        return [_reading(path.name, hdu.header, primary) for hdu in science_hdus(hdus)]


def _reading(filename: str, header: Header, primary: Header) -> SkyReading:
    unit = unit_of(str(header.get("BUNIT", primary.get("BUNIT", ""))))
    sky = header.get("MDRIZSKY")
    return SkyReading(
        filename=filename,
        extver=int(header.get("EXTVER", 1)),
        mdrizsky=None if sky is None else float(sky),
        unit=unit,
        brightness_per_unit=_brightness_per_unit(header, primary, unit),
    )


def _brightness_per_unit(header: Header, primary: Header, unit: SkyUnit | None) -> float:
    """Factor of skypac: per second and per arcsec2 (``skyline.py``)."""
    scale_arcsec = _pixel_scale_arcsec(header, primary)
    exptime_s = float(primary.get("EXPTIME", header.get("EXPTIME", 1.0)))
    time_s = 1.0 if unit in _RATES or exptime_s <= 0.0 else exptime_s
    return 1.0 / (scale_arcsec**2 * time_s)


def _pixel_scale_arcsec(header: Header, primary: Header) -> float:
    """Scale of skypac: a card, or that of the linear WCS."""
    for card in ("IDCSCALE", "PAMSCALE"):
        stated = header.get(card, primary.get(card))
        if stated:
            return float(stated)
    (a, b), (c, d) = ([float(header.get(f"CD{i}_{j}", 0.0)) for j in (1, 2)] for i in (1, 2))
    return 3600.0 * math.sqrt(abs(a * d - b * c)) or 1.0


def table_contradictions(science: Path, readings: Sequence[SkyReading]) -> list[str]:
    """List exposures whose MDRIZSKY differs in the mosaic's HDRTAB."""
    table = _header_table(science)
    found = []
    for reading in readings:
        stated = table.get((Path(reading.filename).stem.split("_")[0], reading.extver))
        if stated is not None and not _agree(stated, reading.mdrizsky):
            found.append(
                f"{reading.filename} chip {reading.extver} has MDRIZSKY {reading.mdrizsky}, "
                f"the mosaic's table {stated:g}"
            )
    return found


def _agree(stated: float, used: float | None) -> bool:
    """Whether a number of the table can be the sky; NaN there says nothing."""
    if not math.isfinite(stated):
        return True
    return math.isclose(stated, used or 0.0, rel_tol=_TABLE_RTOL, abs_tol=_TABLE_RTOL)


def _header_table(science: Path) -> dict[tuple[str, int], float]:
    """MDRIZSKY by rootname and extver; empty when the mosaic has no such table."""
    with opened(science) as hdus:
        tables = [hdu for hdu in hdus if hdu.name == "HDRTAB"]
        columns = {"ROOTNAME", "EXTVER", "MDRIZSKY"}
        if not tables or not columns.issubset(tables[0].columns.names):
            return {}
        data = tables[0].data
        return {
            (str(root).strip().lower(), int(extver)): float(sky)
            for root, extver, sky in zip(
                data["ROOTNAME"], data["EXTVER"], data["MDRIZSKY"], strict=True
            )
        }
