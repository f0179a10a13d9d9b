"""Rotation that a shift has left in its matches.

A shift of a few stars cannot take out the roll of a guide-star acquisition. Where the residuals
show one at many times its error, the corner of a detector is off by more than the fit says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Matches below which three parameters leave too little to judge them by.
_LEAST_MATCHES = 4

#: Errors that a rotation has to exceed. With 5 matches chance does that twice in a thousand fits.
_SURE = 5.0


@dataclass(frozen=True, slots=True)
class TurnLeft:
    """Rotation in the residuals of a shift.

    Parameters
    ----------
    turn_deg : float
        Its size, without sign.
    sigma_deg : float
        Standard error, from what the rotation leaves of the residuals.
    """

    turn_deg: float
    sigma_deg: float

    @property
    def is_sure(self) -> bool:
        """Whether it is far more than noise."""
        return self.turn_deg > _SURE * self.sigma_deg

    @property
    def sentence(self) -> str:
        """The rotation in words, as the reason of another geometry."""
        return f"a shift leaves a rotation of {self.turn_deg:.4f} +- {self.sigma_deg:.4f} deg"


def turn_left(places: Floats, residuals: Floats, noise: float = 0.0) -> TurnLeft | None:
    """Rotation that is left in the matches of a shift.

    Parameters
    ----------
    places, residuals : ndarray, shape (N, 2)
        In one unit of length.
    noise : float
        Least error of a match along one axis, where it is known otherwise.

    Returns
    -------
    TurnLeft or None
        None for matches that are too few, in one place, or not finite.
    """
    if len(places) < _LEAST_MATCHES:
        return None
    away, off = places - places.mean(axis=0), residuals - residuals.mean(axis=0)
    size = float((away**2).sum())
    if not (np.isfinite(size) and size > 0.0 and np.isfinite(off).all()):
        return None
    across = np.column_stack((-away[:, 1], away[:, 0]))
    turn = float((across * off).sum()) / size
    left = off - turn * across
    scatter = max(noise, float(np.sqrt((left**2).sum() / (2 * len(places) - 3))))
    return TurnLeft(abs(float(np.degrees(turn))), float(np.degrees(scatter / np.sqrt(size))))
