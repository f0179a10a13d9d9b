"""WFPC2 through the real AstroDrizzle, with its flags in another file."""

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod, SkyUnit
from skydb.drizzle.astrodrizzle import AstroDrizzle
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import NotFoundError
from tests.files.wfpc2_builder import BAD, NOISE, SKY, write_wfpc2


def drizzle(path, scratch):
    runner = DrizzlepacRunner(timeout_s=300)
    return AstroDrizzle(runner).drizzle(
        [path], SkyMethod.LOCALMIN, AstroDrizzleSettings(), scratch, "mosaic"
    )


@pytest.mark.slow
def test_flagged_pixels_are_neither_sky_nor_mosaic(tmp_path):
    path = write_wfpc2(tmp_path / "data")
    flags = path.with_name("u2eb0101t_c1m.fits").read_bytes()
    outcome = drizzle(path, tmp_path / "run")
    (sky,) = outcome.skies
    assert (sky.mdrizsky, sky.unit) == (pytest.approx(SKY, abs=0.01), SkyUnit.COUNT)
    weight, science = fits.getdata(outcome.weight), fits.getdata(outcome.science)
    assert outcome.science.name == "mosaic_drw_sci.fits"
    assert (weight > 0).any()
    # In electrons per second of a gain of some 7, less what the sky leaves.
    assert np.abs(science[weight > 0]).max() < 10 * NOISE < 0.1 * BAD
    assert path.with_name("u2eb0101t_c1m.fits").read_bytes() == flags


def test_without_its_flags_an_exposure_is_not_drizzled(tmp_path):
    path = write_wfpc2(tmp_path / "data", with_flags=False)
    with pytest.raises(NotFoundError, match="Fetch it too"):
        drizzle(path, tmp_path / "run")
