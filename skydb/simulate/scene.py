"""The sky itself: stars that move, and a nebula that depends on position only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skydb.simulate.detectors import Detector
from skydb.simulate.geometry import (
    ARCSEC_PER_RADIAN,
    Matrix,
    sky_position,
    tangent_basis,
    unit_vector,
)
from skydb.simulate.plan import FieldKind, FieldPlan
from skydb.simulate.schedule import Schedule, Stream, random_stream, tile_offsets_arcsec

#: Epoch of Gaia DR3 positions.
GAIA_EPOCH = 2016.0
_MAG_SPAN = 5.0
#: log10 N(m) = slope * m: flat, so that a small field still has Gaia stars.
_MAG_SLOPE = 0.10
_PROPER_MOTION_MAS = 8.0
#: Smallest separation of two stars, in pixels: no blends.
_SEPARATION_PIX = 7.0
#: Stars are laid out this much beyond the outermost tiles, in arcsec.
_MARGIN_ARCSEC = 3.0


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars at one epoch; every array has shape (n,).

    Parameters
    ----------
    epoch_year : float
    ra_deg, dec_deg : ndarray
    pmra_mas, pmdec_mas : ndarray
        Proper motion a year, with cos(dec) in pmra as Gaia has it.
    flux : ndarray
        Electrons per second.
    g_mag : ndarray
        Gaia G.
    """

    epoch_year: float
    ra_deg: Matrix
    dec_deg: Matrix
    pmra_mas: Matrix
    pmdec_mas: Matrix
    flux: Matrix
    g_mag: Matrix

    def __len__(self) -> int:
        return len(self.ra_deg)

    def at(self, epoch_year: float) -> Stars:
        """The same stars at another epoch."""
        years = epoch_year - self.epoch_year
        dec = self.dec_deg + years * self.pmdec_mas / 3.6e6
        ra = self.ra_deg + years * self.pmra_mas / 3.6e6 / np.cos(np.radians(self.dec_deg))
        return replace(self, epoch_year=epoch_year, ra_deg=ra % 360.0, dec_deg=dec)


@dataclass(frozen=True, slots=True)
class Nebula:
    """A smooth surface brightness: a few waves and one soft, wavy ridge.

    Parameters
    ----------
    centre_deg : tuple of float
        Origin of the pattern.
    scale_arcsec : float
        Size of a tile: nothing varies on much smaller scales.
    amplitude : float
        Nearly the range of the values, in the image's unit.
    waves : ndarray
        (n, 3): wave vector in radians a tile, and phase.
    ridge_rad : float
        Direction across the ridge.
    """

    centre_deg: tuple[float, float]
    scale_arcsec: float
    amplitude: float
    waves: Matrix
    ridge_rad: float

    def brightness(self, ra_deg: Matrix, dec_deg: Matrix) -> Matrix:
        """Surface brightness per flat-fielded pixel at positions in degrees."""
        if self.amplitude == 0.0:
            return np.zeros_like(ra_deg)
        x, y = self._plane(ra_deg, dec_deg)
        swell = sum(np.cos(kx * x + ky * y + phase) for kx, ky, phase in self.waves)
        along = -np.sin(self.ridge_rad) * x + np.cos(self.ridge_rad) * y
        across = np.cos(self.ridge_rad) * x + np.sin(self.ridge_rad) * y
        ridge = 0.5 + 0.5 * np.tanh((across + 0.25 * np.sin(2.1 * along)) / 0.6)
        level: Matrix = 0.6 * (0.5 + 0.5 * swell / len(self.waves)) + 0.4 * ridge
        return self.amplitude * level

    def _plane(self, ra_deg: Matrix, dec_deg: Matrix) -> tuple[Matrix, Matrix]:
        """Offsets from the centre in tiles."""
        centre = unit_vector(*self.centre_deg)
        east, north = tangent_basis(centre)
        vectors = unit_vector(ra_deg, dec_deg)
        scale = ARCSEC_PER_RADIAN / self.scale_arcsec
        return vectors @ east * scale, vectors @ north * scale


class Galaxy(Nebula):
    """An inclined galaxy with an exponential profile, as extended light of the same kind.

    Its scale length is a tile, two thirds of it along the minor axis: where a field of 3x3
    tiles ends it still has a tenth of its central brightness. Its nucleus is off the centre.
    """

    def brightness(self, ra_deg: Matrix, dec_deg: Matrix) -> Matrix:
        """Surface brightness per flat-fielded pixel at positions in degrees."""
        x, y = self._plane(ra_deg, dec_deg)
        x, y = x - 0.3 * np.cos(self.waves[0, 2]), y - 0.3 * np.sin(self.waves[0, 2])
        along = -np.sin(self.ridge_rad) * x + np.cos(self.ridge_rad) * y
        across = np.cos(self.ridge_rad) * x + np.sin(self.ridge_rad) * y
        level: Matrix = self.amplitude * np.exp(-np.hypot(along, 1.5 * across))
        return level


