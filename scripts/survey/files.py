"""Visits, exposures, files and their WCS, of some fields of a made-up survey.

Fields with an even number were aligned, so that their files have a second version; one of
ten was processed again by the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from scripts.survey.activities import (
    Ints,
    acceptance_ids,
    activity_columns,
    download_ids,
    fit_ids,
    ingest_ids,
)
from scripts.survey.plan import (
    BEGUN,
    EXPOSURES_PER_FIELD,
    EXPOSURES_PER_VISIT,
    FIRST_MJD,
    SPAN_DAYS,
    VISITS_PER_FIELD,
    VISITS_PER_PROGRAM,
    Batch,
    SurveyPlan,
    rootname,
    visit_name,
)
from scripts.survey.sky import NAXIS_PIX, Pointings, pointings
from scripts.survey.solutions import Numbers, solution_rows
from skydb.domain import (
    Acceptance,
    Activity,
    AlignmentRun,
    ChipSolution,
    Download,
    Exposure,
    FileLocation,
    Generation,
    Product,
    ProductMember,
    ProductVersion,
    Usage,
    Visit,
)
from skydb.domain.vocabulary import (
    ActivityKind,
    DownloadStatus,
    Flavour,
    KnownFrom,
    LinkRole,
    ProductKind,
)

_FILTERS = ("F160W", "F110W", "F125W", "F140W", "F105W")


def file_rows(plan: SurveyPlan, fields: Ints) -> Iterator[Batch]:
    """Everything of these fields but their sky runs."""
    numbers = Numbers(plan, fields)
    yield from _activities(plan, fields)
    yield from _visits(plan, numbers)
    yield from _products(numbers)
    yield _members(numbers)
    yield from _versions(numbers)
    yield _fitted(plan, numbers)
    yield _downloads(plan, numbers)
    yield from solution_rows(numbers)
    yield _chips(numbers, pointings(plan, fields))


def _activities(plan: SurveyPlan, fields: Ints) -> Iterator[Batch]:
    first = [plan.ingested_at(field) for field in fields.tolist()]
    later = [plan.fitted_at(field) for field in fields.tolist()]
    brought = (ingest_ids(plan, fields), ActivityKind.INGEST)
    for numbers, kind in (brought, (download_ids(plan, fields), ActivityKind.DOWNLOAD)):
        yield Activity, activity_columns(numbers.tolist(), kind, started_at=first)
    fits, accepted = fit_ids(plan, fields).tolist(), acceptance_ids(plan, fields).tolist()
    for kind, ids in ((ActivityKind.ALIGNMENT, fits), (ActivityKind.ACCEPTANCE, accepted)):
        yield Activity, activity_columns(ids, kind, started_at=later)
    n = len(fits)
    yield AlignmentRun, {"id": fits, "catalog_id": [1] * n, "reference": ["gaiadr3"] * n}
    yield Acceptance, {"id": accepted, "alignment_run_id": fits}


def _visits(plan: SurveyPlan, numbers: Numbers) -> Iterator[Batch]:
    visits, exposures = numbers.visits.tolist(), numbers.exposures.tolist()
    names = [visit_name(visit) for visit in visits]
    yield (
        Visit,
        {
            "id": [visit + 1 for visit in visits],
            "program": [program for program, _ in names],
            "number": [number for _, number in names],
            "proposal_id": [10000 + visit // VISITS_PER_PROGRAM for visit in visits],
            "target_name": [f"FIELD-{visit // VISITS_PER_FIELD}" for visit in visits],
        },
    )
    n = len(exposures)
    start = FIRST_MJD + SPAN_DAYS * numbers.exposures / (plan.fields * EXPOSURES_PER_FIELD)
    of_field = [e // EXPOSURES_PER_FIELD for e in exposures]
    yield (
        Exposure,
        {
            "id": [e + 1 for e in exposures],
            "visit_id": [e // EXPOSURES_PER_VISIT + 1 for e in exposures],
            "rootname": [rootname(e) for e in exposures],
            "instrument": ["WFC3"] * n,
            "known_from": [KnownFrom.HEADER] * n,
            "detector": ["IR"] * n,
            "filters": [_FILTERS[field % len(_FILTERS)] for field in of_field],
            "exptime_s": [602.9] * n,
            "expstart_mjd": start.tolist(),
            "expend_mjd": (start + 602.9 / 86400).tolist(),
            "target_name": [f"FIELD-{field}" for field in of_field],
        },
    )


def _products(numbers: Numbers) -> Iterator[Batch]:
    exposures, visits = numbers.exposures.tolist(), numbers.visits.tolist()
    yield (
        Product,
        {
            "id": [e + 1 for e in exposures],
            "identity": [f"{rootname(e)}/flt/pipeline" for e in exposures],
            "filename": [f"{rootname(e)}_flt.fits" for e in exposures],
            "flavour": [Flavour.PIPELINE] * len(exposures),
            "kind": [ProductKind.FLT] * len(exposures),
            "visit_id": [e // EXPOSURES_PER_VISIT + 1 for e in exposures],
            "exposure_id": [e + 1 for e in exposures],
        },
    )
    yield (
        Product,
        {
            "id": numbers.drizzled.tolist(),
            "identity": [f"drz/pipeline/visit-{v}" for v in visits],
            "filename": ["i{}{}030_drz.fits".format(*visit_name(v)) for v in visits],
            "flavour": [Flavour.PIPELINE] * len(visits),
            "kind": [ProductKind.DRZ] * len(visits),
            "visit_id": [v + 1 for v in visits],
        },
    )


def _members(numbers: Numbers) -> Batch:
    """The exposures that the product of each visit was drizzled from."""
    exposures = numbers.exposures.tolist()
    products = numbers.drizzled.repeat(EXPOSURES_PER_VISIT).tolist()
    return (
        ProductMember,
        {
            "product_id": products,
            "rootname": [rootname(e) for e in exposures],
            "position": [e % EXPOSURES_PER_VISIT for e in exposures],
        },
    )


def _fitted(plan: SurveyPlan, numbers: Numbers) -> Batch:
    """The products that each alignment run fitted."""
    fits = fit_ids(plan, numbers.visits // VISITS_PER_FIELD).tolist()
    return (
        Usage,
        {
            "activity_id": fits,
            "version_id": numbers.drizzled.tolist(),
            "role": [LinkRole.SCIENCE] * len(fits),
        },
    )


def _versions(numbers: Numbers) -> Iterator[Batch]:
    """First contents of everything, second ones of what was aligned or processed again."""
    generated: dict[str, list[Any]] = {"activity_id": [], "version_id": []}
    for number, products, versions, activities in numbers.contents():
        n = len(versions)
        if not n:
            continue
        # What skydb has aligned is of the first delivery; the archive has made the others.
        is_made = number > 1 and products[0] - 1 in numbers.aligned_exposures
        again = number > 1 and not is_made
        yield (
            ProductVersion,
            {
                "id": versions.tolist(),
                "product_id": products.tolist(),
                "number": [number] * n,
                "delivery": [1 if is_made else number] * n,
                "is_annotated": [False] * n,
                "derived_from_id": products.tolist() if is_made else [None] * n,
                "place": [number] * n,
                "filename": [f"{version}.fits" for version in versions.tolist()],
                "is_own_name": [True] * n,
                "sha256": [_sha256(version) for version in versions.tolist()],
                "size_bytes": [16_000_000] * n,
                "cal_ver": ["3.7.2" if again else "3.3"] * n,
                "idctab": ["w3m18525i_idc.fits" if again else "u7n18501i_idc.fits"] * n,
                "date_written": ["2023-05-01" if again else "2012-11-20"] * n,
                "recorded_at": [BEGUN] * n,
            },
        )
        yield (
            FileLocation,
            {
                "version_id": versions.tolist(),
                "path": [f"versions/{version}.fits" for version in versions.tolist()],
                "is_managed": [True] * n,
                "seen_at": [BEGUN] * n,
            },
        )
        generated["activity_id"] += activities.tolist()
        generated["version_id"] += versions.tolist()
    generated["role"] = [LinkRole.INGESTED] * len(generated["version_id"])
    yield Generation, generated


def _downloads(plan: SurveyPlan, numbers: Numbers) -> Batch:
    n = len(numbers.exposures)
    names = [rootname(e) for e in numbers.exposures.tolist()]
    began = [plan.ingested_at(field) for field in numbers.field_of_exposures.tolist()]
    return (
        Download,
        {
            "id": (numbers.exposures + 1).tolist(),
            "activity_id": download_ids(plan, numbers.field_of_exposures).tolist(),
            "version_id": (numbers.exposures + 1).tolist(),
            "uri": [f"mast:HST/product/{name}_flt.fits" for name in names],
            "attempt": [1] * n,
            "status": [DownloadStatus.COMPLETE] * n,
            "expected_bytes": [16_000_000] * n,
            "received_bytes": [16_000_000] * n,
            "started_at": began,
            "finished_at": [moment + timedelta(seconds=2) for moment in began],
        },
    )


def _chips(numbers: Numbers, sky: Pointings) -> Batch:
    """One chip for each solution; only primary ones have an outline."""
    ids, exposures, is_primary = numbers.chip_solutions()
    regions = sky.s_regions()
    places = (exposures - numbers.exposures[0]).tolist()
    n = len(ids)
    columns: dict[str, list[Any]] = {
        "solution_id": ids.tolist(),
        "extver": [1] * n,
        "naxis1_pix": [NAXIS_PIX[0]] * n,
        "naxis2_pix": [NAXIS_PIX[1]] * n,
        "crpix1_pix": [507.0] * n,
        "crpix2_pix": [507.0] * n,
        "orientat_deg": [0.0] * n,
    }
    numerical = {
        "crval1_deg": sky.crval_deg[:, 0],
        "crval2_deg": sky.crval_deg[:, 1],
        **{f"cd{i + 1}_{j + 1}_deg": sky.cd_deg[:, i, j] for i in (0, 1) for j in (0, 1)},
    }
    columns |= {name: values[places].tolist() for name, values in numerical.items()}
    outlined = {
        "s_region": regions,
        **{axis: sky.centre[:, k].tolist() for k, axis in enumerate("xyz")},
        "radius_deg": sky.radius_deg.tolist(),
    }
    for name, known in outlined.items():
        columns[name] = [
            known[place] if primary else None
            for place, primary in zip(places, is_primary.tolist(), strict=True)
        ]
    return ChipSolution, columns


def _sha256(version: int) -> str:
    return hashlib.sha256(str(version).encode()).hexdigest()
