import json
import sqlite3
from contextlib import closing, contextmanager

import pytest
from prov.model import ProvDocument

from tests.commands import LedgerDirectory

ROOTNAMES = ("ibxl50clq", "ibxl50cqq")


@pytest.fixture(scope="module")
def told(tmp_path_factory, sqlite_template, field):
    """Two exposures and a run of the engine skydb, only to be read."""
    path = tmp_path_factory.mktemp("told")
    (path / "skydb.sqlite").write_bytes(sqlite_template.read_bytes())
    ledger = LedgerDirectory(path)
    ledger.json("ingest", field)
    ledger.json("sky", "run", "--method", "match", "--engine", "skydb", "--no-mosaic")
    return ledger


@pytest.fixture(scope="module")
def run(told):
    return told.json("sql", "SELECT id FROM sky_runs")[0]["id"]


@pytest.fixture
def own(told, tmp_path):
    """A copy that a repetition can be added to."""
    return told.copied_to(tmp_path / "own")


@contextmanager
def changing(ledger):
    """The database behind the back of skydb."""
    with closing(sqlite3.connect(ledger.path / "skydb.sqlite")) as connection:
        yield connection
        connection.commit()


def test_a_value_is_explained_as_a_tree(told, run):
    shown = told("explain", f"{ROOTNAMES[0]}[1]@{run}")
    assert shown.code == 0
    first, second = shown.out.splitlines()[:2]
    assert first.startswith(f"sky of {ROOTNAMES[0]}[1]  = ")
    assert f"made by (sky) sky run {run}  match  skydb" in second
    assert "used (science) 1 other input" in shown.out
    assert "origin-unknown" in shown.out


def test_a_line_of_the_tree_is_never_folded(told, run):
    shown = told("explain", f"run:{run}", "--all").out
    assert all(line.startswith(("sky run", "│", "├", "└", " ")) for line in shown.splitlines())


def test_the_graph_is_json(told, run):
    document = told.json("explain", f"sky:{run}:{ROOTNAMES[0]}:1")
    assert {"root", "nodes", "edges"} <= document.keys()
    assert document["root"] == document["nodes"][0]["id"]
    assert {edge["relation"] for edge in document["edges"]} >= {
        "used", "wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith",
    }  # fmt: skip


def test_the_graph_is_prov_json(told, run):
    shown = told("explain", f"run:{run}", "--prov")
    document = ProvDocument.deserialize(content=shown.out, format="json")
    assert len(list(document.get_records())) > 10


@pytest.mark.parametrize(("what", "code"), [("run:99", 4), ("nonsense", 2)])
def test_what_cannot_be_explained_is_said(told, what, code):
    shown = told("explain", what)
    assert (shown.code, shown.out) == (code, "")


def test_tables_and_lineages_go_out_through_one_command(told, run, tmp_path):
    assert told.json("export", tmp_path / "all.csv", "--view", "v_sky_values")["rows"] == 2
    assert told.json("export", "table", tmp_path / "all.ecsv", "--view", "v_sky_values")
    done = told.json("export", "prov", tmp_path / "all.json")
    assert done["rows"] == done["nodes"] + done["relations"]
    assert done["path"] == str(tmp_path / "all.json")
    some = told.json("export", "prov", tmp_path / "some.json", f"run:{run}", "ibxl50clq_flt.fits")
    assert 0 < some["nodes"] < done["nodes"]
    assert json.loads((tmp_path / "all.json").read_text())["wasGeneratedBy"]


def test_an_identical_run_is_said_to_be_with_both_hashes(own, run):
    shown = own("replay", run)
    assert shown.code == 0, shown.err
    assert f"repeats run {run}: identical." in shown.out
    document = own.json("replay", run)
    assert document["verdict"] == "identical"
    assert document["run"] == run < document["replay"]
    assert document["max_difference"] == 0.0
    assert document["environment_changed"] is False
    assert document["packages_changed"] == document["differences"] == []
    assert document["recipe_hash"] == document["replay_recipe_hash"]


def test_a_different_run_ends_with_5_and_names_the_chips(own, run):
    with changing(own) as connection:
        connection.execute("UPDATE sky_values SET mdrizsky = mdrizsky + 0.5 WHERE exposure_id = 1")
    shown = own("replay", run)
    assert shown.code == 5
    assert f"{ROOTNAMES[0]}[1]" in shown.out
    assert "Tolerance" in shown.out
    assert "nothing that the ledger knows of has changed" in shown.err
    assert own.json("replay", run, "--tolerance", "1", code=0)["verdict"] == "within-tolerance"


def test_inputs_that_are_gone_are_named(own, run, field):
    with changing(own) as connection:
        connection.execute("UPDATE file_locations SET path = '/nowhere/' || id || '.fits'")
    shown = own("replay", run)
    assert shown.code == 1
    assert "2 of its inputs have changed: /nowhere/1.fits is gone" in shown.err
