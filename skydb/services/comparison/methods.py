"""Skies of methods side by side: one row a chip, one column a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.store import queries
from skydb.store.rows import Row
from skydb.store.scope import Scope
from skydb.store.selected_queries import Selected, groups_covering
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class MethodTable:
    """Values of the methods of a group of runs, or of runs that are named; read-only."""

    store: Store

    def runs(self) -> list[Row]:
        """The newest good run of each method of the newest group.

        Raises
        ------
        NotFoundError
            When no sky run has succeeded.
        """
        with self.store.reading() as session:
            group = queries.latest_group(session)
            return [queries.sky_run_row(run) for run in queries.runs_of_group(session, group)]

    def values(self, run_ids: Sequence[int] = (), scope: Scope | None = None) -> list[Row]:
        """MDRIZSKY of every chip, one column a method.

        Parameters
        ----------
        run_ids : sequence of int
            Runs to compare; those of the newest group when empty, and of a scope those of the
            newest group of each exposure.
        scope : Scope, optional
            Only these exposures.

        Raises
        ------
        NotFoundError
            When a run does not exist or has no values.
        UsageError
            When two of the runs did the same method, so that one column would have
            to hold both.
        """
        # Numbers out of a table are numpy's, which SQLite would take for bytes.
        run_ids = [int(run_id) for run_id in run_ids]
        with self.store.reading() as session:
            wanted = None
            if scope is not None and not scope.is_everything:
                selected = Selected.of(session, scope)
                if not run_ids:
                    return _of_newest_groups(session, selected)
                wanted = selected.rootnames
            if not run_ids:
                return _of_group(session, queries.latest_group(session))
            _require_distinct(list(session.scalars(select(SkyRun).where(SkyRun.id.in_(run_ids)))))
            values = queries.sky_values(session, run_ids)
        missing = sorted(set(run_ids) - {row["run_id"] for row in values})
        if missing:
            raise NotFoundError(f"There are no sky values of run {missing[0]}.")
        unknown = [row["run_id"] for row in values if row["effective_method"] is None]
        if unknown:
            raise UsageError(
                f"The sky method of run {unknown[0]} is unknown.",
                advice="Its values are in v_sky_values.",
            )
        return _by_chip([one for one in values if wanted is None or one["rootname"] in wanted])


def _of_group(session: Session, group: int) -> list[Row]:
    """Skies of a group by method; those that a user gave where none was computed."""
    computed = queries.comparison(session, group)
    if computed:
        return computed
    runs = [run.id for run in queries.runs_of_group(session, group) if run.effective_method]
    return _by_chip(queries.sky_values(session, runs))


def values_of_groups(session: Session, groups: Mapping[int, set[str]]) -> list[Row]:
    """Values of exposures, each as one group of runs has them, in one table."""
    rows = [
        row
        for group, rootnames in groups.items()
        for row in _of_group(session, group)
        if row["rootname"] in rootnames
    ]
    return sorted(rows, key=lambda row: (row["rootname"], row["extver"]))


def _of_newest_groups(session: Session, selected: Selected) -> list[Row]:
    groups = groups_covering(session, selected.exposures)
    if not groups:
        raise NotFoundError(
            "No sky run of this selection has succeeded.", advice="Start with `skydb sky run`."
        )
    return values_of_groups(session, groups)


def _require_distinct(runs: Sequence[SkyRun]) -> None:
    methods = [run.effective_method for run in runs]
    twice = [method for method in methods if method and methods.count(method) > 1]
    if twice:
        raise UsageError(
            f"Two of these runs did {twice[0]}.", advice="Name one run of each method."
        )


def _by_chip(values: Sequence[Row]) -> list[Row]:
    # Values of different units cannot stand in one row, for it has one unit.
    rows: dict[tuple[str, int, str], dict[str, Any]] = {}
    there = {value["effective_method"] for value in values}
    methods = [method for method in SkyMethod if method.is_computed or method in there]
    shared = ("rootname", "extver", "unit", "proposal_id", "program", "visit", "filter", "detector")
    for value in values:
        row = rows.setdefault(
            (value["rootname"], value["extver"], value["unit"] or ""),
            {key: value[key] for key in shared}
            | {name: None for method in methods for name in _columns_of(method)},
        )
        value_name, sigma_name = _columns_of(SkyMethod(value["effective_method"]))
        row[value_name], row[sigma_name] = value["mdrizsky"], value["mdrizsky_sigma"]
    return [rows[key] for key in sorted(rows)]


def _columns_of(method: SkyMethod) -> tuple[str, str]:
    """Names of the value of a method and of its standard deviation."""
    return method.column, f"{method.column}_sigma"
