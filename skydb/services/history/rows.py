"""Alignment runs, fits and sky values of many runs, written together.

As entities of the session each of them would take longer than all that is read of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Table, insert, inspect
from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Finding,
    Product,
    SkyRun,
    SkyValue,
)

Columns = dict[str, Any]


@dataclass
class Rows:
    """Rows that wait to be written, in order."""

    _runs: list[AlignmentRun] = field(default_factory=list)
    _fits: list[tuple[AlignmentRun, Product | int, Columns]] = field(default_factory=list)
    _values: list[tuple[SkyRun, Exposure, Columns]] = field(default_factory=list)

    def run(self, run: AlignmentRun) -> None:
        """Add a run with its findings; its environment is in the session, the run is not."""
        self._runs.append(run)

    def fit(self, run: AlignmentRun, product: Product | int, columns: Columns) -> None:
        """Add a fit of a product, or of that with a number."""
        self._fits.append((run, product, columns))

    def value(self, run: SkyRun, exposure: Exposure, columns: Columns) -> None:
        """Add the sky of a chip."""
        self._values.append((run, exposure, columns))

    def write(self, session: Session) -> None:
        """Write what waits in a session, then all of this; runs have numbers then.

        Raises
        ------
        RowRefusedError
            When a column has no room for a value.
        """
        session.flush()
        self._write_runs(session)
        _insert(
            session,
            AlignmentSolution,
            [
                {
                    **columns,
                    "activity_id": run.id,
                    "product_id": product if isinstance(product, int) else product.id,
                }
                for run, product, columns in self._fits
            ],
        )
        _insert(
            session,
            SkyValue,
            [
                {**columns, "run_id": run.id, "exposure_id": exposure.id}
                for run, exposure, columns in self._values
            ],
        )
        self._runs.clear()
        self._fits.clear()
        self._values.clear()

    def _write_runs(self, session: Session) -> None:
        if not self._runs:
            return
        asked = insert(AlignmentRun).returning(AlignmentRun.id, sort_by_parameter_order=True)
        numbers = session.scalars(asked, [_columns_of(run) for run in self._runs])
        for run, number in zip(self._runs, numbers, strict=True):
            run.id = number
        _insert(
            session, Finding, [_columns_found(one) for run in self._runs for one in run.findings]
        )


def _columns_of(run: AlignmentRun) -> Columns:
    # A column that was not set is not among what the entity has, and NULL.
    given = run.__dict__
    columns = {name: given.get(name) for name in _names_of_columns()}
    environment, importing = run.environment, run.imported_by
    columns["environment_id"] = None if environment is None else environment.id
    columns["imported_by_id"] = None if importing is None else importing.id
    return columns


@cache
def _names_of_columns() -> tuple[str, ...]:
    return tuple(one.key for one in inspect(AlignmentRun).column_attrs if one.key != "id")


def _columns_found(finding: Finding) -> Columns:
    return {
        "activity_id": finding.activity.id,
        "kind": finding.kind,
        "subject": finding.subject,
        "message": finding.message,
        "noticed_at": finding.noticed_at,
    }


def _insert(
    session: Session, entity: type[AlignmentSolution | Finding | SkyValue], rows: list[Columns]
) -> None:
    table = entity.__table__
    assert isinstance(table, Table)
    if rows:
        session.execute(insert(table), rows)
