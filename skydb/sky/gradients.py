"""Test of skies that are planes, instead of constants, for the rest that ``match`` leaves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import centre_of, tangent_plane
from skydb.sky.methods import Measures

#: The dense least squares of more exposures takes too long.
_MOST_EXPOSURES = 200


def plane_left(measures: Measures, residuals: Mapping[tuple[str, str], float]) -> float | None:
    """Rms of residuals per degree of freedom, once every exposure may have a plane.

    Every overlap of two exposures lies somewhere else in each; a plane is a slope along
    two axes about the middle of the exposure.

    Parameters
    ----------
    measures : Measures
        With outlines.
    residuals : mapping of (str, str) to float
        What ``match`` leaves of each pair.

    Returns
    -------
    float or None
        None without outlines, with too few pairs, and for more than 200
        exposures.
    """
    names = {name: number for number, name in enumerate(measures.rootnames)}
    if not measures.outlines or not residuals or len(names) > _MOST_EXPOSURES:
        return None
    middles = _middles(measures)
    rows, values = [], []
    for (first, second), value in residuals.items():
        row = np.zeros((len(names), 3))
        here = (middles[first] + middles[second]) / 2
        row[names[first]] = (1.0, *(here - middles[first]))
        row[names[second]] = (-1.0, *(middles[second] - here))
        rows.append(row.ravel())
        values.append(value)
    matrix, wanted = np.array(rows), np.array(values)
    solution, _, rank, _ = np.linalg.lstsq(matrix, wanted, rcond=1e-6)
    freedom = len(values) - int(rank)
    if freedom < 1:
        return None
    return float(np.sqrt(np.sum((wanted - matrix @ solution) ** 2) / freedom))


def _middles(measures: Measures) -> dict[str, NDArray[np.float64]]:
    """Middle of every exposure on a common plane, in units that do not matter."""
    outlines = {
        name: np.vstack([o for (own, _), o in measures.outlines.items() if own == name])
        for name in measures.rootnames
    }
    centre = centre_of(np.vstack(list(outlines.values())))
    found = {name: tangent_plane(o, centre).mean(axis=0) for name, o in outlines.items()}
    scale = max(float(np.ptp(list(found.values()), axis=0).max()), 1e-12)
    return {name: middle / scale for name, middle in found.items()}
