"""Measurements for the trust in a fit that are independent of the tool that made it.

The jackknife repeats the fit without each match; the cross-match and the neighbours
compare sources that :mod:`skydb.sky.sources` finds, with the catalogue and with each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.domain.trust import (
    CONFIRMING_SCORE,
    FOUND_SHARE,
    OFFSET_PIX,
    UNCONFIRMED_SCORE,
    FitCheck,
    limited,
)
from skydb.domain.vocabulary import TrustComponent
from skydb.sky.displacement import Displacement
from skydb.sky.geometry import ARCSEC_PER_RADIAN, centre_of, tangent_plane
from skydb.sky.skypixels import pixels_of_sky
from skydb.sky.sources import find_sources
from skydb.sky.votes import mutual_pairs

if TYPE_CHECKING:
    from astropy.wcs import WCS

Floats = NDArray[np.float64]

#: Largest distance of a source from its entry in the catalogue.
MATCH_RADIUS_ARCSEC = 0.3

#: Largest share of pairs by chance; in a crowded field the radius shrinks to keep it.
_CHANCE_SHARE = 0.25
_SMALLEST_RADIUS_PIX = 1.5
_LEAST_SOURCES = 5
#: Pairs more than chance gives, and in its standard deviations, that confirm a fit however many
#: sources the catalogue lacks.
_MANY_PAIRS, _BEYOND_SIGMA = 20, 6.0
_MAD_TO_SIGMA = 1.4826
#: Standard error of a median over that of a mean, for a normal distribution.
_MEDIAN_ERROR = 1.2533


@dataclass(frozen=True)
class Sighting:
    """Bright sources of one fitted product on the sky.

    Parameters
    ----------
    radec_deg : ndarray, shape (N, 2)
        Positions by the fitted WCS, the brightest first.
    area_arcsec2 : float
        Area of the pixels that were exposed.
    scale_arcsec : float
        Size of a pixel.
    """

    radec_deg: Floats
    area_arcsec2: float
    scale_arcsec: float


@dataclass(frozen=True)
class Agreement:
    """Two lists of positions compared.

    Parameters
    ----------
    pairs : int
        Mutual nearest neighbours within the radius.
    possible : int
        Length of the shorter list.
    chance : float
        Pairs to be expected of lists that have nothing to do with each other.
    offset_pix, error_pix : float
        Length of the median offset, and its standard error; NaN without pairs.
    """

    pairs: int
    possible: int
    chance: float
    offset_pix: float
    error_pix: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether there are many more pairs than lists without a relation would have."""
        excess = self.pairs - self.chance
        return bool(excess >= max(_MANY_PAIRS, _BEYOND_SIGMA * self.chance**0.5))

    @property
    def share(self) -> float:
        """Share of the possible pairs that was found, chance taken off."""
        real = self.possible - self.chance
        return max(0.0, (self.pairs - self.chance) / real) if real > 0 else 0.0

    @property
    def significant_offset_pix(self) -> float:
        """The offset that is left when twice its error is taken off."""
        return max(0.0, self.offset_pix - 2.0 * self.error_pix)


def jackknife_pix(
    x_pix: Floats, y_pix: Floats, dx_pix: Floats, dy_pix: Floats, geometry: str
) -> float | None:
    """Largest movement of the fitted shift when one match is left out, in pixels.

    The fit is linear, so that leaving out match *i* changes the parameters by
    ``-(X'X)^-1 x_i' (1 - H_ii)^-1 r_i``; nothing is fitted again. The shift is that of
    the middle of the matches.

    Parameters
    ----------
    x_pix, y_pix : ndarray, shape (N,)
        Positions of the matches.
    dx_pix, dy_pix : ndarray, shape (N,)
        Residuals of the fit.
    geometry : str
        ``shift``, ``rshift``, ``rscale`` or ``general``.

    Returns
    -------
    float or None
        None when fewer matches are there than the fit needs without one of them.
    """
    n = len(x_pix)
    design = _design(x_pix - x_pix.mean(), y_pix - y_pix.mean(), geometry) if n else None
    if design is None or 2 * (n - 1) < design.shape[2]:
        return None
    residuals = np.stack((dx_pix, dy_pix), axis=1)
    normal = np.linalg.pinv(np.einsum("nij,nik->jk", design, design))
    largest = _movements(normal, design, residuals).max()
    return float(largest) if np.isfinite(largest) else None


