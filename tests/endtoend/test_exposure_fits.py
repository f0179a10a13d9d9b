"""Single exposures fitted by themselves, cosmic rays and all: one chip and two, subarrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable, vstack

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import ExposureTruth, FieldTruth
from skydb.simulate.verify import pointing_error_mas
from tests.commands import LedgerDirectory, Spoken
from tests.endtoend.conftest import Chain, checksums

_COMMON: dict[str, Any] = {
    "tiles": (1, 1),
    "products": False,
    "cosmic_rays": True,
    "stars": 200,
    "pointing_error_arcsec": (1.5, 1.9),
    "roll_error_deg": 0.05,
    "exptime_s": 500.0,
}
PLANS = {
    "IR": FieldPlan(SimDetector.IR, size=192, seed=11, program="bir", ra_deg=40.0, **_COMMON),
    "UVIS": FieldPlan(SimDetector.UVIS, size=256, seed=12, program="buv", ra_deg=140.0, **_COMMON),
    "WFC": FieldPlan(SimDetector.WFC, size=256, seed=13, program="bwf", ra_deg=330.0, **_COMMON),
    "SUB": FieldPlan(SimDetector.UVIS, size=256, seed=14, program="bsu", ra_deg=230.0,
                     **_COMMON | {"stars": 300}),
}  # fmt: skip
#: Of the field SUB a part of one chip is read out: its first pixel, and how many.
FIRST, SIZE = (40, 10), (180, 110)


@pytest.fixture(scope="session")
def exposures(shared: Callable[..., Chain]) -> Chain:
    """One visit of each camera, fitted and accepted into the user's own headers, and back."""
    return shared("exposures", _build)


def _build(root: Path) -> dict[str, Spoken]:
    tables = []
    for name, plan in PLANS.items():
        dithers = 2 if name == "UVIS" else 1
        simulate_field(root / "field" / name, replace(plan, dithers=dithers))
        tables.append(QTable.read(root / "field" / name / "gaia.ecsv"))
    for path in (root / "field" / "SUB").glob("*_flc.fits"):
        cut_out(path)
    _write(tables, root / "field" / "gaia.ecsv")
    for table, plan in zip(tables, PLANS.values(), strict=True):
        table["ra"] = 2 * plan.ra_deg * table["ra"].unit - table["ra"]
    _write(tables, root / "field" / "mirrored.ecsv")
    ledger = LedgerDirectory(root / "ledger")
    ledger.path.mkdir()
    answers = {"init": ledger("init", "--json"), "ingest": ledger("ingest", root / "field")}
    for catalog in ("gaia", "mirrored"):
        path = root / "field" / f"{catalog}.ecsv"
        answers[catalog] = ledger(
            "refcat", "import", path, "--epoch", 2016.0, "--name", catalog, "--json"
        )
    road = ("--what", "exposures", "--json")
    wrong = ledger("align", "run", "--refcat", "mirrored", *road)
    refused = ledger("align", "accept", wrong.document[0]["run"], "--json")
    answers |= {"wrong run": wrong, "wrong accept": refused}
    before = checksums(root / "field")
    answers["run"] = ledger("align", "run", "--refcat", "gaia", *road)
    run = answers["run"].document[0]["run"]
    answers["accept"] = ledger("align", "accept", run, "--write-headers", "--json")
    for name in PLANS:
        for file in (root / "field" / name).glob("*_fl?.fits"):
            (root / "written").mkdir(exist_ok=True)
            (root / "written" / file.name).write_bytes(file.read_bytes())
    written = answers["accept"].err.split("restore-headers ")[1].split("`")[0]
    answers["restore"] = ledger("restore-headers", written, "--json")
    after = checksums(root / "field")
    answers["same"] = Spoken(0, str(after == before))
    for words in ("status", "fsck", "todo"):
        answers[words] = ledger(words, "--json")
    answers["history"] = ledger("align", "history", "buv50", "--json")
    answers["explain"] = ledger("align", "run", "--refcat", "gaia", "bir50", *road[:2],
                                "--explain-inputs", "--json")  # fmt: skip
    return answers


def _write(tables: list[QTable], path: Path) -> None:
    whole = vstack(tables, metadata_conflicts="silent")
    whole["source_id"] = np.arange(len(whole))
    whole.write(path, overwrite=True)


def cut_out(path: Path) -> None:
    """Make an exposure one of a subarray of its first chip."""
    (x, y), (nx, ny) = FIRST, SIZE
    with fits.open(path) as hdus:
        kept = [hdus[0].copy()]
        for hdu in hdus:
            if hdu.name in ("SCI", "ERR", "DQ") and hdu.ver == 1:
                part = fits.ImageHDU(hdu.data[y : y + ny, x : x + nx].copy(), hdu.header)
                for card in [*part.header["CRPIX1*"], *part.header["CRPIX2*"]]:
                    part.header[card] -= x if card.startswith("CRPIX1") else y
                part.header.update({"LTV1": -x, "LTV2": -y, "SIZAXIS1": nx, "SIZAXIS2": ny})
                kept.append(part)
    kept[0].header.update({"SUBARRAY": True, "NEXTEND": len(kept) - 1})
    fits.HDUList(kept).writeto(path, overwrite=True)


