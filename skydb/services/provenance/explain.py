"""Provenance of one thing: its sources in the ledger, as a graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
    BookEntry,
    Download,
    Generation,
    ProductVersion,
    SkyRun,
    SkyValue,
    VisitDrizzle,
)
from skydb.domain.vocabulary import Engine, LinkRole
from skydb.files.workspace import Workspace
from skydb.services.provenance import doings, ids, things
from skydb.services.provenance.graph import Lineage, Relation, RemarkKind
from skydb.services.provenance.subjects import Subject, find_subject
from skydb.store import provenance_queries as queries
from skydb.store import value_queries
from skydb.store.provenance_queries import Key, Kind
from skydb.store.unit_of_work import Store

#: Number of inputs of a run that are shown, unless all are asked for.
FEW_INPUTS = 12


@dataclass(frozen=True)
class ExplainService:
    """Reads lineages; writes nothing."""

    store: Store
    workspace: Workspace

    def explain(self, what: str, *, everything: bool = False, depth: int | None = None) -> Lineage:
        """The lineage of one thing, back to the archive.

        Parameters
        ----------
        what : str
            See :func:`~skydb.services.provenance.subjects.find_subject`.
        everything : bool
            All inputs of all activities with all findings; otherwise those that the
            thing itself comes from, and the number of the others.
        depth : int, optional
            Only what is so many relations away.

        Raises
        ------
        UsageError, NotFoundError
            When ``what`` names nothing.
        """
        with self.store.reading() as session:
            subject = find_subject(session, what)
            explainer = _Teller(session, self.workspace, subject, everything=everything)
            whole = explainer.explain()
            return whole if depth is None else whole.within(depth)


class _Teller:
    """Turns one subject into a graph: finds, reads, and links."""

    def __init__(
        self, session: Session, workspace: Workspace, subject: Subject, *, everything: bool
    ) -> None:
        self._session = session
        self._workspace = workspace
        self._subject = subject
        self._everything = everything
        self._graph = Lineage(subject.root)
        self._values, self._more_values = self._skies()
        found = self._closure()
        self._keys = {kind: {key for k, key in found if k is kind} for kind in Kind}

    def explain(self) -> Lineage:
        """The graph."""
        self._add_subject()
        activities = self._add_activities(self._keys[Kind.ACTIVITY])
        self._add_measurements(activities)
        versions = self._add_versions()
        solutions = self._add_solutions()
        makers = self._add_links()
        self._add_downloads(makers)
        self._add_findings(versions)
        self._add_books(versions, solutions)
        return self._graph

    def _closure(self) -> set[Key]:
        """Follow the subject back to its sources."""
        of_values = {(Kind.ACTIVITY, value.run_id) for value in self._values}
        found: set[Key] = set(self._subject.keys) | self._inputs() | of_values
        new = found
        while new:
            new = queries.led_back_to(self._session, new, with_all_inputs=self._everything) - found
            found = found | new
        return found

    def _skies(self) -> tuple[list[SkyValue], int]:
        """Skies of an exposure that is explained, the newest first, and how many more."""
        if self._subject.exposure is None:
            return [], 0
        values = value_queries.values_of(self._session, self._subject.exposure.id)
        few = values if self._everything else values[:FEW_INPUTS]
        return few, len(values) - len(few)

    def _inputs(self) -> set[Key]:
        """Inputs of a run that is explained as a whole, and the solutions that it made."""
        run = self._subject.run_id
        if run is None:
            return set()
        limit = None if self._everything else FEW_INPUTS
        inputs = queries.inputs_of(self._session, run, limit)
        made = queries.solutions_of(self._session, run, limit)
        return {(Kind.VERSION, key) for key in inputs} | {(Kind.SOLUTION, key) for key in made}

    def _add_subject(self) -> None:
        if self._subject.value is not None:
            things.add_value(self._graph, self._subject.value)
        if self._subject.mosaic is not None:
            things.add_mosaic(self._graph, self._subject.mosaic)
        exposure = self._subject.exposure
        if exposure is not None:
            things.add_known_exposure(self._graph, exposure)
            for value in self._values:
                node_id = things.add_value(self._graph, value)
                self._graph.link(Relation.DERIVED, node_id, self._subject.root, "sky")
            if self._more_values:
                message = f"{self._more_values} older skies are not shown; see --all."
                self._graph.remark(self._subject.root, RemarkKind.MORE, "skies", message)

    def _add_activities(self, keys: Iterable[int]) -> list[Activity]:
        activities = queries.activities(self._session, set(keys))
        for activity in activities:
            doings.add_activity(self._graph, activity)
        root = next((a for a in activities if a.id == self._subject.run_id), None)
        if isinstance(root, SkyRun):
            self._add_outcome(root)
        if isinstance(root, SkyRun | VisitDrizzle):
            self._add_replays(root)
        return activities

    def _add_outcome(self, run: SkyRun) -> None:
        """Add the results of a run that is explained as a whole."""
        if run.mosaic is not None:
            things.add_mosaic(self._graph, run.mosaic)
        if run.imported_by_id is not None:
            self._add_exposures(run)

    def _add_replays(self, run: SkyRun | VisitDrizzle) -> None:
        """Add the repetitions of a run that is explained as a whole."""
        for replay in value_queries.replays_of(self._session, run):
            message = f"run {replay.id} repeats it: {replay.replay_verdict or replay.status}."
            node_id = ids.activity(run.id)
            self._graph.remark(node_id, RemarkKind.REPLAYED, f"run {replay.id}", message)

    def _add_exposures(self, run: SkyRun) -> None:
        """Add the exposures of a run that is known from a log only."""
        node_id, role = ids.activity(run.id), LinkRole.SCIENCE.value
        names = value_queries.exposures_without_content(self._session, run.id)
        few = names if self._everything else names[:FEW_INPUTS]
        for name in few:
            named = things.add_exposure(self._graph, name)
            self._graph.link(Relation.USED, node_id, named, role)
        if len(names) > len(few):
            doings.add_others(self._graph, run.id, role, len(names) - len(few))

    def _add_measurements(self, activities: Iterable[Activity]) -> None:
        """Add the measurements of the levels that the engine skydb used."""
        runs = [one for one in activities if isinstance(one, SkyRun) and _starts_from_record(one)]
        recipes = {_statistic(run) for run in runs} - {""}
        if not recipes:
            return
        made = queries.measurements_of(self._session, self._keys[Kind.VERSION], recipes)
        self._add_activities(made - self._keys[Kind.ACTIVITY])
        self._keys[Kind.ACTIVITY] |= made
        for run in runs:
            for key in sorted(made):
                self._graph.link(
                    Relation.INFORMED, ids.activity(run.id), ids.activity(key), "levels"
                )

    def _add_versions(self) -> list[ProductVersion]:
        versions = queries.versions(self._session, self._keys[Kind.VERSION])
        names = queries.names_in_force(self._session, self._keys[Kind.VERSION])
        for version in versions:
            things.add_version(self._graph, version, names.get(version.id))
        return versions

    def _add_solutions(self) -> list[AlignmentSolution]:
        solutions = queries.solutions(self._session, self._keys[Kind.SOLUTION])
        for solution in solutions:
            things.add_solution(self._graph, solution)
        for catalog in queries.catalogs(self._session, self._keys[Kind.CATALOG]):
            things.add_catalog(self._graph, catalog)
        return solutions

    def _add_links(self) -> list[Generation]:
        """Add uses and generations, and the number of inputs that are not shown."""
        session, versions, activities = (
            self._session, self._keys[Kind.VERSION], self._keys[Kind.ACTIVITY]
        )  # fmt: skip
        made = queries.generations(session, versions)
        used = queries.usages(session, activities, versions)
        hidden = queries.count_usages(session, activities)
        for use in used:
            doings.add_usage(self._graph, use)
            hidden[use.activity_id, use.role] -= 1
        for link in made:
            doings.add_generation(self._graph, link)
        things.derive(self._graph, made, used)
        for (activity_id, role), count in sorted(hidden.items()):
            if count:
                doings.add_others(self._graph, activity_id, role, count)
        for backup in queries.header_backups(session, versions):
            things.add_header_backup(self._graph, backup)
        return made

    def _add_downloads(self, makers: Iterable[Generation]) -> None:
        downloads = [
            one
            for one in queries.downloads(self._session, self._keys[Kind.VERSION])
            if one.activity_id in self._keys[Kind.ACTIVITY]
        ]
        deliveries = queries.bad_deliveries(self._session) if downloads else []
        ingests = {link.version_id: link.activity_id for link in makers}
        for one in downloads:
            things.add_download(self._graph, one, ingests.get(one.version_id or 0))
            for known in deliveries:
                doings.remark_delivery(self._graph, one, known)
        self._remark_origins(downloads, makers)

    def _remark_origins(self, downloads: Iterable[Download], makers: Iterable[Generation]) -> None:
        """Remark on files that were not made or fetched by skydb."""
        fetched = {download.version_id for download in downloads}
        for link in makers:
            if link.role is LinkRole.INGESTED and link.version_id not in fetched:
                message = "ingested as it was; its origin is not recorded."
                node_id = ids.version(link.version_id)
                self._graph.remark(node_id, RemarkKind.ORIGIN_UNKNOWN, "origin", message)

    def _add_findings(self, versions: Iterable[ProductVersion]) -> None:
        activities = self._keys[Kind.ACTIVITY]
        subjects = None if self._everything else self._names(versions)
        counts = queries.count_findings(self._session, activities)
        for finding in queries.findings(self._session, activities, subjects) if counts else ():
            doings.add_finding(self._graph, finding)
            counts[finding.activity_id, finding.kind] -= 1
        for (activity_id, kind), count in sorted(counts.items()):
            if count:
                doings.count_findings(self._graph, activity_id, kind, count)

    def _names(self, versions: Iterable[ProductVersion]) -> set[str]:
        """Names by which findings may refer to nodes of the branch."""
        # Guards say of all inputs of a run what is of every one of them.
        names = {"inputs"} | {f"run {key}" for key in self._keys[Kind.ACTIVITY]}
        for version in versions:
            names.add(version.product.filename)
            if (place := version.known_path) is not None:
                names |= {place, str(self._workspace.resolve(place))}
            if version.product.exposure is not None:
                names.add(version.product.exposure.rootname)
        if self._subject.value is not None:
            names.add(self._subject.value.exposure.rootname)
        if self._subject.exposure is not None:
            names.add(self._subject.exposure.rootname)
        catalogs = (node.attributes.get("name") for node in self._graph.nodes.values())
        return names | {name for name in catalogs if name}

    def _add_books(
        self, versions: Iterable[ProductVersion], solutions: Iterable[AlignmentSolution]
    ) -> None:
        """Notes and flags on anything of the branch, at the node that they belong to."""
        places = _places(versions)
        places["solution_id"] = {one.id: ids.solution(one.id) for one in solutions}
        places["activity_id"] = {key: ids.activity(key) for key in self._keys[Kind.ACTIVITY]}
        value = self._subject.value
        if value is not None:
            places["exposure_id"][value.exposure_id] = self._subject.root
            places["visit_id"][value.exposure.visit_id] = self._subject.root
        exposure = self._subject.exposure
        if exposure is not None:
            places["exposure_id"][exposure.id] = self._subject.root
            places["visit_id"][exposure.visit_id] = self._subject.root
        for entry in queries.book_entries(self._session, places):
            doings.add_book_entry(self._graph, _place_of(entry, places), entry)


def _starts_from_record(run: SkyRun) -> bool:
    """Whether a run took levels from the ledger; a repetition measures them itself."""
    return run.engine is Engine.SKYDB and run.replay_of_id is None


def _statistic(run: SkyRun) -> str:
    """Fingerprint of the statistic that a run of the engine skydb takes levels with."""
    settings = run.parameters.get(Engine.SKYDB.value, {})
    return str(settings.get("recipe", ""))


def _places(versions: Iterable[ProductVersion]) -> dict[str, dict[int, str]]:
    """Nodes at which notes on visits, exposures and products are shown: their newest version."""
    places: dict[str, dict[int, str]] = {"visit_id": {}, "exposure_id": {}, "product_id": {}}
    for version in sorted(versions, key=lambda version: version.number):
        product, node_id = version.product, ids.version(version.id)
        places["product_id"][product.id] = node_id
        places["visit_id"][product.visit_id] = node_id
        if product.exposure_id is not None:
            places["exposure_id"][product.exposure_id] = node_id
    return places


def _place_of(entry: BookEntry, places: dict[str, dict[int, str]]) -> str:
    return next(
        known[getattr(entry, column)]
        for column, known in places.items()
        if getattr(entry, column) in known
    )
