from __future__ import annotations

import json
from pathlib import Path

import pytest
from prov.model import ProvDocument, ProvEntity

from skydb.errors import NotFoundError, SkydbError, UsageError
from skydb.services.provenance.w3c import prov_document
from skydb.store import provenance_streams
from tests.services.provenance.conftest import Story
from tests.services.tools import MEMBERS

pytestmark = pytest.mark.alternating


def read(path: Path) -> ProvDocument:
    """The document; a key that came twice would be a warning, and so an error."""
    return ProvDocument.deserialize(content=path.read_text(), format="json")


def names(document: ProvDocument) -> set[str]:
    return {str(one.identifier) for one in document.get_records() if one.is_element()}


def test_one_thing_is_written_as_it_is_explained(told: Story, tmp_path: Path) -> None:
    done = told.services.export_prov.export(tmp_path / "deep" / "one.json", [told.value])
    graph = told.explain(told.value)
    assert read(tmp_path / "deep" / "one.json") == prov_document(graph)
    assert done.relations == len(graph.edges)


def test_several_things_are_one_graph(told: Story, tmp_path: Path) -> None:
    what = [f"{name}[1]@{told.run}" for name in MEMBERS]
    told.services.export_prov.export(tmp_path / "two.json", what)
    both = names(read(tmp_path / "two.json"))
    for one in what:
        assert names(prov_document(told.explain(one))) <= both


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_whole_ledger_has_every_lineage_in_it_whatever_the_batches(
    story_anywhere: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    story = story_anywhere
    monkeypatch.setattr(provenance_streams, "_BATCH", batch)
    done = story.services.export_prov.export(tmp_path / "all.json")
    whole = read(tmp_path / "all.json")
    assert len(names(whole)) == done.nodes
    written = {(str(type(one)), one.identifier) for one in whole.get_records()}
    for what in (story.value, f"mosaic:{story.run}", "solution:4"):
        part = prov_document(story.explain(what, everything=True))
        assert {(str(type(one)), one.identifier) for one in part.get_records()} <= written


def test_relations_of_a_whole_ledger_lead_to_what_is_in_it(told: Story, tmp_path: Path) -> None:
    told.services.export_prov.export(tmp_path / "all.json")
    written = json.loads((tmp_path / "all.json").read_text())
    nodes = {key for section in ("entity", "activity", "agent") for key in written[section]}
    ends = {
        end
        for section, records in written.items()
        if section not in ("prefix", "entity", "activity", "agent")
        for record in records.values()
        for name, end in record.items()
        if name.startswith("prov:") and name not in ("prov:role", "prov:type")
    }
    assert ends <= nodes


def test_an_empty_ledger_is_an_empty_document(services, tmp_path: Path) -> None:
    assert services.export_prov.export(tmp_path / "none.json").nodes == 0
    assert list(read(tmp_path / "none.json").get_records(ProvEntity)) == []


def test_a_file_that_exists_is_not_overwritten(told: Story, tmp_path: Path) -> None:
    (tmp_path / "here.json").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        told.services.export_prov.export(tmp_path / "here.json")
    assert (tmp_path / "here.json").read_text() == "mine"


def test_what_cannot_be_explained_leaves_no_file(told: Story, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        told.services.export_prov.export(tmp_path / "no.json", [told.value, "run:99"])
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(told: Story, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SkydbError, match="cannot be written"):
        told.services.export_prov.export(tmp_path / "file" / "out.json", [told.value])
