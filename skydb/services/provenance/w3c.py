"""A lineage as a W3C PROV document, in the terms of the IVOA Provenance Data Model.

Nodes and relations are records of PROV-DM with identifiers of their own. Their
``prov:type`` is the class of ProvDM 1.0 that they are of, their attributes have the
names of ProvDM where it has one (``voprov:name``, ``voprov:role``, ``voprov:startTime``)
and names of skydb where it has not (``skydb:wcs_name``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from skydb.domain.vocabulary import ActivityKind
from skydb.services.provenance.doings import TITLES
from skydb.services.provenance.graph import Edge, Lineage, Node, NodeType, Relation, Thing

if TYPE_CHECKING:
    from prov.model import ProvDocument

#: Prefixes and what they stand for; that of ProvDM is the one of the package ``voprov``.
NAMESPACES: Mapping[str, str] = {
    "skydb": "urn:skydb:terms:",
    "ledger": "urn:skydb:ledger:",
    "voprov": "http://www.ivoa.net/documents/ProvenanceDM/index.html#",
}

#: Classes of ProvDM 1.0 by kind (IVOA Provenance Data Model, sections 2.2 to 2.4).
_CLASSES: Mapping[Thing, str] = {
    Thing.VALUE: "ValueEntity",
    Thing.SOLUTION: "ValueEntity",
    Thing.MOSAIC: "DatasetEntity",
    Thing.VERSION: "DatasetEntity",
    Thing.CATALOG: "DatasetEntity",
    Thing.ARCHIVE_FILE: "DatasetEntity",
    Thing.USER_FILE: "DatasetEntity",
    Thing.OPTION_FILE: "DatasetEntity",
    Thing.PRODUCT: "Entity",
    Thing.EXPOSURE: "Entity",
    Thing.COLLECTION: "Collection",
}
#: Kind of an agent, in PROV and in ProvDM's ``Agent.type``.
_AGENTS: Mapping[Thing, str] = {Thing.PERSON: "Person"}

#: Names of ProvDM for attributes that it knows.
_NAMES: Mapping[str, str] = {
    "path": "voprov:location",
    "uri": "voprov:location",
    "unit": "voprov:unit",
    "mdrizsky": "voprov:value",
}
_TIMES = ("started_at", "finished_at")
_LARGEST_INT = 2**31 - 1


def prov_json(graph: Lineage) -> str:
    """A lineage as PROV-JSON (W3C Member Submission of 2013)."""
    return str(prov_document(graph).serialize(format="json", indent=1))


def prov_document(graph: Lineage) -> ProvDocument:
    """A lineage as a document of the package ``prov``."""
    return records(graph.nodes.values(), graph.edges)


def records(nodes: Iterable[Node], edges: Iterable[Edge]) -> ProvDocument:
    """Nodes and relations as a document; a part of a ledger may lack ends of its relations."""
    from prov.model import ProvDocument

    document = ProvDocument()
    for prefix, uri in NAMESPACES.items():
        document.add_namespace(prefix, uri)
    kinds: dict[str, ActivityKind] = {}
    for node in nodes:
        _add_node(document, node)
        if isinstance(node.kind, ActivityKind):
            kinds[node.id] = node.kind
    for kind in dict.fromkeys(kinds.values()):
        _describe(document, kind)
    for edge in edges:
        _add_edge(document, edge, kinds)
    return document


def _name(node_id: str) -> str:
    """Qualified name of a node: ``ledger:version/12`` of ``version:12``."""
    kind, _, rest = node_id.partition(":")
    return f"ledger:{kind}/{quote(rest, safe='/:._-~')}"


def _description(kind: ActivityKind) -> str:
    return f"skydb:description/{kind.value}"


def _add_node(document: ProvDocument, node: Node) -> None:
    name, attributes = _name(node.id), _attributes(document, node)
    if node.type is NodeType.ACTIVITY:
        started, finished = (_time(node.attributes.get(key)) for key in _TIMES)
        document.activity(name, started, finished, attributes)
    elif node.type is NodeType.AGENT:
        document.agent(name, attributes)
    else:
        document.entity(name, attributes)


def _attributes(document: ProvDocument, node: Node) -> list[tuple[str, Any]]:
    described: list[tuple[str, Any]] = [("prov:label", node.label), ("voprov:name", node.label)]
    described += [("prov:type", _qualified(document, one)) for one in _types(node)]
    if node.type is NodeType.AGENT:
        described.append(("voprov:type", _AGENTS.get(Thing(node.kind), "SoftwareAgent")))
    if node.type is NodeType.ENTITY and node.at is not None:
        described.append(("voprov:generatedAtTime", node.at))
    for key, value in node.attributes.items():
        if key not in _TIMES:
            described.append((_NAMES.get(key, f"skydb:{key}"), _literal(value)))
    for remark in node.remarks:
        said = f"{remark.kind.value}: {remark.subject}: {remark.message}"
        described.append(("voprov:comment", said))
    return described


def _types(node: Node) -> list[str]:
    """Types of a node: of ProvDM, of PROV where that has a narrower one, and skydb's own."""
    own = f"skydb:{node.kind.value}"
    if node.type is NodeType.ACTIVITY:
        return ["voprov:Activity", own]
    kind = Thing(node.kind)
    if node.type is NodeType.AGENT:
        return ["voprov:Agent", f"prov:{_AGENTS.get(kind, 'SoftwareAgent')}", own]
    is_collection = kind is Thing.COLLECTION
    return [f"voprov:{_CLASSES[kind]}", *(["prov:Collection"] if is_collection else []), own]


