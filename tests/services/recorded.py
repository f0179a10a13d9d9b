"""Simulated fields in a ledger, and sky runs recorded without drizzlepac."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Product, ProductVersion, SkyRun, SkyRunGroup
from skydb.domain.overlap import ChipKey
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import Engine, SkyMethod, SkyUnit
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures, sky_of


def ingest_field(services: Services, directory: Path, plan: FieldPlan) -> None:
    """Simulate a field and record its exposures."""
    simulate_field(directory, plan)
    ingest_exposures(services, directory)


def ingest_exposures(services: Services, directory: Path) -> None:
    """Record the exposures of a field that was simulated before."""
    services.ingest.ingest(sorted(directory.glob("*_fl[tc].fits")))


def version_ids(services: Services) -> list[int]:
    """All versions of exposures."""
    with services.context.store.reading() as session:
        found = select(ProductVersion.id).join(Product).where(Product.exposure_id.is_not(None))
        return sorted(session.scalars(found))


#: How levels are taken without a wish: sky_bits are HAP's for the detector.
IR_STATISTIC = SkyStatistic(sky_bits=16)


def measures_of(services: Services) -> Measures:
    """Measurements of all exposures, with the good flags of WFC3/IR."""
    return MeasureOverlaps(services.context, IR_STATISTIC).ensure(version_ids(services))


def skies_of(services: Services, method: SkyMethod) -> dict[ChipKey, float | None]:
    """Skies of all chips by skydb's own method."""
    measures = measures_of(services)
    return sky_of(method, measures).in_image_units(measures.chips)


def record_run(
    services: Services,
    method: SkyMethod,
    skies: Mapping[ChipKey, float | None],
    *,
    effective: SkyMethod | None = None,
    unit: SkyUnit = SkyUnit.ELECTRON_PER_S,
    group: str = "g" * 64,
) -> int:
    """A sky run of skydb's own engine with these values."""

    def begin(session, stamp):
        same = select(SkyRunGroup).where(SkyRunGroup.fingerprint == group)
        home = session.scalar(same) or SkyRunGroup(group, "field")
        recipe = f"{method}".ljust(64, "x")
        return SkyRun(home, method, {}, stamp, recipe_hash=recipe, engine=Engine.SKYDB)

    run_id = services.context.begin(begin)
    with services.context.closing(SkyRun, run_id) as (session, run):
        versions = session.scalars(select(ProductVersion).join(Product))
        inputs = {v.product.exposure.rootname: v for v in versions if v.product.exposure}
        levels = [SkyLevel(name, extver, sky, unit) for (name, extver), sky in skies.items()]
        used = {level.rootname: inputs[level.rootname] for level in levels}
        run.finish(levels, used, effective or method)
    return run_id
