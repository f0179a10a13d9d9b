"""Entities without a database: facts of a file, and what is made of them."""

from __future__ import annotations

from pathlib import Path

from skydb.domain import (
    CatalogImport,
    CatalogService,
    Exposure,
    IngestActivity,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    SkyRunGroup,
    Stamp,
    Visit,
)
from skydb.domain.values import (
    ChipGeometry,
    ExposureFacts,
    FileFacts,
    FitQuality,
    Rootname,
    WcsFacts,
    WcsName,
)
from skydb.domain.vocabulary import ProductKind, SkyMethod
from tests.logged import logged_product
from tests.versions import recorded

STAMP = Stamp("somebody", "0.1.0")
STEP_DEG = 0.128 / 3600

CHIP = ChipGeometry(
    extver=1,
    naxis_pix=(1014, 1014),
    crpix_pix=(507.0, 507.0),
    crval_deg=(85.25, -2.46),
    cd_deg=(-STEP_DEG, 0.0, 0.0, STEP_DEG),
    polygon_deg=((85.23, -2.48), (85.27, -2.48), (85.27, -2.44), (85.23, -2.44)),
)


def facts_of(rootname: str = "ibxl50ivq") -> ExposureFacts:
    return ExposureFacts(
        rootname=Rootname.parse(rootname),
        proposal_id=12812,
        instrument="WFC3",
        detector="IR",
        filters="F160W",
        exptime_s=502.9,
        expstart_mjd=56244.5,
        target_name="HORSEHEAD",
    )


def wcs(name: str = "IDC_w3m18525i", key: str = " ", quality: FitQuality | None = None) -> WcsFacts:
    return WcsFacts(key, WcsName.parse(name), (CHIP,), quality=quality or FitQuality())


def file_of(
    name: str = "ibxl50ivq_flt.fits", sha256: str = "a" * 64, *solutions: WcsFacts
) -> FileFacts:
    return FileFacts(
        path=Path(name),
        kind=ProductKind.DRZ if "_drz" in name else ProductKind.FLT,
        size_bytes=2880,
        facts=facts_of(name[:9]),
        solutions=solutions or (wcs(),),
        sha256=sha256,
    )


def version_of(name: str = "ibxl50ivq_flt.fits") -> ProductVersion:
    """First version of a new product: of an exposure, or of a DRZ, which has none."""
    file = file_of(name)
    visit = Visit.of(file.facts)
    exposure = None if file.kind.is_drizzled else Exposure(visit, file.facts)
    return recorded(logged_product(name, file.kind, visit, exposure), file, name, is_managed=False)


def ingest() -> IngestActivity:
    return IngestActivity({}, STAMP)


def catalog() -> ReferenceCatalog:
    return ReferenceCatalog(
        "gaia",
        CatalogService.FILE,
        activity=CatalogImport({}, STAMP),
        sources=100,
        sha256="c" * 64,
        path="catalogs/gaia.ecsv",
        epoch=2016.0,
        has_proper_motions=True,
    )


def sky_run(method: SkyMethod = SkyMethod.MATCH) -> SkyRun:
    """A run that is under way."""
    run = SkyRun(SkyRunGroup("f" * 64, "a field"), method, {}, STAMP, recipe_hash="e" * 64)
    run.start()
    return run
