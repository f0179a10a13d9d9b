"""Alignment runs from made-up logs, and the files beside them as witnesses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, AlignmentSolution, Finding, Product
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SolutionStatus
from skydb.files.shiftfile import ShiftRow
from skydb.services.history.outcome import HistoryOutcome, HistoryStatus
from tests.files.loglines import failed, fitted, shift_file, tweakreg_log, write_log

ONE, TWO = "ibxl50030_drz.fits", "ibxl51030_drz.fits"
REFERENCE = "ibxl54030_drz.fits"
ROW = ShiftRow(ONE, -0.299283, -0.361241, -0.0215395, 1.000313, 0.131929, 0.149963)
_COLUMNS = (
    *("X (reference)", "Y (reference)", "X (fit)", "Y (fit)"),
    *("X (residual)", "Y (residual)", "RA (fit)", "Dec (fit)"),
)


def write_matches(home: Path, product: str = ONE, *, count: int = 14, dx: float = -0.2993) -> Path:
    """A match file north up, 0.1 arcsec a pixel, scattered by 0.13 and 0.15 pixels."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-400, 400, (2, count))
    residuals = rng.normal(0, 1, (2, count)) * [[0.13], [0.15]]
    ra, dec = 85.0 - x * 0.1 / 3600 / np.cos(np.radians(-2.4)), -2.4 + y * 0.1 / 3600
    lines = [f"# Input image: {product}", f"#    X and Y shift: {dx}  -0.3612"]
    lines += [f"#     Column {number}: {title}" for number, title in enumerate(_COLUMNS, 1)]
    rows = zip(x, y, x, y, *residuals, ra, dec, strict=True)
    lines += [" ".join(f"{value:.12f}" for value in row) for row in rows]
    path = home / f"{product.removesuffix('.fits')}_catalog_fit.match"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    return tmp_path / "old"


@pytest.fixture
def take(services: Services, home: Path):
    def these(*runs: list[str]) -> list[HistoryOutcome]:
        write_log(home / "tweakreg.log", *runs)
        return services.history.import_dirs([home])

    return these


def solutions(services: Services, run: int | None) -> dict[str, dict[str, object]]:
    rows = services.solutions.fits(run or 0)
    return {str(row["product"]): row for row in rows}


def findings(services: Services, kind: FindingKind) -> list[str]:
    with services.context.store.reading() as session:
        found = session.scalars(select(Finding).where(Finding.kind == kind).order_by(Finding.id))
        return [f"{finding.subject} {finding.message}" for finding in found]


def test_a_good_fit_takes_its_digits_from_the_files_that_agree_with_the_log(services, take, home):
    (home / "shifts.txt").write_text(shift_file([ROW]))
    matches = write_matches(home)
    (outcome,) = take(tweakreg_log(fitted(ONE), products=[ONE]))
    fit = solutions(services, outcome.run)[ONE]
    assert (fit["status"], fit["dx_pix"], fit["x_rms_pix"]) == ("applied", -0.299283, 0.131929)
    rows = np.loadtxt(matches)
    assert fit["rms_ra_mas"] == pytest.approx(rows[:, 4].std() * 100, rel=1e-4)
    assert fit["rms_dec_mas"] == pytest.approx(rows[:, 5].std() * 100, rel=1e-4)
    assert not outcome.is_flagged
    with services.context.store.reading() as session:
        run = session.get_one(AlignmentRun, outcome.run)
        assert set(run.parameters["evidence"]) == {"shifts.txt", matches.name}
        kept = services.context.workspace.resolve(run.parameters["evidence"][matches.name])
    assert kept.read_bytes() == matches.read_bytes()


def test_a_fit_has_a_date_though_its_log_does_not_say_when_it_ended(services, take):
    take(tweakreg_log(fitted(ONE), products=[ONE]))
    with services.context.store.reading() as session:
        found = session.execute(select(Product.filename, AlignmentSolution.fitted_at).join(Product))
        dates = {name: fitted_at for name, fitted_at in found}
    assert (dates[ONE] is None, dates[REFERENCE] is None) == (False, True)


