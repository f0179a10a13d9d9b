"""Offsets from differences: weighted least squares on a graph, sparse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError

#: A sparse array of scipy, which is imported when it is needed.
Sparse: TypeAlias = Any

#: Pairs whose noise is carried through at a time, to bound the memory.
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Equation:
    """One measured difference.

    Parameters
    ----------
    first, second : int
        Numbers of the two unknowns.
    difference : float
        First minus second.
    weight : float
        What the equation is multiplied with; positive.
    sigma : float
        Standard deviation of the difference.
    """

    first: int
    second: int
    difference: float
    weight: float = 1.0
    sigma: float = 0.0


def solve_offsets(
    count: int, equations: Sequence[Equation]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets that fit measured differences best, the lowest of them zero.

    Parameters
    ----------
    count : int
        Number of unknowns, all connected with each other by equations.
    equations : sequence of Equation
        Differences.

    Returns
    -------
    offsets, sigmas : ndarray, shape (count,)
        The solution and its standard deviation relative to the one at zero, for
        independent differences.

    Raises
    ------
    UsageError
        When the equations do not connect all unknowns, or a weight is not positive.
    """
    if any(not one.weight > 0 for one in equations):
        raise UsageError("Weights of differences are positive.")
    incidence, weights = _incidence(count, equations)
    _require_connected(count, incidence)
    differences = np.array([one.difference for one in equations], dtype=float)
    start = _grounded(incidence, weights, 0)
    offsets = start.solve(incidence.T @ (weights * differences))
    lowest = int(np.argmin(offsets))
    sigmas = np.array([one.sigma for one in equations], dtype=float)
    ground = _grounded(incidence, weights, lowest)
    return offsets - offsets[lowest], _carried(ground, incidence, weights * sigmas)


class _Grounded:
    """Normal equations with one unknown held at zero, factorised."""

    def __init__(self, matrix: Sparse, free: NDArray[np.intp]) -> None:
        from scipy.sparse.linalg import splu

        self._free = free
        self._factors = splu(matrix.tocsr()[free][:, free].tocsc()) if free.size else None

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        solution = np.zeros_like(right)
        if self._factors is not None:
            solution[self._free] = self._factors.solve(right[self._free])
        return solution


def _incidence(count: int, equations: Sequence[Equation]) -> tuple[Sparse, NDArray[np.float64]]:
    """Matrix of +1 and -1, (equations, count), and the squares of scaled weights."""
    from scipy.sparse import csr_array

    number = len(equations)
    rows = np.repeat(np.arange(number), 2)
    columns = np.array([(one.first, one.second) for one in equations], dtype=int).ravel()
    signs = np.tile([1.0, -1.0], number)
    weights = np.array([one.weight for one in equations], dtype=float)
    # Weights are numbers of pixels; scaled, their squares stay near one.
    scaled = (weights / weights.max(initial=0.0)) ** 2 if number else weights
    return csr_array((signs, (rows, columns)), shape=(number, count)), scaled


def _require_connected(count: int, incidence: Sparse) -> None:
    from scipy.sparse.csgraph import connected_components

    parts, _ = connected_components(abs(incidence).T @ abs(incidence), directed=False)
    if count < 1 or parts != 1:
        raise UsageError(f"{count} unknowns in {parts} parts have no common zero.")


def _grounded(incidence: Sparse, weights: NDArray[np.float64], ground: int) -> _Grounded:
    from scipy.sparse import diags_array

    normal = incidence.T @ diags_array(weights) @ incidence
    return _Grounded(normal, np.delete(np.arange(incidence.shape[1]), ground))


def _carried(
    ground: _Grounded,
    incidence: Sparse,
    noise: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Standard deviation of the unknowns from that of the weighted differences."""
    variance = np.zeros(incidence.shape[1])
    for start in range(0, len(noise), _BLOCK):
        part = slice(start, start + _BLOCK)
        right = (incidence[part].T * noise[part]).toarray()
        variance += (ground.solve(right) ** 2).sum(axis=1)
    return np.sqrt(variance)
