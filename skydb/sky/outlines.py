"""Displacement of an image, from the outlines of its chips in the ledger.

The outline of a chip is distorted as its pixels are, and is kept to nine decimals of a degree
(0.004 mas): enough to measure a shift without opening a file.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skydb.sky.displacement import Displacement, SkyGrid, displacement_of_grids

#: Shifts below this, in mas, are what rounding does to an outline.
SHIFT_FLOOR_MAS = 0.02

_PREFIX = "POLYGON ICRS "
_AT_REST = Displacement(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def vertices_deg(s_region: str) -> NDArray[np.float64]:
    """Vertices (N, 2) of a footprint ``POLYGON ICRS ra dec ...``.

    Raises
    ------
    ValueError
        When it is no such polygon.
    """
    if not s_region.startswith(_PREFIX):
        raise ValueError(f"{s_region[:40]!r} is not a polygon of ICRS positions.")
    numbers = np.array(s_region.removeprefix(_PREFIX).split(), dtype=float)
    return numbers.reshape(-1, 2)


def displacement_of_outlines(
    before: Mapping[int, str | None], after: Mapping[int, str | None]
) -> Displacement | None:
    """Movement from one set of footprints to another.

    Parameters
    ----------
    before, after : mapping of int to str
        ``s_region`` by EXTVER, the vertices those of the same pixels.

    Returns
    -------
    Displacement or None
        None when they cannot be compared: other chips, no footprint, other vertices.
    """
    if before == after and before and all(before.values()):
        return _AT_REST
    one, other = _grid(before), _grid(after)
    if not one or one.keys() != other.keys():
        return None
    if any(one[extver].shape != other[extver].shape for extver in one):
        return None
    return displacement_of_grids(one, other)


def _grid(regions: Mapping[int, str | None]) -> SkyGrid:
    if not all(regions.values()):
        return {}
    return {extver: vertices_deg(region) for extver, region in regions.items() if region}
