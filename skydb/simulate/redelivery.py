"""A simulated field delivered again, as the archive does when it has calibrated anew."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from skydb.errors import FileRejectedError, UnreadableFileError, UsageError
from skydb.simulate.detectors import detector
from skydb.simulate.geometry import (
    ARCSEC_PER_RADIAN,
    Matrix,
    attitude,
    pointing_error,
    sky_position,
    tangent_basis,
    unit_vector,
)
from skydb.simulate.recalibration import Recalibration, distortion_of
from skydb.simulate.truth import TRUTH_NAME, ExposureTruth, FieldTruth, VisitTruth
from skydb.simulate.whole import whole_field

#: Directory of the redelivered files, inside the field's own.
REDELIVERED_NAME = "redelivered"
#: Offset of the new WCS from the old one, to the north.
DEFAULT_SHIFT_MAS = 40.0
#: Pixels of the new calibration over those of the old one.
RECALIBRATED = 1.001

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Exposures that are reprocessed, and their changes.

    Parameters
    ----------
    only : tuple of str
        Rootnames of exposures; empty for all.
    shift_mas : float
        How far north the new WCS lies of the old one.

    Raises
    ------
    UsageError
        When the shift is not a number.
    """

    only: tuple[str, ...] = ()
    shift_mas: float = DEFAULT_SHIFT_MAS

    def __post_init__(self) -> None:
        if not math.isfinite(self.shift_mas):
            raise UsageError(f"{self.shift_mas} is not a shift in mas.")


def redeliver_field(
    directory: Path,
    redelivery: Redelivery,
    out: Path | None = None,
    *,
    progress: Progress | None = None,
) -> FieldTruth:
    """Write exposures of a simulated field as a later processing would deliver them.

    They have a newer distortion table, newer versions of the software, pixels that are
    0.1 % brighter and another pointing. Visits of which all exposures are delivered again
    get a new product, if they had one. The field itself stays as it is.

    Parameters
    ----------
    directory : Path
        Field that `skydb simulate` wrote.
    redelivery : Redelivery
        What is delivered again, and how it differs.
    out : Path, optional
        Where to write, when all is made; ``redelivered`` in the field's directory by default.
        Holds then the exposures, products, catalogues and a ``truth.json`` of their own.
    progress : callable, optional
        Called with a description of the present step.

    Returns
    -------
    FieldTruth
        Truth of the redelivered files.

    Raises
    ------
    NotFoundError
        When there is no field, or it has no such exposure.
    UsageError
        When `out` is the field's own directory.
    UnreadableFileError
        When a file cannot be read or written.
    FileRejectedError
        When somebody has put another WCS into a file: the archive never had that one.
    ToolError
        When AstroDrizzle cannot make the products.
    """
    say = progress or (lambda _: None)
    old = FieldTruth.load(directory)
    out = out or directory / REDELIVERED_NAME
    if out.resolve() == directory.resolve():
        raise UsageError(f"{out} holds the field itself.", advice="Give another --out.")
    recalibration = Recalibration(RECALIBRATED, _turn(old, redelivery.shift_mas))
    truth = _redelivered(old, redelivery.only, recalibration)
    for exposure in truth.exposures:
        _require_archived(directory / exposure.path, old.wcs_name_of(exposure))
    with whole_field(out) as draft:
        for exposure in truth.exposures:
            say(f"writing {exposure.path}")
            recalibration.write(directory / exposure.path, draft / exposure.path)
            if exposure.crmask is not None:
                (draft / exposure.crmask).parent.mkdir(exist_ok=True)
                shutil.copyfile(directory / exposure.crmask, draft / exposure.crmask)
        for name in (truth.catalog, truth.refcat, truth.stars):
            shutil.copyfile(directory / name, draft / name)
        truth = _renamed(truth, draft)
        _drizzle(truth, draft, say)
        truth.save(draft)
    return truth


