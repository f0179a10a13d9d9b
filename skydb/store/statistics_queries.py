"""Read-only selects behind statistics of sky values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Select,
    String,
    case,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    Exposure,
    Finding,
    Product,
    ProductVersion,
    SkyRun,
    SkyValue,
    Visit,
)
from skydb.domain.sky import ISLANDS
from skydb.domain.vocabulary import FindingKind, SkyMethod, SkyUnit
from skydb.store.comparison_queries import is_kept
from skydb.store.rows import batches
from skydb.store.scope import Scope
from skydb.store.skypacks import DOWNGRADED, IMPORTED, REPLAY, Packer, Place, Value, constants_of

#: Rows that a server sends at once.
_BATCH = 10_000
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)

#: Runs whose constants are taken at once.
_RUNS = 500

#: Rows that are taken from the database at a time: of one visit there may be very many.
_ROWS = 4096


def packed_skies(
    connection: Connection,
    visits: Sequence[int],
    scope: Scope | None = None,
    conditions: Sequence[ColumnElement[bool]] = (),
    *,
    replays: bool = False,
) -> list[tuple[Place, bytes]]:
    """Pack the values of some visits from their rows.

    Parameters
    ----------
    connection : Connection
    visits : sequence of int
        Their keys: some hundreds.
    scope : Scope, optional
        Which files count; all when left out.
    conditions : sequence
        On exposures.
    replays : bool
        Also runs that repeat another one.
    """
    query = _values(scope or Scope(), replays=replays)
    found = connection.execute(query.where(Visit.id.in_(visits), *conditions))
    values = [Value._make(row) for part in found.partitions(_ROWS) for row in part]
    runs = {value.run_id for value in values}
    return list(Packer(_constants(connection, runs)).packs(values))


def _values(scope: Scope, *, replays: bool) -> Select[Any]:
    """Values of all good runs, chip after chip; the newest of a method, of any run, comes first."""
    place = func.row_number().over(
        partition_by=(SkyValue.exposure_id, SkyValue.extver, SkyRun.effective_method),
        order_by=(func.coalesce(Activity.started_at, _LONG_AGO).desc(), SkyValue.run_id.desc()),
    )
    columns: tuple[Any, ...] = (
        Exposure.visit_id,
        Exposure.filters,
        Exposure.detector,
        SkyValue.exposure_id,
        SkyValue.extver,
        # As the database has them: entities would make each a member of its vocabulary.
        type_coerce(SkyRun.effective_method, String),
        type_coerce(SkyValue.unit, String),
        SkyValue.mdrizsky,
        SkyValue.run_id,
        SkyRun.group_id,
        _flags(),
        place,
    )
    query = (
        select(*columns)
        .select_from(SkyValue)
        .join(SkyRun, SkyRun.id == SkyValue.run_id)
        .join(Exposure, Exposure.id == SkyValue.exposure_id)
        .join(Visit, Visit.id == Exposure.visit_id)
        .where(SkyValue.mdrizsky.is_not(None), *is_kept())
        .order_by(Exposure.visit_id, SkyValue.exposure_id, SkyValue.extver, SkyValue.run_id)
    )
    if not replays:
        query = query.where(SkyRun.replay_of_id.is_(None))
    if not scope.restricts_files:
        return query
    return (
        query.join(ProductVersion, ProductVersion.id == SkyValue.version_id)
        .join(Product, Product.id == ProductVersion.product_id)
        .where(*scope.file_conditions())
    )


def _flags() -> ColumnElement[int]:
    known = (
        (SkyRun.downgraded.is_(True), DOWNGRADED),
        (Activity.imported_by_id.is_not(None), IMPORTED),
        (SkyRun.replay_of_id.is_not(None), REPLAY),
    )
    one, two, three = (case((condition, flag), else_=0) for condition, flag in known)
    return type_coerce(one + two + three, Integer)


def _constants(connection: Connection, runs: Iterable[int]) -> dict[int, float]:
    """Median of all chips of each run, those too that are not asked for."""
    found: dict[int, float] = {}
    for batch in batches(runs, _RUNS):
        query = select(SkyValue.run_id, SkyValue.mdrizsky).where(
            SkyValue.run_id.in_(batch), SkyValue.mdrizsky.is_not(None)
        )
        found |= constants_of(connection.execute(query).all())
    return found


def visits_of_scope(session: Session, scope: Scope) -> list[int]:
    """Visits of the exposures of a scope, by their keys."""
    query = (
        select(Visit.id)
        .join(Exposure, Exposure.visit_id == Visit.id)
        .where(*scope.conditions(session))
        .distinct()
    )
    return sorted(session.scalars(query))


def visits_of_replays(connection: Connection) -> list[int]:
    """Visits of which a run that repeats another one has values."""
    query = (
        select(Exposure.visit_id)
        .join(SkyValue, SkyValue.exposure_id == Exposure.id)
        .join(SkyRun, SkyRun.id == SkyValue.run_id)
        .where(SkyRun.replay_of_id.is_not(None))
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def split_runs(session: Session) -> frozenset[int]:
    """Runs of groups of exposures, or of chips, that share no sky: their values have no zero.

    A run has a finding of them, or where it allows them, their number.
    """
    found = select(Finding.activity_id).where(Finding.kind == FindingKind.ISLANDS).distinct()
    allowed = select(SkyRun.id).where(
        SkyRun.effective_method.in_([one for one in SkyMethod if one.needs_overlap]),
        SkyRun.parameters[ISLANDS].as_integer() > 1,
    )
    return frozenset([*session.scalars(found), *session.scalars(allowed)])


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


def _plain(session: Session, query: Executable) -> Iterator[Any]:
    """Rows of a query as they come: as results of entities they would take three times as long."""
    return iter(session.connection().execute(query))
