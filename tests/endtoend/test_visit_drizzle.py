"""The tutorial's road without a product of the archive: drizzle, fit, accept, match."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import pointing_error_mas
from tests.commands import LedgerDirectory

NAMES = {SimDetector.IR: "ibxl50_ir_f160w_drz.fits", SimDetector.UVIS: "ibxl50_uvis_f606w_drc.fits"}
ALIGNED_MAS = 5.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("detector", "size", "dithers"), [(SimDetector.IR, 160, 3), (SimDetector.UVIS, 128, 2)]
)
def test_exposures_with_cosmic_rays_are_aligned_through_a_product_of_skydb(
    tmp_path: Path, detector: SimDetector, size: int, dithers: int
) -> None:
    plan = FieldPlan(detector, (1, 1), dithers, size, 3, products=False, cosmic_rays=True)
    simulate_field(tmp_path / "field", plan)
    truth = FieldTruth.load(tmp_path / "field")
    ledger = LedgerDirectory(tmp_path / "ledger")
    ledger.path.mkdir()
    ledger("init")
    ledger("ingest", tmp_path / "field")
    ledger("refcat", "import", tmp_path / "field/gaia.ecsv", "--epoch", 2016.0, "--name", "gaia")

    made = ledger("drizzle", "--visit", "50", "--json")
    assert made.code == 0, made.err
    (row,) = made.document
    assert (row["product"], row["version"], row["status"]) == (NAMES[detector], 1, "succeeded")
    assert Path(row["path"]).is_file()
    assert row["members"] == [one.rootname for one in truth.exposures]
    assert ledger("drizzle", "--visit", "50", "--json").document[0]["reused"]

    fitted = ledger("align", "run", "--refcat", "gaia", "--json")
    assert [one["product"] for one in fitted.document] == [NAMES[detector]]
    accepted = ledger("align", "accept", fitted.document[0]["run"], "--json")
    assert accepted.code == 0, accepted.err
    assert {one["rootname"] for one in accepted.document} == set(row["members"])
    assert max(one["residual_mas"] for one in accepted.document) < 0.1

    skies = ledger("sky", "run", "--method", "match", "--engine", "skydb", "--no-mosaic", "--json")
    assert skies.code == 0, skies.err
    used = ledger(
        "sql", "SELECT i.rootname, l.path, i.alignment FROM v_run_inputs i "
        "JOIN product_versions n ON n.filename = i.filename AND n.number = i.version "
        "JOIN file_locations l ON l.version_id = n.id "
        f"WHERE i.run_id = {skies.document[0]['run']}", "--json",
    ).document  # fmt: skip
    assert {one["rootname"] for one in used} == set(row["members"])
    for one in used:
        path = ledger.path / "skydb-data" / one["path"]
        assert pointing_error_mas(truth, one["rootname"], path) <= ALIGNED_MAS
    assert ledger("fsck", "--json").document == []


@pytest.fixture
def one_exposure(tmp_path: Path) -> LedgerDirectory:
    """A ledger of a single exposure, whose file is gone."""
    from tests.services.tools import write_exposure

    path = write_exposure(tmp_path / "field", "ibxl50iaq")
    ledger = LedgerDirectory(tmp_path / "ledger")
    ledger.path.mkdir()
    ledger("init")
    ledger("ingest", path)
    path.unlink()
    return ledger


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 4, "is gone"),
        (("--visit", "99"), 4, "Unknown visit '99'"),
        (("--preset", "nope"), 4, "There is no preset nope"),
        (("-o", "final_pixfrc=0.8"), 2, "final_pixfrac"),
        (("-o", "final_pixfrac=wide"), 2, "final_pixfrac"),
        (("-o", "build=False"), 2, "build cannot be False"),
        (("--method", "all"), 2, "A product has one sky"),
        (("--allow", "nothing"), 2, "Unknown guard nothing"),
    ],
)
def test_what_cannot_be_drizzled_is_refused_with_the_reason(
    one_exposure: LedgerDirectory, words: tuple[str, ...], code: int, said: str
) -> None:
    spoken = one_exposure("drizzle", *words)
    assert (spoken.code, spoken.out) == (code, "")
    assert said in spoken.err
    assert one_exposure("sql", "SELECT * FROM visit_drizzles", "--json").document == []


def test_the_inputs_of_a_product_are_told_and_nothing_is_made(
    one_exposure: LedgerDirectory,
) -> None:
    (row,) = one_exposure("drizzle", "--explain-inputs", "--json").document
    assert (row["rootname"], row["kind"], row["version"]) == ("ibxl50iaq", "flt", 1)
