"""Cells of the sky in which all chips of a field are measured alike.

In the sky that two exposures share as a whole, a gradient is lost, because its mean acts as
an offset. So the sky is divided into square cells, and a level is measured in every cell that
lies on a chip as a whole. No pixel is in two cells, and the scene of a cell is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey, Level
from skydb.sky.geometry import centre_of, inside_outline, off_tangent_plane, tangent_plane

#: Cells along the shorter side of the smallest chip. More see gradients in narrower
#: overlaps; fewer have more pixels, whose median is less a matter of single stars.
CELLS_PER_SIDE = 6


@dataclass(frozen=True, eq=False)
class Cell:
    """A piece of the sky on one chip.

    Parameters
    ----------
    place : int
        The same for the same piece of the sky on other chips.
    outline_deg : ndarray, shape (4, 2)
        Its corners, ICRS.
    """

    place: int
    outline_deg: NDArray[np.float64]


@dataclass(frozen=True)
class CellLevel:
    """Level of one chip in one cell, in the unit of its image."""

    chip: ChipKey
    cell: Cell
    level: Level


def cells_of(
    outlines: Mapping[ChipKey, NDArray[np.float64]], groups: Sequence[Sequence[str]]
) -> dict[ChipKey, list[Cell]]:
    """Cells that lie on each chip as a whole and on a chip of another exposure, too.

    Parameters
    ----------
    outlines : mapping of ChipKey to ndarray
        Outlines (N, 2) of chips, ICRS degrees.
    groups : sequence of sequence of str
        Rootnames of exposures that share sky; each group has a grid of its own.
    """
    found: dict[ChipKey, list[Cell]] = {key: [] for key in outlines}
    first = 0
    for names in groups:
        inside = {key: line for key, line in outlines.items() if key[0] in set(names)}
        if len(names) > 1 and inside:
            first = _lay_out(inside, first, found)
    return found


def _lay_out(
    outlines: Mapping[ChipKey, NDArray[np.float64]], first: int, found: dict[ChipKey, list[Cell]]
) -> int:
    """Add the cells of one group, numbered from `first`; the number after the last."""
    centre = centre_of(np.vstack(list(outlines.values())))
    planes = {key: tangent_plane(line, centre) for key, line in outlines.items()}
    turn = _turn(next(iter(planes.values())))
    turned = {key: plane @ turn for key, plane in planes.items()}
    side = min(float(np.ptp(plane, axis=0).min()) for plane in turned.values()) / CELLS_PER_SIDE
    low = np.vstack(list(turned.values())).min(axis=0)
    columns = int((np.vstack(list(turned.values()))[:, 0].max() - low[0]) / side) + 2
    on = {key: _whole_cells((plane - low) / side) for key, plane in turned.items()}
    numbers = {key: first + cells[:, 1] * columns + cells[:, 0] for key, cells in on.items()}
    shared = _shared(numbers)
    last = first
    for key, cells in on.items():
        for corner, number in zip(cells, numbers[key].tolist(), strict=True):
            if number in shared:
                found[key].append(_cell(number, low + corner * side, side, turn, centre))
                last = max(last, number)
    return last + 1


def _cell(
    number: int,
    corner: NDArray[np.float64],
    side: float,
    turn: NDArray[np.float64],
    centre: NDArray[np.float64],
) -> Cell:
    square = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    return Cell(number, off_tangent_plane((corner + square * side) @ turn.T, centre))


def _turn(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation (2, 2), by ``points @ turn``, to axes along the sides of an outline."""
    edges = np.roll(outline, -1, axis=0) - outline
    east, north = edges[np.argmax(np.hypot(*edges.T))]
    length = float(np.hypot(east, north))
    return np.array([[east, -north], [north, east]]) / length


def _whole_cells(outline: NDArray[np.float64]) -> NDArray[np.intp]:
    """Lower corners (K, 2) of the cells of side 1 that an outline encloses as a whole."""
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    columns, rows = (np.arange(int(low[n]), int(high[n])) for n in (0, 1))
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    inside = inside_outline(grid.reshape(-1, 2).astype(float), outline).reshape(grid.shape[:2])
    whole = inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
    return np.asarray(grid[:-1, :-1][whole])


def _shared(numbers: Mapping[ChipKey, NDArray[np.intp]]) -> set[int]:
    """Numbers of cells that lie on chips of several exposures."""
    seen: dict[int, set[str]] = {}
    for (name, _), cells in numbers.items():
        for number in cells.tolist():
            seen.setdefault(number, set()).add(name)
    return {number for number, names in seen.items() if len(names) > 1}
