"""Provenance of real numbers, and the repetition of a real run."""

import pytest
from prov.model import ProvDocument

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(uvis_field):
    return uvis_field.answers["sky run"].document[0]["run"]


def test_a_value_of_a_real_run_leads_back_to_its_fit_and_its_files(uvis_field, run):
    rootname = uvis_field.truth.exposures[0].rootname
    document = uvis_field.ledger.json("explain", f"{rootname}[2]@{run}")
    kinds = {node["kind"] for node in document["nodes"]}
    assert kinds >= {
        "sky-value", "sky-run", "product-version", "alignment-solution", "acceptance", "alignment",
        "reference-catalog", "catalog", "ingest", "person", "environment",
    }  # fmt: skip
    (value,) = [node for node in document["nodes"] if node["id"] == document["root"]]
    compared = {(row["rootname"], row["extver"]): row["match"]
                for row in uvis_field.ledger.json("sky", "compare")}  # fmt: skip
    assert value["attributes"]["mdrizsky"] == compared[rootname, 2]


def test_a_real_run_comes_again_bit_for_bit(uvis_field, run, tmp_path):
    ledger = uvis_field.ledger.copied_to(tmp_path / "ledger")
    found = ledger.json("replay", run, "--no-selftest", code=0)
    assert found["verdict"] == "identical"
    assert found["remarks"] == found["differences"] == []
    again = ledger.json("explain", f"run:{found['replay']}")
    assert f"activity:{run}" in {node["id"] for node in again["nodes"]}


def test_the_whole_ledger_is_a_document_of_w3c_prov(uvis_field, tmp_path):
    done = uvis_field.ledger.json("export", "prov", tmp_path / "all.json")
    document = ProvDocument.deserialize(tmp_path / "all.json", format="json")
    assert sum(record.is_element() for record in document.get_records()) == done["nodes"]