def _field_of(chain: Chain, rootname: str) -> FieldTruth:
    name = next(name for name, plan in PLANS.items() if rootname[1:4] == plan.program)
    truth = FieldTruth.load(chain.root / "field" / name)
    return truth if name != "SUB" else _cut_truth(truth)


def _cut_truth(truth: FieldTruth) -> FieldTruth:
    (exposure,) = truth.exposures
    chip = exposure.chips[0]
    crpix = (chip.crpix[0] - FIRST[0], chip.crpix[1] - FIRST[1])
    part = replace(chip, naxis=SIZE, crpix=crpix)
    return replace(truth, exposures=(replace(exposure, chips=(part,)),))


def _truth_of(chain: Chain, rootname: str) -> ExposureTruth:
    return _field_of(chain, rootname).exposure(rootname)


def test_every_exposure_is_fitted_and_trusted(exposures: Chain) -> None:
    rows = exposures.answers["run"].document

    assert exposures.answers["run"].code == 0
    assert len(rows) == 5
    assert {row["status"] for row in rows} == {"proposed"}
    assert min(row["nmatches"] for row in rows if "ibsu" not in row["product"]) >= 50
    assert min(row["nmatches"] for row in rows) >= 15
    assert min(row["trust"] for row in rows) >= 0.5


def test_an_accepted_fit_puts_every_chip_where_it_truly_is(exposures: Chain) -> None:
    rows = {row["product"]: row for row in exposures.answers["run"].document}
    files = sorted((exposures.root / "written").glob("*.fits"))

    assert len(files) == 5
    for file in files:
        fit, rootname = rows[file.name], file.name[:9]
        own_error = np.hypot(fit["rms_ra_mas"], fit["rms_dec_mas"]) / np.sqrt(fit["nmatches"])
        error_mas = pointing_error_mas(_field_of(exposures, rootname), rootname, file)
        # At the corners, for the rotation is fitted too.
        assert error_mas < min(3 * own_error * 3**0.5, 2.0)
        assert _truth_of(exposures, rootname).pointing_error_arcsec > 1.0


def test_each_exposure_moves_as_its_fit_says(exposures: Chain) -> None:
    rows = exposures.answers["accept"].document

    assert {row["status"] for row in rows} == {"applied"}
    for row in rows:
        true_mas = 1000.0 * _truth_of(exposures, row["rootname"]).pointing_error_arcsec
        assert row["predicted_shift_mas"] == pytest.approx(row["realised_shift_mas"], abs=0.01)
        assert row["residual_mas"] < 0.01
        assert row["realised_shift_mas"] == pytest.approx(true_mas, abs=30.0)


def test_headers_of_the_users_files_go_back_byte_by_byte(exposures: Chain) -> None:
    assert len(exposures.answers["restore"].document) == 5
    assert exposures.answers["same"].out == "True"


def test_a_mirrored_catalogue_gives_no_fit_that_is_accepted(exposures: Chain) -> None:
    accepted = exposures.answers["wrong accept"]
    fits = exposures.answers["wrong run"].document

    assert accepted.code == 1
    assert all(row["status"] == "failed" or row["trust"] < 0.5 for row in fits)


def test_the_ledger_counts_such_exposures_as_aligned(exposures: Chain) -> None:
    visits = exposures.answers["status"].document

    counted = [(row["exposures"], row["aligned"]) for row in visits]
    assert counted == [(1, 1), (1, 1), (2, 2), (1, 1)]
    due = {row["rule"] for row in exposures.answers["todo"].document}
    assert not due & {"not-aligned", "fit-waiting"}
    assert exposures.answers["fsck"].code == 0


def test_the_history_says_what_was_fitted(exposures: Chain) -> None:
    rows = exposures.answers["history"].document
    applied = [row for row in rows if row["status"] == "applied"]

    assert len(applied) == 2
    assert {row["what"] for row in applied} == {"exposures"}
    assert {row["origin"] for row in applied} == {"tweakreg"}


def test_the_exposures_of_a_visit_are_explained(exposures: Chain) -> None:
    rows = exposures.answers["explain"].document

    assert [row["rootname"][:6] for row in rows] == ["ibir50"]
    assert rows[0]["alignment"].startswith("solution:")


def test_a_drizzled_product_and_an_unknown_kind_are_refused(
    exposures: Chain, tmp_path: Path
) -> None:
    del tmp_path
    ledger = exposures.ledger
    unknown = ledger("align", "run", "--refcat", "gaia", "--what", "stars")
    exposure = ledger("align", "run", "--refcat", "gaia", "ibir50*_flt.fits", "--what", "drizzled")

    assert (unknown.code, exposure.code) == (2, 4)
    assert "drizzled, exposures, group" in unknown.err
