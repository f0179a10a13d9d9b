"""Questions: everything that is only read from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, select

from skydb.domain import AlignmentRun, Environment, SkyRun
from skydb.domain.guards import GUARDS
from skydb.domain.references import VisitReference, parse
from skydb.domain.vocabulary import ActivityStatus, FindingKind, ProductKind, SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.files.workspace import Workspace
from skydb.store import queries, version_queries
from skydb.store.readonly import Answer, ask
from skydb.store.references import products_of, visit_named
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class Questions:
    """Read-only use cases; every answer is a list of rows."""

    store: Store
    workspace: Workspace
    url: URL

    def headers(self) -> list[queries.Row]:
        """Exposures as in the tutorial's table 1.1."""
        with self.store.reading() as session:
            return queries.headers(session)

    def wcs(self, kinds: Sequence[ProductKind] = ()) -> list[queries.Row]:
        """WCS in force of every product, as in the tutorial's table 1.2."""
        with self.store.reading() as session:
            return queries.wcs_table(session, kinds)

    def catalogs(self) -> list[queries.Row]:
        """Reference catalogues."""
        with self.store.reading() as session:
            return queries.catalogs(session)

    def alignment(self, run_id: int) -> list[queries.Row]:
        """Fits of an alignment run beside the archive's solutions."""
        with self.store.reading() as session:
            return queries.alignment(session, run_id)

    def alignment_history(
        self, name: str | None = None, visit: str | None = None
    ) -> list[queries.Row]:
        """Every solution of an exposure or product, or of all files of a visit.

        Raises
        ------
        NotFoundError
            When the ledger does not know it.
        UsageError
            When neither is given, or both are, or the name is not that of an image.
        """
        if (name is None) is (visit is None):
            raise UsageError("A history is of one name, or of one visit.", advice="Give either.")
        with self.store.reading() as session:
            named = visit_named(session, visit) if visit is not None else None
            reference = VisitReference(named.number, named.program) if named else parse(name or "")
            products = products_of(session, reference)
            rows = version_queries.solutions_of(session, [product.id for product in products])
        number = getattr(reference, "version", None)
        rows = [row for row in rows if number in (None, row["version"])]
        if not rows:
            raise NotFoundError(f"The ledger has no solution of {name or visit!r}.")
        return rows

    def findings(self) -> list[queries.Row]:
        """What would have passed silently, newest first."""
        with self.store.reading() as session:
            return queries.findings(session)

    def input_doubts(self, activity_id: int) -> list[queries.Row]:
        """What was flagged of the inputs and of the catalogue of an activity."""
        kinds = {kind.value for kind in (FindingKind.CATALOG, *GUARDS)}
        return [
            row
            for row in self.findings()
            if row["activity"] == activity_id and row["kind"] in kinds
        ]

    def sky_runs(self, group_id: int | None = None) -> list[queries.Row]:
        """The newest good run of each method of a group; of the newest group by default."""
        with self.store.reading() as session:
            group = group_id or queries.latest_group(session)
            return [queries.sky_run_row(run) for run in queries.runs_of_group(session, group)]

    def current_sky_runs(self) -> list[queries.Row]:
        """As :meth:`sky_runs` of the newest group, but empty when nothing was run."""
        try:
            return self.sky_runs()
        except NotFoundError:
            return []

    def latest_alignment(self) -> int | None:
        """The newest alignment run that was finished, or None."""
        newest = (
            select(AlignmentRun.id)
            .where(
                AlignmentRun.status == ActivityStatus.SUCCEEDED,
                # Of what only a log tells there is nothing to look at.
                AlignmentRun.imported_by_id.is_(None),
                # A repetition is for comparison: its fits are not to be applied.
                AlignmentRun.parameters["replay_of"].as_string().is_(None),
            )
            .order_by(AlignmentRun.id.desc())
            .limit(1)
        )
        with self.store.reading() as session:
            return session.scalar(newest)

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

    def comparison(self, run_ids: Sequence[int] = ()) -> list[queries.Row]:
        """MDRIZSKY of every chip, one column a method.

        Parameters
        ----------
        run_ids : sequence of int
            Runs to compare; those of the newest group when empty.

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
            if not run_ids:
                return queries.comparison(session, queries.latest_group(session))
            _require_distinct(list(session.scalars(select(SkyRun).where(SkyRun.id.in_(run_ids)))))
            values = queries.sky_values(session, run_ids)
        missing = sorted(set(run_ids) - {row["run_id"] for row in values})
        if missing:
            raise NotFoundError(f"There are no sky values of run {missing[0]}.")
        unknown = [row["run_id"] for row in values if row["effective_method"] is None]
        if unknown:
            raise UsageError(
                f"Nothing tells which method run {unknown[0]} is of.",
                advice="Its values are in v_sky_values.",
            )
        return _by_chip(values)

    def sql(self, statement: str) -> Answer:
        """Answer to one SELECT, on a connection that cannot write."""
        return ask(self.url, statement)


def _require_distinct(runs: Sequence[SkyRun]) -> None:
    methods = [run.effective_method for run in runs]
    twice = [method for method in methods if method and methods.count(method) > 1]
    if twice:
        raise UsageError(
            f"Two of these runs did {twice[0]}.", advice="Name one run of each method."
        )


def _by_chip(values: Sequence[queries.Row]) -> list[queries.Row]:
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    shared = ("rootname", "extver", "unit", "proposal_id", "program", "visit", "filter", "detector")
    for value in values:
        row = rows.setdefault(
            (value["rootname"], value["extver"]),
            {key: value[key] for key in shared} | {method.column: None for method in SkyMethod},
        )
        row[SkyMethod(value["effective_method"]).column] = value["mdrizsky"]
    return [rows[key] for key in sorted(rows)]
