import numpy as np
import pytest

from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakinputs import count_sources
from skydb.drizzle.tweakreg import FitStatus, TweakReg
from skydb.errors import ParseError, ToolCrashedError, UsageError
from tests.drizzle.conftest import POINTING_ERROR_MAS
from tests.drizzle.exposures import (
    Exposure,
    moved_mas,
    pixel_sky,
    write_catalog,
    write_exposure,
)


class CrashingRunner(DrizzlepacRunner):
    """Starts every job, and dies in the one whose input is told."""

    def __init__(self, dies_in):
        super().__init__()
        self.dies_in = dies_in
        self.calls = []

    def run(self, task, request, scratch):
        self.calls.append([job["inputs"][0] for job in request["jobs"]])
        for job in request["jobs"]:
            if self.dies_in is None:
                raise ToolCrashedError("TweakReg", "raised ImportError: no drizzlepac")
            (scratch / job["directory"] / "job.started").touch()
            if job["inputs"][0] == self.dies_in:
                raise ToolCrashedError("TweakReg", "was killed by SIGSEGV")
            (scratch / job["directory"] / "job.done").touch()
        return {}


@pytest.fixture
def three_products(tmp_path):
    names = ("ibxl50aaq", "ibxl51aaq", "ibxl52aaq")
    return [write_exposure(tmp_path, Exposure(name, (0, 0), 1.0)) for name in names]


def test_a_product_that_crashes_tweakreg_fails_alone(tmp_path, three_products):
    runner = CrashingRunner("ibxl51aaq_flt.fits")
    fits = TweakReg(runner).fit(
        three_products, write_catalog(tmp_path / "cat"), TweakRegSettings(), tmp_path / "run"
    )
    assert [len(call) for call in runner.calls] == [3, 1]
    assert [fit.product for fit in fits] == three_products
    assert all(fit.status is FitStatus.FAILED for fit in fits)
    reasons = [fit.reason for fit in fits]
    assert "SIGSEGV" in reasons[1]
    assert reasons[0] == reasons[2] == "TweakReg wrote no shift file"
    assert fits[0].rms_ra_mas is None
    assert fits[0].fitted_copy is None


def test_a_crash_before_any_product_is_an_error_of_the_whole(tmp_path, three_products):
    with pytest.raises(ToolCrashedError, match="no drizzlepac"):
        TweakReg(CrashingRunner(None)).fit(
            three_products, write_catalog(tmp_path / "cat"), TweakRegSettings(), tmp_path / "run"
        )


def test_products_need_catalogues(tmp_path, three_products):
    tool, catalog = TweakReg(CrashingRunner("")), write_catalog(tmp_path / "cat")
    with pytest.raises(UsageError, match="no product"):
        tool.fit([], catalog, TweakRegSettings(), tmp_path / "run")
    with pytest.raises(UsageError, match="no reference catalogue for ibxl51aaq"):
        tool.fit(
            three_products[:2], {three_products[0]: catalog}, TweakRegSettings(), tmp_path / "run"
        )


@pytest.mark.parametrize(
    ("text", "line_number", "problem"),
    [
        ("# RA Dec\n85.0 -2.0\nabc -2.0\n", 3, "RA and Dec"),
        ("85.0\n", 1, "RA and Dec"),
        ("85.0 -92.0\n", 1, "not a position"),
        ("# nothing\n\n", 0, "no source"),
    ],
)
def test_a_catalogue_that_is_not_degrees_is_refused(tmp_path, text, line_number, problem):
    catalog = tmp_path / "cat"
    catalog.write_text(text)
    with pytest.raises(ParseError, match=problem) as caught:
        count_sources(catalog)
    assert caught.value.line_number == line_number


def test_the_sources_of_a_catalogue_are_counted(tmp_path):
    assert count_sources(write_catalog(tmp_path / "cat")) == 80


@pytest.mark.slow
def test_a_product_is_fitted_to_its_catalogue_and_a_wrong_catalogue_fails(
    product, runner, tmp_path
):
    other = tmp_path / "ibxl51010_drz.fits"
    other.write_bytes(product.read_bytes())
    elsewhere = tmp_path / "elsewhere"
    np.savetxt(elsewhere, np.random.default_rng(1).uniform(10.0, 10.02, (30, 2)), fmt="%.10f")
    before = product.read_bytes()
    catalogs = {product: write_catalog(tmp_path / "cat"), other: elsewhere}
    fit, wrong = TweakReg(runner).fit(
        [product, other], catalogs, TweakRegSettings(), tmp_path / "run"
    )
    assert fit.reason is None
    assert fit.is_fitted
    assert fit.nmatches >= 20
    assert fit.catalog_sources == 80
    assert fit.original_wcs_name == "IDC_w3m18525i"
    assert abs(fit.rotation_deg) < 0.02
    assert fit.scale == pytest.approx(1.0, abs=2e-4)
    assert 0.0 < fit.rms_ra_mas < 8.0
    moved = moved_mas(pixel_sky(fit.fitted_copy), pixel_sky(product)).mean(axis=0)
    assert moved == pytest.approx([-error for error in POINTING_ERROR_MAS], abs=2.0)
    assert np.hypot(fit.dx_pix, fit.dy_pix) * 128.25 == pytest.approx(360.6, abs=3.0)
    assert product.read_bytes() == before
    assert wrong.status is FitStatus.FAILED
    assert wrong.reason == "TweakReg found no fit: its shift is not a number"
    assert wrong.rms_ra_mas is None


@pytest.mark.slow
def test_products_of_an_expanding_catalogue_are_fitted_in_one_call(product, runner, tmp_path):
    other = tmp_path / "ibxl51010_drz.fits"
    other.write_bytes(product.read_bytes())
    fits = TweakReg(runner).fit(
        [product, other],
        write_catalog(tmp_path / "cat"),
        TweakRegSettings(expand_refcat=True),
        tmp_path / "run",
    )
    assert [fit.reason for fit in fits] == [None, None]
    assert fits[0].shift_file == fits[1].shift_file
    assert fits[0].match_file != fits[1].match_file
    moved = moved_mas(pixel_sky(fits[1].fitted_copy), pixel_sky(other)).mean(axis=0)
    assert moved == pytest.approx([-error for error in POINTING_ERROR_MAS], abs=2.0)
