"""Rows of many runs, with all that they name, written together.

As entities of the session each of them would take longer than all that is read of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentRun,
    AlignmentSolution,
    Environment,
    Exposure,
    Finding,
    Product,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Visit,
)
from skydb.domain.base import Base
from skydb.domain.logged import Columns, finding_columns
from skydb.domain.vocabulary import ActivityKind, FindingKind
from skydb.store.newrows import write_numbered, write_rows

#: Number of a row that waits to be written.
_NONE_YET = 0
_TABLES: dict[ActivityKind, type[Activity]] = {
    ActivityKind.ALIGNMENT: AlignmentRun,
    ActivityKind.SKY_RUN: SkyRun,
}


@dataclass(slots=True, eq=False)
class Named:
    """A visit, an exposure, a product or a group, in the ledger or to be written.

    Parameters
    ----------
    id : int
        Its number, 0 until it is written.
    columns : dict
        What is to be written of it, but for the numbers of its visit and exposure.
    visit, exposure : Named, optional
        What it belongs to.
    """

    id: int = _NONE_YET
    columns: Columns = field(default_factory=dict)
    visit: Named | None = None
    exposure: Named | None = None

    @classmethod
    def known(cls, number: int, visit_id: int | None = None) -> Self:
        """Entry for something that the ledger has."""
        return cls(number, visit=None if visit_id is None else Named(visit_id))


@dataclass(slots=True, eq=False)
class RunRow:
    """A run that waits to be written, and has its number then.

    Parameters
    ----------
    columns, own : dict
        Columns that every activity has, and those of its kind.
    environment : Environment or None
        Where it ran, in the session.
    group : Named, optional
        Group of a sky run.
    findings : list of dict
        Findings, but for the number of the run.
    downgrade : str, optional
        Finding on the method that ran, whose subject is the number.
    id : int
        Its number, 0 until it is written.
    """

    columns: Columns
    own: Columns
    environment: Environment | None
    group: Named | None = None
    findings: list[Columns] = field(default_factory=list)
    downgrade: str | None = None
    id: int = _NONE_YET

    @property
    def started_at(self) -> datetime | None:
        """Its beginning, as far as it is known."""
        when: datetime | None = self.columns["started_at"]
        return when

    @property
    def finished_at(self) -> datetime | None:
        """Its end, as far as it is known."""
        when: datetime | None = self.columns["finished_at"]
        return when

    def notice(self, kind: FindingKind, subject: str, message: str) -> None:
        """Add a finding."""
        self.findings.append(finding_columns(kind, subject, message))

    @property
    def own_findings(self) -> list[Columns]:
        """Columns of its findings, once it is written."""
        found = list(self.findings)
        if self.downgrade is not None:
            told = (FindingKind.DOWNGRADED, f"run {self.id}", self.downgrade)
            found.append(finding_columns(*told))
        return [{**one, "activity_id": self.id} for one in found]

    @property
    def main_columns(self) -> Columns:
        """Columns among the activities, once its environment is written."""
        number = None if self.environment is None else self.environment.id
        return {**self.columns, "environment_id": number}

    @property
    def own_columns(self) -> Columns:
        """Columns in the table of its kind, once it is an activity and its group is written."""
        group = {} if self.group is None else {"group_id": self.group.id}
        return {**self.own, "id": self.id, **group}


@dataclass
class Rows:
    """Rows that wait to be written, in order."""

    _visits: list[Named] = field(default_factory=list)
    _exposures: list[Named] = field(default_factory=list)
    _products: list[Named] = field(default_factory=list)
    _groups: list[Named] = field(default_factory=list)
    _runs: list[RunRow] = field(default_factory=list)
    _fits: list[tuple[RunRow, Named | int, Columns]] = field(default_factory=list)
    _values: list[tuple[RunRow, Named, Columns]] = field(default_factory=list)

    def visit(self, columns: Columns) -> Named:
        """Add a visit."""
        self._visits.append(Named(columns=columns))
        return self._visits[-1]

    def exposure(self, columns: Columns, visit: Named) -> Named:
        """Add an exposure."""
        self._exposures.append(Named(columns=columns, visit=visit))
        return self._exposures[-1]

    def product(self, columns: Columns, visit: Named, exposure: Named | None) -> Named:
        """Add a product."""
        self._products.append(Named(columns=columns, visit=visit, exposure=exposure))
        return self._products[-1]

    def group(self, columns: Columns) -> Named:
        """Add a group of sky runs."""
        self._groups.append(Named(columns=columns))
        return self._groups[-1]

    def run(self, run: RunRow) -> None:
        """Add a run with its findings, also with those that it gets later."""
        self._runs.append(run)

    def fit(self, run: RunRow, product: Named | int, columns: Columns) -> None:
        """Add a fit of a product, or of that with a number."""
        self._fits.append((run, product, columns))

    def value(self, run: RunRow, exposure: Named, columns: Columns) -> None:
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
        self._write_named(session)
        self._write_runs(session)
        fits = [
            {**columns, "activity_id": run.id, "product_id": _number_of(product)}
            for run, product, columns in self._fits
        ]
        values = [
            {**columns, "run_id": run.id, "exposure_id": exposure.id}
            for run, exposure, columns in self._values
        ]
        write_rows(session, AlignmentSolution, fits)
        write_rows(session, SkyValue, values)
        self._fits.clear()
        self._values.clear()

    def _write_named(self, session: Session) -> None:
        """Write groups, visits, then exposures, then products, which need those before."""
        _number(session, SkyRunGroup, self._groups, [one.columns for one in self._groups])
        _number(session, Visit, self._visits, [one.columns for one in self._visits])
        of_visits = [{**one.columns, "visit_id": _number_in(one.visit)} for one in self._exposures]
        _number(session, Exposure, self._exposures, of_visits)
        of_both = [
            {
                **one.columns,
                "visit_id": _number_in(one.visit),
                "exposure_id": _number_in(one.exposure),
            }
            for one in self._products
        ]
        _number(session, Product, self._products, of_both)
        for written in (self._groups, self._visits, self._exposures, self._products):
            written.clear()

    def _write_runs(self, session: Session) -> None:
        _number(session, Activity, self._runs, [run.main_columns for run in self._runs])
        for kind, entity in _TABLES.items():
            alike = [run.own_columns for run in self._runs if run.columns["kind"] is kind]
            write_rows(session, entity, alike)
        findings = [one for run in self._runs for one in run.own_findings]
        write_rows(session, Finding, findings)
        self._runs.clear()


def _number_of(product: Named | int) -> int:
    return product if isinstance(product, int) else product.id


def _number_in(one: Named | None) -> int | None:
    return None if one is None else one.id


def _number(
    session: Session, entity: type[Base], waiting: list[Any], columns: list[Columns]
) -> None:
    """Write rows, each of which has its number then."""
    numbers = write_numbered(session, entity, columns)
    for one, number in zip(waiting, numbers, strict=True):
        one.id = number