def _design(x: Floats, y: Floats, geometry: str) -> Floats:
    """Design matrix of each match, shape (N, 2, parameters), the shift first."""
    one, zero = np.ones_like(x), np.zeros_like(x)
    columns: list[tuple[Floats, Floats]] = [(one, zero), (zero, one)]
    if geometry == "general":
        columns += [(x, zero), (y, zero), (zero, x), (zero, y)]
    elif geometry != "shift":
        # A small rotation; rscale has the scale besides.
        columns += [(-y, x)] if geometry == "rshift" else [(-y, x), (x, y)]
    return np.asarray(np.stack([np.stack(pair, axis=1) for pair in columns], axis=2))


def _movements(normal: Floats, design: Floats, residuals: Floats) -> Floats:
    """Movement of the shift without each match; infinite where the fit needs it."""
    turned = design.swapaxes(1, 2)
    rest = np.eye(2) - design @ normal @ turned
    needed = np.linalg.det(rest) < 1e-9
    rest[needed] = np.eye(2)
    change = normal @ turned @ np.linalg.solve(rest, residuals[..., np.newaxis])
    return np.where(needed, np.inf, np.hypot(change[:, 0, 0], change[:, 1, 0]))


def sight(image: Floats, exposed: NDArray[np.bool_], wcs: WCS) -> Sighting:
    """Find the bright sources of a rectified image and put them on the sky.

    Parameters
    ----------
    image, exposed : ndarray, shape (ny, nx)
        Pixels, and which of them were exposed.
    wcs : astropy.wcs.WCS
        The fitted WCS.
    """
    found = find_sources(image, exposed)
    radec = np.asarray(wcs.all_pix2world(found.xy_pix, 1)) if len(found) else np.empty((0, 2))
    scale = 3600.0 * float(np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))
    return Sighting(radec.reshape(-1, 2), float(exposed.sum()) * scale**2, scale)


def catalog_inside(radec_deg: Floats, exposed: NDArray[np.bool_], wcs: WCS) -> Floats:
    """Positions of a catalogue that fall on exposed pixels, shape (M, 2)."""
    ny, nx = exposed.shape
    # A position on the other side of the sky has no pixel, or a wrong one.
    reach_deg = 2 * np.hypot(nx, ny) * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    middle = np.asarray(wcs.all_pix2world([[nx / 2, ny / 2]], 1))
    near = _separation_deg(radec_deg, middle) < reach_deg
    candidates = radec_deg[near]
    if not len(candidates):
        return np.empty((0, 2))
    places = pixels_of_sky(wcs, candidates, 1)
    is_found = np.isfinite(places).all(axis=1)
    candidates, places = candidates[is_found], places[is_found]
    pixels = np.rint(places).astype(int) - 1
    inside = (pixels >= 0).all(axis=1) & (pixels[:, 0] < nx) & (pixels[:, 1] < ny)
    candidates, pixels = candidates[inside], pixels[inside]
    return np.asarray(candidates[exposed[pixels[:, 1], pixels[:, 0]]])


def compare(
    sources_deg: Floats, others_deg: Floats, area_arcsec2: float, scale_arcsec: float
) -> Agreement:
    """Compare two lists of positions of one area of the sky.

    Parameters
    ----------
    sources_deg, others_deg : ndarray, shape (N, 2) and (M, 2)
        Positions.
    area_arcsec2 : float
        Area in which both lists are complete.
    scale_arcsec : float
        Size of a pixel, for the offset.
    """
    possible = min(len(sources_deg), len(others_deg))
    if not possible:
        return Agreement(0, 0, 0.0, float("nan"), float("nan"))
    density = max(len(sources_deg), len(others_deg)) / area_arcsec2
    radius = _radius_arcsec(density, scale_arcsec)
    offsets = _offsets_arcsec(sources_deg, others_deg, radius) / scale_arcsec
    chance = possible * (1.0 - float(np.exp(-density * np.pi * radius**2)))
    if not len(offsets):
        return Agreement(0, possible, chance, float("nan"), float("nan"))
    middle = np.median(offsets, axis=0)
    spread = _MAD_TO_SIGMA * np.median(np.abs(offsets - middle), axis=0)
    error = _MEDIAN_ERROR * float(np.hypot(*spread)) / np.sqrt(len(offsets))
    return Agreement(len(offsets), possible, chance, float(np.hypot(*middle)), float(error))


