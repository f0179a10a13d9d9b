"""Schedule of observations: visits, exposures, names, times and attitudes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum, StrEnum

import numpy as np

from skydb.domain.values import julian_epoch
from skydb.simulate.detectors import Detector
from skydb.simulate.geometry import (
    Matrix,
    attitude,
    offset_attitude,
    pointing_error,
    sky_position,
    tangent_basis,
)
from skydb.simulate.plan import FieldPlan, SimDetector

_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
_ORBIT = timedelta(minutes=96)
_OVERHEAD_S = 73.0
#: Tiles between two islands, in tile widths.
_ISLAND_STEP_TILES = 4.0
#: Golden angle: every dither falls on another pixel phase.
_GOLDEN_RAD = 2.399963229728653
_DITHER_PIX = 7.3
_FIRST_OBSERVATION = int("cl", 36)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Stream(IntEnum):
    """Independent random streams, so that one knob never moves another's numbers."""

    SCENE = 1
    NEBULA = 2
    POINTING = 3
    SKY = 4
    HISTORY = 5
    DEFECTS = 6
    PIXELS = 7
    GAIA = 8
    COSMIC_RAYS = 9


class Alignment(StrEnum):
    """Alignment of a visit's WCS by the archive's pipeline."""

    GAIA_FIT = "FIT_REL_GAIAeDR3"
    """Fitted to a few Gaia stars."""
    GSC_FIT = "FIT_REL_GSC242"
    """Fitted to guide-star catalogue positions: a poor RMS."""
    A_PRIORI = "GSC240"
    """Not fitted; guide-star coordinates corrected."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure to be.

    Attitudes are rotation matrices (3, 3): the true one, the one its primary WCS
    claims, and the one of the unaligned IDC solution. The sky is that of the middle of
    the detector; its gradient is what it changes by across, along x and y.
    """

    rootname: str
    index: int
    start_mjd: float
    exptime_s: float
    sky: float
    sky_gradient: tuple[float, float]
    velocity_scale: float
    postarg_arcsec: tuple[float, float]
    true_attitude: Matrix
    header_attitude: Matrix
    unaligned_attitude: Matrix
    roll_error_deg: float

    @property
    def epoch_year(self) -> float:
        """Julian epoch of the middle of the exposure."""
        return julian_epoch(self.start_mjd + self.exptime_s / 172800.0)

    @property
    def pointing_error_arcsec(self) -> tuple[float, float]:
        """(east, north) of the header's boresight minus the true one."""
        centre = self.true_attitude[:, 0]
        east, north = tangent_basis(centre)
        claimed = self.header_attitude[:, 0]
        scale = 206264.80624709636 / float(claimed @ centre)
        return float(claimed @ east) * scale, float(claimed @ north) * scale


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: a pointing, its archive history and its exposures."""

    number: str
    index: int
    island: int
    asn_id: str
    alignment: Alignment
    sky: float
    nmatches: int | None
    rms_mas: tuple[float, float] | None
    true_attitude: Matrix
    exposures: tuple[Exposure, ...]

    @property
    def target_deg(self) -> tuple[float, float]:
        """ICRS position of the visit's centre."""
        ra, dec = sky_position(self.true_attitude[:, 0])
        return float(ra), float(dec)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All visits of a field and the field's frame."""

    visits: tuple[Visit, ...]
    field_attitude: Matrix
    tile_arcsec: float

    @property
    def exposures(self) -> list[Exposure]:
        """All exposures in order of time."""
        return [exposure for visit in self.visits for exposure in visit.exposures]

    @property
    def epoch_year(self) -> float:
        """Mean epoch of the exposures."""
        return float(np.mean([exposure.epoch_year for exposure in self.exposures]))


