"""Dividing a selection into fields: sets of exposures that are matched with each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Visit
from skydb.domain.grouping import Division
from skydb.domain.vocabulary import KnownFrom
from skydb.services.intake.selection import Selection
from skydb.store.scope import nothing_selected


def fields_of(session: Session, selection: Selection, division: Division) -> list[Selection]:
    """One selection for each field, in order of proposal, and then of name.

    Raises
    ------
    NotFoundError
        When nothing is selected.
    """
    names = ["proposal_id", "detector", "filter", *_NAMES[division]]
    columns = [_COLUMNS[name] for name in names]
    found = (
        select(*columns)
        .select_from(Exposure)
        .join(Visit, Visit.id == Exposure.visit_id)
        .where(Exposure.known_from == KnownFrom.HEADER, *selection.conditions(session))
        .distinct()
        .order_by(*columns)
    )
    rows = [dict(zip(names, row, strict=True)) for row in session.execute(found)]
    if not rows:
        raise nothing_selected(session, selection)
    return [replace(selection, **_as_selection(row)) for row in rows]


_NAMES = {Division.VISIT: ["visits"], Division.TARGET: ["target"], Division.PROPOSAL: []}

_COLUMNS: dict[str, Any] = {
    "proposal_id": Visit.proposal_id,
    "detector": Exposure.detector,
    "filter": Exposure.filters,
    "visits": Visit.program + Visit.number,
    "target": Exposure.target_name,
}


def _as_selection(row: dict[str, Any]) -> dict[str, Any]:
    return {name: (value,) if name == "visits" else value for name, value in row.items()}