def check_cross_match(found: Agreement) -> FitCheck:
    """Check a fit by the comparison with the catalogue."""
    component = TrustComponent.CROSS_MATCH
    if found.possible < _LEAST_SOURCES:
        reason = f"only {found.possible} bright sources could be in the catalogue"
        return FitCheck(component, UNCONFIRMED_SCORE, reason)
    share = min(1.0, found.share / FOUND_SHARE)
    counted = f"{found.pairs} of {found.possible} sources lie near their places in the catalogue"
    if not found.pairs or share < 0.5:
        return FitCheck(component, share, f"only {counted}", found.offset_pix)
    offset = found.significant_offset_pix
    reason = f"{counted}, {found.offset_pix:.3f} +- {found.error_pix:.3f} pix off"
    score = min(share, limited(OFFSET_PIX, offset))
    if offset <= OFFSET_PIX and found.is_beyond_chance:
        score = max(score, CONFIRMING_SCORE)
    if found.error_pix > OFFSET_PIX:
        score = min(score, UNCONFIRMED_SCORE)
    return FitCheck(component, score, reason, found.offset_pix)


def check_neighbours(found: list[Agreement]) -> FitCheck:
    """Check a fit by the sources in common with other products of the run, an offset each."""
    usable = [a for a in found if a.pairs >= _LEAST_SOURCES and a.share > FOUND_SHARE / 2]
    if not usable:
        reason = "no neighbour has enough sources in common"
        return FitCheck(TrustComponent.NEIGHBOURS, None, reason)
    # The median, so that one wrong neighbour does not fail this fit.
    offset = float(np.median([a.significant_offset_pix for a in usable]))
    reason = f"{offset:.3f} pix off the sources of {len(usable)} neighbours"
    return FitCheck(TrustComponent.NEIGHBOURS, limited(OFFSET_PIX, offset), reason, offset)


def check_archive(moved: Displacement, scale_arcsec: float, rms_mas: float) -> FitCheck:
    """Check a fit by the archive's own good fit and the displacement from it."""
    offset = max(0.0, moved.median_mas - 2.0 * rms_mas) / (1000.0 * scale_arcsec)
    reason = f"{moved.median_mas:.0f} mas off the archive's fit to Gaia"
    return FitCheck(TrustComponent.ARCHIVE, limited(OFFSET_PIX, offset), reason, offset)


def shared(first: Sighting, second: Sighting) -> Agreement:
    """Compare the sources of two products where they overlap."""
    reach = MATCH_RADIUS_ARCSEC / 3600.0
    one, other = (
        _in_box(first.radec_deg, second.radec_deg, reach),
        _in_box(second.radec_deg, first.radec_deg, reach),
    )
    area = min(first.area_arcsec2, second.area_arcsec2)
    smaller = min(len(first.radec_deg), len(second.radec_deg)) or 1
    # Sources are spread evenly enough to measure the area that two products share.
    common = max(area * min(len(one), len(other)) / smaller, 1.0)
    return compare(one, other, common, first.scale_arcsec)


def _in_box(radec_deg: Floats, of_deg: Floats, reach_deg: float) -> Floats:
    """Positions within the box, along the axes of the tangent plane, around other ones."""
    if not len(radec_deg) or not len(of_deg):
        return radec_deg[:0]
    if _separation_deg(radec_deg[:1], of_deg[:1])[0] > 5.0:
        return radec_deg[:0]
    centre = centre_of(np.vstack((radec_deg, of_deg)))
    places, others = tangent_plane(radec_deg, centre), tangent_plane(of_deg, centre)
    margin = np.radians(reach_deg)
    low, high = others.min(axis=0) - margin, others.max(axis=0) + margin
    return np.asarray(radec_deg[((places >= low) & (places <= high)).all(axis=1)])


def _radius_arcsec(density: float, scale_arcsec: float) -> float:
    crowded = float(np.sqrt(_CHANCE_SHARE / (np.pi * density)))
    return min(MATCH_RADIUS_ARCSEC, max(crowded, _SMALLEST_RADIUS_PIX * scale_arcsec))


def _offsets_arcsec(first_deg: Floats, second_deg: Floats, radius_arcsec: float) -> Floats:
    """Offsets (K, 2) east and north of mutual nearest neighbours, first minus second."""
    centre = centre_of(second_deg)
    one = tangent_plane(first_deg, centre) * ARCSEC_PER_RADIAN
    other = tangent_plane(second_deg, centre) * ARCSEC_PER_RADIAN
    rows, nearest = mutual_pairs(one, other, radius_arcsec)
    return np.asarray(one[rows] - other[nearest])


def _separation_deg(radec_deg: Floats, centre_deg: Floats) -> Floats:
    from skydb.sky.geometry import separations_mas

    return separations_mas(radec_deg, np.broadcast_to(centre_deg, radec_deg.shape)) / 3.6e6