def _describe(document: ProvDocument, kind: ActivityKind) -> None:
    """Describe the activities of a kind: ProvDM's ActivityDescription is a plan in PROV."""
    document.entity(
        _description(kind),
        [
            ("prov:type", _qualified(document, "voprov:ActivityDescription")),
            ("prov:type", _qualified(document, "prov:Plan")),
            ("voprov:name", TITLES.get(kind, kind.value)),
            ("voprov:type", kind.value),
        ],
    )


def _add_edge(document: ProvDocument, edge: Edge, kinds: Mapping[str, ActivityKind]) -> None:
    ends = _name(edge.source), _name(edge.target)
    name = f"ledger:{edge.relation.value}/{_local(edge)}"
    role = [("prov:role", edge.role), ("voprov:role", edge.role)] if edge.role else []
    match edge.relation:
        case Relation.USED:
            document.used(*ends, None, name, role)
        case Relation.GENERATED:
            document.wasGeneratedBy(*ends, None, name, role)
        case Relation.DERIVED:
            document.wasDerivedFrom(*ends, None, None, None, name, _typed(edge))
        case Relation.ASSOCIATED:
            plan = _description(kinds[edge.source]) if edge.source in kinds else None
            document.wasAssociatedWith(*ends, plan, name, role)
        case Relation.INFORMED:
            document.wasInformedBy(*ends, name, _typed(edge))
        case Relation.ALTERNATE:
            document.alternateOf(*ends)
        case Relation.SPECIALIZED:
            document.specializationOf(*ends)


def _local(edge: Edge) -> str:
    parts = (edge.source, edge.target, edge.role)
    return "/".join(quote(part, safe="._-~") for part in parts if part)


def _typed(edge: Edge) -> list[tuple[str, Any]]:
    """Type an edge; in PROV only a use or generation has a role."""
    return [("voprov:role", edge.role)] if edge.role else []


def _qualified(document: ProvDocument, name: str) -> Any:  # noqa: ANN401 - of prov, which is late
    return document.valid_qualified_name(name)


def _time(text: Any) -> datetime | None:  # noqa: ANN401 - an attribute
    return datetime.fromisoformat(text) if text else None


def _literal(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Convert a value for PROV: a document within an attribute is text."""
    from prov.model import Literal

    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, sort_keys=True)
    is_long = isinstance(value, int) and not isinstance(value, bool) and value > _LARGEST_INT
    return Literal(str(value), _long_type()) if is_long else value


def _long_type() -> Any:  # noqa: ANN401 - of prov, which is late
    from prov.constants import XSD_LONG

    return XSD_LONG