def random_stream(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """Random numbers that depend on nothing but the seed and the place of use."""
    return np.random.default_rng((seed, int(stream), *index))


def make_schedule(plan: FieldPlan, detector: Detector) -> Schedule:
    """Lay out the visits of a plan."""
    frame = attitude(plan.ra_deg, plan.dec_deg, plan.pa_v3_deg)
    offsets = tile_offsets_arcsec(plan, detector)
    visits = tuple(
        _make_visit(plan, detector, index, frame @ offset_attitude(*offset))
        for index, offset in enumerate(offsets)
    )
    return Schedule(visits, frame, _tile_size_arcsec(detector))


def tile_offsets_arcsec(plan: FieldPlan, detector: Detector) -> list[tuple[float, float]]:
    """Offsets of the visits from the field's centre in the instrument frame."""
    step_x, step_y = tile_steps_arcsec(plan, detector)
    columns, rows = plan.tiles
    island_step = columns - 1 + _ISLAND_STEP_TILES
    offsets = []
    for island in range(plan.islands):
        shift = (island - (plan.islands - 1) / 2) * island_step
        for row in range(rows):
            for column in range(columns):
                place = (column - (columns - 1) / 2 + shift) * step_x
                place = place + (row - (rows - 1) / 2) * step_y
                offsets.append((float(place[0]), float(place[1])))
    return offsets


def tile_steps_arcsec(plan: FieldPlan, detector: Detector) -> tuple[Matrix, Matrix]:
    """Steps (2,) between neighbouring visits along x and y of the detector."""
    cd = np.mean([chip.cd_arcsec for chip in detector.chips], axis=0).reshape(2, 2)
    share = 1 - plan.overlap
    return cd[:, 0] * detector.width_pix * share, cd[:, 1] * detector.height_pix * share


def _tile_size_arcsec(detector: Detector) -> float:
    cd = np.array(detector.chips[0].cd_arcsec).reshape(2, 2)
    return float(
        min(
            np.hypot(*cd[:, 0]) * detector.width_pix,
            np.hypot(*cd[:, 1]) * detector.height_pix,
        )
    )


def _make_visit(plan: FieldPlan, detector: Detector, index: int, true: Matrix) -> Visit:
    number = _base36(int(plan.first_visit, 36) + index)
    suffix = "030" if detector.name is SimDetector.IR else "010"
    alignment = _alignment(plan, index)
    nmatches, rms_mas = _fit_claims(plan, index, alignment)
    sky = _visit_sky(plan, detector, index)
    return Visit(
        number=number,
        index=index,
        island=index // (plan.tiles[0] * plan.tiles[1]),
        asn_id=f"{detector.root_letter}{plan.program}{number}{suffix}",
        alignment=alignment,
        sky=sky,
        nmatches=nmatches,
        rms_mas=rms_mas,
        true_attitude=true,
        exposures=tuple(_make_exposures(plan, detector, index, number, true, alignment, sky)),
    )


def _make_exposures(
    plan: FieldPlan,
    detector: Detector,
    visit: int,
    number: str,
    true: Matrix,
    alignment: Alignment,
    sky: float,
) -> list[Exposure]:
    exptime = plan.exposure_s or detector.exptime_s
    midnight = datetime.combine(plan.start_date, time(6), tzinfo=UTC)
    error, unaligned, roll = _visit_errors(plan, visit, true, alignment)
    gradient = _sky_gradient(plan, visit)
    exposures = []
    for dither in range(plan.dithers):
        index = visit * plan.dithers + dither
        start = midnight + visit * _ORBIT + dither * timedelta(seconds=exptime + _OVERHEAD_S)
        postarg, offset = _dither(detector, dither)
        here = true @ offset_attitude(*offset)
        shake = _jitter(plan, index, here)
        level = sky * _drift(plan, visit, dither)
        exposures.append(
            Exposure(
                rootname=f"{detector.root_letter}{plan.program}{number}{_observation(index)}q",
                index=index,
                start_mjd=(start - _MJD_EPOCH) / timedelta(days=1),
                exptime_s=exptime,
                sky=level,
                sky_gradient=(level * gradient[0], level * gradient[1]),
                velocity_scale=1.0 + 2.5e-5 + 8e-6 * float(np.sin(0.9 * index)),
                postarg_arcsec=postarg,
                true_attitude=here,
                header_attitude=shake @ error @ here,
                unaligned_attitude=shake @ unaligned @ here,
                roll_error_deg=roll,
            )
        )
    return exposures


def _dither(detector: Detector, index: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """POSTARG along x and y of the detector, and the offset in the instrument frame."""
    radius = _DITHER_PIX * np.sqrt(index)
    step = radius * np.array([np.cos(index * _GOLDEN_RAD), np.sin(index * _GOLDEN_RAD)])
    cd = np.array(detector.chips[0].cd_arcsec).reshape(2, 2)
    scale_x, scale_y = np.hypot(cd[0], cd[1])
    offset = cd @ step
    postarg = (float(step[0] * scale_x), float(step[1] * scale_y))
    return postarg, (float(offset[0]), float(offset[1]))


def _visit_errors(
    plan: FieldPlan, visit: int, true: Matrix, alignment: Alignment
) -> tuple[Matrix, Matrix, float]:
    """Errors of the primary and of the unaligned WCS, and the roll error in degrees.

    A fit to Gaia is in the better half of the range, even when it is wrong.
    """
    rng = random_stream(plan.seed, Stream.POINTING, visit)
    low, high = plan.pointing_error_arcsec
    middle = (low + high) / 2
    span = (low, middle) if alignment is Alignment.GAIA_FIT else (middle, high)
    size, angle = rng.uniform(*span), rng.uniform(0, 2 * np.pi)
    roll = float(rng.normal(0.0, plan.roll_error_deg))
    east, north = float(size * np.cos(angle)), float(size * np.sin(angle))
    correction = rng.normal(0.0, middle / 2, 2)
    return (
        pointing_error(true, east, north, roll),
        pointing_error(true, east + float(correction[0]), north + float(correction[1]), roll),
        roll,
    )


def _jitter(plan: FieldPlan, index: int, here: Matrix) -> Matrix:
    if plan.jitter_mas == 0.0:
        return np.eye(3)
    rng = random_stream(plan.seed, Stream.POINTING, 1_000_000, index)
    east, north = rng.normal(0.0, plan.jitter_mas / 1000.0, 2)
    return pointing_error(here, float(east), float(north), 0.0)


def _visit_sky(plan: FieldPlan, detector: Detector, visit: int) -> float:
    low, high = plan.sky_levels(detector.sky_range)
    return float(random_stream(plan.seed, Stream.SKY, visit).uniform(low, high))


def _drift(plan: FieldPlan, visit: int, dither: int) -> float:
    rng = random_stream(plan.seed, Stream.SKY, visit, dither)
    return 1.0 + float(rng.normal(0.0, plan.drift))


def _sky_gradient(plan: FieldPlan, visit: int) -> tuple[float, float]:
    """Change of the sky across the detector, along x and y, as a part of it."""
    angle = random_stream(plan.seed, Stream.SKY, 1_000_000, visit).uniform(0, 2 * np.pi)
    return plan.sky_gradient * float(np.cos(angle)), plan.sky_gradient * float(np.sin(angle))


def _alignment(plan: FieldPlan, visit: int) -> Alignment:
    """A mixed archive: of any four visits two are fitted to Gaia, one to GSC, one not."""
    if plan.one_frame:
        return Alignment.GAIA_FIT
    turn = int(random_stream(plan.seed, Stream.HISTORY).integers(4))
    cycle = (Alignment.GAIA_FIT, Alignment.GSC_FIT, Alignment.GAIA_FIT, Alignment.A_PRIORI)
    return cycle[(visit + turn) % len(cycle)]


def _fit_claims(
    plan: FieldPlan, visit: int, alignment: Alignment
) -> tuple[int | None, tuple[float, float] | None]:
    """NMATCHES and RMS_RA/RMS_DEC in mas that the archive's header states."""
    rng = random_stream(plan.seed, Stream.HISTORY, visit)
    if alignment is Alignment.A_PRIORI:
        return None, None
    if alignment is Alignment.GAIA_FIT:
        nmatches, span = int(rng.integers(8, 35)), (6.0, 30.0)
    else:
        nmatches, span = int(rng.integers(4, 9)), (80.0, 350.0)
    ra, dec = rng.uniform(*span, 2)
    return nmatches, (float(ra), float(dec))


def _observation(index: int) -> str:
    """Two base-36 characters of an observation; five is coprime with 36 squared."""
    return _base36((_FIRST_OBSERVATION + 5 * index) % 1296)


def _base36(number: int) -> str:
    return _DIGITS[number // 36] + _DIGITS[number % 36]
