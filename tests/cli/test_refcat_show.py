"""``skydb refcat import`` with its options, and ``skydb refcat show``, as scripts see them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import skydb

ROWS = (
    "source_id,ra,dec,pmra,pmdec,mag,ref_epoch",
    "11,85.25,-2.46,20.0,15.0,18.0,2016.0",
    "12,85.26,-2.46,20.0,15.0,19.0,2016.0",
    "13,85.25,-2.47,,,20.5,2016.0",
    "14,85.26,-2.47,,,,2016.0",
)


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    path = tmp_path / "stars.csv.gz"
    path.write_bytes(gzip.compress("\n".join(ROWS).encode()))
    return path


def test_the_options_are_kept_with_the_catalogue(ledger, stars) -> None:
    row = ledger.json(
        *("refcat", "import", stars, "--name", "cut", "--without-motion", "bulk"),
        *("--mag-min", 18.5, "--mag-max", 20.5),
    )
    assert (row["sources"], row["sources_without_motion"], row["epoch"]) == (2, 1, 2016.0)
    assert (row["without_motion"], row["mag_min"], row["mag_max"]) == ("bulk", 18.5, 20.5)
    assert row["motion_ra_mas_yr"] == pytest.approx(20.0, abs=1e-3)
    assert row["motion_dec_mas_yr"] == pytest.approx(15.0, abs=1e-3)
    assert ledger.json("refcat", "list") == [row]
    assert len(ledger.json("refcat", "show", "cut")) == 2


def test_another_use_of_the_same_file_needs_another_name(ledger, stars) -> None:
    ledger.json("refcat", "import", stars, "--name", "one")
    assert ledger("refcat", "import", stars, "--name", "one", "--mag-max", 19).code == 2
    assert ledger.json("refcat", "import", stars, "--name", "two", "--mag-max", 19)["sources"] == 2


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--without-motion", "throw"), "for sources without motion"),
        (("--mag-max", 10), "No source of the catalogue has a magnitude"),
        (("--mag-min", 20, "--mag-max", 19), "No magnitude is between"),
        (("--epoch", 2015.5), "its own epoch is 2016"),
    ],
)
def test_options_that_leave_nothing_are_refused(ledger, stars, options, what) -> None:
    spoken = ledger("refcat", "import", stars, *options)
    assert spoken.code in (1, 2)
    assert what in " ".join(spoken.err.split())
    assert ledger.json("refcat", "list") == []


def test_a_file_that_does_not_say_its_epoch_needs_one(ledger, tmp_path) -> None:
    (tmp_path / "bare.csv").write_text("ra,dec\n1,2\n")
    spoken = ledger("refcat", "import", tmp_path / "bare.csv")
    assert (spoken.code, "The epoch of" in spoken.err) == (2, True)


def test_rows_that_repeat_a_source_are_flagged(ledger, tmp_path) -> None:
    (tmp_path / "twice.csv").write_text("ra,dec\n1,2\n1,2\n3,4\n")
    row = ledger.json("refcat", "import", tmp_path / "twice.csv", "--epoch", 2016, code=5)
    assert row["sources"] == 2
    said = "Rows that repeat the source of another row: 1; they were left out."
    assert row["findings"] == [said]


@pytest.mark.parametrize(("scale", "code"), [(1.0, 0), (1e-3, 5), (1e3, 5), (0.0, 0)])
def test_motions_in_another_unit_than_they_say_are_flagged(ledger, tmp_path, scale, code) -> None:
    motions = (scale * speed for speed in (-3.0, 1.5, 0.2, 25.0, 8.0))
    rows = [f"{10 + n / 1000},20,{motion},{motion / 2}" for n, motion in enumerate(motions)]
    (tmp_path / "moving.csv").write_text("\n".join(["ra,dec,pmra,pmdec", *rows]))
    path = tmp_path / "moving.csv"
    row = ledger.json("refcat", "import", path, "--epoch", 2016, code=code)
    assert [("the unit" in one, "mas/yr" in one) for one in row["findings"]] == (
        [(True, True)] if code else []
    )


def test_the_sources_of_a_catalogue_are_listed_as_they_are(ledger, stars) -> None:
    ledger.json("refcat", "import", stars, "--name", "stars")
    rows = ledger.json("refcat", "show", "stars")
    assert [row["source_id"] for row in rows] == ["11", "12", "13", "14"]
    assert [row["mag"] for row in rows] == [18.0, 19.0, 20.5, None]
    assert {(row["epoch"], row["motion_applied"], row["use"]) for row in rows} == {
        (2016.0, False, "listed")
    }
    assert (rows[0]["ra_deg"], rows[0]["dec_deg"]) == (85.25, -2.46)


@pytest.mark.parametrize(
    ("word", "use", "epoch"), [("keep", "kept", 2016.0), ("drop", "dropped", 2016.0),
                               ("bulk", "bulk", 2012.0), (None, "bulk", 2012.0)],
)  # fmt: skip
def test_with_an_epoch_they_are_where_an_alignment_takes_them(
    ledger, stars, word, use, epoch
) -> None:
    told = ("--without-motion", word) if word else ()
    ledger.json("refcat", "import", stars, "--name", "stars", *told)
    rows = ledger.json("refcat", "show", "stars", "--epoch", 2012)
    assert [row["use"] for row in rows] == ["moved", "moved", use, use]
    assert [row["epoch"] for row in rows] == [2012.0, 2012.0, epoch, epoch]
    assert [row["motion_applied"] for row in rows] == [True, True, use == "bulk", use == "bulk"]
    moved_mas = (rows[0]["dec_deg"] + 2.46) * 3.6e6
    assert moved_mas == pytest.approx(-60.0, abs=0.01)
    still_mas = (rows[2]["dec_deg"] + 2.47) * 3.6e6
    assert still_mas == pytest.approx(-60.0 if use == "bulk" else 0.0, abs=0.05)


def test_the_sources_are_drawn(ledger, stars, tmp_path) -> None:
    ledger.json("refcat", "import", stars, "--name", "stars")
    spoken = ledger("refcat", "show", "stars", "--epoch", 2012, "--plot", tmp_path / "s.png")
    assert (spoken.code, str(tmp_path / "s.png") in spoken.err) == (0, True)
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_a_catalogue_that_is_not_there_is_not_found(ledger) -> None:
    assert ledger("refcat", "show", "nothing").code == 4


def test_python_gets_a_table_with_units(ledger, stars) -> None:
    with skydb.open(ledger.url, data=ledger.path / "skydb-data") as opened:
        opened.refcat.import_(stars, name="stars", without_motion="bulk")
        table = opened.refcat.show("stars", epoch=2012.0).table
    assert table["ra_deg"].unit == "deg"
    assert table["pm_ra_mas_yr"].unit == "mas / yr"
    assert list(table["use"]) == ["moved", "moved", "bulk", "bulk"]
