"""List of activities, and the details of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skydb import domain
from skydb.domain.vocabulary import ActivityKind, ActivityStatus, FindingKind
from skydb.errors import UsageError
from skydb.services.core import Context
from skydb.store import finding_queries, run_lists
from skydb.store.rows import Row
from skydb.store.run_lists import RunFilter
from skydb.store.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Runs:
    """Reads activities; changes nothing."""

    context: Context

    def listed(self, scope: Scope | None = None, wanted: RunFilter | None = None) -> list[Row]:
        """Activities of any kind, the newest first.

        A selection restricts them to those that read, made, fetched, fitted or measured any of it.

        Parameters
        ----------
        scope : Scope, optional
            Only runs about these exposures.
        wanted : RunFilter, optional
            Which kinds, states and times.

        Returns
        -------
        list of dict
            ``run``, ``kind``, ``status``, ``started_at``, ``method`` (of a sky run), ``about``,
            ``inputs`` (names of exposures, else of files), ``mosaic`` (absolute path, None
            without one), ``stored_path`` and more.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        among = None
        if scope is not None and not scope.is_everything:
            from skydb.store.run_queries import runs_about

            with self.context.store.reading() as session:
                among = runs_about(session, scope)
        with self.context.store.asking() as connection:
            rows = run_lists.runs(connection, wanted or RunFilter(), among)
            names = run_lists.names_used(connection, [row["run"] for row in rows])
        return [self._row(row, names.get(row["run"], [])) for row in rows]

    def _row(self, row: Row, inputs: list[str]) -> Row:
        science, purged = row.pop("science_path"), row.pop("purged_at")
        there = science if science and purged is None else None
        effective, requested = row.pop("effective_method"), row.pop("requested_method")
        return {
            **{name: row.pop(name) for name in ("run", "kind", "status", "started_at")},
            "method": effective or requested,
            "about": row.pop("about"),
            "inputs": inputs,
            "mosaic": self._absolute(there),
            "stored_path": there,
            "requested_method": requested,
            "effective_method": effective,
            "mosaic_purged_at": purged,
            **row,
        }

    def _absolute(self, stored: str | None) -> str | None:
        return None if stored is None else str(self.context.workspace.resolve(stored))

    def show(self, run_id: int) -> Row:
        """Details of one activity; of a deleted one too.

        Returns
        -------
        dict
            As a row of :meth:`listed`, and ``parameters`` (those that differ from the preset or
            the defaults: ``name``, ``value``, ``usual``, ``source``), ``used`` and ``outputs``
            (files, each with ``path`` and ``stored_path``), ``findings``, ``attempts``,
            ``all_parameters``, ``environment``, ``log``.

        Raises
        ------
        NotFoundError
            When there is no such activity.
        """
        from skydb.store import run_queries

        with self.context.store.reading() as session:
            run = _required(session, run_id)
            (row,) = run_lists.runs(session, RunFilter(with_deleted=True), {run.id})
            names = run_lists.names_used(session, [run.id])
            return {
                **self._row(row, names.get(run.id, [])),
                "parameters": self._parameters(run),
                "used": self._with_paths(run_queries.inputs(session, run.id)),
                "outputs": self._with_paths(_outputs(session, run)),
                "findings": [
                    {"kind": one.kind.value, "subject": one.subject, "message": one.message}
                    for one in run.findings
                ],
                "attempts": run_queries.attempts(session, run.id),
                "log": self._absolute(run.log_path),
                "environment": _environment(run),
                "all_parameters": run.parameters,
            }

    def parameters(self, run_id: int) -> list[Row]:
        """Parameters of a run that differ from its preset or from the defaults.

        Raises
        ------
        NotFoundError
            When there is no such activity.
        """
        with self.context.store.reading() as session:
            return self._parameters(_required(session, run_id))

    def input_doubts(self, run_id: int) -> list[Row]:
        """Findings on the inputs and the catalogue of a run."""
        from skydb.domain.guards import GUARDS

        kinds = {kind.value for kind in (FindingKind.CATALOG, FindingKind.REJECTED_FILE, *GUARDS)}
        with self.context.store.asking() as connection:
            rows = finding_queries.findings(connection, run_id)
        return [row for row in rows if row["kind"] in kinds]

    def newest_environment(self) -> list[Row]:
        """Packages of the newest sky run: ``package``, ``version``."""
        from skydb.store import run_queries

        with self.context.store.reading() as session:
            found = run_queries.newest_environment(session)
        if found is None:
            return []
        listed = {"python": found.python_version, **_by_name(found.packages)}
        return [{"package": name, "version": version} for name, version in listed.items()]

    def _parameters(self, run: domain.Activity) -> list[Row]:
        if isinstance(run, (domain.SkyRun, domain.AlignmentRun)):
            from skydb.services.skies import departures

            return departures(self.context, run)
        return [
            {"name": name, "value": value, "usual": None, "source": None}
            for name, value in _by_name(run.parameters).items()
        ]

    def _with_paths(self, rows: Iterable[Row]) -> list[Row]:
        return [{**row, "path": self._absolute(row["stored_path"])} for row in rows]


