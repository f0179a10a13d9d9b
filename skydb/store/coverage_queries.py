"""Read-only selects on the state of a ledger: alignments, uses and failures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import bindparam, func, select, text, tuple_
from sqlalchemy.orm import Session, aliased, selectinload

from skydb.domain import (
    Activity,
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Finding,
    Product,
    ProductMember,
    ProductVersion,
    SkyRun,
    Usage,
    Visit,
)
from skydb.domain.choice import EXPOSURE_KINDS, choose
from skydb.domain.vocabulary import (
    ActivityKind,
    ActivityStatus,
    FindingKind,
    SolutionOrigin,
    SolutionStatus,
)
from skydb.store.queries import WITH_ROWS, Row
from skydb.store.remark_queries import remarked
from skydb.store.rows import batches, in_parts

#: Pairs of values in one statement.
_PAIRS = 1000


def exposure_states(session: Session, keys: Collection[int] | None = None) -> list[Row]:
    """Exposures, all or some, those known only from logs too, and whether each is aligned."""
    products = _products(session, keys)
    found = select(Exposure).options(selectinload(Exposure.visit))
    parts = in_parts(found, Exposure.id, keys)
    exposures = [exposure for part in parts for exposure in session.scalars(part)]
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
        for exposure in sorted(exposures, key=lambda one: one.rootname)
    ]


def is_aligned(products: Iterable[Product]) -> bool:
    """Whether the file that a run of the exposure alone would use holds an accepted fit."""
    several = [one for one in products if one.deliveries]
    return bool(several) and all(
        one.version.accepted_solution is not None for one in choose(several)
    )


def _products(session: Session, keys: Collection[int] | None) -> dict[int, list[Product]]:
    with_all = selectinload(Product.versions).options(
        selectinload(ProductVersion.solutions), selectinload(ProductVersion.applied_solutions)
    )
    query = select(Product).where(Product.kind.in_(EXPOSURE_KINDS)).options(with_all)
    candidates: dict[int, list[Product]] = defaultdict(list)
    for part in in_parts(query, Product.exposure_id, keys):
        for product in session.scalars(part):
            if product.exposure_id is not None:
                candidates[product.exposure_id].append(product)
    return candidates


def run_inputs(session: Session, run_ids: Collection[int]) -> list[Row]:
    """Inputs of runs, one row a file version, with the newest archive version recorded."""
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


def failed_fits(session: Session, products: Collection[int] | None = None) -> list[Row]:
    """Products whose newest fit failed, among all or some."""
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
    )
    parts = in_parts(found, AlignmentSolution.product_id, products)
    rows = [row for part in parts for row in session.execute(part)]
    return [
        {
            "solution": fit.id,
            "run": fit.activity_id,
            "product": name,
            "product_id": fit.product_id,
            "reason": fit.reason,
        }
        for fit, name in sorted(rows, key=lambda row: (row[1], row[0].id))
    ]


def failed_runs(session: Session, among: Collection[int] | None = None) -> list[Row]:
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
    failed = SkyRun.status.in_((ActivityStatus.FAILED, ActivityStatus.INTERRUPTED))
    bad = select(SkyRun).where(failed, ~repeated, SkyRun.deleted_at.is_(None))
    parts = in_parts(bad, SkyRun.id, among)
    runs: list[Activity] = [run for part in parts for run in session.scalars(part)]
    fits = select(AlignmentRun.id).order_by(AlignmentRun.id.desc())
    last = next((key for key in session.scalars(fits) if among is None or key in among), None)
    newest = None if last is None else session.get(AlignmentRun, last)
    if newest is not None and newest.ended_badly:
        runs.append(newest)
    return [
        {"run": run.id, "kind": run.kind.value, "status": run.status.value, "error": run.error}
        for run in sorted(runs, key=lambda run: run.id)
        if among is None or run.id in among
    ]


def all_findings(session: Session) -> list[Row]:
    """List every valid finding, the newest first, with the activity that reported it.

    A finding about a note or flag is valid as long as the note or flag is.
    """
    flagged = select(Finding.message).where(Finding.kind == FindingKind.FLAGGED_INPUT).distinct()
    valid = remarked(session, set(session.scalars(flagged)))
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
        if finding.kind is not FindingKind.FLAGGED_INPUT
        or (finding.subject, finding.message) in valid
    ]


def starts(session: Session, rootnames: Collection[str]) -> dict[str, float | None]:
    """Start of exposures by rootname, MJD; those that are not on record are left out."""
    named = select(Exposure.rootname, Exposure.expstart_mjd)
    parts = in_parts(named, Exposure.rootname, rootnames)
    return {name: start for part in parts for name, start in session.execute(part)}


def count_exposures(session: Session) -> int:
    """Count the exposures of the ledger."""
    return session.scalar(select(func.count(Exposure.id))) or 0


def rootnames_by_key(session: Session, keys: Collection[int] | None) -> dict[int, str]:
    """Rootnames of some exposures, or of all."""
    parts = in_parts(select(Exposure.id, Exposure.rootname), Exposure.id, keys)
    return {key: name for part in parts for key, name in session.execute(part)}


def kinds_of_runs(session: Session, run_ids: Collection[int]) -> dict[int, ActivityKind]:
    """The kind of each of some sky and alignment runs that succeeded."""
    found = select(Activity.id, Activity.kind).where(
        Activity.id.in_([int(run) for run in run_ids]),
        Activity.status == ActivityStatus.SUCCEEDED,
        Activity.kind.in_([ActivityKind.SKY_RUN, ActivityKind.ALIGNMENT]),
    )
    return {run: kind for run, kind in session.execute(found)}


def sky_runs(session: Session, run_ids: Collection[int]) -> list[SkyRun]:
    """Select the sky runs among some runs, with their values and findings."""
    found = select(SkyRun).where(SkyRun.id.in_(list(run_ids))).order_by(SkyRun.id)
    return list(session.scalars(found.options(*WITH_ROWS)))


def alignments_named(
    session: Session, run_ids: Collection[int], products: Collection[int] | None = None
) -> dict[int, frozenset[str]]:
    """Products that alignment runs among some have fitted, of all or some: names by run."""
    found: dict[int, set[str]] = {}
    query = (
        select(AlignmentRun.id, Product.id, Product.filename)
        .join(AlignmentSolution, AlignmentSolution.activity_id == AlignmentRun.id)
        .join(Product, Product.id == AlignmentSolution.product_id)
        .where(AlignmentRun.id.in_(list(run_ids)))
        .order_by(AlignmentRun.id.desc())
    )
    for run, product, name in session.execute(query):
        if products is None or product in products:
            found.setdefault(run, set()).add(name)
    return {run: frozenset(names) for run, names in found.items()}


def exposures_of_runs(session: Session, run_ids: Collection[int]) -> set[str]:
    """Exposures that some runs used, themselves or as members of what was fitted."""
    used = (
        select(ProductVersion.product_id)
        .join(Usage, Usage.version_id == ProductVersion.id)
        .where(Usage.activity_id.in_(list(run_ids)))
    )
    own = select(Exposure.rootname).join(Product, Product.exposure_id == Exposure.id)
    members = (
        select(Exposure.rootname)
        .join(ProductMember, ProductMember.rootname == Exposure.rootname)
        .where(ProductMember.product_id.in_(used))
    )
    return {*session.scalars(own.where(Product.id.in_(used))), *session.scalars(members)}


def runs_with_inputs(session: Session, among: Iterable[int]) -> set[int]:
    """Select the activities that used any file."""
    parts = in_parts(select(Usage.activity_id).distinct(), Usage.activity_id, among)
    return {key for part in parts for key in session.scalars(part)}


def names_among(session: Session, words: Iterable[str]) -> set[str]:
    """Select the words that are names of exposures, files or visits."""
    found: set[str] = set()
    for batch in batches(words):
        for column in (Exposure.rootname, Product.filename):
            found.update(session.scalars(select(column).where(column.in_(batch))))
        visits = [(word[:3], word[3:]) for word in batch]
        label = select(Visit.program + Visit.number)
        for first in range(0, len(visits), _PAIRS):
            pairs = visits[first : first + _PAIRS]
            found.update(
                session.scalars(label.where(tuple_(Visit.program, Visit.number).in_(pairs)))
            )
    return found
