"""Exposures that are not what they should be: said before a run, kept with it, exit code 5."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.io import fits

from tests.endtoend.lookalikes import rewritten, with_cards
from tests.endtoend.smallfield import BAD, NAMES, RUN, Ledger, field, ledger
from tests.files.wfpc2_builder import SKY, write_wfpc2

pytestmark = pytest.mark.alternating

__all__ = ["field", "ledger"]


def with_bad(field: Path, home: Path, change: Callable[[Path, Path], object]) -> list[Path]:
    """The field, in which one exposure is replaced."""
    files = []
    for name in NAMES:
        source = field / f"{name}_flt.fits"
        target = home / "taken" / source.name
        if name == BAD:
            change(source, target)
        files.append(target if name == BAD else source)
    return files


def test_an_ordinary_field_is_quiet(ledger: Ledger, field: Path) -> None:
    ledger.json("ingest", *field.glob("*_flt.fits"))
    spoken = ledger(*RUN, "--strict", "--json")
    assert spoken.code == 0, spoken.err
    assert ledger.findings() == []
    assert all(row["flags"] == "" for row in ledger.json("sky", "run", "--explain-inputs"))


WFPC2 = ("u2eb0101t", "u2eb0102t")
CARDS = [
    ("QUALITY", "GSFAIL"),
    ("EXPFLAG", "INTERRUPTED"),
    ("FGSLOCK", "GYROS"),
    ("GUIDEACT", "GYROS"),
    ("GUIDEACT", "COARSE TRACK"),
    ("GUIDEACT", "FINE LOCK/GYRO"),
    ("MTFLAG", "T"),
    ("SCAN_TYP", "C"),
]


@pytest.mark.parametrize(("card", "value"), CARDS, ids=lambda one: str(one))
def test_a_card_that_says_that_an_exposure_went_wrong_is_a_column_and_a_flag(
    ledger: Ledger, field: Path, tmp_path: Path, card: str, value: str
) -> None:
    files = with_bad(field, tmp_path, lambda a, b: with_cards(a, b, **{card: value}))
    ledger.json("ingest", *files)
    column = card.lower()
    rows = ledger.json("sql", f"SELECT filename, {column} AS told FROM product_versions")
    assert {row["filename"][:9]: row["told"] for row in rows}[BAD] == value
    assert len([row for row in rows if row["told"] == value]) == 1

    spoken = ledger(*RUN, "--json")
    assert spoken.code == 5
    assert f"quality: {BAD}: {card} is {value}" in spoken.err
    assert set(ledger.findings()) == {("quality", BAD)}
    shown = {row["rootname"]: row["flags"] for row in ledger.json("sky", "run", "--explain-inputs")}
    assert shown == {name: "quality" if name == BAD else "" for name in NAMES}
    assert ledger(*RUN, "--strict").code == 1
    runs = ledger.json(*RUN, "--allow", "quality", "--force")
    assert all(run["findings"] == [] for run in runs)
    assert ledger(*RUN, "--exclude", BAD, "--strict").code == 0


@pytest.mark.parametrize("value", ["FINE LOCK", "FINE", ""])
def test_the_guiding_that_was_done_well_is_no_flag(
    ledger: Ledger, field: Path, tmp_path: Path, value: str
) -> None:
    files = with_bad(field, tmp_path, lambda a, b: with_cards(a, b, GUIDEACT=value))
    ledger.json("ingest", *files)
    (row,) = ledger.json(
        "sql", f"SELECT guideact FROM product_versions WHERE filename LIKE '{BAD}%'"
    )
    assert (row["guideact"] or "") == value
    assert ledger(*RUN, "--strict").code == 0
    assert ledger.findings() == []


def no_good_pixel(source: Path, target: Path) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["SCI", 1].header["NGOODPIX"] = 0

    rewritten(source, target, change)


def no_time(source: Path, target: Path) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus[0].header["EXPTIME"] = 0.0
        hdus["SCI", 1].data[:] = 0.0

    rewritten(source, target, change)


@pytest.mark.parametrize("change", [no_good_pixel, no_time])
def test_an_exposure_without_signal_is_left_out_said_and_null(
    ledger: Ledger, field: Path, tmp_path: Path, change: Callable[[Path, Path], object]
) -> None:
    ledger("ingest", *with_bad(field, tmp_path, change))
    spoken = ledger(*RUN, "--json")
    assert spoken.code == 5
    assert f"no-signal: {BAD}" in spoken.err
    skies = {row["rootname"]: row["match"] for row in ledger.json("sky", "compare")}
    assert skies.get(BAD) is None
    used = ledger.json("sql", "SELECT DISTINCT rootname, role FROM v_run_inputs")
    assert {row["rootname"] for row in used if row["role"] == "left-out"} == {BAD}

    alone = Ledger(ledger.url, tmp_path)
    runs = alone.json(*RUN, "--exclude", BAD, "--force")
    without = {
        row["rootname"]: row["localmin"]
        for row in alone.json("sky", "compare", *(run["run"] for run in runs))
    }
    here = {row["rootname"]: row["localmin"] for row in ledger.json("sky", "compare")}
    assert {name: here[name] for name in without} == without


@pytest.mark.parametrize("named", ["u2eb0101t_c1m.fits", "u2eb0101t_c0m.fits", "."])
def test_flags_that_come_after_a_run_are_of_the_next_one_and_nothing_measured_before_is_used(
    ledger: Ledger, tmp_path: Path, named: str
) -> None:
    home = tmp_path / "wfpc2"
    for i, rootname in enumerate(WFPC2):
        write_wfpc2(home, rootname, seed=i)
    flags = (home / f"{WFPC2[0]}_c1m.fits").rename(tmp_path / "later.fits")
    assert ledger("ingest", home).code == 5
    first = ledger(*RUN, "--json")
    assert first.code == 5
    assert f"quality: {WFPC2[0]}: its flags (c1m) are not in the ledger" in first.err
    assert set(ledger.findings()) > {("quality", WFPC2[0])}
    assert ledger(*RUN, "--force", "--strict").code == 1
    skies = {row["rootname"]: row["localmin"] for row in ledger.json("sky", "compare")}
    assert skies[WFPC2[0]] > 100.0
    assert skies[WFPC2[1]] == pytest.approx(SKY, abs=0.01)

    flags.rename(home / f"{WFPC2[0]}_c1m.fits")
    outcomes = ledger.json("ingest", home / named)
    assert {row["status"] for row in outcomes} <= {"known", "companion"}
    runs = ledger.json(*RUN, "--strict")
    assert [run["reused"] for run in runs] == [False, False]
    for row in ledger.json("sky", "compare"):
        assert row["localmin"] == pytest.approx(SKY, abs=0.01)
        assert abs(row["match"]) < 0.02


def test_a_flag_or_note_in_the_books_is_said_until_it_is_withdrawn(
    ledger: Ledger, field: Path
) -> None:
    ledger.json("ingest", *field.glob("*_flt.fits"))
    assert ledger("books", "flag", BAD, "satellite", "--why", "a bright trail").code == 0
    spoken = ledger(*RUN, "--json")
    assert spoken.code == 5
    assert f"flagged-input: {BAD}" in spoken.err
    assert "a bright trail" in spoken.err
    assert set(ledger.findings()) == {("flagged-input", BAD)}
    assert ledger(*RUN, "--allow", "flagged-input").code == 0
    refused = ledger(*RUN, "--strict")
    assert refused.code == 1
    assert "--allow flagged-input" in refused.err
    assert ledger(*RUN, "--exclude", BAD, "--strict").code == 0

    (line,) = ledger.json("books", "list", BAD)
    assert ledger("books", "withdraw", line["id"], "--why", "it was dust").code == 0
    assert ledger(*RUN, "--force", "--strict").code == 0
    assert ledger("books", "note", BAD, "taken through the SAA").code == 0
    assert ledger(*RUN, "--force").code == 5


def test_a_rule_that_is_ignored_is_no_flag(ledger: Ledger, field: Path) -> None:
    ledger.json("ingest", *field.glob("*_flt.fits"))
    ignored = ledger("books", "ignore", BAD, "not-aligned", "--why", "no stars")
    assert ignored.code == 0, ignored.err
    assert ledger(*RUN, "--strict").code == 0


def test_a_flag_on_the_visit_is_one_on_its_exposures(ledger: Ledger, field: Path) -> None:
    ledger.json("ingest", *field.glob("*_flt.fits"))
    assert ledger("books", "flag", "bxl50", "drift", "--why", "lost lock").code == 0
    assert ledger(*RUN).code == 5
    assert set(ledger.findings()) == {("flagged-input", name) for name in NAMES}
