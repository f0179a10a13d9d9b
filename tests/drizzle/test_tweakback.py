import shutil

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.values import FitQuality
from skydb.drizzle.labels import SolutionLabel, label
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakback import TweakBack, TweakBackJob
from skydb.drizzle.tweakreg import PROPOSED_NAME, TweakReg
from skydb.errors import ToolSilentFailureError, UsageError
from tests.drizzle.conftest import POINTING_ERROR_MAS
from tests.drizzle.exposures import (
    WCS_NAME,
    Exposure,
    header_wcs,
    moved_mas,
    pixel_sky,
    write_catalog,
    write_exposure,
)

QUALITY = FitQuality(20, 3.6, 7.2, "rscale")
SOLUTION = SolutionLabel.aligned_to(f"{WCS_NAME}-FIT_SKYDB_gaia", "gaia", QUALITY)


class IdleRunner(DrizzlepacRunner):
    """Ends well and does nothing, or renames the WCS only."""

    def __init__(self, rename=False):
        super().__init__()
        self.rename = rename

    def run(self, task, request, scratch):
        for job in request["jobs"]:
            for name in job["exposures"] if self.rename else ():
                path = scratch / job["directory"] / name
                fits.setval(path, "WCSNAME", value=job["output_name"], extname="SCI")
        return {}


@pytest.fixture
def exposure(tmp_path):
    return write_exposure(tmp_path, Exposure("ibxl50aaq", (0, 0), 1.0))


@pytest.fixture
def fitted(tmp_path):
    """A product with a fit as primary and the original WCS as alternate A."""
    before, header = header_wcs((0, 0)), header_wcs((0, 0), (100.0, 0.0))
    for card in ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        header[f"{card}A"] = before[card]
    header["WCSNAMEA"], header["WCSNAME"] = WCS_NAME, PROPOSED_NAME
    path = tmp_path / "ibxl50010_drz.fits"
    image = fits.ImageHDU(np.zeros((4, 4)), header, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    return path


def carry(runner, fitted, exposures, tmp_path, original=WCS_NAME):
    job = TweakBackJob(fitted, tuple(exposures), original, SOLUTION)
    TweakBack(runner).carry_all([job], tmp_path / "run")


def test_the_name_in_force_is_refused_because_it_would_move_nothing(fitted, exposure, tmp_path):
    with pytest.raises(UsageError, match="would move nothing"):
        carry(IdleRunner(), fitted, [exposure], tmp_path, original=PROPOSED_NAME)


def test_a_name_that_is_not_there_is_refused_with_those_that_are(fitted, exposure, tmp_path):
    with pytest.raises(UsageError, match=rf"no alternate WCS named 'TWEAK'\. .*{WCS_NAME}"):
        carry(IdleRunner(), fitted, [exposure], tmp_path, original="TWEAK")


def test_an_original_that_equals_the_fit_is_refused(fitted, exposure, tmp_path):
    with fits.open(fitted, "update") as hdus:
        hdus["SCI"].header["CRVAL1A"] = hdus["SCI"].header["CRVAL1"]
    with pytest.raises(UsageError, match="nothing to carry"):
        carry(IdleRunner(), fitted, [exposure], tmp_path)


def test_a_name_that_the_exposure_has_already_is_refused(fitted, exposure, tmp_path):
    fits.setval(exposure, "WCSNAME", value=SOLUTION.wcs_name.lower(), extname="SCI")
    with pytest.raises(UsageError, match="already has a WCS named"):
        carry(IdleRunner(), fitted, [exposure], tmp_path)


def test_an_exposure_is_not_moved_twice_and_not_never(fitted, exposure, tmp_path):
    with pytest.raises(UsageError, match="moved twice"):
        carry(IdleRunner(), fitted, [exposure, exposure], tmp_path)
    with pytest.raises(UsageError, match="no exposure"):
        carry(IdleRunner(), fitted, [], tmp_path)


@pytest.mark.parametrize(("rename", "what"), [(False, "as it was"), (True, "renamed the WCS")])
def test_a_tweakback_that_does_nothing_is_found_out(fitted, exposure, tmp_path, rename, what):
    before = exposure.read_bytes()
    with pytest.raises(ToolSilentFailureError, match=what):
        carry(IdleRunner(rename), fitted, [exposure], tmp_path)
    assert exposure.read_bytes() == before


@pytest.mark.slow
def test_the_fit_of_a_product_moves_its_exposures_to_where_they_truly_are(
    product, visit, runner, tmp_path
):
    (fit,) = TweakReg(runner).fit(
        [product], write_catalog(tmp_path / "cat"), TweakRegSettings(), tmp_path / "fit"
    )
    copies = [shutil.copy(exposure.path, tmp_path) for exposure in visit]
    copies = [tmp_path / exposure.path.name for exposure in visit]
    before = [pixel_sky(copy) for copy in copies]
    quality = FitQuality(fit.nmatches, fit.rms_ra_mas, fit.rms_dec_mas, fit.fit_geometry)
    said = SolutionLabel(SOLUTION.wcs_name, SOLUTION.wcs_type, quality)
    job = TweakBackJob(fit.fitted_copy, tuple(copies), fit.original_wcs_name, said)
    TweakBack(runner).carry_all([job], tmp_path / "back")
    for copy, was in zip(copies, before, strict=True):
        left = moved_mas(pixel_sky(copy), was) + POINTING_ERROR_MAS
        assert np.abs(left.mean(axis=0)).max() < 1.5
        assert np.abs(left).max() < 4.0
        header = fits.getheader(copy, "SCI")
        assert header["WCSNAME"] == SOLUTION.wcs_name
        assert header["NMATCHES"] == fit.nmatches
        assert header["RMS_RA"] == fit.rms_ra_mas
        assert header["CRDER1"] == pytest.approx(fit.rms_ra_mas / 3.6e6)
        assert header["WCSNAMEA"] == WCS_NAME
        assert header["HDRNAMEA"] == "old_headerlet-hlet.fits"
        assert "HDRNAME" not in header
    label(fit.fitted_copy, SOLUTION, previous=PROPOSED_NAME)
    assert fits.getheader(fit.fitted_copy, "SCI")["WCSNAME"] == SOLUTION.wcs_name
