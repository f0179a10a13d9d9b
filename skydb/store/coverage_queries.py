"""Read-only selects on how far a ledger is: what is aligned, what was used, what failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session, aliased, selectinload

from skydb.domain import (
    Activity,
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Finding,
    Product,
    ProductVersion,
    SkyRun,
)
from skydb.domain.choice import EXPOSURE_KINDS
from skydb.domain.vocabulary import ActivityStatus, ProductKind, SolutionOrigin, SolutionStatus
from skydb.store.queries import Row


def exposure_states(session: Session) -> list[Row]:
    """Every exposure, those known only from logs too, and whether it is aligned."""
    products = _products(session)
    found = select(Exposure).options(selectinload(Exposure.visit)).order_by(Exposure.rootname)
    return [
        {
            "rootname": exposure.rootname,
            "proposal_id": exposure.visit.proposal_id,
            "visit": exposure.visit.label,
            "target": exposure.target_name,
            "instrument": exposure.instrument,
            "detector": exposure.detector,
            "filter": exposure.filters,
            "known_from": exposure.known_from.value,
            "aligned": is_aligned(products.get(exposure.id, ())),
        }
        for exposure in session.scalars(found)
    ]


def is_aligned(products: Iterable[Product]) -> bool:
    """Whether the newest delivery of an exposure holds an accepted fit.

    Of FLT and FLC of one flavour the FLC counts, as it does in a run.
    """
    several = list(products)
    corrected = {one.flavour for one in several if one.kind is ProductKind.FLC}
    return any(
        version.accepted_solution is not None and version.is_newest_delivery
        for product in several
        if product.kind is not ProductKind.FLT or product.flavour not in corrected
        for version in product.versions
    )


def _products(session: Session) -> dict[int, list[Product]]:
    with_all = selectinload(Product.versions).options(
        selectinload(ProductVersion.solutions), selectinload(ProductVersion.applied_solutions)
    )
    query = select(Product).where(Product.kind.in_(EXPOSURE_KINDS)).options(with_all)
    shelves: dict[int, list[Product]] = defaultdict(list)
    for product in session.scalars(query):
        if product.exposure_id is not None:
            shelves[product.exposure_id].append(product)
    return shelves


def run_inputs(session: Session, run_ids: Collection[int]) -> list[Row]:
    """Inputs of runs, one row a file version, with whether a newer delivery is recorded."""
    statement = text(
        "SELECT i.rootname, i.filename, i.flavour, i.kind, i.version, i.wcs_name, i.alignment,"
        " i.reason, i.role, i.delivery, MAX(n.delivery) AS newest_delivery"
        " FROM v_run_inputs i"
        " JOIN product_versions pv ON pv.sha256 = i.sha256 AND pv.number = i.version"
        "  AND pv.filename = i.filename"
        " JOIN product_versions n ON n.product_id = pv.product_id"
        " WHERE i.run_id IN :runs AND i.rootname IS NOT NULL"
        " GROUP BY i.rootname, i.filename, i.flavour, i.kind, i.version, i.wcs_name,"
        "  i.alignment, i.reason, i.role, i.delivery"
        " ORDER BY i.rootname, i.version"
    ).bindparams(bindparam("runs", expanding=True))
    if not run_ids:
        return []
    return [dict(row) for row in session.execute(statement, {"runs": list(run_ids)}).mappings()]


def failed_fits(session: Session) -> list[Row]:
    """Products whose newest fit failed."""
    later = aliased(AlignmentSolution)
    newest = (
        select(func.max(later.id))
        .where(
            later.product_id == AlignmentSolution.product_id,
            later.origin == SolutionOrigin.TWEAKREG,
        )
        .scalar_subquery()
    )
    found = (
        select(AlignmentSolution, Product.filename)
        .join(Product, Product.id == AlignmentSolution.product_id)
        .where(
            AlignmentSolution.status == SolutionStatus.FAILED,
            AlignmentSolution.origin == SolutionOrigin.TWEAKREG,
            AlignmentSolution.id == newest,
        )
        .order_by(Product.filename, AlignmentSolution.id)
    )
    return [
        {"solution": fit.id, "run": fit.activity_id, "product": name, "reason": fit.reason}
        for fit, name in session.execute(found)
    ]


def failed_runs(session: Session) -> list[Row]:
    """Sky runs and alignment runs that failed, with no good one of the same after them."""
    again = aliased(SkyRun)
    repeated = (
        select(again.id)
        .where(
            again.recipe_hash == SkyRun.recipe_hash,
            again.id > SkyRun.id,
            again.status == ActivityStatus.SUCCEEDED,
        )
        .exists()
    )
    failed = SkyRun.status == ActivityStatus.FAILED
    runs: list[Activity] = list(
        session.scalars(select(SkyRun).where(failed, ~repeated, SkyRun.deleted_at.is_(None)))
    )
    newest = session.scalar(select(AlignmentRun).order_by(AlignmentRun.id.desc()).limit(1))
    if newest is not None and newest.status is ActivityStatus.FAILED:
        runs.append(newest)
    return [
        {"run": run.id, "kind": run.kind.value, "status": run.status.value, "error": run.error}
        for run in sorted(runs, key=lambda run: run.id)
    ]


def all_findings(session: Session) -> list[Row]:
    """Every finding, the newest first, with the activity that noticed it."""
    found = (
        select(Finding, Activity.kind)
        .join(Activity, Activity.id == Finding.activity_id)
        .where(Activity.deleted_at.is_(None))
        .order_by(Finding.id.desc())
    )
    return [
        {
            "id": finding.id,
            "activity": finding.activity_id,
            "during": kind.value,
            "kind": finding.kind.value,
            "subject": finding.subject,
            "message": finding.message,
        }
        for finding, kind in session.execute(found)
    ]
