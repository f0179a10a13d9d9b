"""Read-only selects behind statistics of sky values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Executable, Select, case, func, select
from sqlalchemy.orm import Session

from skydb.domain import Activity, Exposure, Product, ProductVersion, SkyRun, SkyValue, Visit
from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import SkyMethod, SkyUnit
from skydb.store.comparison_queries import is_kept
from skydb.store.scope import Scope

#: Rows that a server sends at once.
_BATCH = 10_000
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)

_COLUMNS: dict[StatisticsBy, Any] = {
    StatisticsBy.VISIT: Visit.program + Visit.number,
    StatisticsBy.FILTER: Exposure.filters,
    StatisticsBy.DETECTOR: Exposure.detector,
    StatisticsBy.PROPOSAL: Visit.proposal_id,
}


class Sample(NamedTuple):
    """The newest value of one chip by one method."""

    key: str | int | None
    exposure_id: int
    extver: int
    method: SkyMethod | None
    unit: SkyUnit | None
    mdrizsky: float
    run_id: int
    group_id: int


class RunCount(NamedTuple):
    """Runs behind all values of one method and unit, the newest or not."""

    key: str | int | None
    method: SkyMethod | None
    unit: SkyUnit | None
    runs: int
    downgraded: int
    imported: int
    replays: int


def samples(
    session: Session, by: StatisticsBy, scope: Scope, *, replays: bool = False
) -> Iterator[Sample]:
    """The newest value of every chip by every method, whatever the run, chip after chip."""
    place = func.row_number().over(
        partition_by=(SkyValue.exposure_id, SkyValue.extver, SkyRun.effective_method),
        order_by=(func.coalesce(Activity.started_at, _LONG_AGO).desc(), SkyValue.run_id.desc()),
    )
    ranked = _joined(
        session,
        select(
            _COLUMNS[by].label("key"),
            SkyValue.exposure_id,
            SkyValue.extver,
            SkyRun.effective_method,
            SkyValue.unit,
            SkyValue.mdrizsky,
            SkyValue.run_id,
            SkyRun.group_id,
            place.label("place"),
        ),
        scope,
        replays=replays,
    ).subquery()
    query = select(*(column for column in ranked.c if column.name != "place"))
    query = query.where(ranked.c.place == 1).order_by(ranked.c.exposure_id, ranked.c.extver)
    query = query.execution_options(yield_per=_BATCH)
    return (Sample(*row) for row in _plain(session, query))


def run_counts(
    session: Session, by: StatisticsBy, scope: Scope, *, replays: bool = False
) -> Iterator[RunCount]:
    """Count the runs of each method and unit in the database."""
    columns = (_COLUMNS[by].label("key"), SkyRun.effective_method, SkyValue.unit)
    query = _joined(
        session,
        select(
            *columns,
            func.count(SkyValue.run_id.distinct()),
            _count_where(SkyRun.downgraded.is_(True)),
            _count_where(Activity.imported_by_id.is_not(None)),
            _count_where(SkyRun.replay_of_id.is_not(None)),
        ),
        scope,
        replays=replays,
    ).group_by(_COLUMNS[by], SkyRun.effective_method, SkyValue.unit)
    return (RunCount(*row) for row in session.execute(query))


def run_ids(session: Session, scope: Scope, *, replays: bool = False) -> list[int]:
    """Runs that have values of some exposures, or all runs, of which few have none."""
    if scope.is_everything:
        return list(session.scalars(select(SkyRun.id).where(*_counted(replays=replays))))
    query = _joined(session, select(SkyValue.run_id).distinct(), scope, replays=replays)
    return list(session.scalars(query))


def chip_values(
    session: Session, run_ids: list[int]
) -> Iterator[tuple[int, tuple[int, int, SkyUnit | None], float]]:
    """Run, chip with its unit, and value of every chip of some runs."""
    query = (
        select(
            SkyValue.run_id,
            SkyValue.exposure_id,
            SkyValue.extver,
            SkyValue.unit,
            SkyValue.mdrizsky,
        )
        .where(SkyValue.run_id.in_(run_ids), SkyValue.mdrizsky.is_not(None))
        .execution_options(yield_per=_BATCH)
    )
    return ((row[0], (row[1], row[2], row[3]), row[4] or 0.0) for row in _plain(session, query))


def levels(session: Session, run_ids: list[int]) -> Iterator[tuple[int, float]]:
    """Run and value of every chip of some runs."""
    query = (
        select(SkyValue.run_id, SkyValue.mdrizsky)
        .where(SkyValue.run_id.in_(run_ids), SkyValue.mdrizsky.is_not(None))
        .execution_options(yield_per=_BATCH)
    )
    return ((run_id, value) for run_id, value in _plain(session, query) if value is not None)


def _plain(session: Session, query: Executable) -> Iterator[Any]:
    """Rows of a query as they come: as results of entities they would take three times as long."""
    return iter(session.connection().execute(query))


def _joined(session: Session, query: Select[Any], scope: Scope, *, replays: bool) -> Select[Any]:
    joined = (
        query.select_from(SkyValue)
        .join(SkyRun, SkyRun.id == SkyValue.run_id)
        .join(Exposure, Exposure.id == SkyValue.exposure_id)
        .join(Visit, Visit.id == Exposure.visit_id)
        .where(
            SkyValue.mdrizsky.is_not(None), *_counted(replays=replays), *scope.conditions(session)
        )
    )
    if not scope.restricts_files:
        return joined
    return (
        joined.join(ProductVersion, ProductVersion.id == SkyValue.version_id)
        .join(Product, Product.id == ProductVersion.product_id)
        .where(*scope.file_conditions())
    )


def _counted(*, replays: bool) -> list[ColumnElement[bool]]:
    """Good runs; a repetition does not count."""
    return [*is_kept(), *([] if replays else [SkyRun.replay_of_id.is_(None)])]


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, SkyValue.run_id)).distinct())
