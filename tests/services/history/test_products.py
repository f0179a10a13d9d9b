"""Runs that only a drizzled product tells of, and products as witnesses of logged runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Finding, SkyRun
from skydb.domain.vocabulary import FindingKind, KnownFrom, SkyUnit
from skydb.errors import NotFoundError, UsageError
from skydb.services.history.outcome import HistoryKind, HistoryStatus
from tests.files.loglines import DrizzleLog, write_log
from tests.services.history.products import write_mosaic

SKIES = {("ibxl50clq", 1): 0.79, ("ibxl50cqq", 1): 0.8123454}
WRITTEN = "f160w_match_drz_sci.fits"


def findings(services: Services) -> list[tuple[FindingKind, str]]:
    with services.context.store.reading() as session:
        return [(f.kind, f.message) for f in session.scalars(select(Finding).order_by(Finding.id))]


def test_a_product_without_a_log_tells_values_and_no_method(services, tmp_path):
    write_mosaic(tmp_path / "old" / "mosaic_drz.fits", {**SKIES, ("ibxl51clq", 1): float("nan")})
    (outcome,) = services.history.import_dirs([tmp_path / "old"])
    assert (outcome.kind, outcome.method, outcome.exposures) == (HistoryKind.PRODUCT, None, 3)
    with services.context.store.reading() as session:
        run = session.get_one(SkyRun, outcome.run)
        assert (run.requested_method, run.effective_method, run.downgraded) == (None, None, None)
        assert run.tool_version == "DrizzlePac 3.2.0"
        values = {value.exposure.rootname: value for value in run.values}
        assert {name: value.mdrizsky for name, value in values.items()} == {
            "ibxl50clq": 0.79,
            "ibxl50cqq": 0.8123454,
            "ibxl51clq": None,
        }
        assert values["ibxl50clq"].unit is SkyUnit.ELECTRON_PER_S
        assert values["ibxl50clq"].exposure.known_from is KnownFrom.LOG


def test_a_copy_of_a_product_is_known(services, tmp_path):
    path = write_mosaic(tmp_path / "old" / "mosaic_drz.fits", SKIES)
    services.history.import_dirs([tmp_path / "old"])
    shutil.copyfile(path, tmp_path / "old" / "copy_drz.fits")
    outcomes = services.history.import_dirs([tmp_path / "old"])
    assert [one.status for one in outcomes] == [HistoryStatus.KNOWN] * 2


def test_a_product_that_a_logged_run_wrote_is_its_witness(services, tmp_path):
    home = tmp_path / "old"
    write_log(home / "astrodrizzle.log", DrizzleLog().lines())
    write_mosaic(home / WRITTEN, SKIES)
    run, product = services.history.import_dirs([home])
    assert (product.run, product.status, product.findings) == (run.run, HistoryStatus.KNOWN, ())
    assert not product.is_flagged
    with services.context.store.reading() as session:
        assert len(list(session.scalars(select(SkyRun)))) == 1


@pytest.mark.parametrize(
    ("skies", "said"),
    [
        ({**SKIES, ("ibxl50clq", 1): 0.790002}, "the log has 0.790000, the product 0.790002"),
        ({("ibxl50clq", 1): 0.79}, "the product does not name it"),
        ({**SKIES, ("ibxl51clq", 1): 0.5}, "the log does not name it"),
    ],
)
def test_a_product_that_contradicts_the_log_is_a_finding_once(services, tmp_path, skies, said):
    home = tmp_path / "old"
    write_log(home / "astrodrizzle.log", DrizzleLog().lines())
    write_mosaic(home / WRITTEN, skies)
    for _ in range(2):
        _, product = services.history.import_dirs([home])
        assert product.is_flagged
    ((kind, message),) = findings(services)
    assert kind is FindingKind.CONTRADICTION
    assert said in message


def test_rows_that_name_no_exposure_are_left_out_and_reported(services, tmp_path):
    write_mosaic(tmp_path / "old" / "m_drz.fits", {**SKIES, ("horsehead", 1): 1.0})
    (outcome,) = services.history.import_dirs([tmp_path / "old"])
    assert (outcome.exposures, outcome.skipped) == (2, 1)


def test_values_of_no_method_are_not_compared(services, tmp_path):
    write_mosaic(tmp_path / "old" / "m_drz.fits", SKIES)
    (outcome,) = services.history.import_dirs([tmp_path / "old"])
    with pytest.raises(UsageError, match="sky method"):
        services.comparison.methods.values([outcome.run])
    with pytest.raises(NotFoundError):
        services.comparison.methods.values()


def test_the_real_product_is_imported(services, test_data: Path, tmp_path):
    (tmp_path / "old").mkdir()
    shutil.copy(test_data / "headers" / "sample_mvm_drc_b.fits", tmp_path / "old")
    (outcome,) = services.history.import_dirs([tmp_path / "old"])
    assert (outcome.exposures, outcome.skipped) == (6, 0)
    answer = services.plain.sql("SELECT rootname, extver, mdrizsky, unit FROM v_sky_values")
    assert len(answer.rows) == 12
    assert ("j8vo01kfq", 2, 4.275874049083005, "electron") in answer.rows
