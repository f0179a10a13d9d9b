"""Offsets from differences: weighted least squares on a graph, sparse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError

#: A sparse array of scipy, which is imported when it is needed.
Sparse: TypeAlias = Any


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


@dataclass(frozen=True, eq=False)
class NoiseBlock:
    """Some sources of noise, and what each changes.

    Parameters
    ----------
    equations : ndarray of int, shape (K,)
        The equation that each changes; any one where the effect is 0.
    effects : ndarray, shape (K,)
        By how much a unit of each changes the difference.
    common : ndarray, shape (K,)
        By how much it changes all unknowns alike, besides.
    covariance : ndarray, shape (K, K)
        Of the sources, which have nothing to do with those of other blocks.
    """

    equations: NDArray[np.intp]
    effects: NDArray[np.float64]
    common: NDArray[np.float64]
    covariance: NDArray[np.float64]


class OffsetFit:
    """Offsets that fit measured differences best, the lowest of them zero.

    Parameters
    ----------
    count : int
        Number of unknowns, all connected with each other by equations.
    equations : sequence of Equation
        Differences.

    Raises
    ------
    UsageError
        When the equations do not connect all unknowns, or a weight is not positive.
    """

    def __init__(self, count: int, equations: Sequence[Equation]) -> None:
        if any(not one.weight > 0 for one in equations):
            raise UsageError("Weights of differences are positive.")
        self._incidence, self._weights = _incidence(count, equations)
        _require_connected(count, self._incidence)
        differences = np.array([one.difference for one in equations], dtype=float)
        start = _grounded(self._incidence, self._weights, 0)
        offsets = start.solve(self._incidence.T @ (self._weights * differences))
        self.lowest = int(np.argmin(offsets))
        self.offsets: NDArray[np.float64] = offsets - offsets[self.lowest]

    def sigmas(self, ground: int, blocks: Iterable[NoiseBlock]) -> NDArray[np.float64]:
        """Standard deviations of the unknowns relative to one of them.

        Parameters
        ----------
        ground : int
            The one that others are relative to.
        blocks : iterable of NoiseBlock
            All noise.

        Returns
        -------
        ndarray, shape (count,)
        """
        grounded = _grounded(self._incidence, self._weights, ground)
        variance = np.zeros(self._incidence.shape[1])
        for block in blocks:
            changes = self._changes(grounded, block)
            variance += np.einsum("ij,ij->i", changes @ block.covariance, changes)
        return np.sqrt(np.maximum(variance, 0.0))

    def residual_sigmas(
        self, blocks: Iterable[NoiseBlock], shifts: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Standard deviations of what the offsets leave of every difference.

        Parameters
        ----------
        blocks : iterable of NoiseBlock
            All noise.
        shifts : ndarray, shape (P,)
            Errors of the differences that are no noise; what the offsets leave of them is
            added in quadrature.

        Returns
        -------
        ndarray, shape (P,)
        """
        grounded = _grounded(self._incidence, self._weights, self.lowest)
        moved = grounded.solve(self._incidence.T @ (self._weights * shifts))
        variance = (shifts - self._incidence @ moved) ** 2
        for block in blocks:
            left = -(self._incidence @ self._changes(grounded, block))
            own = np.arange(block.equations.size)
            left[block.equations, own] += block.effects
            variance += np.einsum("ij,ij->i", left @ block.covariance, left)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))

    def response(self, ground: int, differences: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the effect of errors of all differences on the unknowns relative to one."""
        grounded = _grounded(self._incidence, self._weights, ground)
        return grounded.solve(self._incidence.T @ (self._weights * differences))

    def _changes(self, grounded: _Grounded, block: NoiseBlock) -> NDArray[np.float64]:
        """Change of every unknown by a unit of each source, (count, K)."""
        effects = block.effects * self._weights[block.equations]
        right = (self._incidence[block.equations].T * effects).toarray()
        return grounded.solve(right) + block.common


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
    scaled = (weights / weights.max()) ** 2 if number else weights
    return csr_array((signs, (rows, columns)), shape=(number, count)), scaled


def _require_connected(count: int, incidence: Sparse) -> None:
    from scipy.sparse.csgraph import connected_components

    parts, _ = connected_components(abs(incidence).T @ abs(incidence), directed=False)
    if parts != 1:
        raise UsageError(f"{count} unknowns in {parts} parts have no common zero.")


def _grounded(incidence: Sparse, weights: NDArray[np.float64], ground: int) -> _Grounded:
    from scipy.sparse import diags_array

    normal = incidence.T @ diags_array(weights) @ incidence
    return _Grounded(normal, np.delete(np.arange(incidence.shape[1]), ground))
