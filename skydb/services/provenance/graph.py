"""Lineage: things, activities and agents with their relations.

Relations have the names of W3C PROV-DM and point back in time, from what came later to
what was there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from skydb.domain.vocabulary import ActivityKind, EntryKind, FindingKind


class NodeType(StrEnum):
    """The three types of W3C PROV."""

    ENTITY = "entity"
    ACTIVITY = "activity"
    AGENT = "agent"


class Relation(StrEnum):
    """Relation of two nodes (W3C PROV-DM, section 2)."""

    USED = "used"
    GENERATED = "wasGeneratedBy"
    DERIVED = "wasDerivedFrom"
    ASSOCIATED = "wasAssociatedWith"
    INFORMED = "wasInformedBy"
    ALTERNATE = "alternateOf"
    """Two names of one version."""
    SPECIALIZED = "specializationOf"
    """One version of a file."""


class Thing(StrEnum):
    """Kinds of entities and agents; an activity's kind is its :class:`ActivityKind`."""

    VALUE = "sky-value"
    MOSAIC = "mosaic"
    VERSION = "product-version"
    PRODUCT = "product"
    """A file of which no version is known."""
    EXPOSURE = "exposure"
    """An exposure, whatever files there are of it."""
    SOLUTION = "alignment-solution"
    CATALOG = "reference-catalog"
    ARCHIVE_FILE = "archive-file"
    USER_FILE = "user-file"
    OPTION_FILE = "option-file"
    """A file that an option of AstroDrizzle or TweakReg names: a list of skies, a grid."""
    COLLECTION = "collection"
    """Many things of which none is shown by itself."""
    PERSON = "person"
    SOFTWARE = "software"
    TOOL = "tool"
    ENVIRONMENT = "environment"


class RemarkKind(StrEnum):
    """Kind of a remark on a node besides findings, notes and flags."""

    FAILED = "failed"
    DOWNGRADED = "downgraded"
    REASON = "reason"
    SUPERSEDED = "superseded"
    UNTRUSTED = "low-trust"
    CONDEMNED = "environment-failed"
    UNCHECKED = "environment-unchecked"
    BAD_DELIVERY = "bad-delivery"
    ORIGIN_UNKNOWN = "origin-unknown"
    FROM_A_LOG = "known-from-a-log"
    DELETED = "deleted"
    PURGED = "purged"
    CATALOG = "catalog"
    REPLAYED = "replayed"
    WRITTEN = "written-to-a-file"
    MORE = "more"
    """Findings on things that are not shown."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on a node for its users.

    Parameters
    ----------
    kind : FindingKind, EntryKind or RemarkKind
    subject : str
        What it is about.
    message : str
    """

    kind: FindingKind | EntryKind | RemarkKind
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Node:
    """An entity, an activity or an agent.

    Parameters
    ----------
    id : str
        Unique in a ledger, e.g. ``version:12``.
    type : NodeType
    kind : Thing or ActivityKind
    label : str
        For people.
    at : datetime or None
        When it came to be, or began.
    attributes : mapping
        JSON-able facts, without those that are unknown.
    remarks : list of Remark
    """

    id: str
    type: NodeType
    kind: Thing | ActivityKind
    label: str
    at: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Edge:
    """One relation, from what came later to what was there before."""

    relation: Relation
    source: str
    target: str
    role: str = ""


class Lineage:
    """A graph without double nodes or edges, in the order in which they were added.

    Parameters
    ----------
    root : str
        Id of the node that is explained; empty when it is of a whole ledger.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.nodes: dict[str, Node] = {}
        self._edges: dict[Edge, None] = {}

    @property
    def edges(self) -> list[Edge]:
        """All relations whose ends are both in the graph."""
        return [e for e in self._edges if e.source in self.nodes and e.target in self.nodes]

    @property
    def all_edges(self) -> list[Edge]:
        """All relations, also those to what another part of the ledger holds."""
        return list(self._edges)

    def add(self, node: Node) -> str:
        """Keep a node, unless it is known; its id."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def link(self, relation: Relation, source: str, target: str, role: str = "") -> None:
        """Keep a relation."""
        self._edges[Edge(relation, source, target, role)] = None

    def merge(self, other: Lineage) -> None:
        """Take in another graph of the same ledger."""
        for node in other.nodes.values():
            known = self.nodes.setdefault(node.id, node)
            known.remarks.extend(one for one in node.remarks if one not in known.remarks)
        self._edges |= other._edges

    def remark(
        self, node_id: str, kind: FindingKind | EntryKind | RemarkKind, subject: str, message: str
    ) -> None:
        """Add a remark to a node of the graph; other nodes are ignored."""
        node = self.nodes.get(node_id)
        remark = Remark(kind, subject, message)
        if node is not None and remark not in node.remarks:
            node.remarks.append(remark)

    def within(self, depth: int) -> Lineage:
        """The part within a number of relations of the root; nodes at its edge count the rest.

        The agents of each activity are included.

        Parameters
        ----------
        depth : int
            0 for the root alone.
        """
        near: dict[str, list[str]] = {}
        for edge in self.edges:
            near.setdefault(edge.source, []).append(edge.target)
            if edge.target == self.root or edge.relation is Relation.INFORMED:
                near.setdefault(edge.target, []).append(edge.source)
        kept, reached = {self.root}, [self.root]
        for _ in range(depth):
            reached = [one for node in reached for one in near.get(node, ()) if one not in kept]
            kept |= set(reached)
        agents = {edge.target for edge in self.edges
                  if edge.relation is Relation.ASSOCIATED and edge.source in kept}  # fmt: skip
        part = Lineage(self.root)
        for node_id in self.nodes:
            if node_id in kept | agents:
                node = self.nodes[node_id]
                part.add(replace(node, remarks=list(node.remarks)))
                left = len(set(near.get(node_id, ())) - kept - agents)
                if left:
                    message = f"{left} further back {'is' if left == 1 else 'are'} not shown."
                    part.remark(node_id, RemarkKind.MORE, "depth", message)
        for edge in self.edges:
            part.link(edge.relation, edge.source, edge.target, edge.role)
        return part
