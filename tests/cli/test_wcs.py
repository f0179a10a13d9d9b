import pytest
from astropy.io import fits

from skydb.files.checksum import sha256_of


@pytest.fixture(scope="module")
def known(tmp_path_factory, sqlite_template, field):
    """A ledger with two exposures, never changed."""
    import shutil

    from tests.commands import LedgerDirectory

    home = tmp_path_factory.mktemp("wcs")
    shutil.copyfile(sqlite_template, home / "skydb.sqlite")
    ledger = LedgerDirectory(home)
    ledger.json("ingest", field)
    return ledger


@pytest.fixture
def changing(known, tmp_path):
    return known.copied_to(tmp_path / "ledger")


def ids(ledger, key, rootname="ibxl50clq"):
    rows = ledger.json("align", "history", rootname)
    return [row["id"] for row in rows if row["wcs_key"] == key]


def test_diff_measures_two_solutions_and_names_the_cause(known) -> None:
    found = known.json("align", "diff", *ids(known, " "), *ids(known, "A"))
    keys = {"median_mas", "max_mas", "east_mas", "north_mas", "rotation_deg", "scale", "cause"}
    assert keys <= set(found)
    assert 1.0 < found["median_mas"] <= found["max_mas"]
    assert found["cause"] == ["catalogue"]


def test_diff_is_readable(known) -> None:
    spoken = known("align", "diff", *ids(known, "A"), *ids(known, "O"))
    assert spoken.code == 0
    assert "IDCTAB" in spoken.out


def test_what_two_contents_say_differently_is_told_in_words(changing, field, tmp_path) -> None:
    again = tmp_path / "ibxl50clq_flt.fits"
    again.write_bytes((field / again.name).read_bytes())
    fits.setval(again, "CAL_VER", value="3.9.9")
    changing("ingest", again)
    spoken = changing("align", "diff", *ids(changing, " "))
    said = " ".join(spoken.out.split())
    assert "software: 3.7.1 (Oct-18-2023) -> 3.9.9" in said
    assert "None" not in said and "['" not in said


def test_solutions_of_two_exposures_are_wrong_usage_and_unknown_ones_not_found(known) -> None:
    one, other = ids(known, " "), ids(known, " ", "ibxl50cqq")
    assert known("align", "diff", *one, *other).code == 2
    assert known("align", "diff", *one, 9999).code == 4
    assert known("align", "restore", 9999).code == 4


def test_restore_answers_what_was_measured_and_history_shows_it(changing, field) -> None:
    before = {path: sha256_of(path) for path in field.glob("*.fits")}
    (wanted,) = ids(changing, "A")
    found = changing.json("align", "restore", wanted)
    assert (found["status"], found["version"], found["restored"]) == ("applied", 2, wanted)
    assert found["residual_mas"] <= 0.01
    rows = {row["id"]: row for row in changing.json("align", "history", "ibxl50clq")}
    assert rows[found["solution"]]["origin"] == "restored"
    assert rows[found["solution"]]["applied_at"] is not None
    assert rows[ids(changing, " ")[0]]["superseded_by"] == found["solution"]
    assert before == {path: sha256_of(path) for path in field.glob("*.fits")}
    again = changing("align", "restore", wanted)
    assert again.code == 1 and "is active in" in again.err


def test_a_solution_without_distortion_is_not_restored(changing) -> None:
    spoken = changing("align", "restore", *ids(changing, "O"))
    assert spoken.code == 1 and "no distortion" in spoken.err


def test_export_writes_a_headerlet_that_ingest_takes(changing, tmp_path) -> None:
    out = tmp_path / "ibxl50clq_hlet.fits"
    (wanted,) = ids(changing, " ")
    found = changing.json("align", "export", wanted, "--headerlet", out)
    assert found["headerlet"] == str(out) and out.is_file()
    assert found["residual_mas"] < 1e-6
    (row,) = changing.json("ingest", out)
    assert (row["status"], row["rootname"]) == ("new", "ibxl50clq")
    assert changing("align", "export", wanted, "--headerlet", out).code == 2


@pytest.mark.parametrize("words", [("--force",), ("--why", "because"), ("--force", "--why", " ")])
def test_force_and_a_reason_go_together(changing, words) -> None:
    spoken = changing("align", "accept", 1, *words)
    assert spoken.code == 2
    assert "--why" in spoken.err
