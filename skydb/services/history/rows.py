"""Fits and sky values of many runs, written together once their runs have numbers.

As entities each of them would take longer than all that is read of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from skydb.domain import AlignmentRun, AlignmentSolution, Exposure, Product, SkyRun, SkyValue

Columns = dict[str, Any]


@dataclass
class Rows:
    """Rows that wait to be written, in order."""

    _fits: list[tuple[AlignmentRun, Product, Columns]] = field(default_factory=list)
    _values: list[tuple[SkyRun, Exposure, Columns]] = field(default_factory=list)

    def fit(self, run: AlignmentRun, product: Product, columns: Columns) -> None:
        """Add a fit of a product."""
        self._fits.append((run, product, columns))

    def value(self, run: SkyRun, exposure: Exposure, columns: Columns) -> None:
        """Add the sky of a chip."""
        self._values.append((run, exposure, columns))

    def write(self, session: Session) -> None:
        """Write the runs and what else waits in a session, then all of this.

        Raises
        ------
        RowRefusedError
            When a column has no room for a value.
        """
        session.flush()
        _insert(
            session,
            AlignmentSolution,
            [
                {**columns, "activity_id": run.id, "product_id": product.id}
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
        self._fits.clear()
        self._values.clear()


def _insert(
    session: Session, entity: type[AlignmentSolution | SkyValue], rows: list[Columns]
) -> None:
    table = entity.__table__
    assert isinstance(table, Table)
    if rows:
        session.execute(insert(table), rows)
