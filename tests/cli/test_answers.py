"""Output of commands: one JSON document for programs, tables for people."""

import json
import math
import os
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skydb.cli.shell import Shell
from skydb.domain.vocabulary import SkyMethod
from skydb.simulate import calling
from skydb.simulate.calling import plan_of
from tests.commands import LedgerDirectory, skydb

PROGRAM = "from skydb.cli.main import main; main()"

#: Keys of contract.md for commands that need nothing but an ingested exposure.
KEYS = {
    ("inspect", "headers"): {"rootname"},
    ("inspect", "wcs"): {
        "filename", "wcs_name", "nmatches", "rms_ra_mas", "rms_dec_mas", "rms_ra_pix",
        "rms_dec_pix",
    },
    ("refcat", "list"): {
        "name", "sources", "epoch", "proper_motion_applied", "truncated", "sha256"
    },
    ("align", "history", "ibxl50clq"): {
        "id", "origin", "wcs_name", "rms_ra_mas", "applied_at", "superseded_by"
    },
    ("sql", "SELECT rootname AS one, 2 AS two FROM exposures"): {"one", "two"},
}  # fmt: skip


def _run(directory, *words, **environment):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(("words", "keys"), KEYS.items(), ids=[" ".join(w)[:40] for w in KEYS])
def test_a_list_is_a_list_of_objects_with_the_promised_keys(ingested, words, keys):
    rows = ingested.json(*words)
    assert isinstance(rows, list)
    assert rows
    assert all(keys <= set(row) for row in rows)


def test_ingest_names_every_file_with_what_became_of_it(ledger, field):
    first, again = ledger.json("ingest", field), ledger.json("ingest", field)
    assert {"path", "rootname", "status", "reason"} <= set(first[0])
    assert [row["status"] for row in first] == ["new", "new"]
    assert [row["status"] for row in again] == ["known", "known"]
    assert [row["rootname"] for row in first] == [row["rootname"] for row in again]


def test_an_imported_catalogue_is_described(ledger, field):
    answer = ledger.json("refcat", "import", field / "gaia.ecsv", "--epoch", 2016.0)
    assert (answer["name"], answer["epoch"]) == ("gaia", 2016.0)
    assert answer["sources"] > 10
    assert len(answer["sha256"]) == 64
    assert ledger.json("refcat", "list") == [answer]


def test_rejecting_needs_fits_that_wait_for_review(ingested):
    assert ingested("align", "reject", 1, "--why", "no run").code == 4


@pytest.mark.parametrize(
    "words",
    [("inspect", "headers"), ("inspect", "wcs"), ("refcat", "list"), ("findings",)],
    ids=" ".join,
)
def test_an_empty_ledger_answers_with_an_empty_list(ledger, words):
    assert ledger.json(*words) == []


