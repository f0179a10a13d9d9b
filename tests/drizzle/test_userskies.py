"""Skies in the headers of exposures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.userskies import UserSkies
from skydb.errors import FileRejectedError

MINE = UserSkies(SkyMethod.USER, "keyword MYSKY", "MYSKY")


def _file(directory: Path, sky: object) -> Path:
    chip = fits.ImageHDU(np.ones((2, 2), np.float32), name="SCI", ver=1)
    chip.header["MYSKY"] = sky
    fits.HDUList([fits.PrimaryHDU(), chip]).writeto(directory / "a_flt.fits")
    return directory / "a_flt.fits"


@pytest.mark.parametrize("sky", [1.5, -0.25, 0, 9e5])
def test_a_sky_is_the_number_of_its_keyword(tmp_path: Path, sky: float) -> None:
    assert MINE.values([_file(tmp_path, sky)]) == {("a_flt.fits", 1): sky}


@pytest.mark.parametrize("sky", [1e30, -2e6, "1.5", True])
def test_a_value_that_no_sky_has_is_refused(tmp_path: Path, sky: object) -> None:
    with pytest.raises(FileRejectedError, match="as MYSKY in the header of image 1"):
        MINE.values([_file(tmp_path, sky)])
