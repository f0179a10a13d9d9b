"""Where the exposures of a made-up survey point, and their footprints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.survey.plan import EXPOSURES_PER_FIELD, SurveyPlan
from skydb.domain.outline import outline_pix
from skydb.domain.values import unit_vectors

Array = NDArray[np.float64]

NAXIS_PIX = (1014, 1014)
SCALE_DEG = (0.1354 / 3600, 0.1210 / 3600)
#: Exposures of a field lie within this distance of its centre.
_FIELD_RADIUS_DEG = 0.05


@dataclass(frozen=True)
class Pointings:
    """Linear WCS and outlines of n exposures.

    Parameters
    ----------
    crval_deg : ndarray, shape (n, 2)
        Position of the middle of the chip.
    cd_deg : ndarray, shape (n, 2, 2)
        CD matrices.
    outline_deg : ndarray, shape (n, points, 2)
        Edge of the chip on the sky.
    centre : ndarray, shape (n, 3)
        Unit vector of the cap around it.
    radius_deg : ndarray, shape (n,)
        Its radius.
    """

    crval_deg: Array
    cd_deg: Array
    outline_deg: Array
    centre: Array
    radius_deg: Array

    def s_regions(self) -> list[str]:
        """Footprints as ``POLYGON ICRS ra dec ...``."""
        points = self.outline_deg.shape[1]
        template = "POLYGON ICRS " + " ".join(["%.9f %.9f"] * points)
        return [template % tuple(row) for row in self.outline_deg.reshape(-1, 2 * points).tolist()]


def pointings(plan: SurveyPlan, fields: NDArray[np.int64]) -> Pointings:
    """Pointings of all exposures of some fields, in order."""
    rng = np.random.default_rng([plan.seed, 1, int(fields[0])])
    n = len(fields) * EXPOSURES_PER_FIELD
    ra = np.repeat(rng.uniform(0, 360, len(fields)), EXPOSURES_PER_FIELD)
    dec = np.repeat(np.degrees(np.arcsin(rng.uniform(-1, 1, len(fields)))), EXPOSURES_PER_FIELD)
    dec = np.clip(dec + rng.uniform(-1, 1, n) * _FIELD_RADIUS_DEG, -89.9, 89.9)
    ra = (ra + rng.uniform(-1, 1, n) * _FIELD_RADIUS_DEG / np.cos(np.radians(dec))) % 360
    angle = np.repeat(rng.uniform(0, 2 * np.pi, len(fields)), EXPOSURES_PER_FIELD)
    cd = _turned(angle)
    outline = _on_sky(ra, dec, cd)
    corners = unit_vectors(outline.reshape(-1, 2)).reshape(*outline.shape[:2], 3)
    centre = corners.mean(axis=1)
    centre /= np.linalg.norm(centre, axis=1, keepdims=True)
    chord = np.linalg.norm(corners - centre[:, np.newaxis], axis=2).max(axis=1)
    radius = np.degrees(2 * np.arcsin(chord / 2))
    return Pointings(np.column_stack((ra, dec)), cd, outline, centre, radius)


def _turned(angle: Array) -> Array:
    sin, cos = np.sin(angle), np.cos(angle)
    x, y = SCALE_DEG
    rows = np.array([[-x * cos, y * sin], [x * sin, y * cos]])
    return np.moveaxis(rows, 2, 0)


def _on_sky(ra: Array, dec: Array, cd: Array) -> Array:
    """Outlines through a tangential projection (FITS WCS paper II, section 5.1.3)."""
    pixels = outline_pix(NAXIS_PIX) - (np.array(NAXIS_PIX) + 1) / 2
    xi, eta = np.radians(np.einsum("nij,pj->inp", cd, pixels))
    sin, cos = np.sin(np.radians(dec))[:, np.newaxis], np.cos(np.radians(dec))[:, np.newaxis]
    below = cos - eta * sin
    out_ra = ra[:, np.newaxis] + np.degrees(np.arctan2(xi, below))
    out_dec = np.degrees(np.arctan2(sin + eta * cos, np.hypot(xi, below)))
    return np.stack((out_ra % 360, out_dec), axis=2)