def test_a_process_writes_one_document_and_nothing_else(ingested):
    done = _run(ingested.path, "inspect", "headers", "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)) == 2
    assert done.stderr == ""


def test_a_process_ends_with_the_exit_code_and_explains_on_stderr(ledger):
    done = _run(ledger.path, "align", "show", "999", "--json")
    assert (done.returncode, done.stdout) == (4, "")
    assert "There is no alignment run 999" in done.stderr
    assert _run(ledger.path, "nonsense").returncode == 2


def test_the_database_is_the_one_of_the_environment(ingested, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = _run(elsewhere, "inspect", "headers", "--json", SKYDB_URL=ingested.url)
    assert len(json.loads(done.stdout)) == 2
    assert list(elsewhere.iterdir()) == []


def test_the_database_is_else_the_one_in_the_current_directory(tmp_path, monkeypatch, field):
    monkeypatch.chdir(tmp_path)
    assert skydb("init").code == 0
    assert (tmp_path / "skydb.sqlite").is_file()
    assert skydb("ingest", field).code == 0
    assert LedgerDirectory(tmp_path).json("inspect", "headers")


def test_an_option_outranks_the_environment(ledger, monkeypatch):
    monkeypatch.setenv("SKYDB_URL", "sqlite:////nowhere/skydb.sqlite")
    assert ledger.json("inspect", "headers") == []


def test_data_live_beside_the_database_unless_told(ledger, field, monkeypatch, tmp_path):
    arguments = ("refcat", "import", field / "gaia.ecsv", "--epoch", 2016.0)
    ledger.json(*arguments, "--name", "one")
    assert (ledger.path / "skydb-data" / "catalogs").is_dir()
    monkeypatch.setenv("SKYDB_DATA", str(tmp_path / "environment"))
    ledger.json(*arguments, "--name", "two")
    assert (tmp_path / "environment" / "catalogs").is_dir()
    option = tmp_path / "option"
    ledger.json("--data", option, *arguments, "--name", "three")
    assert (option / "catalogs").is_dir()


def test_people_get_a_table_with_units(ingested):
    shown = ingested("inspect", "headers").out
    assert "ibxl50clq" in shown
    assert "[s]" in shown
    assert all(name in shown for name in ("TARGNAME", "RA_TARG", "DEC_TARG", "ORIENTAT"))
    assert not shown.lstrip().startswith(("[", "{"))


@pytest.fixture
def without_drizzlepac(monkeypatch):
    """``simulate`` leaves the products out, which is fast."""
    monkeypatch.setattr(
        calling, "plan_of", lambda *a, **k: replace(plan_of(*a, **k), products=False)
    )


SMALL = ("--tiles", "1x1", "--size", 64)


def test_quiet_says_nothing_on_stderr(tmp_path, without_drizzlepac):
    loud = skydb("simulate", tmp_path / "loud", *SMALL)
    quiet = skydb("--quiet", "simulate", tmp_path / "quiet", *SMALL)
    assert (loud.code, quiet.code) == (0, 0)
    assert "exposing visit 50" in loud.err
    assert quiet.err == ""
    assert "ibxl50" in quiet.out


def test_a_remark_is_one_line_however_long(capsys):
    Shell().say("word " * 100 + "end")
    assert capsys.readouterr().err == "word " * 100 + "end\n"


def test_simulate_names_visits_and_files_as_other_commands_take_them(
    tmp_path, without_drizzlepac, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    said = skydb("simulate", "field", *SMALL, "--wide").out.split()
    assert "bxl50" in said
    (path, *_) = [word for word in said if word.endswith("_flt.fits")]
    assert path.startswith("field/") and (tmp_path / path).is_file()


def test_simulate_tells_what_was_put_in(tmp_path, without_drizzlepac):
    answer = skydb("simulate", tmp_path, *SMALL, "--json")
    assert answer.err == ""
    assert [row["rootname"] for row in answer.document] == ["ibxl50clq", "ibxl50cqq"]
    for row in answer.document:
        assert {"rootname", "sky", "pointing_error_arcsec"} <= set(row)
        assert 0.05 < row["pointing_error_arcsec"] < 0.7
    assert (tmp_path / "truth.json").is_file()


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [1],
        ["a\nb", None],
        [{}],
        [[]],
        [{"a": [1, {"b": "\n "}], "c": {}}, {"a": []}],
        ({"a": 1},),
    ],
)
def test_rows_that_are_written_one_by_one_are_one_document(capsys, rows):
    Shell().print_json(rows)
    assert capsys.readouterr().out == json.dumps(rows, indent=1) + "\n"


def test_a_list_of_any_length_takes_the_memory_of_a_row(monkeypatch):
    rows = [{"rootname": "ibxl50clq", "number": 1}] * 20_000
    written = []
    monkeypatch.setattr(
        sys, "stdout", SimpleNamespace(write=lambda text: written.append(len(text)))
    )
    tracemalloc.start()
    Shell().print_json(rows)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The document itself has 960,000 characters, and the list of lengths is less.
    assert sum(written) > 900_000 > 2 * most


@dataclass
class _Row:
    when: datetime
    where: Path


def test_json_has_no_nan_no_infinity_and_no_numpy(capsys):
    Shell().print_json(
        {
            "nan": math.nan,
            "infinity": [math.inf, -math.inf],
            "numpy": {"float": np.float32("nan"), "integer": np.int64(3), "true": np.bool_(True)},
            "method": SkyMethod.GLOBALMIN_MATCH,
            "row": _Row(datetime(2026, 1, 2, tzinfo=UTC), Path("a/b")),
            "set": {1},
            "none": None,
        }
    )
    out = capsys.readouterr().out
    assert json.loads(out) == {
        "nan": None,
        "infinity": [None, None],
        "numpy": {"float": None, "integer": 3, "true": True},
        "method": "globalmin+match",
        "row": {"when": "2026-01-02T00:00:00+00:00", "where": "a/b"},
        "set": [1],
        "none": None,
    }
