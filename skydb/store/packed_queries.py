"""Packs of sky values for statistics: those that are kept, and those made of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Visit
from skydb.domain.grouping import StatisticsBy
from skydb.store.patterns import matching
from skydb.store.rows import batches
from skydb.store.scope import Scope
from skydb.store.skies import PACKS, PART, doubted_visits
from skydb.store.skypacks import Place
from skydb.store.statements import AS_BYTES
from skydb.store.statistics_queries import packed_skies, visits_of_replays, visits_of_scope

#: Rows that a server sends at once.
_BATCH = 2_000

Keyed = tuple[int, str | int | None, str | None, bytes]


def packs_by(
    session: Session, by: StatisticsBy, scope: Scope, *, replays: bool = False
) -> Iterator[list[Keyed]]:
    """Visit, key, unit and pack of every visit, filter and detector of a scope, many at a time.

    What is kept is taken where it was not changed since, and where the scope has all
    exposures of a filter and detector in a visit or none.
    """
    connection = session.connection()
    if needs_rows(scope):
        yield from _from_rows(session, by, scope, visits_of_scope(session, scope), replays=replays)
        return
    doubted = doubted_visits(connection).union(visits_of_replays(connection) if replays else ())
    for part in connection.execute(_kept(session, by, scope)).partitions(_BATCH):
        yield [
            (visit, key, unit, bytes(pack))
            for visit, key, unit, pack in part
            if visit not in doubted
        ]
    if doubted and not scope.is_everything:
        doubted &= set(visits_of_scope(session, scope))
    yield from _from_rows(session, by, scope, sorted(doubted), replays=replays)


def needs_rows(scope: Scope) -> bool:
    """Whether a scope may have some exposures of a filter and detector in a visit, not others."""
    names = (scope.rootnames, scope.exclude, scope.target)
    return scope.restricts_files or any(names)


def _kept(session: Session, by: StatisticsBy, scope: Scope) -> Select[Any]:
    columns: dict[StatisticsBy, Any] = {
        StatisticsBy.VISIT: Visit.program + Visit.number,
        StatisticsBy.FILTER: PACKS.c.filters,
        StatisticsBy.DETECTOR: PACKS.c.detector,
        StatisticsBy.PROPOSAL: Visit.proposal_id,
    }
    wanted: tuple[Any, ...] = (PACKS.c.visit_id, columns[by], PACKS.c.unit, PACKS.c.packed)
    query = select(*wanted).select_from(PACKS)
    is_of_visits = by in (StatisticsBy.VISIT, StatisticsBy.PROPOSAL)
    if is_of_visits or not scope.is_everything:
        query = query.join(Visit, Visit.id == PACKS.c.visit_id)
    options = {"yield_per": _BATCH, AS_BYTES: True}
    return query.where(*_conditions(session, scope)).execution_options(**options)


def _conditions(session: Session, scope: Scope) -> list[ColumnElement[bool]]:
    """Conditions of a scope, said of packs instead of exposures."""
    several = Scope(visits=scope.visits, proposal_id=scope.proposal_id).conditions(session)
    if scope.filter is not None:
        known = matching(session, Exposure.filters, scope.filter)
        several.append(PACKS.c.filters.in_(known))
    if scope.detector is not None:
        known = matching(session, Exposure.detector, scope.detector)
        several.append(PACKS.c.detector.in_(known))
    return several


def _from_rows(
    session: Session, by: StatisticsBy, scope: Scope, visits: list[int], *, replays: bool
) -> Iterator[list[Keyed]]:
    connection, conditions = session.connection(), scope.conditions(session)
    for part in batches(visits, PART):
        keys = _keys(connection, by, part)
        packs = packed_skies(connection, part, scope, conditions, replays=replays)
        yield [(place.visit_id, _key(by, place, keys), place.unit, pack) for place, pack in packs]


def _keys(connection: Connection, by: StatisticsBy, visits: list[int]) -> dict[int, Any]:
    """Labels or proposals of some visits."""
    wanted = Visit.program + Visit.number if by is StatisticsBy.VISIT else Visit.proposal_id
    found = connection.execute(select(Visit.id, wanted).where(Visit.id.in_(visits)))
    return {key: value for key, value in found}


def _key(by: StatisticsBy, place: Place, keys: dict[int, Any]) -> str | int | None:
    if by is StatisticsBy.FILTER:
        return place.filters
    if by is StatisticsBy.DETECTOR:
        return place.detector
    known: str | int | None = keys[place.visit_id]
    return known
