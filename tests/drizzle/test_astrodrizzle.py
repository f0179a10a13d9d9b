from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod, SkyUnit
from skydb.drizzle.astrodrizzle import AstroDrizzle, ProductJob
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import ToolSilentFailureError, UsageError
from tests.drizzle.exposures import Exposure, write_exposure

HOOK = Path(__file__).parent / "without_flat_polygons"


class SilentRunner(DrizzlepacRunner):
    """Ends well and makes nothing, or a mosaic without a sky."""

    def __init__(self, makes=()):
        super().__init__()
        self.makes = makes

    def run(self, task, request, scratch):
        for name in self.makes:
            fits.PrimaryHDU().writeto(scratch / request["jobs"][0]["directory"] / name)
        return {"jobs": [{"sky_calls": []}], "versions": {}}


def drizzle(runner, exposures, method, scratch, **options):
    inputs = [exposure.path for exposure in exposures]
    return AstroDrizzle(runner).drizzle(
        inputs, method, AstroDrizzleSettings(**options), scratch, "mosaic"
    )


def test_a_run_without_a_mosaic_is_a_silent_failure(mosaic_field, tmp_path):
    with pytest.raises(ToolSilentFailureError, match="made 0 files as science image"):
        drizzle(SilentRunner(), mosaic_field, SkyMethod.MATCH, tmp_path)


def test_of_one_exposure_it_is_said_that_there_is_nothing_to_match(mosaic_field, tmp_path):
    runner = SilentRunner(["mosaic_drz_sci.fits", "mosaic_drz_wht.fits"])
    with pytest.raises(ToolSilentFailureError, match="computed no sky") as failed:
        drizzle(runner, mosaic_field[:1], SkyMethod.MATCH, tmp_path)
    assert failed.value.advice == "match compares exposures, and there is one: use localmin."
    with pytest.raises(ToolSilentFailureError, match="computed no sky") as failed:
        drizzle(runner, mosaic_field[:1], SkyMethod.LOCALMIN, tmp_path / "other")
    assert not failed.value.advice


def test_a_mosaic_without_skies_is_a_silent_failure(mosaic_field, tmp_path):
    runner = SilentRunner(["mosaic_drz_sci.fits", "mosaic_drz_wht.fits"])
    with pytest.raises(ToolSilentFailureError, match="computed no sky"):
        drizzle(runner, mosaic_field, SkyMethod.MATCH, tmp_path)


def test_what_makes_no_sense_is_refused(mosaic_field, tmp_path):
    with pytest.raises(UsageError, match="no exposure"):
        drizzle(SilentRunner(), [], SkyMethod.MATCH, tmp_path)
    with pytest.raises(UsageError, match="skyuser=MYSKY only with skysub=False"):
        extra = {"skyuser": "MYSKY"}
        drizzle(SilentRunner(), mosaic_field, SkyMethod.MATCH, tmp_path, extra=extra)
    with pytest.raises(UsageError, match="Several inputs are called ibxl50aaq_flt"):
        drizzle(SilentRunner(), mosaic_field[:1] * 2, SkyMethod.MATCH, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("method", COMPUTED_METHODS)
def test_every_method_gives_the_sky_that_was_put_in(mosaic_field, runner, tmp_path, method):
    pristine = [exposure.path.read_bytes() for exposure in mosaic_field]
    outcome = drizzle(runner, mosaic_field, method, tmp_path)
    truth = np.array([exposure.sky for exposure in mosaic_field])
    expected = {
        SkyMethod.LOCALMIN: truth,
        SkyMethod.MATCH: truth - truth.min(),
        SkyMethod.GLOBALMIN_MATCH: truth,
        SkyMethod.GLOBALMIN: np.full(4, truth.min()),
    }[method]
    assert [sky.mdrizsky for sky in outcome.skies] == pytest.approx(list(expected), abs=0.002)
    assert {sky.unit for sky in outcome.skies} == {SkyUnit.ELECTRON_PER_S}
    assert outcome.requested_method is outcome.effective_method is method
    assert not outcome.is_downgraded
    assert outcome.disagreements == outcome.unmatched == ()
    assert outcome.versions["drizzlepac"].startswith("3.")
    assert fits.getdata(outcome.science).shape == fits.getdata(outcome.weight).shape
    assert [exposure.path.read_bytes() for exposure in mosaic_field] == pristine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("requested", "ran"),
    [
        (SkyMethod.MATCH, SkyMethod.LOCALMIN),
        (SkyMethod.GLOBALMIN_MATCH, SkyMethod.GLOBALMIN),
    ],
)
def test_a_spherical_geometry_that_lacks_a_method_downgrades_the_sky_and_it_shows(
    mosaic_field, runner, tmp_path, monkeypatch, requested, ran
):
    monkeypatch.setenv("PYTHONPATH", str(HOOK))
    outcome = drizzle(runner, mosaic_field[:2], requested, tmp_path)
    assert outcome.requested_method is requested
    assert outcome.effective_method is ran
    assert outcome.is_downgraded
    assert "no attribute 'iter_polygons_flat'" in outcome.downgrade_reason
    expected = [1.2, 0.8] if ran is SkyMethod.LOCALMIN else [0.8, 0.8]
    assert [sky.mdrizsky for sky in outcome.skies] == pytest.approx(expected, abs=0.002)
    # drizzlepac used these values but, after the failure, did not write them to the exposures.
    assert len(outcome.disagreements) == 2
    assert all("MDRIZSKY None on disk" in told for told in outcome.disagreements)


@pytest.mark.slow
def test_an_exposure_that_overlaps_nothing_is_named_and_has_no_stale_sky(
    mosaic_field, runner, tmp_path
):
    alone = Exposure("ibxl52zzq", (200.0, 0.0), 2.0)
    write_exposure(tmp_path, alone)
    outcome = drizzle(runner, [*mosaic_field[:2], alone], SkyMethod.MATCH, tmp_path / "run")
    assert outcome.unmatched == ("ibxl52zzq_flt.fits",)
    assert outcome.skies[-1].mdrizsky is None
    assert outcome.disagreements == ()


@pytest.mark.slow
def test_many_products_are_made_in_one_subprocess(mosaic_field, runner, tmp_path):
    paths = [exposure.path for exposure in mosaic_field]
    settings = AstroDrizzleSettings.pipeline(skysub=False)
    jobs = [
        ProductJob(tuple(paths[:2]), "ibxl50010", settings),
        ProductJob(tuple(paths[2:]), "ibxl51010", settings),
    ]
    products = AstroDrizzle(runner).make_products(jobs, tmp_path)
    assert [product.name for product in products] == ["ibxl50010_drz.fits", "ibxl51010_drz.fits"]
    with fits.open(products[0]) as hdus:
        assert {"SCI", "WHT"} <= {hdu.name for hdu in hdus}
        assert hdus[0].header["D001DATA"] == "ibxl50aaq_flt.fits[sci,1]"
        assert hdus["SCI"].header["WCSNAME"] == "IDC_w3m18525i"
