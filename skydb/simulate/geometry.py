"""Attitudes, chips and the sky, with rigid rotations and SIP polynomials.

An attitude is a rotation matrix (3, 3) that carries the instrument frame (x to
the boresight, y east and z north when V3 points north) to ICRS. A pointing error
is one more rotation in front of it, so it is rigid for all chips and all
exposures of a visit: exactly what an alignment can undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

ARCSEC_PER_RADIAN = 206264.80624709636
#: Fixed-point steps of the SIP inverse; each gains two digits or more.
_SIP_STEPS = 12


@dataclass(frozen=True, slots=True)
class Sip:
    """Distortion polynomials (SIP convention, Shupe et al. 2005).

    Parameters
    ----------
    order : int
        A_ORDER = B_ORDER.
    a, b : mapping
        Coefficient of ``u**p * v**q``, keyed by (p, q).
    """

    order: int
    a: Mapping[tuple[int, int], float]
    b: Mapping[tuple[int, int], float]

    def apply(self, u: Matrix, v: Matrix) -> tuple[Matrix, Matrix]:
        """Undistorted offsets of the pixel offsets (u, v) from CRPIX."""
        return u + _polynomial(self.a, u, v), v + _polynomial(self.b, u, v)

    def invert(self, x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
        """Pixel offsets whose undistorted offsets are (x, y)."""
        u, v = x, y
        for _ in range(_SIP_STEPS):
            u, v = x - _polynomial(self.a, u, v), y - _polynomial(self.b, u, v)
        return u, v


@dataclass(frozen=True, slots=True)
class LinearWcs:
    """Reference pixel, its ICRS position and the CD matrix, in degrees."""

    crpix: tuple[float, float]
    crval: tuple[float, float]
    cd: tuple[float, float, float, float]

    @property
    def cd_matrix(self) -> Matrix:
        """CD as a (2, 2) matrix."""
        return np.array(self.cd, dtype=float).reshape(2, 2)

    @property
    def orientat_deg(self) -> float:
        """Position angle of the y axis, degrees east of north."""
        return float(np.degrees(np.arctan2(self.cd[1], self.cd[3])))

    def turned(self, turn: Matrix) -> LinearWcs:
        """The WCS after a rotation (3, 3) of the sky: positions and directions turn alike."""
        here = unit_vector(*self.crval)
        there = turn @ here
        before, after = np.stack(tangent_basis(here)), np.stack(tangent_basis(there))
        c11, c12, c21, c22 = (after @ turn @ before.T @ self.cd_matrix).ravel().tolist()
        ra, dec = sky_position(there)
        return LinearWcs(self.crpix, (float(ra), float(dec)), (c11, c12, c21, c22))

    def pixel_to_sky(self, x: Matrix, y: Matrix, sip: Sip) -> tuple[Matrix, Matrix]:
        """ICRS positions in degrees of 1-based pixels."""
        u, v = sip.apply(x - self.crpix[0], y - self.crpix[1])
        xi, eta = np.radians(np.tensordot(self.cd_matrix, np.stack((u, v)), axes=1))
        centre, (east, north) = unit_vector(*self.crval), tangent_basis(unit_vector(*self.crval))
        vectors = centre + xi[..., None] * east + eta[..., None] * north
        return sky_position(vectors)

    def sky_to_pixel(self, ra_deg: Matrix, dec_deg: Matrix, sip: Sip) -> tuple[Matrix, Matrix]:
        """1-based pixels of ICRS positions in degrees; NaN behind the tangent plane."""
        vectors = unit_vector(ra_deg, dec_deg)
        centre = unit_vector(*self.crval)
        east, north = tangent_basis(centre)
        depth = vectors @ centre
        depth = np.where(depth > 0, depth, np.nan)
        plane = np.degrees(np.stack((vectors @ east, vectors @ north)) / depth)
        u, v = sip.invert(*np.tensordot(np.linalg.inv(self.cd_matrix), plane, axes=1))
        return u + self.crpix[0], v + self.crpix[1]


@dataclass(frozen=True, slots=True)
class ChipModel:
    """One chip in the instrument frame.

    Parameters
    ----------
    extver, ccdchip : int
        Number of the SCI extension and of the chip.
    naxis : tuple of int
        Columns and rows.
    crpix : tuple of float
        Reference pixel.
    centre_arcsec : tuple of float
        Its tangent-plane offset from the boresight.
    cd_arcsec : tuple of float
        CD matrix in arcsec per pixel with V3 north.
    sip : Sip
    """

    extver: int
    ccdchip: int
    naxis: tuple[int, int]
    crpix: tuple[float, float]
    centre_arcsec: tuple[float, float]
    cd_arcsec: tuple[float, float, float, float]
    sip: Sip

    def wcs(self, attitude: Matrix, scale: float = 1.0) -> LinearWcs:
        """WCS of this chip at an attitude; ``scale`` is the velocity aberration."""
        here = offset_direction(*self.centre_arcsec)
        there = attitude @ here
        local, sky = np.stack(tangent_basis(here)), np.stack(tangent_basis(there))
        turn = sky @ attitude @ local.T
        cd = turn @ np.array(self.cd_arcsec).reshape(2, 2) * scale / 3600.0
        ra, dec = sky_position(there)
        c11, c12, c21, c22 = (float(value) for value in cd.ravel())
        return LinearWcs(self.crpix, (float(ra), float(dec)), (c11, c12, c21, c22))

    def outline(self, wcs: LinearWcs, sip: Sip) -> list[tuple[float, float]]:
        """ICRS corners of the chip, not closed."""
        nx, ny = self.naxis
        x = np.array([0.5, 0.5, nx + 0.5, nx + 0.5])
        y = np.array([0.5, ny + 0.5, ny + 0.5, 0.5])
        ra, dec = wcs.pixel_to_sky(x, y, sip)
        return [(float(a), float(d)) for a, d in zip(ra, dec, strict=True)]


def attitude(ra_deg: float, dec_deg: float, pa_v3_deg: float) -> Matrix:
    """Attitude (3, 3) that looks at a position with V3 at a position angle."""
    centre = unit_vector(ra_deg, dec_deg)
    east, north = tangent_basis(centre)
    angle = np.radians(pa_v3_deg)
    up = np.cos(angle) * north + np.sin(angle) * east
    left = np.cos(angle) * east - np.sin(angle) * north
    return np.column_stack((centre, left, up))


def offset_attitude(xi_arcsec: float, eta_arcsec: float) -> Matrix:
    """Rotation (3, 3) in the instrument frame that moves the boresight by a small offset."""
    start = np.array([1.0, 0.0, 0.0])
    end = offset_direction(xi_arcsec, eta_arcsec)
    axis = np.cross(start, end)
    sine = float(np.linalg.norm(axis))
    if sine == 0.0:
        return np.eye(3)
    return rotation(axis / sine, float(np.degrees(np.arctan2(sine, start @ end))))


def pointing_error(
    attitude_true: Matrix, east_arcsec: float, north_arcsec: float, roll_deg: float
) -> Matrix:
    """Rotation (3, 3) on the sky: a roll about the boresight, then a shift of it."""
    centre = attitude_true[:, 0]
    east, north = tangent_basis(centre)
    roll = rotation(centre, -roll_deg)
    size = float(np.hypot(east_arcsec, north_arcsec))
    if size == 0.0:
        return roll
    towards = (east_arcsec * east + north_arcsec * north) / size
    return rotation(np.cross(centre, towards), size / 3600.0) @ roll


def rotation(axis: Matrix, angle_deg: float) -> Matrix:
    """Rotation matrix about a unit vector (Rodrigues)."""
    angle = np.radians(angle_deg)
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=float)
    turned: Matrix = np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    return turned


def offset_direction(xi_arcsec: float, eta_arcsec: float) -> Matrix:
    """Unit vector in the instrument frame of a tangent-plane offset."""
    vector: Matrix = np.array([1.0, xi_arcsec / ARCSEC_PER_RADIAN, eta_arcsec / ARCSEC_PER_RADIAN])
    vector /= np.linalg.norm(vector)
    return vector


def unit_vector(ra_deg: Matrix | float, dec_deg: Matrix | float) -> Matrix:
    """Unit vectors (..., 3) of positions in degrees."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)), axis=-1)


def sky_position(vectors: Matrix) -> tuple[Matrix, Matrix]:
    """Right ascension (0-360) and declination in degrees of vectors (..., 3) of any length."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def tangent_basis(centre: Matrix) -> tuple[Matrix, Matrix]:
    """Unit vectors to the east and the north of a direction."""
    east = np.array([-centre[1], centre[0], 0.0])
    east /= np.linalg.norm(east)
    return east, np.cross(centre, east)


def _polynomial(coefficients: Mapping[tuple[int, int], float], u: Matrix, v: Matrix) -> Matrix:
    total = np.zeros_like(np.asarray(u, dtype=float))
    for (p, q), value in coefficients.items():
        total = total + value * u**p * v**q
    return total
