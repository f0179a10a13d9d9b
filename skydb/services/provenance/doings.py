"""Activities and agents as nodes: activity, user, software, environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skydb.domain import (
    Acceptance,
    Activity,
    AlignmentRun,
    BadDelivery,
    BookEntry,
    Download,
    Environment,
    Finding,
    Generation,
    SkyRun,
    Usage,
    VisitDrizzle,
)
from skydb.domain.vocabulary import ActivityKind, FindingKind, Verdict
from skydb.drizzle.optionfiles import named_files
from skydb.services.provenance import ids, things
from skydb.services.provenance.graph import Lineage, Node, NodeType, Relation, RemarkKind, Thing
from skydb.services.provenance.things import facts, plain

#: Names of the activities of each kind.
TITLES: Mapping[ActivityKind, str] = {
    ActivityKind.INGEST: "ingest",
    ActivityKind.SIMULATE: "simulation",
    ActivityKind.DOWNLOAD: "download",
    ActivityKind.CATALOG: "catalogue import",
    ActivityKind.ALIGNMENT: "alignment run",
    ActivityKind.ACCEPTANCE: "acceptance",
    ActivityKind.SKY_RUN: "sky run",
    ActivityKind.SELF_TEST: "self-test",
    ActivityKind.IMPORT: "history import",
    ActivityKind.OVERLAP: "overlap measurement",
    ActivityKind.RESTORATION: "restoration",
    ActivityKind.HEADER_WRITE: "header write",
    ActivityKind.HEADER_RESTORE: "header restore",
    ActivityKind.REPAIR: "repair",
    ActivityKind.DRIZZLE: "drizzling of a visit",
}


def add_activity(graph: Lineage, activity: Activity) -> str:
    """Add an activity, the agents behind it and the activities before it."""
    node_id = ids.activity(activity.id)
    graph.add(
        Node(
            node_id,
            NodeType.ACTIVITY,
            activity.kind,
            f"{TITLES.get(activity.kind, activity.kind.value)} {activity.id}",
            activity.started_at or activity.finished_at,
            _facts(activity),
        )
    )
    _remark(graph, node_id, activity)
    _associate(graph, node_id, activity)
    _inform(graph, node_id, activity)
    for file in named_files(activity.parameters):
        things.add_option_file(graph, node_id, file)
    return node_id


def _facts(activity: Activity) -> dict[str, Any]:
    names: tuple[str, ...] = ("status", "started_at", "finished_at", "seconds", "error", "log_path")
    if isinstance(activity, SkyRun):
        names += ("engine", "requested_method", "effective_method", "downgraded", "recipe_hash")
        names += ("group_id", "retention", "replay_of_id", "replay_verdict")
    if isinstance(activity, AlignmentRun):
        names += ("reference",)
    if isinstance(activity, VisitDrizzle):
        names += ("filters", "detector", "requested_method", "effective_method", "recipe_hash")
        names += ("replay_of_id", "replay_verdict")
    environment = activity.environment
    return facts(
        activity,
        names,
        parameters=plain(activity.parameters),
        environment_fingerprint=environment.fingerprint if environment else None,
    )


def _remark(graph: Lineage, node_id: str, activity: Activity) -> None:
    subject = f"activity {activity.id}"
    if activity.ended_badly:
        graph.remark(node_id, RemarkKind.FAILED, subject, activity.error or "it failed.")
    if activity.deleted_at is not None:
        message = f"deleted on {activity.deleted_at:%Y-%m-%d}; the views hide it."
        graph.remark(node_id, RemarkKind.DELETED, subject, message)
    if activity.imported_by_id is not None:
        message = f"made without skydb; read from its logs by activity {activity.imported_by_id}."
        graph.remark(node_id, RemarkKind.FROM_A_LOG, subject, message)
    if isinstance(activity, SkyRun) and activity.downgraded:
        asked, ran = activity.requested_method, activity.effective_method
        message = f"{asked} was asked for, {ran} ran."
        graph.remark(node_id, RemarkKind.DOWNGRADED, subject, message)


def _associate(graph: Lineage, node_id: str, activity: Activity) -> None:
    """Link user, software and environment; of an old run only the software is known."""
    if activity.imported_by_id is None:
        user, release = activity.agent, activity.skydb_version
        _agent(graph, node_id, ids.user(user), Thing.PERSON, user, "operator")
        _agent(graph, node_id, ids.software(release), Thing.SOFTWARE, f"skydb {release}", "skydb")
    if activity.tool_version and activity.tool_version != f"skydb {activity.skydb_version}":
        tool = ids.tool(activity.tool_version)
        _agent(graph, node_id, tool, Thing.TOOL, activity.tool_version, "tool")
    if activity.environment is not None:
        _add_environment(graph, activity.environment)
        graph.link(
            Relation.ASSOCIATED,
            node_id,
            ids.environment(activity.environment.id),
            Thing.ENVIRONMENT.value,
        )


def _agent(graph: Lineage, node_id: str, agent_id: str, kind: Thing, label: str, role: str) -> None:
    graph.add(Node(agent_id, NodeType.AGENT, kind, label))
    graph.link(Relation.ASSOCIATED, node_id, agent_id, role)


def _add_environment(graph: Lineage, environment: Environment) -> None:
    node_id, label = ids.environment(environment.id), f"environment {environment.id}"
    names = ("python_version", "platform", "packages", "verdict", "fingerprint", "checked_at")
    attributes = facts(environment, names)
    at = environment.first_seen_at
    graph.add(Node(node_id, NodeType.AGENT, Thing.ENVIRONMENT, label, at, attributes))
    if environment.verdict is Verdict.FAILED:
        message = "it failed the self-test; see `skydb doctor`."
        graph.remark(node_id, RemarkKind.CONDEMNED, label, message)
    elif environment.verdict is Verdict.UNCHECKED:
        message = "no self-test was made in it; see `skydb doctor`."
        graph.remark(node_id, RemarkKind.UNCHECKED, label, message)


def _inform(graph: Lineage, node_id: str, activity: Activity) -> None:
    if isinstance(activity, Acceptance):
        fitted = ids.activity(activity.alignment_run_id)
        graph.link(Relation.INFORMED, node_id, fitted, "reviewed")
    if isinstance(activity, AlignmentRun) and activity.catalog_id is not None:
        graph.link(Relation.USED, node_id, ids.catalog(activity.catalog_id), "reference")
    if isinstance(activity, SkyRun | VisitDrizzle) and activity.replay_of_id is not None:
        graph.link(Relation.INFORMED, node_id, ids.activity(activity.replay_of_id), "replay of")
    if activity.imported_by_id is not None:
        graph.link(Relation.INFORMED, ids.activity(activity.imported_by_id), node_id, "read")


def add_usage(graph: Lineage, link: Usage) -> None:
    """Link an activity to a version that it read."""
    graph.link(
        Relation.USED, ids.activity(link.activity_id), ids.version(link.version_id), link.role.value
    )


def add_generation(graph: Lineage, link: Generation) -> None:
    """Link an activity to a version that it made or recorded."""
    graph.link(
        Relation.GENERATED,
        ids.version(link.version_id),
        ids.activity(link.activity_id),
        link.role.value,
    )


def add_others(graph: Lineage, activity_id: int, role: str, count: int) -> None:
    """Inputs of an activity that are not shown one by one."""
    label = f"{count} other input{'s' * (count != 1)}"
    node_id = graph.add(
        Node(
            ids.others(activity_id, role),
            NodeType.ENTITY,
            Thing.COLLECTION,
            label,
            None,
            {"count": count},
        )
    )
    graph.link(Relation.USED, ids.activity(activity_id), node_id, role)


def add_finding(graph: Lineage, finding: Finding) -> None:
    """A finding of an activity."""
    node_id = ids.activity(finding.activity_id)
    graph.remark(node_id, finding.kind, finding.subject, finding.message)


def count_findings(graph: Lineage, activity_id: int, kind: FindingKind, count: int) -> None:
    """Findings of an activity on things that are not shown."""
    message = f"{count} more of this kind, on other things; see `skydb findings`."
    graph.remark(ids.activity(activity_id), RemarkKind.MORE, kind.value, message)


def add_book_entry(graph: Lineage, node_id: str, entry: BookEntry) -> None:
    """A note or flag."""
    said = f"{entry.label}: {entry.reason}" if entry.label else entry.reason
    message = f"{said} ({entry.author}, {entry.made_at:%Y-%m-%d})"
    graph.remark(node_id, entry.kind, graph.nodes[node_id].label, message)


def remark_delivery(graph: Lineage, download: Download, known: BadDelivery) -> None:
    """Remark when a download is from days of a bad archive version."""
    if not known.began_on <= download.started_at.date().isoformat() <= known.ended_on:
        return
    message = f"fetched within {known.began_on} to {known.ended_on}, {known.name}: {known.what}"
    graph.remark(ids.archive_file(download), RemarkKind.BAD_DELIVERY, download.uri, message)
