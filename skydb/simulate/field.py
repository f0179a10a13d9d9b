"""A whole simulated field: exposures, products, catalogues and the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from skydb.simulate.catalogs import GAIA_NAME, REFCAT_NAME, STARS_NAME, write_catalogs
from skydb.simulate.detectors import Detector, detector
from skydb.simulate.exposure import Camera
from skydb.simulate.geometry import ChipModel
from skydb.simulate.headers import HeaderWriter
from skydb.simulate.hits import hits_name
from skydb.simulate.plan import FieldPlan
from skydb.simulate.scene import make_nebula, make_stars
from skydb.simulate.schedule import Exposure, Schedule, Visit, make_schedule
from skydb.simulate.truth import ChipTruth, ExposureTruth, FieldTruth, VisitTruth
from skydb.simulate.whole import whole_field

Progress = Callable[[str], None]


def simulate_field(
    directory: Path, plan: FieldPlan, *, progress: Progress | None = None
) -> FieldTruth:
    """Write a field of exposures with known truth.

    Parameters
    ----------
    directory : Path
        Where to write; made when missing, and untouched until all is made. Holds then the
        FLT or FLC of every exposure, the DRZ or DRC of every visit when the plan wants products,
        ``gaia.ecsv``, ``refcat.ecsv``, ``stars.ecsv`` and ``truth.json``, and below
        ``truth`` the masks of the cosmic rays when the plan has them.
    plan : FieldPlan
        What to simulate; the same plan gives the same pixels and truth.
    progress : callable, optional
        Called with a description of the present step.

    Raises
    ------
    UsageError
        When the detector cannot do what the plan asks.
    UnreadableFileError
        When the directory cannot be written.
    ToolError
        When AstroDrizzle cannot make the products.
    """
    say = progress or (lambda _: None)
    camera_type = detector(plan.detector, plan.size)
    camera_type.photometry(plan.filter_name or camera_type.default_filter)
    schedule = make_schedule(plan, camera_type)
    with whole_field(directory) as draft:
        visits = _take_all(draft, plan, camera_type, schedule, say)
        products = _drizzle(draft, plan, camera_type, visits, say)
        truth = describe(plan, camera_type, schedule, [path.name for path in products])
        truth.save(draft)
    return truth


def file_names(plan: FieldPlan) -> list[str]:
    """Names of the files that a field of this plan would have.

    Raises
    ------
    UsageError
        When the detector cannot do what the plan asks.
    """
    camera_type = detector(plan.detector, plan.size)
    camera_type.photometry(plan.filter_name or camera_type.default_filter)
    truth = describe(plan, camera_type, make_schedule(plan, camera_type), [])
    exposures = (exposure.path for exposure in truth.exposures)
    products = (f"{visit.asn_id}_{camera_type.product_kind}.fits" for visit in truth.visits)
    return [*exposures, *products, truth.catalog, truth.refcat, truth.stars]


def _take_all(
    directory: Path, plan: FieldPlan, camera_type: Detector, schedule: Schedule, say: Progress
) -> list[tuple[Visit, list[Path]]]:
    stars = make_stars(plan, camera_type, schedule)
    write_catalogs(directory, plan.seed, stars, schedule.epoch_year)
    nebula = make_nebula(plan, camera_type, schedule)
    camera = Camera.build(plan, camera_type, stars, nebula)
    taken = []
    for visit in schedule.visits:
        say(f"exposing visit {visit.number} ({visit.index + 1} of {len(schedule.visits)})")
        taken.append((visit, [camera.take(visit, item, directory) for item in visit.exposures]))
    return taken


def _drizzle(
    directory: Path,
    plan: FieldPlan,
    camera_type: Detector,
    visits: Sequence[tuple[Visit, list[Path]]],
    say: Progress,
) -> list[Path]:
    if not plan.products:
        return []
    from skydb.simulate.products import Association, Pipeline

    associations = [Association(visit.asn_id, tuple(paths)) for visit, paths in visits]
    pipeline = Pipeline.real(camera_type, rejects=plan.cosmic_rays)
    return pipeline.run(associations, directory, say)


def describe(
    plan: FieldPlan, camera_type: Detector, schedule: Schedule, products: Sequence[str]
) -> FieldTruth:
    """The truth of a field, from its plan and schedule alone.

    Parameters
    ----------
    products : sequence of str
        File name of each visit's product, or empty when none were made.
    """
    writer = HeaderWriter(plan, camera_type)
    product_of: dict[int, str] = dict(enumerate(products))
    exposures = [
        _exposure_truth(writer, camera_type, visit, exposure)
        for visit in schedule.visits
        for exposure in visit.exposures
    ]
    return FieldTruth(
        field=plan.target,
        seed=plan.seed,
        detector=plan.detector,
        filter=writer.filter_name,
        epoch=schedule.epoch_year,
        catalog=GAIA_NAME,
        refcat=REFCAT_NAME,
        stars=STARS_NAME,
        exposures=tuple(exposures),
        visits=tuple(
            _visit_truth(writer, visit, product_of.get(visit.index)) for visit in schedule.visits
        ),
        products=tuple(products),
    )


def _visit_truth(writer: HeaderWriter, visit: Visit, product: str | None) -> VisitTruth:
    rms_ra, rms_dec = visit.rms_mas or (None, None)
    return VisitTruth(
        visit=visit.number,
        island=visit.island,
        asn_id=visit.asn_id,
        sky=visit.sky,
        wcs_name=writer.wcs_name(visit),
        nmatches=visit.nmatches,
        rms_ra_mas=rms_ra,
        rms_dec_mas=rms_dec,
        members=tuple(exposure.rootname for exposure in visit.exposures),
        product=product,
    )


def _exposure_truth(
    writer: HeaderWriter, camera_type: Detector, visit: Visit, exposure: Exposure
) -> ExposureTruth:
    dx, dy = exposure.pointing_error_arcsec
    return ExposureTruth(
        rootname=exposure.rootname,
        path=writer.file_name(exposure),
        visit=visit.number,
        island=visit.island,
        epoch=exposure.epoch_year,
        sky=exposure.sky,
        sky_unit=camera_type.unit,
        pointing_error_arcsec=math.hypot(dx, dy),
        dx_arcsec=dx,
        dy_arcsec=dy,
        roll_error_deg=exposure.roll_error_deg,
        chips=tuple(_chip_truth(chip, exposure) for chip in camera_type.chips),
        crmask=hits_name(exposure.rootname) if writer.plan.cosmic_rays else None,
        sky_gradient=exposure.sky_gradient if writer.plan.sky_gradient else None,
    )


def _chip_truth(chip: ChipModel, exposure: Exposure) -> ChipTruth:
    wcs = chip.wcs(exposure.true_attitude, exposure.velocity_scale)
    return ChipTruth(chip.extver, chip.ccdchip, chip.naxis, wcs.crpix, wcs.crval, wcs.cd)
