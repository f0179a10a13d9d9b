"""Every command takes references in one grammar, and refuses others in one sentence."""

import pytest


@pytest.mark.parametrize("command", [("restore",), ("export", "--headerlet", "x.fits")])
def test_an_exposure_in_place_of_a_solution_is_wrong_usage_in_a_sentence(ledger, command) -> None:
    spoken = ledger("align", *command, "ibxl50clq")
    said = " ".join(spoken.err.split())
    assert spoken.code == 2
    assert "'ibxl50clq' is an exposure, not a solution. Write 12 or solution:12" in said


@pytest.mark.parametrize(
    "words",
    [
        *(("align", verb, "run:9999") for verb in ("show", "accept")),
        ("align", "reject", "run:9999", "--why", "no"),
        ("align", "plot", "run:9999", "--out", "figures"),
        ("align", "restore", "solution:9999"),
        ("align", "diff", "solution:9998", "9999"),
        ("sky", "audit", "run:9999"),
        ("sky", "compare", "run:9999"),
        ("replay", "run:9999"),
        ("books", "pin", "run:9999", "--why", "no"),
        ("books", "abandon", "run:9999", "--why", "no"),
        ("explain", "run:9999"),
        ("find", "--overlapping", "ibxl50zzq"),
        ("align", "history", "ibxl50zzq"),
    ],
)
def test_a_run_or_solution_is_named_by_its_kind_too(ledger, words) -> None:
    assert ledger(*words).code == 4


def test_the_history_takes_any_case_a_file_and_a_version(ingested) -> None:
    rows = ingested.json("align", "history", "ibxl50clq")
    assert ingested.json("align", "history", "IBXL50CLQ") == rows
    assert ingested.json("align", "history", "ibxl50clq_flt.fits") == rows
    assert ingested.json("align", "history", "ibxl50clq@1") == rows
    assert ingested.json("align", "history", "--visit", "BXL50")
    spoken = ingested("align", "history", "run:1")
    assert spoken.code == 2 and "'run:1' is a run, not a product" in spoken.err


def test_align_run_names_the_product_of_a_single_exposure(ingested) -> None:
    spoken = ingested("align", "run", "--refcat", "gaia", "ibxl50clq_flt.fits")
    assert spoken.code == 2
    assert "ibxl50clq_flt.fits is a single exposure (flt)" in spoken.err


def test_notes_are_about_what_a_reference_names_but_not_a_file_version(ingested) -> None:
    assert ingested.json("books", "note", "IBXL50CLQ", "a note")["rootname"] == "ibxl50clq"
    spoken = ingested("books", "note", "ibxl50clq@1", "a note")
    assert spoken.code == 2 and "is a file version: notes and flags cannot be" in spoken.err
