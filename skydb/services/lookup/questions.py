"""Read-only queries of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Environment, SkyRun
from skydb.domain.guards import GUARDS
from skydb.domain.references import parse
from skydb.domain.vocabulary import FindingKind, ProductKind, SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.store import coverage_queries, finding_queries, queries, version_queries
from skydb.store.references import products_of
from skydb.store.scope import Scope
from skydb.store.selected_queries import Selected, groups_covering, latest_alignment
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class Questions:
    """Read-only use cases; every answer is a list of rows."""

    store: Store

    def starts(self, rootnames: Collection[str]) -> dict[str, float | None]:
        """Start of exposures by rootname, MJD."""
        with self.store.reading() as session:
            return coverage_queries.starts(session, rootnames)

    def headers(self, scope: Scope | None = None) -> list[queries.Row]:
        """Exposures as in the tutorial's table 1.1.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        with self.store.reading() as session:
            _require(session, scope)
            return queries.headers(session, scope)

    def wcs(
        self, kinds: Sequence[ProductKind] = (), scope: Scope | None = None
    ) -> list[queries.Row]:
        """Active WCS of every product, as in the tutorial's table 1.2.

        A scope selects the products of its exposures, and those made of any of them.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        with self.store.reading() as session:
            if scope is None or scope.is_everything:
                return queries.wcs_table(session, kinds)
            _require(session, scope)
            products = version_queries.products_in(session, scope)
            versions = None
            if scope.as_of is not None:
                versions = version_queries.newest_in_time(session, scope, products)
            return queries.wcs_table(session, kinds, set(products), versions)

    def rootnames(self, scope: Scope) -> frozenset[str] | None:
        """The exposures of a scope; None when it does not restrict.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        if scope.is_everything:
            return None
        with self.store.reading() as session:
            return Selected.of(session, scope).rootnames

    def catalogs(self) -> list[queries.Row]:
        """Reference catalogues."""
        with self.store.reading() as session:
            return queries.catalogs(session)

    def alignment(self, run_id: int) -> list[queries.Row]:
        """Fits of an alignment run beside the archive's solutions."""
        with self.store.reading() as session:
            return queries.alignment(session, run_id)

    def alignment_history(
        self, name: str | None = None, scope: Scope | None = None
    ) -> list[queries.Row]:
        """Every solution of an exposure or product, or of all files of a scope.

        Raises
        ------
        NotFoundError
            When the ledger does not know it.
        UsageError
            When neither is given, or the name is not that of an image.
        """
        wanted = scope or Scope()
        if name is None and wanted.is_everything:
            raise UsageError(
                "A history is of one name, or of a selection.", advice="Name a file, or --visit."
            )
        with self.store.reading() as session:
            _require(session, wanted)
            reference = None if name is None else parse(name)
            products = [one.id for one in products_of(session, reference)] if reference else []
            if reference is None or not wanted.is_everything:
                within = version_queries.products_in(session, wanted)
                products = [key for key in within if reference is None or key in products]
            rows = version_queries.solutions_of(session, products)
            if wanted.as_of is not None:
                in_time = version_queries.written_in_time(session, wanted, products)
                rows = [row for row in rows if (row["product_id"], row["version"]) in in_time]
        number = getattr(reference, "version", None)
        rows = [row for row in rows if number in (None, row["version"])]
        if not rows:
            raise NotFoundError(f"The ledger has no solution of {name or wanted.label}.")
        return rows

    def input_doubts(self, activity_id: int) -> list[queries.Row]:
        """Findings on the inputs and the catalogue of an activity."""
        kinds = {kind.value for kind in (FindingKind.CATALOG, FindingKind.REJECTED_FILE, *GUARDS)}
        with self.store.reading() as session:
            rows = finding_queries.findings(session, activity_id)
        return [row for row in rows if row["kind"] in kinds]

    def sky_runs(self, group_id: int | None = None) -> list[queries.Row]:
        """The newest good run of each method of a group; of the newest group by default."""
        with self.store.reading() as session:
            group = group_id or queries.latest_group(session)
            return [queries.sky_run_row(run) for run in queries.runs_of_group(session, group)]

    def latest_alignment(self, scope: Scope | None = None) -> int | None:
        """The newest alignment run that was finished, of any product of a scope; or None."""
        with self.store.reading() as session:
            if scope is None or scope.is_everything:
                return latest_alignment(session)
            return latest_alignment(session, version_queries.products_in(session, scope))

    def accepted(self, run_id: int) -> list[queries.Row]:
        """Shifts that exposures received from the fits of an alignment run."""
        with self.store.reading() as session:
            return queries.accepted(session, run_id)

    def environment(self) -> list[queries.Row]:
        """Packages of the newest sky run."""
        newest = (
            select(Environment)
            .join(SkyRun, SkyRun.environment_id == Environment.id)
            .where(SkyRun.deleted_at.is_(None))
            .order_by(SkyRun.id.desc())
            .limit(1)
        )
        with self.store.reading() as session:
            found = session.scalar(newest)
        if found is None:
            return []
        listed = {"python": found.python_version, **found.packages}
        return [{"package": name, "version": version} for name, version in listed.items()]

    def comparison(
        self, run_ids: Sequence[int] = (), scope: Scope | None = None
    ) -> list[queries.Row]:
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
                return comparison_of_group(session, queries.latest_group(session))
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


def _require(session: Session, scope: Scope | None) -> None:
    """Check that a scope that restricts selects something."""
    if scope is not None and not scope.is_everything:
        scope.exposure_ids(session)


def comparison_of_group(session: Session, group: int) -> list[queries.Row]:
    """Skies of a group by method; those that a user gave where none was computed."""
    computed = queries.comparison(session, group)
    if computed:
        return computed
    runs = [run.id for run in queries.runs_of_group(session, group) if run.effective_method]
    return _by_chip(queries.sky_values(session, runs))


def _of_newest_groups(session: Session, selected: Selected) -> list[queries.Row]:
    groups = groups_covering(session, selected.exposures)
    if not groups:
        raise NotFoundError(
            "No sky run of this selection has succeeded.", advice="Start with `skydb sky run`."
        )
    rows = [
        row
        for group, exposures in groups.items()
        for row in comparison_of_group(session, group)
        if row["rootname"] in {selected.exposures[key] for key in exposures}
    ]
    return sorted(rows, key=lambda row: (row["rootname"], row["extver"]))


def _require_distinct(runs: Sequence[SkyRun]) -> None:
    methods = [run.effective_method for run in runs]
    twice = [method for method in methods if method and methods.count(method) > 1]
    if twice:
        raise UsageError(
            f"Two of these runs did {twice[0]}.", advice="Name one run of each method."
        )


def _by_chip(values: Sequence[queries.Row]) -> list[queries.Row]:
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