def test_without_files_beside_it_the_log_is_all_there_is(services, take):
    (outcome,) = take(tweakreg_log(fitted(ONE), products=[ONE]))
    fits = solutions(services, outcome.run)
    assert (fits[ONE]["dx_pix"], fits[ONE]["x_rms_pix"]) == (-0.2993, 0.13)
    assert (fits[ONE]["rms_ra_mas"], fits[ONE]["rms_dec_mas"]) == (None, None)
    assert fits[REFERENCE]["status"] == "recorded"
    assert "reference image" in str(fits[REFERENCE]["reason"])
    assert outcome.exposures == 2


@pytest.mark.parametrize(("count", "dx"), [(13, -0.2993), (14, -0.3993)])
def test_a_match_file_of_another_run_is_no_evidence(services, take, home, count, dx):
    write_matches(home, count=count, dx=dx)
    (outcome,) = take(tweakreg_log(fitted(ONE), products=[ONE]))
    assert solutions(services, outcome.run)[ONE]["rms_ra_mas"] is None
    (finding,) = findings(services, FindingKind.CONTRADICTION)
    assert "ibxl50030_drz_catalog_fit.match is of another run" in finding
    assert outcome.is_flagged


def test_a_failed_fit_has_no_numbers_whatever_lies_beside_its_log(services, take, home):
    (home / "shifts.txt").write_text(shift_file([ROW]))
    write_matches(home)
    (outcome,) = take(tweakreg_log(failed(ONE), products=[ONE]))
    fit = solutions(services, outcome.run)[ONE]
    assert (fit["status"], fit["dx_pix"], fit["nmatches"]) == ("failed", None, None)
    assert outcome.run_status == "failed"
    said = findings(services, FindingKind.CONTRADICTION)
    assert any("the shift file has a fit of it" in text for text in said)
    assert any("is of another run" in text for text in said)


def test_a_shift_file_that_contradicts_the_log_is_a_finding(services, take, home):
    other = ShiftRow(ONE, -0.3993, *ROW.numbers[1:])
    (home / "shifts.txt").write_text(shift_file([other]))
    (outcome,) = take(tweakreg_log(fitted(ONE), products=[ONE]))
    assert solutions(services, outcome.run)[ONE]["dx_pix"] == -0.2993
    (finding,) = findings(services, FindingKind.CONTRADICTION)
    assert finding == f"{ONE} log and shift file differ: dx -0.2993 against -0.3993."


def test_files_beside_a_log_of_two_runs_are_of_the_last_one(services, take, home):
    (home / "shifts.txt").write_text(shift_file([ROW]))
    write_matches(home)
    early = tweakreg_log(fitted(ONE, dx="5.0000"), products=[ONE], clock="10:00:00")
    first, last = take(early, tweakreg_log(fitted(ONE), products=[ONE]))
    assert solutions(services, first.run)[ONE]["dx_pix"] == 5.0
    assert solutions(services, last.run)[ONE]["dx_pix"] == -0.299283
    assert findings(services, FindingKind.CONTRADICTION) == []


def test_a_run_that_ended_early_has_failed_and_keeps_the_fits_it_made(services, take):
    (outcome,) = take(tweakreg_log(fitted(ONE), products=[ONE, TWO], ends=False))
    fits = solutions(services, outcome.run)
    assert fits[ONE]["status"] == "applied"
    assert TWO not in fits  # It was not tried, and so it did not fail.
    assert outcome.run_status == "failed"
    assert "before 1 of its products" in str(outcome.reason)


def test_names_that_users_gave_are_reported(services, take):
    (outcome,) = take(tweakreg_log(fitted("mosaic_drz.fits"), fitted(ONE)))
    assert set(solutions(services, outcome.run)) == {ONE, REFERENCE}
    assert "mosaic_drz.fits is not named as" in outcome.findings[0]


