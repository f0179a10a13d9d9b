"""Exposures with cosmic rays through the command line: run, record, compare with the truth."""

import sqlite3

import pytest

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.commands import LedgerDirectory

REJECTING = ("sky", "run", "--reject-cosmic-rays", "--no-selftest")


@pytest.fixture(scope="module")
def struck(tmp_path_factory):
    """A ledger of one visit with cosmic rays, and the field."""
    home = tmp_path_factory.mktemp("cosmic_rays")
    plan = FieldPlan(
        *(SimDetector.UVIS, (1, 1), 4, 128, 3),
        **{"products": False, "stars": 0, "nebula": 0.0, "cosmic_rays": True},
        pointing_error_arcsec=(0.0, 0.0),
    )
    simulate_field(home / "field", plan)
    ledger = LedgerDirectory(home / "ledger")
    ledger.path.mkdir()
    ledger("init")
    return ledger, home / "field"


@pytest.fixture(scope="module")
def ingested(struck):
    ledger, field = struck
    return ledger("ingest", field, "--json")


@pytest.mark.usefixtures("ingested")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--no-mosaic",), "no effect without mosaics: driz_cr"),
        (("-o", "blot=False"), "with blot=False"),
        (("-o", "driz_cr=no"), "driz_cr is given twice"),
    ],
)
def test_a_rejection_that_cannot_be_is_refused_at_once(struck, options, told):
    ledger, _ = struck
    spoken = ledger(*REJECTING, *options)
    assert spoken.code == 2
    assert told in spoken.err


def test_masks_of_cosmic_rays_are_no_exposures(ingested):
    assert ingested.code == 0
    assert [row["status"] for row in ingested.document] == ["new"] * 4


@pytest.mark.slow
@pytest.mark.usefixtures("ingested")
def test_a_run_keeps_its_masks_and_the_audit_compares_them(struck):
    ledger, field = struck
    spoken = ledger(*REJECTING, "--engine", "skydb", "--method", "match", "--json")
    assert spoken.code == 5
    (run,) = spoken.document
    assert run["engine"] == "skydb"
    (told,) = run["findings"]
    assert "not checked" in told

    counts = ledger.json("sql", f"SELECT * FROM v_sky_values WHERE run_id = {run['run']}")
    assert all(row["cr_masked_pix"] > 10 for row in counts)
    with sqlite3.connect(ledger.path / "skydb.sqlite") as database:
        asked = "SELECT masks_path FROM sky_runs WHERE id = ?"
        (path,) = database.execute(asked, (run["run"],)).fetchone()
    assert (ledger.path / "skydb-data" / path).is_file()

    rows = ledger.json("sky", "audit", run["run"], "--truth", field)
    assert len(rows) == len(counts) == 8
    assert sum(row["found"] for row in rows) > 0.85 * sum(row["hit"] for row in rows) > 0
    assert max(row["false_alarm_rate"] for row in rows) < 0.01
    assert max(abs(row["sky_error"]) for row in rows) < 0.6
    assert "of the clean ones" in ledger("sky", "audit", run["run"], "--truth", field).err


@pytest.mark.parametrize("engine", ["astrodrizzle", "skydb"])
def test_a_single_exposure_keeps_its_cosmic_rays_and_that_is_flagged(ingested, struck, engine):
    ledger, _ = struck
    rootname = ingested.document[0]["rootname"]
    options = ("--exposure", rootname, "--engine", engine, "--method", "localmin", "--json")
    spoken = ledger(*REJECTING, *options)
    assert spoken.code == 5
    (run,) = spoken.document
    said = [
        row["subject"]
        for row in ledger.json("sql", f"SELECT * FROM v_findings WHERE run_id = {run['run']}")
        if "cosmic rays were not rejected" in row["message"]
    ]
    assert said == [rootname]
