"""Read-only selects behind comparisons of runs, versions and solutions.

Each is restricted by indexed columns, and keys go into it in batches, so that the number of
statements does not grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from skydb.domain import (
    Activity,
    AlignmentSolution,
    ChipSolution,
    Exposure,
    ProductMember,
    ProductVersion,
    SkyRun,
    SkyValue,
    Visit,
)
from skydb.domain.vocabulary import ActivityStatus, SkyUnit
from skydb.store.rows import batches, in_parts


class Value(NamedTuple):
    """MDRIZSKY of one chip in one run, and the file version that was measured."""

    run_id: int
    exposure_id: int
    extver: int
    version_id: int | None
    mdrizsky: float | None
    mdrizsky_sigma: float | None
    unit: SkyUnit | None


class Named(NamedTuple):
    """Names of an exposure and its instrument setup."""

    rootname: str
    program: str
    number: str
    filter: str | None
    detector: str | None
    expstart_mjd: float | None = None

    @property
    def visit(self) -> str:
        """Label of the visit, e.g. ``bxl50``."""
        return f"{self.program}{self.number}"


class Content(NamedTuple):
    """Facts of a file version."""

    id: int
    number: int
    sha256: str
    cal_ver: str | None
    idctab: str | None
    tool_version: str | None
    recorded_at: datetime


class Outline(NamedTuple):
    """Footprint of one chip under the primary WCS of a version."""

    version_id: int
    extver: int
    naxis_pix: tuple[int, int]
    s_region: str | None


def is_kept() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions on a run that succeeded and was not deleted since."""
    return SkyRun.status == ActivityStatus.SUCCEEDED, Activity.deleted_at.is_(None)


def runs_with_ids(session: Session, ids: Collection[int]) -> list[SkyRun]:
    """Good runs among some, in the order of their ids."""
    return _runs(session, SkyRun.id, ids)


def runs_of_groups(session: Session, group_ids: Collection[int]) -> list[SkyRun]:
    """Good runs of some groups, repetitions aside."""
    found = _runs(session, SkyRun.group_id, group_ids)
    return [run for run in found if run.replay_of_id is None]


def run_ids_of_exposures(session: Session, exposure_ids: Collection[int]) -> set[int]:
    """Runs, good or not, that have a value of some exposures."""
    parts = in_parts(select(SkyValue.run_id).distinct(), SkyValue.exposure_id, exposure_ids)
    return {run for part in parts for run in session.scalars(part)}


def _runs(
    session: Session, column: InstrumentedAttribute[int], keys: Collection[int]
) -> list[SkyRun]:
    kept = select(SkyRun).options(joinedload(SkyRun.environment)).where(*is_kept())
    parts = in_parts(kept.order_by(SkyRun.id), column, keys)
    return [run for part in parts for run in session.scalars(part)]


def values_of_runs(session: Session, run_ids: Collection[int]) -> Iterator[Value]:
    """Every value of some runs."""
    return _values(session, SkyValue.run_id, run_ids)


def values_of_exposures(session: Session, exposure_ids: Collection[int]) -> Iterator[Value]:
    """Every value of some exposures, of whatever run."""
    return _values(session, SkyValue.exposure_id, exposure_ids)


def _values(
    session: Session, column: InstrumentedAttribute[int], keys: Collection[int]
) -> Iterator[Value]:
    columns: tuple[Any, ...] = (
        SkyValue.run_id,
        SkyValue.exposure_id,
        SkyValue.extver,
        SkyValue.version_id,
        SkyValue.mdrizsky,
        SkyValue.mdrizsky_sigma,
        SkyValue.unit,
    )
    for part in in_parts(select(*columns), column, keys):
        yield from (Value(*row) for row in session.execute(part))


def names_of(session: Session, exposure_ids: Collection[int]) -> dict[int, Named]:
    """Look up the names of exposures by their keys."""
    query = select(
        Exposure.id,
        Exposure.rootname,
        Visit.program,
        Visit.number,
        Exposure.filters,
        Exposure.detector,
        Exposure.expstart_mjd,
    ).join(Visit, Visit.id == Exposure.visit_id)
    parts = in_parts(query, Exposure.id, exposure_ids)
    return {row[0]: Named(*row[1:]) for part in parts for row in session.execute(part)}


def first_starts(session: Session, product_ids: Collection[int]) -> dict[int, float]:
    """Start of the first exposure of drizzled products, MJD, by key."""
    query = (
        select(ProductMember.product_id, func.min(Exposure.expstart_mjd))
        .join(Exposure, Exposure.rootname == ProductMember.rootname)
        .where(Exposure.expstart_mjd.is_not(None))
        .group_by(ProductMember.product_id)
    )
    parts = in_parts(query, ProductMember.product_id, product_ids)
    rows = (row for part in parts for row in session.execute(part))
    return {row[0]: row[1] for row in rows if row[1] is not None}


def contents_of(session: Session, version_ids: Collection[int]) -> dict[int, Content]:
    """Look up the facts of file versions by their keys."""
    query = select(
        ProductVersion.id,
        ProductVersion.number,
        ProductVersion.sha256,
        ProductVersion.cal_ver,
        ProductVersion.idctab,
        ProductVersion.tool_version,
        ProductVersion.recorded_at,
    )
    parts = in_parts(query, ProductVersion.id, version_ids)
    return {row[0]: Content(*row) for part in parts for row in session.execute(part)}


def primary_solutions(
    session: Session, version_ids: Collection[int]
) -> dict[int, AlignmentSolution]:
    """The active WCS of each of some versions, without its chips."""
    found: dict[int, AlignmentSolution] = {}
    stands_in = func.coalesce(AlignmentSolution.applied_version_id, AlignmentSolution.version_id)
    for batch in batches(version_ids):
        in_header = (AlignmentSolution.wcs_key == " ") & AlignmentSolution.version_id.in_(batch)
        applied = AlignmentSolution.applied_version_id.in_(batch)
        query = (
            select(stands_in, AlignmentSolution)
            .where(or_(in_header, applied))
            .order_by(AlignmentSolution.id)
        )
        for version_id, solution in session.execute(query):
            found.setdefault(version_id, solution)
    return found


def outlines_of(
    session: Session, solutions: dict[int, AlignmentSolution]
) -> dict[int, list[Outline]]:
    """Footprints of the active solutions, by version."""
    version_of = {solution.id: version_id for version_id, solution in solutions.items()}
    found: dict[int, list[Outline]] = {version_id: [] for version_id in solutions}
    query = select(
        ChipSolution.solution_id,
        ChipSolution.extver,
        ChipSolution.naxis1_pix,
        ChipSolution.naxis2_pix,
        ChipSolution.s_region,
    )
    for part in in_parts(query, ChipSolution.solution_id, version_of):
        for solution_id, extver, nx, ny, region in session.execute(part):
            version_id = version_of[solution_id]
            found[version_id].append(Outline(version_id, extver, (nx, ny), region))
    return found