def test_a_weak_fit_is_noticed_and_no_reason_to_doubt_the_import(services, take):
    (outcome,) = take(tweakreg_log(fitted(ONE, matches=6), products=[ONE]))
    assert findings(services, FindingKind.WEAK_FIT) == [f"{ONE} 6 matches; rscale wants 12."]
    assert not outcome.is_flagged


def test_an_exposure_that_was_fitted_itself_is_known_from_the_log(services, take):
    (outcome,) = take(tweakreg_log(fitted("ibxl50clq_flt.fits"), products=[]))
    rows = services.solutions.history("ibxl50clq")
    assert [(row["status"], row["tool_version"]) for row in rows] == [("applied", "TweakReg 1.4.7")]
    assert [row["refcat"] for row in rows] == [REFERENCE]
    assert outcome.run_status == "succeeded"


def test_a_damaged_witness_is_reported_by_its_line(services, take, home):
    (home / "shifts.txt").write_text(shift_file([ROW]).replace("-0.361241", "-0.36124l"))
    path = write_matches(home)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:10], lines[10].replace(".", ","), *lines[11:]]))
    (home / "ibxl50030_drz_sky_catalog.coo").write_text("#Sky positions for: x\n85.1 2\nx\n")
    (outcome,) = take(tweakreg_log(fitted(ONE), products=[ONE]))
    said = findings(services, FindingKind.UNREADABLE_LINE)
    assert [text.split()[0] for text in said] == [
        "shifts.txt:5",
        "ibxl50030_drz_sky_catalog.coo:3",
        "ibxl50030_drz_catalog_fit.match:11",
    ]
    assert outcome.is_flagged


def test_source_lists_are_facts_of_the_run_when_the_log_found_as_many(services, take, home):
    (home / "ibxl50030_drz_sci1_xy_catalog.coo").write_text("1.0 2.0\n3.0 4.0\n")
    counted = "FINAL number of objects in image 'ibxl50030_drz.fits': 2\n"
    (good,) = take(tweakreg_log(counted + fitted(ONE).strip(), products=[ONE]))
    stale = tweakreg_log(counted.replace("2\n", "9\n") + fitted(ONE).strip(), products=[ONE])
    (bad,) = take([line.replace("14:15:02", "15:15:02") for line in stale])
    with services.context.store.reading() as session:
        lists = [
            session.get_one(AlignmentRun, one.run).parameters["source_lists"] for one in (good, bad)
        ]
    assert lists == [{ONE: {"ibxl50030_drz_sci1_xy_catalog.coo": 2}}, {}]
    assert "2 sources, the log found 9" in findings(services, FindingKind.CONTRADICTION)[0]


def test_files_of_an_alignment_without_its_log_are_reported(services, home):
    (home / "shifts.txt").write_text(shift_file([ROW]))
    write_matches(home)
    outcomes = services.history.import_dirs([home])
    assert [one.status for one in outcomes] == [HistoryStatus.SKIPPED] * 2
    assert "no log of TweakReg" in str(outcomes[0].reason)


def test_an_alignment_read_before_its_end_is_replaced(services, take):
    (begun,) = take(tweakreg_log(fitted(ONE), products=[ONE, TWO], ends=False)[:-1])
    (whole,) = take(tweakreg_log(fitted(ONE), fitted(TWO), products=[ONE, TWO]))
    assert (begun.run_status, whole.run_status) == ("failed", "succeeded")
    with services.context.store.reading() as session:
        old, new = (session.get_one(AlignmentRun, one.run) for one in (begun, whole))
        assert old.deleted_at is not None
        assert {s.superseded_by.activity_id for s in old.solutions if s.superseded_by} == {new.id}
        assert new.status is ActivityStatus.SUCCEEDED
        assert {s.status for s in new.solutions} == {
            SolutionStatus.APPLIED,
            SolutionStatus.RECORDED,
        }