def make_nebula(plan: FieldPlan, detector: Detector, schedule: Schedule) -> Nebula:
    """The extended light of a plan."""
    rng = random_stream(plan.seed, Stream.NEBULA)
    count = 5
    wavelengths, angles = rng.uniform(1.6, 4.5, count), rng.uniform(0, 2 * np.pi, count)
    wavenumbers = 2 * np.pi / wavelengths
    waves = np.column_stack(
        (
            wavenumbers * np.cos(angles),
            wavenumbers * np.sin(angles),
            rng.uniform(0, 2 * np.pi, count),
        )
    )
    amplitude = plan.nebula_amplitude(detector.nebula)
    centre = (plan.ra_deg, plan.dec_deg)
    ridge = float(rng.uniform(0, 2 * np.pi))
    made = Galaxy if plan.kind is FieldKind.GALAXY else Nebula
    return made(centre, schedule.tile_arcsec, amplitude, waves, ridge)


def make_stars(plan: FieldPlan, detector: Detector, schedule: Schedule) -> Stars:
    """Stars over every tile of a plan, at the epoch of Gaia."""
    rng = random_stream(plan.seed, Stream.SCENE)
    places = _spread(plan, detector, rng)
    directions = np.column_stack((np.ones(len(places)), places / ARCSEC_PER_RADIAN))
    ra, dec = sky_position(directions @ schedule.field_attitude.T)
    filter_name = plan.filter_name or detector.default_filter
    # With cosmic rays stars saturate when exposures are longer than usual.
    exptime = (None if plan.cosmic_rays else plan.exptime_s) or detector.exptime_s
    brightest = detector.brightest_e / (1.0 if detector.is_rate else exptime)
    fainter_mag = _magnitudes(len(ra), rng)
    flux = brightest * 10 ** (-0.4 * fainter_mag)
    zeropoint = detector.photometry(filter_name).zeropoint_ab_mag
    colour = rng.normal(*detector.colour_mag, len(ra))
    at_field = Stars(
        schedule.epoch_year,
        ra,
        dec,
        rng.normal(0.0, _PROPER_MOTION_MAS, len(ra)),
        rng.normal(-2.0, _PROPER_MOTION_MAS, len(ra)),
        flux,
        zeropoint - 2.5 * np.log10(flux) + colour,
    )
    return at_field.at(GAIA_EPOCH)


def _magnitudes(count: int, rng: np.random.Generator) -> Matrix:
    """Magnitudes below the brightest star, from the cumulative counts."""
    full = 10 ** (_MAG_SLOPE * _MAG_SPAN) - 1
    magnitudes: Matrix = np.log10(1 + rng.uniform(0, 1, count) * full) / _MAG_SLOPE
    return magnitudes


def _spread(plan: FieldPlan, detector: Detector, rng: np.random.Generator) -> Matrix:
    """Tangent-plane offsets (n, 2) in arcsec, no two closer than a few pixels."""
    cd = np.mean([chip.cd_arcsec for chip in detector.chips], axis=0).reshape(2, 2)
    box_pix = np.array([detector.width_pix, detector.height_pix])
    area_pix = float(np.prod(box_pix))
    density = plan.stars_within(area_pix, detector.default_stars) / area_pix
    boxes = _island_boxes_pix(plan, detector, cd)
    places = np.concatenate([_fill(box, density, rng) for box in boxes])
    offsets: Matrix = places @ cd.T
    return offsets


def _island_boxes_pix(plan: FieldPlan, detector: Detector, cd: Matrix) -> list[Matrix]:
    """(2, 2) lower and upper corner of each island, in undistorted pixels."""
    offsets = np.array(tile_offsets_arcsec(plan, detector)) @ np.linalg.inv(cd).T
    scale_arcsec = float(np.sqrt(abs(np.linalg.det(cd))))
    half = np.array([detector.width_pix, detector.height_pix]) / 2
    margin = 30.0 + _MARGIN_ARCSEC / scale_arcsec + 0.01 * half
    boxes = []
    for island in np.split(offsets, plan.islands):
        lower = island.min(axis=0) - half - margin
        boxes.append(np.stack((lower, island.max(axis=0) + half + margin)))
    return boxes


def _fill(box: Matrix, density: float, rng: np.random.Generator) -> Matrix:
    """Positions (n, 2): random, but each gives way to an earlier one nearby."""
    wanted = round(density * float(np.prod(box[1] - box[0])))
    candidates = rng.uniform(box[0], box[1], (2 * wanted, 2))
    # Few give way, and to none that comes later.
    for some in (candidates[: wanted + wanted // 4], candidates):
        apart = some[_keep_apart(some)]
        if len(apart) >= wanted:
            break
    return apart[:wanted]


def _keep_apart(places: Matrix) -> NDArray[np.bool_]:
    """Places that stay, as an array of bool: none before them stays and is nearby."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(places).query_pairs(_SEPARATION_PIX, output_type="ndarray")
    first, second = pairs.min(axis=1), pairs.max(axis=1)
    is_kept = np.ones(len(places), dtype=bool)
    while len(first):
        # What has none before it that may still stay is kept, and what is near to it goes.
        is_open = np.zeros(len(places), dtype=bool)
        is_open[second] = True
        is_kept[second[~is_open[first]]] = False
        undecided = is_kept[first] & is_kept[second]
        first, second = first[undecided], second[undecided]
    return is_kept
