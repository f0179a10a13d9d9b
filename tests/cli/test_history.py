"""``skydb history import`` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

import skydb as package
from skydb.domain.vocabulary import COMPUTED_METHODS
from tests.commands import LedgerDirectory
from tests.files.loglines import DrizzleLog, failed, fitted, tweakreg_log, write_log

PRODUCT = "ibxl50030_drz.fits"
KEYS = {
    *("run", "tool_version", "started_at", "method", "exposures", "skipped"),
    *("kind", "status", "log", "first_line", "reason"),
}


@pytest.fixture
def ledger(tmp_path: Path, sqlite_template: Path) -> LedgerDirectory:
    (tmp_path / "skydb.sqlite").write_bytes(sqlite_template.read_bytes())
    return LedgerDirectory(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four methods and one good fit."""
    runs = [
        DrizzleLog(method=method.value, clock=f"14:{n}5:{{}}").lines()
        for n, method in enumerate(COMPUTED_METHODS)
    ]
    write_log(tmp_path / "old" / "astrodrizzle.log", *runs)
    write_log(tmp_path / "old" / "tweakreg.log", tweakreg_log(fitted(PRODUCT), products=[PRODUCT]))
    return tmp_path / "old"


def test_the_answer_has_the_keys_of_the_contract(ledger, home):
    rows = ledger.json("history", "import", home)
    assert len(rows) == 5
    assert all(set(row) >= KEYS for row in rows)
    assert [row["method"] for row in rows] == [None, *(method.value for method in COMPUTED_METHODS)]
    assert rows[1]["tool_version"] == "AstroDrizzle 2.2.6"
    assert rows[1]["started_at"].startswith("2019-04-30T14:05:00.1")
    assert [row["exposures"] for row in rows] == [2] * 5
    again = ledger.json("history", "import", home)
    assert {row["status"] for row in again} == {"known"}


def test_runs_known_from_logs_are_listed_with_their_inputs(ledger, home):
    rows = ledger.json("history", "import", home)
    listed = {row["run"]: row["inputs"] for row in ledger.json("runs")}
    assert [len(listed[row["run"]]) for row in rows] == [row["exposures"] for row in rows]
    assert listed[rows[0]["run"]] == ["ibxl50030_drz.fits", "ibxl54030_drz.fits"]
    for row in rows:
        parameters = ledger.json("runs", "show", row["run"])["parameters"]
        assert parameters and "asked for" not in {one["source"] for one in parameters}


def test_a_run_known_from_a_log_alone_has_inputs_that_are_not_known(ledger, tmp_path):
    write_log(tmp_path / "old" / "astrodrizzle.log", DrizzleLog(skies={}).lines())
    (row,) = ledger.json("history", "import", tmp_path / "old", code=5)
    shown = next(
        line for line in ledger("runs", "--kind", "sky").out.splitlines() if "sky-run" in line
    )
    assert row["status"] == "new" and "  0  " not in shown


def test_a_log_can_be_named_alone_and_is_known_when_its_directory_comes(ledger, home):
    alone = ledger.json("history", "import", home / "astrodrizzle.log")
    assert [row["status"] for row in alone] == ["new"] * 4
    rows = ledger.json("history", "import", home)
    assert [row["status"] for row in rows] == ["new", *["known"] * 4]


def test_what_is_neither_a_directory_nor_a_file_is_called_so(ledger, tmp_path):
    odd, gone = (ledger("history", "import", path) for path in ("/dev/null", tmp_path / "gone"))
    assert odd.code == gone.code == 4
    assert "/dev/null is neither a directory nor a file" in odd.err
    assert "There is no directory or file" in gone.err


def test_of_a_witness_without_its_log_no_more_is_said_than_was_looked_at(ledger, home):
    shifts = home / "shifts.txt"
    shifts.write_text("# frame: output\n# refimage: a.fits\n# form: delta\n# units: pixels\n")
    assert (home / "tweakreg.log").is_file()
    spoken = ledger("history", "import", shifts)
    assert spoken.code != 0
    assert "was read" in spoken.err + spoken.out
    assert "is in its directory" not in spoken.err + spoken.out


def test_what_was_left_out_is_said_and_ends_with_code_5(ledger, home):
    log = home / "astrodrizzle.log"
    log.write_text(log.read_text().replace("of 0.812345", "of 0.8!2345", 1))
    spoken = ledger("history", "import", home)
    assert spoken.code == 5
    assert "astrodrizzle.log:" in spoken.err
    assert "5 new, 0 known, 0 skipped" in spoken.out


def test_a_directory_without_runs_is_a_failure_and_one_that_is_absent_is_not_found(
    ledger, tmp_path
):
    (tmp_path / "none").mkdir()
    assert ledger("history", "import", tmp_path / "none").code == 1
    assert ledger("history", "import", tmp_path / "absent").code == 4


def test_other_commands_know_what_to_do_with_imported_runs(ledger, home, tmp_path):
    fit, *skies = ledger.json("history", "import", home)
    compared = ledger.json("sky", "compare")
    assert [row["match"] for row in compared] == [0.79, 0.812345]
    assert len(ledger.json("sky", "compare", *(row["run"] for row in skies))) == 2
    assert ledger("sky", "audit", skies[0]["run"]).code == 4
    fits = ledger.json("align", "show", fit["run"])
    shown = {row["product"]: row["status"] for row in fits}
    # A drizzled product is no exposure, and has no rootname.
    assert {row["rootname"] for row in fits} == {None}
    assert shown == {PRODUCT: "applied", "ibxl54030_drz.fits": "recorded"}
    assert ledger.json("align", "history", PRODUCT)[0]["is_imported"] == 1
    assert ledger.json("inspect", "wcs") == []
    for words in (("align", "accept"), ("align", "plot", "--out", tmp_path / "figures")):
        spoken = ledger(*words, fit["run"])
        assert spoken.code in (1, 4)
        assert spoken.err.startswith("skydb: ")


def test_a_report_leaves_out_fits_of_which_there_is_nothing_to_look_at(ledger, home):
    ledger.json("history", "import", home)
    with package.open(ledger.url) as opened:
        assert opened.services.coverage().alignments() == {}


def test_a_report_of_logs_alone_is_written_and_does_not_pass(ledger, home, tmp_path):
    ledger.json("history", "import", home)
    page = tmp_path / "page.html"
    answer = ledger("report", page)
    assert answer.code == 5
    assert "No alignment run of skydb has finished." in answer.err
    assert "Problems found" in page.read_text() and "Passed" not in page.read_text()


def test_a_report_to_a_directory_is_refused_in_a_sentence(ledger, tmp_path):
    answer = ledger("report", tmp_path)
    assert answer.code == 2
    assert "is a directory. Give the name of the page" in answer.err


def test_a_failed_alignment_is_shown_as_failed(ledger, tmp_path):
    write_log(tmp_path / "old" / "tweakreg.log", tweakreg_log(failed(PRODUCT), products=[PRODUCT]))
    (row,) = ledger.json("history", "import", tmp_path / "old")
    assert (row["run_status"], row["skipped"]) == ("failed", 0)
    assert "Not enough matches" in row["reason"]


def test_the_python_interface_imports_too(ledger, home):
    with package.open(ledger.url) as opened:
        found = opened.history.import_(home)
        assert [one.kind for one in found][:2] == ["alignment", "sky-run"]
        assert len(found) == 5 and found.counted(str(home)).startswith("5 new")
