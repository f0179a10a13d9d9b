"""A chip that lies apart from the others of its exposure: seen by the audit, matched singly."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from astropy.io import fits

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from tests.commands import LedgerDirectory

STEP = 3.0
QUIET = ("--no-mosaic", "--method", "match")


def _ledger(home: Path, template: Path, plan: FieldPlan) -> tuple[LedgerDirectory, FieldTruth]:
    shutil.copyfile(template, home / "skydb.sqlite")
    truth = simulate_field(home / "field", plan)
    return LedgerDirectory(home), truth


def _plan(detector: SimDetector, size: int) -> FieldPlan:
    return FieldPlan(
        detector, (1, 1), dithers=3, size=size, seed=4, products=False,
        pointing_error_arcsec=(0.0, 0.0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def stepped(tmp_path_factory, sqlite_template) -> tuple[LedgerDirectory, Mapping]:
    """UVIS with 3 electrons too many on chip 2 of one exposure; the sky of every chip."""
    home = tmp_path_factory.mktemp("stepped")
    ledger, truth = _ledger(home, sqlite_template, _plan(SimDetector.UVIS, 192))
    paths = sorted((home / "field").glob("*_flc.fits"))
    with fits.open(paths[1], mode="update") as exposure:
        exposure["SCI", 2].data += STEP
    ledger.json("ingest", *paths)
    skies = {(one.rootname, extver): one.sky for one in truth.exposures for extver in (1, 2)}
    skies[paths[1].name[:9], 2] += STEP
    return ledger, skies


def test_the_audit_names_the_chip_and_ends_with_5(stepped) -> None:
    ledger, skies = stepped
    spoiled = max(skies, key=lambda key: skies[key] - skies[key[0], 1])
    (run,) = ledger.json("sky", "run", *QUIET)
    rows = ledger.json("sky", "audit", run["run"], code=5)
    assert {(r["component"], r["component_exposure"], r["component_chip"]) for r in rows} == {
        ("chip", *spoiled)
    }
    assert rows[0]["component_value"] == pytest.approx(STEP, abs=3 * rows[0]["component_sigma"])
    assert rows[0]["component_significance"] > 5
    chips = ledger.json("sky", "audit", run["run"], "--per-chip", code=5)
    worst = max(chips, key=lambda row: abs(row["after"]) / row["sigma"])
    assert spoiled[0] in (worst["exposure_a"], worst["exposure_b"])
    assert {(row["chip_a"], row["chip_b"]) for row in chips} >= {(1, 1), (2, 2)}
    assert f"chip 2 of {spoiled[0]}" in ledger("sky", "audit", run["run"]).err


def test_chips_that_are_matched_singly_come_back_right(stepped) -> None:
    ledger, skies = stepped
    (run,) = ledger.json("sky", "run", *QUIET, "--per-chip")
    assert run["per_chip"] is True
    values = {(v["rootname"], v["extver"]): v for v in run["values"]}
    (zero,) = (key for key, value in values.items() if value["mdrizsky"] == 0.0)
    for key, value in values.items():
        error = value["mdrizsky"] - (skies[key] - skies[zero])
        assert abs(error) <= 3 * value["mdrizsky_sigma"], key
    assert {row["component"] for row in ledger.json("sky", "audit", run["run"])} == {None}
    label = ledger.json("sql", f"SELECT label FROM sky_run_groups WHERE id = {run['group']}")
    assert "3 exposures per chip" in label[0]["label"]
    again = ledger.json("replay", run["run"])
    assert again["verdict"] == "identical"


def test_astrodrizzle_is_refused_with_the_reason(stepped) -> None:
    ledger, _ = stepped
    spoken = ledger("sky", "run", "--per-chip", "--engine", "astrodrizzle")
    assert spoken.code == 2
    assert "one sky for all chips" in spoken.err
    given = ("-o", "skyuser=MDRIZSKY", "-o", "skysub=False")
    spoken = ledger("sky", "run", "--per-chip", "--no-mosaic", *given)
    assert spoken.code == 2 and "the skies are given" in spoken.err
    given = ("--reject-cosmic-rays", "-o", "driz_cr_corr=True")
    spoken = ledger("sky", "run", "--per-chip", *given)
    assert spoken.code == 2 and "one by one" in spoken.err


def test_one_pass_rejects_cosmic_rays_of_chips_that_are_matched_singly(stepped) -> None:
    """There are none: some pixels are masked by chance."""
    ledger, _ = stepped
    (run,) = ledger.json("sky", "run", "--method", "match", "--per-chip", "--reject-cosmic-rays")
    assert (run["engine"], run["status"]) == ("skydb", "succeeded")
    (plain,) = ledger.json("sky", "run", *QUIET, "--per-chip")
    values, expected = run["values"], plain["values"]
    assert [one["mdrizsky"] for one in values] == [one["mdrizsky"] for one in expected]
    masked = ledger.json(
        "sql", f"SELECT cr_masked_pix AS n FROM sky_values WHERE run_id = {run['run']}"
    )
    assert max(row["n"] for row in masked) < 0.002 * 192 * 192


@pytest.mark.parametrize("detector", [SimDetector.IR, SimDetector.UVIS], ids=str)
def test_an_ordinary_field_is_quiet(tmp_path, sqlite_template, detector) -> None:
    ledger, _ = _ledger(tmp_path, sqlite_template, _plan(detector, 128))
    ledger.json("ingest", *sorted((tmp_path / "field").glob("*_fl[tc].fits")))
    (run,) = ledger.json("sky", "run", *QUIET)
    rows = ledger.json("sky", "audit", run["run"])
    assert {row["component"] for row in rows} == {None}
    assert "nothing significant is left" in ledger("sky", "audit", run["run"]).err


def test_a_gradient_across_an_exposure_is_told(tmp_path, sqlite_template) -> None:
    ledger, _ = _ledger(tmp_path, sqlite_template, _plan(SimDetector.IR, 128))
    paths = sorted((tmp_path / "field").glob("*_flt.fits"))
    with fits.open(paths[2], mode="update") as exposure:
        across = exposure["SCI", 1].data.shape[1]
        for column in range(across):
            exposure["SCI", 1].data[:, column] += 0.05 * (column / across - 0.5)
    ledger.json("ingest", *paths)
    (run,) = ledger.json("sky", "run", *QUIET)
    row = ledger.json("sky", "audit", run["run"], code=5)[0]
    assert (row["component"], row["component_exposure"]) == ("gradient", paths[2].name[:9])
    assert row["component_value"] == pytest.approx(0.05, abs=4 * row["component_sigma"])
    assert "no constant can remove it" in ledger("sky", "audit", run["run"]).err
