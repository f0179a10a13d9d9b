"""Read-only selects behind comparisons of runs, versions and solutions.

Each is restricted by indexed columns, and keys go into it in batches, so that the number of
statements does not grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

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
from skydb.store.rows import batches


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
    return [run for batch in batches(ids) for run in _runs(session, SkyRun.id.in_(batch))]


def runs_of_groups(session: Session, group_ids: Collection[int]) -> list[SkyRun]:
    """Good runs of some groups, repetitions aside."""
    found = (_runs(session, SkyRun.group_id.in_(batch)) for batch in batches(group_ids))
    return [run for runs in found for run in runs if run.replay_of_id is None]


def run_ids_of_exposures(session: Session, exposure_ids: Collection[int]) -> set[int]:
    """Runs, good or not, that have a value of some exposures."""
    found: set[int] = set()
    for batch in batches(exposure_ids):
        query = select(SkyValue.run_id).where(SkyValue.exposure_id.in_(batch)).distinct()
        found.update(session.scalars(query))
    return found


def _runs(session: Session, condition: ColumnElement[bool]) -> Sequence[SkyRun]:
    query = (
        select(SkyRun)
        .options(joinedload(SkyRun.environment))
        .where(condition, *is_kept())
        .order_by(SkyRun.id)
    )
    return session.scalars(query).all()


def values_of_runs(session: Session, run_ids: Collection[int]) -> Iterator[Value]:
    """Every value of some runs."""
    for batch in batches(run_ids):
        query = _values().where(SkyValue.run_id.in_(batch))
        yield from (Value(*row) for row in session.execute(query))


def values_of_exposures(session: Session, exposure_ids: Collection[int]) -> Iterator[Value]:
    """Every value of some exposures, of whatever run."""
    for batch in batches(exposure_ids):
        query = _values().where(SkyValue.exposure_id.in_(batch))
        yield from (Value(*row) for row in session.execute(query))


def _values() -> Select[Any]:
    columns: tuple[Any, ...] = (
        SkyValue.run_id,
        SkyValue.exposure_id,
        SkyValue.extver,
        SkyValue.version_id,
        SkyValue.mdrizsky,
        SkyValue.mdrizsky_sigma,
        SkyValue.unit,
    )
    return select(*columns)


def names_of(session: Session, exposure_ids: Collection[int]) -> dict[int, Named]:
    """Look up the names of exposures by their keys."""
    found: dict[int, Named] = {}
    for batch in batches(exposure_ids):
        query = (
            select(
                Exposure.id,
                Exposure.rootname,
                Visit.program,
                Visit.number,
                Exposure.filters,
                Exposure.detector,
                Exposure.expstart_mjd,
            )
            .join(Visit, Visit.id == Exposure.visit_id)
            .where(Exposure.id.in_(batch))
        )
        found |= {row[0]: Named(*row[1:]) for row in session.execute(query)}
    return found


def first_starts(session: Session, product_ids: Collection[int]) -> dict[int, float]:
    """Start of the first exposure of drizzled products, MJD, by key."""
    found: dict[int, float] = {}
    for batch in batches(product_ids):
        query = (
            select(ProductMember.product_id, func.min(Exposure.expstart_mjd))
            .join(Exposure, Exposure.rootname == ProductMember.rootname)
            .where(ProductMember.product_id.in_(batch), Exposure.expstart_mjd.is_not(None))
            .group_by(ProductMember.product_id)
        )
        found |= {row[0]: row[1] for row in session.execute(query) if row[1] is not None}
    return found


def contents_of(session: Session, version_ids: Collection[int]) -> dict[int, Content]:
    """Look up the facts of file versions by their keys."""
    found: dict[int, Content] = {}
    for batch in batches(version_ids):
        query = select(
            ProductVersion.id,
            ProductVersion.number,
            ProductVersion.sha256,
            ProductVersion.cal_ver,
            ProductVersion.idctab,
            ProductVersion.tool_version,
            ProductVersion.recorded_at,
        ).where(ProductVersion.id.in_(batch))
        found |= {row[0]: Content(*row) for row in session.execute(query)}
    return found


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
    for batch in batches(version_of):
        query = select(
            ChipSolution.solution_id,
            ChipSolution.extver,
            ChipSolution.naxis1_pix,
            ChipSolution.naxis2_pix,
            ChipSolution.s_region,
        ).where(ChipSolution.solution_id.in_(batch))
        for solution_id, extver, nx, ny, region in session.execute(query):
            version_id = version_of[solution_id]
            found[version_id].append(Outline(version_id, extver, (nx, ny), region))
    return found
