"""Exposures that share sky, and their groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey
from skydb.domain.values import unit_vectors
from skydb.sky.footprint import SkyOutline, overlap_area_arcsec2

#: Outlines of the chips of one exposure, each (N, 2) in ICRS degrees.
Outlines = Sequence[NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Sky that two exposures share.

    Parameters
    ----------
    first, second : str
        Rootnames, in alphabetical order.
    area_arcsec2 : float
        Summed over the pairs of their chips.
    """

    first: str
    second: str
    area_arcsec2: float


@dataclass(frozen=True, slots=True)
class ChipOverlap:
    """Sky that two chips of different exposures share.

    Parameters
    ----------
    first, second : ChipKey
        Rootname and EXTVER, in the order of the rootnames.
    area_arcsec2 : float
        Of their common footprint.
    """

    first: ChipKey
    second: ChipKey
    area_arcsec2: float


def overlaps_of(exposures: Mapping[str, Outlines]) -> list[Overlap]:
    """Every pair of exposures that shares sky.

    Pairs are found by a tree of bounding caps, not all against all; polygons make
    the answer exact.

    Parameters
    ----------
    exposures : mapping of str to sequence of ndarray
        Chip outlines by rootname; an exposure without outlines overlaps nothing.
    """
    names = sorted(name for name, outlines in exposures.items() if len(outlines))
    found = [
        Overlap(names[i], names[j], _shared(exposures[names[i]], exposures[names[j]]))
        for i, j in _neighbours([exposures[name] for name in names])
    ]
    return [pair for pair in found if pair.area_arcsec2 > 0]


def chip_overlaps_of(chips: Mapping[ChipKey, NDArray[np.float64]]) -> list[ChipOverlap]:
    """Every pair of chips of different exposures that shares sky.

    Parameters
    ----------
    chips : mapping of ChipKey to ndarray
        Outlines (N, 2) in ICRS degrees.
    """
    keys = sorted(chips)
    outlines = [SkyOutline.of(chips[key]) for key in keys]
    found = [
        ChipOverlap(keys[i], keys[j], outlines[i].overlap_arcsec2(outlines[j]))
        for i, j in _neighbours([[chips[key]] for key in keys])
        if keys[i][0] != keys[j][0]
    ]
    return [pair for pair in found if pair.area_arcsec2 > 0]


def islands_of(names: Sequence[str], overlaps: Sequence[Overlap]) -> list[list[str]]:
    """Connected groups of the overlap graph, the largest first.

    Parameters
    ----------
    names : sequence of str
        All exposures, those without any overlap included.
    overlaps : sequence of Overlap
        As :func:`overlaps_of` found them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index = {name: number for number, name in enumerate(names)}
    rows = [index[pair.first] for pair in overlaps]
    columns = [index[pair.second] for pair in overlaps]
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(names), len(names)))
    count, labels = connected_components(graph, directed=False)
    groups: list[list[str]] = [[] for _ in range(count)]
    for name, label in zip(names, labels, strict=True):
        groups[label].append(name)
    return sorted(groups, key=len, reverse=True)


def _neighbours(outlines: Sequence[Outlines]) -> list[tuple[int, int]]:
    """Pairs of places whose bounding caps may touch, by a tree of their middles."""
    from scipy.spatial import cKDTree

    if len(outlines) < 2:
        return []
    caps = [_cap(one) for one in outlines]
    tree = cKDTree(np.array([centre for centre, _ in caps]))
    return sorted(tree.query_pairs(2 * max(chord for _, chord in caps)))


def _cap(outlines: Outlines) -> tuple[NDArray[np.float64], float]:
    points = unit_vectors(np.vstack(list(outlines)))
    centre = points.mean(axis=0)
    centre /= np.linalg.norm(centre)
    return centre, float(np.linalg.norm(points - centre, axis=1).max())


def _shared(first: Outlines, second: Outlines) -> float:
    return sum(overlap_area_arcsec2(one, other) for one in first for other in second)
