"""Selection of few pairs of overlapping exposures that connect all of them.

Exposures of one visit share their guide stars. A spanning tree of each visit, the largest
overlaps first, finds the one that went astray without comparing each with each. Visits have
guide stars of their own, so every two visits that share sky are compared once, in their
largest overlap that has enough sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from skydb.sky.overlaps import Overlap

Measured = TypeVar("Measured")

#: Overlaps of two visits that are tried before the pair is left out.
_TRIES = 3


def compare_neighbours(
    overlaps: Sequence[Overlap],
    visit_of: Mapping[str, str],
    compare: Callable[[str, str], Measured | None],
) -> list[Measured]:
    """Compare a spanning set of each visit, and every two visits that share sky.

    Parameters
    ----------
    overlaps : sequence of Overlap
        As :func:`skydb.sky.overlaps.overlaps_of` found them.
    visit_of : mapping of str to str
        Visit of every exposure.
    compare : callable
        Measures a pair; None when it says nothing, and then the next overlap is tried.

    Returns
    -------
    list
        What was measured, in the order of the names of the pairs.
    """
    found: dict[tuple[str, str], Measured] = {}
    trees = {name: name for name in visit_of}
    settled: Counter[tuple[str, str]] = Counter()
    for pair in sorted(overlaps, key=lambda one: (-one.area_arcsec2, one.first, one.second)):
        one, other = sorted((visit_of[pair.first], visit_of[pair.second]))
        roots = _root(trees, pair.first), _root(trees, pair.second)
        if settled[one, other] >= _TRIES if one != other else roots[0] == roots[1]:
            continue
        measured = compare(pair.first, pair.second)
        settled[one, other] += 1 if measured is None else _TRIES
        if measured is not None:
            found[pair.first, pair.second] = measured
            if one == other:
                trees[roots[0]] = roots[1]
    return [found[names] for names in sorted(found)]


def _root(trees: dict[str, str], name: str) -> str:
    while trees[name] != name:
        name = trees[name]
    return name