def _require_archived(path: Path, wcs_name: str) -> None:
    """Make sure that a file has the WCS that it was simulated with."""
    from astropy.io import fits

    try:
        found = fits.getval(path, "WCSNAME", 1)
    except (OSError, KeyError) as error:
        raise UnreadableFileError(path, f"its WCS cannot be read ({error})") from error
    if found != wcs_name:
        raise FileRejectedError(
            path,
            f"its WCS is {found}, and {wcs_name} by {TRUTH_NAME}: it was changed since",
            advice="Put its headers back (`skydb restore-headers`), or simulate the field again.",
        )


def _turn(truth: FieldTruth, shift_mas: float) -> Matrix:
    """Rotation (3, 3) that moves the whole field to the north."""
    centre = np.sum([_direction(exposure) for exposure in truth.exposures], axis=0)
    ra, dec = sky_position(centre)
    return pointing_error(attitude(float(ra), float(dec), 0.0), 0.0, shift_mas / 1000.0, 0.0)


def _direction(exposure: ExposureTruth) -> Matrix:
    """Unit vector to the middle of an exposure."""
    total = np.sum([unit_vector(*chip.crval) for chip in exposure.chips], axis=0)
    direction: Matrix = total / np.linalg.norm(total)
    return direction


def _redelivered(
    old: FieldTruth, only: tuple[str, ...], recalibration: Recalibration
) -> FieldTruth:
    """Truth of the files to be written, but for the names of their solutions."""
    wanted = {old.exposure(rootname).rootname for rootname in only}
    exposures = tuple(
        _moved(exposure, recalibration)
        for exposure in old.exposures
        if not wanted or exposure.rootname in wanted
    )
    names = {exposure.rootname for exposure in exposures}
    visits = tuple(
        _part_of(visit, names, recalibration.factor)
        for visit in old.visits
        if names.intersection(visit.members)
    )
    products = tuple(visit.product for visit in visits if visit.product is not None)
    return replace(old, exposures=exposures, visits=visits, products=products)


def _moved(exposure: ExposureTruth, recalibration: Recalibration) -> ExposureTruth:
    centre = _direction(exposure)
    moved = (recalibration.turn @ centre) * ARCSEC_PER_RADIAN
    east, north = tangent_basis(centre)
    dx = exposure.dx_arcsec + float(moved @ east)
    dy = exposure.dy_arcsec + float(moved @ north)
    return replace(
        exposure,
        sky=exposure.sky * recalibration.factor,
        pointing_error_arcsec=math.hypot(dx, dy),
        dx_arcsec=dx,
        dy_arcsec=dy,
    )


def _part_of(visit: VisitTruth, names: set[str], factor: float) -> VisitTruth:
    members = tuple(rootname for rootname in visit.members if rootname in names)
    product = visit.product if members == visit.members else None
    return replace(visit, sky=visit.sky * factor, members=members, product=product)


def _renamed(truth: FieldTruth, out: Path) -> FieldTruth:
    """The truth with the names that the solutions of the written files have."""
    from astropy.io import fits

    new = distortion_of(fits.getheader(out / truth.exposures[0].path))
    visits = []
    for visit in truth.visits:
        alignment = visit.wcs_name.partition("-")[2]
        visits.append(replace(visit, wcs_name=f"IDC_{new}-{alignment}"))
    return replace(truth, visits=tuple(visits))


def _drizzle(truth: FieldTruth, out: Path, say: Progress) -> None:
    from skydb.simulate.products import Association, Pipeline

    associations = []
    for visit in truth.visits:
        if visit.product is not None:
            paths = tuple(out / truth.exposure(name).path for name in visit.members)
            associations.append(Association(visit.asn_id, paths))
    if associations:
        rejects = any(exposure.crmask is not None for exposure in truth.exposures)
        Pipeline.real(detector(truth.detector), rejects=rejects).run(associations, out, say)
