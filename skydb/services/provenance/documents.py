"""A lineage as a JSON document with the keys ``nodes`` and ``edges``."""

from __future__ import annotations

from typing import Any

from skydb.services.provenance.graph import Edge, Lineage, Node


def as_document(graph: Lineage) -> dict[str, Any]:
    """Make the JSON document of ``skydb explain --json``: ``root``, ``nodes`` and ``edges``."""
    return {
        "root": graph.root,
        "nodes": [_node(node) for node in graph.nodes.values()],
        "edges": edge_rows(graph),
    }


def edge_rows(graph: Lineage) -> list[dict[str, str]]:
    """One row a relation: ``source`` came later than ``target``."""
    return [_edge(edge) for edge in graph.edges]


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "type": node.type.value,
        "kind": node.kind.value,
        "label": node.label,
        "at": node.at.isoformat() if node.at else None,
        "attributes": dict(node.attributes),
        "remarks": [
            {"kind": one.kind.value, "subject": one.subject, "message": one.message}
            for one in node.remarks
        ],
    }


def _edge(edge: Edge) -> dict[str, str]:
    return {
        "relation": edge.relation.value,
        "source": edge.source,
        "target": edge.target,
        "role": edge.role,
    }
