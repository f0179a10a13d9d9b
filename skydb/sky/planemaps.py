"""Linear maps of a tangent plane, fitted to pairs of points.

A map moves a body as TweakReg's geometries do: by a shift (``shift``), a shift and a rotation
(``rshift``), also a scale (``rscale``), or any linear map (``general``). Points are in mas or
any other unit, the same on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Matches without which a map of each geometry is not determined.
LEAST_POINTS = {"shift": 1, "rshift": 2, "rscale": 2, "general": 3}


@dataclass(frozen=True, eq=False)
class PlaneMap:
    """Points go from ``p`` to ``matrix @ p + shift``.

    Parameters
    ----------
    matrix : ndarray, shape (2, 2)
    shift : ndarray, shape (2,)
        In the unit of the points.
    """

    matrix: Floats
    shift: Floats

    @classmethod
    def identity(cls) -> Self:
        """The map that moves nothing."""
        return cls(np.eye(2), np.zeros(2))

    @classmethod
    def rigid(cls, shift: Floats, turn_rad: float) -> Self:
        """A rotation about the origin, positive from x to y, and then a shift."""
        return cls(rotation_matrix(turn_rad), np.asarray(shift, dtype=float))

    def __call__(self, points: Floats) -> Floats:
        """Moved points, shape (N, 2)."""
        return np.asarray(points @ self.matrix.T + self.shift)

    def after(self, first: PlaneMap) -> PlaneMap:
        """One map for another one followed by this."""
        return PlaneMap(self.matrix @ first.matrix, self.matrix @ first.shift + self.shift)

    @property
    def turn_rad(self) -> float:
        """Rotation, positive from x to y."""
        (a, b), (c, d) = self.matrix
        return float(np.arctan2(c - b, a + d))

    @property
    def scale(self) -> float:
        """Size after over size before."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    def moved(self, point: Floats) -> Floats:
        """Movement (2,) of one point."""
        return np.asarray(self.matrix @ point + self.shift - point)


def rotation_matrix(turn_rad: float) -> Floats:
    """Matrix (2, 2) of a rotation from x to y."""
    sine, cosine = np.sin(turn_rad), np.cos(turn_rad)
    return np.array([[cosine, -sine], [sine, cosine]])


def fit_map(points: Floats, targets: Floats, geometry: str) -> PlaneMap:
    """Least-squares map of points to their targets, all of one weight.

    Parameters
    ----------
    points, targets : ndarray, shape (N, 2)
    geometry : str
        ``shift``, ``rshift``, ``rscale`` or ``general``.

    Returns
    -------
    PlaneMap
        A shift alone where the points are too few, or in one place, for the geometry.

    Notes
    -----
    The rotation is exact, not a small-angle approximation (Arun et al. 1987).
    """
    if not len(points):
        return PlaneMap.identity()
    middle, there = points.mean(axis=0), targets.mean(axis=0)
    x, y = points - middle, targets - there
    matrix = _matrix(x, y, geometry) if len(points) >= LEAST_POINTS[geometry] else np.eye(2)
    return PlaneMap(matrix, there - matrix @ middle)


def _matrix(x: Floats, y: Floats, geometry: str) -> Floats:
    """Linear part of the map between centred points."""
    size = float((x * x).sum())
    if geometry == "shift" or size == 0.0:
        return np.eye(2)
    if geometry == "general":
        solution, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
        return np.asarray(solution.T) if rank == 2 else _matrix(x, y, "rshift")
    along, across = float((x * y).sum()), float((x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum())
    turned = rotation_matrix(float(np.arctan2(across, along)))
    scale = float(np.hypot(along, across)) / size if geometry == "rscale" else 1.0
    return np.asarray(scale * turned)
