"""Export of footprints: regions for DS9, coverage maps (MOC), and plain JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError, disk_errors
from skydb.files.drafts import drafted_anew

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

#: Cells of a map are at most 0.8 arcsec wide.
DEFAULT_ORDER = 18
#: The finest order of the standard.
FINEST_ORDER = 29


@dataclass(frozen=True, slots=True)
class Footprint:
    """Footprint of one chip.

    Parameters
    ----------
    label : str
        For people, e.g. ``ibxl50clq[1]``.
    outlines_deg : sequence of ndarray, each of shape (N, 2)
        ICRS RA and Dec of the corners, not closed; sides are great circles.
    facts : mapping
        What else is known of it; JSON-able.
    """

    label: str
    outlines_deg: Sequence[NDArray[np.float64]]
    facts: Mapping[str, Any] = field(default_factory=dict)


Writer: TypeAlias = Callable[[Path, Sequence[Footprint], int], None]


def writer_for(path: Path) -> Writer:
    """The writer of a file of this name.

    Raises
    ------
    UsageError
        When it ends in none of .reg, .moc.fits and .json.
    """
    name = path.name.lower()
    for suffix, writer in _WRITERS.items():
        if name.endswith(suffix):
            return writer
    raise UsageError(
        f"Unknown format of {path.name}.",
        advice="End the name in .reg (DS9), .moc.fits or .json; or, for a map, in .png, .pdf "
        "or .svg.",
    )


def write_footprints(
    path: Path, footprints: Sequence[Footprint], order: int = DEFAULT_ORDER
) -> None:
    """Write footprints whole or not at all: an earlier file of the name stays until it is done.

    Parameters
    ----------
    path : pathlib.Path
        ``.reg``, ``.moc.fits`` or ``.json``.
    footprints : sequence of Footprint
    order : int
        HEALPix order of the smallest cells of a map: they are 0.8 arcsec wide for 18, and a
        map covers every cell that a footprint touches.

    Raises
    ------
    UsageError
        When the suffix or the order is not known, or the directory is not there.
    """
    write = writer_for(path)
    if not 0 <= order <= FINEST_ORDER:
        raise UsageError(f"There is no order {order}.", advice=f"Use 0 to {FINEST_ORDER}.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no directory {path.parent}.", advice="Make it first.")
    with disk_errors(path), drafted_anew(path) as part:
        write(part, footprints, order)
        part.replace(path)


def _write_regions(path: Path, footprints: Sequence[Footprint], _: int) -> None:
    from regions import PolygonSkyRegion, RegionMeta, Regions

    shapes = [
        PolygonSkyRegion(_coordinates(outline), meta=RegionMeta({"text": footprint.label}))
        for footprint in footprints
        for outline in footprint.outlines_deg
    ]
    # 1e-9 deg is 4 microarcsec, as the ledger has them.
    Regions(shapes).write(path, format="ds9", precision=9, overwrite=True)


def _write_moc(path: Path, footprints: Sequence[Footprint], order: int) -> None:
    from mocpy import MOC

    outlines = [outline for footprint in footprints for outline in footprint.outlines_deg]
    # The library writes to names that end as its formats do; the draft has its own name.
    parts = MOC.from_polygons([_coordinates(one) for one in outlines], max_depth=order)
    whole = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    with path.open("wb") as out:
        whole.serialize(format="fits").writeto(out)


def _write_json(path: Path, footprints: Sequence[Footprint], _: int) -> None:
    document = {
        "frame": "ICRS",
        "unit": "deg",
        "sides": "great circles",
        "footprints": [
            {
                "label": one.label,
                **one.facts,
                "polygons_deg": [outline.tolist() for outline in one.outlines_deg],
            }
            for one in footprints
        ],
    }
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _coordinates(outline: NDArray[np.float64]) -> SkyCoord:
    from astropy.coordinates import SkyCoord

    return SkyCoord(outline[:, 0], outline[:, 1], unit="deg", frame="icrs")


_WRITERS: dict[str, Writer] = {
    ".reg": _write_regions,
    ".moc.fits": _write_moc,
    ".moc": _write_moc,
    ".json": _write_json,
}
