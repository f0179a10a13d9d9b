import sqlite3
from contextlib import closing

import pytest

from tests.commands import LedgerDirectory, skydb
from tests.files.logs.manners import TWEAKREGS

WRONG_USAGE = [
    ("nonsense",),
    ("sky", "run", "--method", "globalmax"),
    ("sky", "run", "--method", ""),
    ("sky", "run", "--nonsense"),
    ("sky", "run", "--engine", "montage"),
    ("sky", "run", "-o", "final_kernel"),
    ("sky", "run", "-o", "bogus=1"),
    ("sky", "run", "-o", "skysub=maybe"),
    ("sky", "run", "-o", "final_rot=1", "--final-rot", "2"),
    ("sky", "run", "-o", "skymethod=match"),
    ("sky", "run", "--method", "user"),
    ("sky", "run", "--no-mosaic", "-o", "final_kernel=point"),
    ("align", "run", "--refcat", "gaia", "-o", "minobjects=3"),
    ("align", "run", "--refcat", "gaia", "--minobj", "3", "-o", "minobj=4"),
    ("preset", "set", "mine", "-o", "bogus=1"),
    ("preset", "set", "hap", "-o", "final_rot=1"),
    ("preset", "show", "hap", "--detector", "FOC"),
    ("align", "run", "--refcat", "gaia", "--preset", "hap"),
    ("align", "run", "--refcat", "gaia", "--preset", "tutorial"),
    ("sky", "compare", "one"),
    ("inspect", "wcs", "--kind", "jpg"),
    ("ingest",),
    ("sql",),
    ("align", "run"),
    ("align", "reject", "1"),
    ("simulate", "field", "--detector", "NICMOS"),
    ("simulate", "field", "--tiles", "three"),
    ("simulate", "field", "--tiles", "0x1"),
    ("simulate", "field", "--size", "10"),
    ("simulate", "field", "--only", "ibxl50clq"),
    ("simulate", "field", "--redeliver", "--tiles", "2x2"),
    ("simulate", "field", "--redeliver", "--shift-mas", "nan"),
    ("demo", "field", "--detector", "STIS"),
    ("--db", "mysql://localhost/hst", "inspect", "headers"),
    ("--db", "horsehead", "inspect", "headers"),
]

NOT_FOUND = [
    ("simulate", "no-such-field", "--redeliver"),
    ("sky", "run", "-o", "skyfile=no-such-file"),
    ("sky", "run", "--preset", "no-such-preset"),
    ("align", "run", "--refcat", "gaia", "--preset", "no-such-preset"),
    ("align", "run", "--refcat", "gaia", "-o", "exclusions=no-such-file"),
    ("preset", "show", "no-such-preset"),
    ("preset", "remove", "no-such-preset"),
    ("align", "show", "999"),
    ("align", "accept", "999"),
    ("align", "reject", "999", "--why", "none"),
    ("align", "plot", "999", "--out", "figures"),
    ("align", "history", "ibxl50xxq"),
    ("align", "run", "--refcat", "no-such-catalogue"),
    ("sky", "compare"),
    ("sky", "compare", "999"),
    ("sky", "run", "--visit", "bxl99"),
]


@pytest.mark.parametrize("words", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_ends_with_2_and_says_so_on_stderr(ledger, monkeypatch, words):
    monkeypatch.chdir(ledger.path)
    answer = skydb(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("words", NOT_FOUND, ids=" ".join)
def test_what_does_not_exist_ends_with_4_and_is_named(ingested, monkeypatch, words):
    monkeypatch.chdir(ingested.path)
    answer = skydb(*words, "--json")
    assert answer.code == 4
    assert answer.out == ""
    assert answer.err.startswith("skydb: ")


def test_a_database_that_is_not_there_ends_with_4_and_is_not_made(tmp_path):
    answer = LedgerDirectory(tmp_path)("inspect", "headers")
    assert answer.code == 4
    assert "skydb init" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_leaves_something_out_ends_with_5(ledger, field, tmp_path):
    broken = tmp_path / "ibxl50zzq_flt.fits"
    broken.write_text("not FITS")
    answer = ledger("ingest", field, broken, "--json")
    assert answer.code == 5
    assert [row["status"] for row in answer.document].count("rejected") == 1


def test_a_directory_without_a_file_ends_with_4_and_is_named(ledger, tmp_path):
    (tmp_path / "bare").mkdir()
    spoken = ledger("ingest", "--json", tmp_path / "bare")
    assert (spoken.code, spoken.document) == (4, [])
    assert f"no FITS file below {tmp_path / 'bare'}" in " ".join(spoken.err.split())


def test_a_batch_of_which_nothing_can_be_used_ends_with_1(ledger, tmp_path):
    broken = tmp_path / "ibxl50zzq_flt.fits"
    broken.write_text("not FITS")
    answer = ledger("ingest", broken, "--json")
    assert answer.code == 1
    (row,) = answer.document
    assert row["status"] == "rejected"
    assert row["reason"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM exposures",
        "UPDATE exposures SET rootname = 'x'",
        "DROP TABLE exposures",
        "CREATE TABLE mine (x INTEGER)",
        "PRAGMA query_only = OFF",
        "ATTACH DATABASE 'other.sqlite' AS other",
        "SELECT nonsense FROM exposures",
        "",
    ],
)
def test_sql_that_is_not_one_select_is_refused_and_writes_nothing(ingested, monkeypatch, statement):
    monkeypatch.chdir(ingested.path)
    before = sorted(ingested.path.iterdir()), ingested.json("inspect", "headers")
    answer = ingested("sql", statement, "--json")
    assert answer.code in (1, 2)
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert (sorted(ingested.path.iterdir()), ingested.json("inspect", "headers")) == before


def test_verbose_says_where_an_error_arose(ledger):
    answer = ledger("--verbose", "align", "show", 999)
    assert answer.code == 4
    assert "Traceback" in answer.err


def test_a_ledger_that_another_program_broke_is_no_traceback(ingested):
    with closing(sqlite3.connect(ingested.path / "skydb.sqlite")) as connection, connection:
        connection.execute("DROP VIEW v_sky_comparison")
    answer = ingested("sql", "SELECT * FROM v_sky_comparison")
    assert answer.code in (1, 2)
    assert "v_sky_comparison" in answer.err
    assert "Traceback" not in answer.err


def test_a_data_root_that_cannot_be_made_is_a_sentence_and_the_run_has_failed(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "logs").mkdir()
    ledger = LedgerDirectory(tmp_path / "ledger")
    ledger("init")
    (tmp_path / "file").write_text("in the way")
    lines = next(iter(TWEAKREGS.values())).lines()
    (tmp_path / "logs" / "tweakreg.log").write_text("\n".join(lines))
    words = ("--data", tmp_path / "file" / "data", "history", "import", tmp_path / "logs")
    spoken = ledger(*words)
    assert spoken.code == 1
    assert "Not a directory" in spoken.err
    assert "Traceback" not in spoken.err
    rows = ledger.json("sql", "SELECT status FROM activities")
    assert [row["status"] for row in rows] == ["failed"]
