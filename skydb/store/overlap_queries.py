"""Read-only selects on the overlap ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, lazyload, load_only, selectinload

from skydb.domain import AlignmentSolution, ChipLevel, Product, ProductVersion, SkyOverlap, SkyRun
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import NotFoundError
from skydb.store.required import require_run


def audited_run(session: Session, run_id: int) -> SkyRun:
    """A sky run that has values.

    Raises
    ------
    NotFoundError
        When there is no such run, or it found nothing.
    """
    run = require_run(session, SkyRun, run_id)
    if run.status is not ActivityStatus.SUCCEEDED or not run.values:
        raise NotFoundError(
            f"Sky run {run_id} is {run.status} and has no sky values to audit.",
            advice="Audit a run that succeeded.",
        )
    return run


def measured_versions(run: SkyRun) -> set[int]:
    """Collect the file versions behind the values of a run.

    Raises
    ------
    NotFoundError
        When the run is known from a log only and its file versions are unknown.
    """
    ids = {value.version_id for value in run.values if value.version_id is not None}
    if not all(value.version_id for value in run.values):
        raise NotFoundError(
            f"Sky run {run.id} is known from a log only; it has no pixels to audit.",
            advice="Ingest its exposures and run the method again.",
        )
    return ids


def peers(session: Session, run: SkyRun) -> list[SkyRun]:
    """Runs of the same group that succeeded, this one included, oldest first."""
    same = (
        select(SkyRun)
        .where(SkyRun.group_id == run.group_id, SkyRun.status == ActivityStatus.SUCCEEDED)
        .order_by(SkyRun.id)
    )
    return list(session.scalars(same))


def versions(session: Session, ids: Collection[int]) -> list[ProductVersion]:
    """Versions by their ids, in order of rootname.

    Raises
    ------
    NotFoundError
        When one does not exist.
    """
    exposure = joinedload(ProductVersion.product).joinedload(Product.exposure)
    wanted = select(ProductVersion).where(ProductVersion.id.in_(ids)).options(exposure)
    return _all_of(ids, session.scalars(wanted))


def versions_with_outlines(session: Session, ids: Collection[int]) -> list[ProductVersion]:
    """Load :func:`versions` with the chips of their solutions.

    Raises
    ------
    NotFoundError
        When one does not exist.
    """
    found = versions(session, ids)
    solutions = (
        selectinload(known).selectinload(AlignmentSolution.chips)
        for known in (ProductVersion.solutions, ProductVersion.applied_solutions)
    )
    # To the same rows.
    session.scalars(_keys_alone(ids).options(*solutions)).all()
    return found


def places(session: Session, ids: Collection[int]) -> list[ProductVersion]:
    """Versions of which nothing is loaded yet but where their files are."""
    return list(session.scalars(_keys_alone(ids).order_by(ProductVersion.filename)))


def _keys_alone(ids: Collection[int]) -> Select[ProductVersion]:
    """Select versions with as few columns as there can be."""
    narrow = (load_only(ProductVersion.id), lazyload(ProductVersion.product))
    return select(ProductVersion).where(ProductVersion.id.in_(ids)).options(*narrow)


def _all_of(ids: Collection[int], found: Iterable[ProductVersion]) -> list[ProductVersion]:
    known = {version.id: version for version in found}
    missing = sorted(set(ids) - set(known))
    if missing:
        raise NotFoundError(f"There is no product version {missing[0]}.")
    return sorted(known.values(), key=lambda version: version.filename)


def chip_levels(session: Session, ids: Collection[int], recipe: str) -> list[ChipLevel]:
    """Known levels of whole chips of these versions."""
    found = select(ChipLevel).where(ChipLevel.version_id.in_(ids), ChipLevel.recipe == recipe)
    return sorted(session.scalars(found), key=lambda row: (row.version_id, row.extver))


def lit_chips(session: Session, ids: Collection[int], recipe: str) -> dict[int, dict[int, bool]]:
    """Whether each chip of these versions has a level, where it was measured, by EXTVER."""
    rows = select(ChipLevel.version_id, ChipLevel.extver, ChipLevel.pixels).where(
        ChipLevel.version_id.in_(ids), ChipLevel.recipe == recipe
    )
    found: dict[int, dict[int, bool]] = {}
    for version_id, extver, pixels in session.execute(rows):
        found.setdefault(version_id, {})[extver] = pixels > 0
    return found


def sky_overlaps(session: Session, ids: Collection[int], recipe: str) -> list[SkyOverlap]:
    """Known overlaps of which both sides are among these versions."""
    found = select(SkyOverlap).where(
        SkyOverlap.version_a_id.in_(ids),
        SkyOverlap.version_b_id.in_(ids),
        SkyOverlap.recipe == recipe,
    )
    return sorted(session.scalars(found), key=_place)


def _place(row: SkyOverlap) -> tuple[int, int, int, int]:
    return (row.version_a_id, row.extver_a, row.version_b_id, row.extver_b)