def _required(session: Session, run_id: int) -> domain.Activity:
    """An activity, by an import of all entities, which a list of runs does without."""
    from skydb.store.required import require_run

    return require_run(session, domain.Activity, int(run_id))


def _outputs(session: Session, run: domain.Activity) -> list[Row]:
    """Files that an activity left, by what they are."""
    from skydb.store import run_queries

    made: list[tuple[str, str | None, str | None]] = []
    if isinstance(run, domain.SkyRun):
        if run.mosaic is not None and run.mosaic.purged_at is None:
            kept = run.mosaic
            made.append(("mosaic", kept.science_path, kept.science_sha256))
            made.append(("weight", kept.weight_path, kept.weight_sha256))
        if run.has_mosaic:
            made.append(("masks", run.masks_path, None))
    if isinstance(run, domain.AlignmentRun):
        made.append(("fits", run.workspace, None))
    made.append(("log", run.log_path, None))
    return [
        *run_queries.outputs(session, run.id),
        *(
            {"what": what, "name": path.rpartition("/")[2], "stored_path": path, "sha256": sha256}
            for what, path, sha256 in made
            if path
        ),
    ]


def _by_name(found: Mapping[str, Any]) -> Row:
    """Sort by name: PostgreSQL keeps the keys of a document in an order of its own."""
    return dict(sorted(found.items()))


def _environment(run: domain.Activity) -> Row | None:
    if run.environment is None:
        return None
    return {
        "python": run.environment.python_version,
        "platform": run.environment.platform,
        "verdict": run.environment.verdict.value,
        "packages": _by_name(run.environment.packages),
    }


def kinds_named(texts: Collection[str]) -> tuple[ActivityKind, ...]:
    """Kinds of activities by name, or by a beginning that only one has: ``sky``, ``align``.

    Raises
    ------
    UsageError
        When there is none of a name, or several.
    """
    return tuple(_named(ActivityKind, text, "kind of run") for text in texts)


def statuses_named(texts: Collection[str]) -> tuple[ActivityStatus, ...]:
    """States of activities by name.

    Raises
    ------
    UsageError
        When there is none of a name.
    """
    return tuple(_named(ActivityStatus, text, "state of a run") for text in texts)


def _named(vocabulary: Any, text: str, what: str) -> Any:  # noqa: ANN401 - one of its words
    asked = text.strip().lower().replace("_", "-").replace(" ", "-")
    known = [word for word in vocabulary if word.value == asked] or [
        word for word in vocabulary if asked and word.value.startswith(asked)
    ]
    if len(known) == 1:
        return known[0]
    there = ", ".join(word.value for word in known or vocabulary)
    raise UsageError(
        f"{'Ambiguous' if known else 'Unknown'} {what} {text!r}.", advice=f"Use one of {there}."
    )


def moment_named(text: str) -> datetime:
    """Parse a day or time; UTC unless it has a zone.

    Parameters
    ----------
    text : str
        ``2026-11-28``, which is its beginning, or ``2026-11-28T12:00``.

    Raises
    ------
    UsageError
        When it is neither.
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"Invalid date {text!r}; use YYYY-MM-DD or YYYY-MM-DDTHH:MM.") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)
