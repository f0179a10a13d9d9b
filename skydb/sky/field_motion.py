"""Motion of a field: the median proper motion of its sources, as one motion on the sphere.

Near a pole, east is another direction for every source. Motions are therefore taken as
vectors in space, and only their median is put along the east and north of a place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors
from skydb.sky.geometry import centre_of

Floats = NDArray[np.float64]

_MAD_TO_SIGMA = 1.4826
#: Standard error of a median over that of a mean, for a normal distribution.
_MEDIAN_ERROR = 1.2533
#: The scatter of fewer motions is not used.
_LEAST_FOR_SCATTER = 5


@dataclass(frozen=True, eq=False)
class FieldMotion:
    """The motion that the sources of a field have in common.

    Parameters
    ----------
    vector_mas_yr : ndarray, shape (3,)
        The median motion in space, on the tangent plane at ``centre``.
    centre : ndarray, shape (3,)
        Unit vector of the middle of the field.
    sources : int
        Sources whose motions it is the median of.
    error_mas_yr : float
        Standard error of the median, from the scatter of the motions; infinite for fewer
        than five of them.
    """

    vector_mas_yr: Floats
    centre: Floats
    sources: int
    error_mas_yr: float

    @property
    def speed_mas_yr(self) -> float:
        """Speed of the field in mas a year."""
        return float(np.linalg.norm(self.vector_mas_yr))

    @property
    def at_centre(self) -> tuple[float, float]:
        """Proper motion at the middle of the field, in RA with cos Dec and in Dec, mas/yr."""
        east, north = _axes(self.centre[np.newaxis])
        return float(east[0] @ self.vector_mas_yr), float(north[0] @ self.vector_mas_yr)

    def at(self, radec_deg: Floats) -> tuple[Floats, Floats]:
        """Proper motions of the field at positions.

        Parameters
        ----------
        radec_deg : ndarray, shape (N, 2)
            ICRS positions.

        Returns
        -------
        tuple of ndarray, shape (N,)
            In RA with cos Dec, and in Dec, mas/yr.
        """
        east, north = _axes(unit_vectors(radec_deg))
        return np.asarray(east @ self.vector_mas_yr), np.asarray(north @ self.vector_mas_yr)


def field_motion(radec_deg: Floats, pm_mas_yr: Floats) -> FieldMotion | None:
    """The median motion of sources; None without any.

    Parameters
    ----------
    radec_deg : ndarray, shape (N, 2)
        ICRS positions.
    pm_mas_yr : ndarray, shape (N, 2)
        Proper motions in RA with cos Dec and in Dec; finite.
    """
    if not len(radec_deg):
        return None
    east, north = _axes(unit_vectors(radec_deg))
    vectors = east * pm_mas_yr[:, :1] + north * pm_mas_yr[:, 1:]
    centre = centre_of(radec_deg)
    plane = np.stack([axis[0] for axis in _axes(centre[np.newaxis])])
    motions = vectors @ plane.T
    middle = np.median(motions, axis=0)
    return FieldMotion(middle @ plane, centre, len(radec_deg), _error(motions - middle))


def _error(residuals: Floats) -> float:
    if len(residuals) < _LEAST_FOR_SCATTER:
        return float("inf")
    spread = _MAD_TO_SIGMA * np.median(np.abs(residuals), axis=0)
    return float(_MEDIAN_ERROR * np.hypot(*spread) / np.sqrt(len(residuals)))


def _axes(vectors: Floats) -> tuple[Floats, Floats]:
    """Unit vectors (N, 3) to the east and north at places (N, 3); at a pole, those of RA 0."""
    ra = np.arctan2(vectors[:, 1], vectors[:, 0])
    east = np.column_stack((-np.sin(ra), np.cos(ra), np.zeros(len(ra))))
    return east, np.cross(vectors, east)
