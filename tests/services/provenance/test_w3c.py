from __future__ import annotations

import json

import pytest
from prov.model import ProvActivity, ProvAgent, ProvDocument, ProvEntity

from skydb.services.provenance.graph import Lineage, Node, NodeType, Thing
from skydb.services.provenance.w3c import NAMESPACES, prov_document, prov_json
from tests.services.provenance.conftest import Story


@pytest.fixture(scope="module")
def graph(told: Story) -> Lineage:
    return told.explain(told.value)


@pytest.fixture(scope="module")
def document(graph: Lineage) -> ProvDocument:
    return ProvDocument.deserialize(content=prov_json(graph), format="json")


def test_what_is_written_is_read_back_equal(graph: Lineage, document: ProvDocument) -> None:
    assert document == prov_document(graph)


def test_every_node_and_every_relation_is_a_record(graph: Lineage, document: ProvDocument) -> None:
    types = [node.type for node in graph.nodes.values()]
    plans = {record for record in document.get_records(ProvEntity)
             if str(record.identifier).startswith("skydb:description/")}  # fmt: skip
    assert len(set(document.get_records(ProvEntity)) - plans) == types.count(NodeType.ENTITY)
    assert len(list(document.get_records(ProvActivity))) == types.count(NodeType.ACTIVITY)
    assert len(list(document.get_records(ProvAgent))) == types.count(NodeType.AGENT)
    relations = [record for record in document.get_records() if record.is_relation()]
    assert len(relations) == len(graph.edges)


def test_the_value_carries_its_number_under_the_name_of_provdm(graph: Lineage, told: Story) -> None:
    written = json.loads(prov_json(graph))
    value = written["entity"][f"ledger:sky/{told.run}:ibxl50iaq:1"]
    assert value["voprov:value"] == {"$": "0.0", "type": "xsd:double"}
    assert value["voprov:unit"] == "electron/s"
    assert {one["$"] for one in value["prov:type"]} == {"voprov:ValueEntity", "skydb:sky-value"}
    assert written["prefix"] == dict(NAMESPACES)


def test_an_activity_has_times_an_operator_and_a_description(graph: Lineage, told: Story) -> None:
    written = json.loads(prov_json(graph))
    run = f"ledger:activity/{told.run}"
    assert {"prov:startTime", "prov:endTime"} <= written["activity"][run].keys()
    associated = [one for one in written["wasAssociatedWith"].values()
                  if one["prov:activity"] == run]  # fmt: skip
    assert {one["prov:plan"] for one in associated} == {"skydb:description/sky-run"}
    assert {one["prov:role"] for one in associated} == {
        "operator", "skydb", "tool", "environment",
    }  # fmt: skip


def test_names_and_numbers_that_prov_cannot_hold_are_written_so_that_it_can() -> None:
    graph = Lineage("file:x")
    name = "file:/a b/ü(1)[2]%:@.fits"
    facts = {"size_bytes": 3_000_000_000, "list": [1, {"a": None}], "text": "ü\n\"'"}
    graph.add(Node(name, NodeType.ENTITY, Thing.USER_FILE, "a b", None, facts))
    again = ProvDocument.deserialize(content=prov_json(graph), format="json")
    assert again == prov_document(graph)
    assert "3000000000" in prov_json(graph)
