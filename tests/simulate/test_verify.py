"""Measured against truth."""

import shutil

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import (
    NotFoundError,
    NotHstImageError,
    ParseError,
    UnreadableFileError,
    UsageError,
)
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import pointing_error_mas, sky_error


def true_skies(truth):
    return {
        (exposure.rootname, chip.extver): exposure.sky
        for exposure in truth.exposures
        for chip in exposure.chips
    }


def test_the_header_is_off_by_the_recorded_pointing_error(field):
    directory, truth, _ = field
    for exposure in truth.exposures:
        worst = pointing_error_mas(truth, exposure.rootname, directory / exposure.path)
        recorded = exposure.pointing_error_arcsec * 1000
        roll_mas = abs(exposure.roll_error_deg) * 20 / 57.3 * 1000
        assert worst == pytest.approx(recorded, abs=roll_mas + 0.01)


def test_the_true_wcs_is_no_pointing_error(field, tmp_path):
    directory, truth, _ = field
    exposure = truth.exposures[0]
    path = shutil.copy(directory / exposure.path, tmp_path)
    with fits.open(path, mode="update") as hdus:
        for chip in exposure.chips:
            header = hdus["SCI", chip.extver].header
            header["CRVAL1"], header["CRVAL2"] = chip.crval
            header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = chip.cd
    assert pointing_error_mas(truth, exposure.rootname, path) < 1e-4


def test_an_error_of_one_chip_is_seen(field, tmp_path):
    directory, truth, _ = field
    exposure = truth.exposures[0]
    before = pointing_error_mas(truth, exposure.rootname, directory / exposure.path)
    path = shutil.copy(directory / exposure.path, tmp_path)
    fits.setval(path, "CRVAL2", value=exposure.chips[-1].crval[1] + 2 / 3600,
                ext=("SCI", exposure.chips[-1].extver))  # fmt: skip
    assert pointing_error_mas(truth, exposure.rootname, path) > before + 1000


def test_true_skies_have_no_error(field):
    _, truth, _ = field
    error = sky_error(truth, true_skies(truth), relative=False)
    assert error.rms == error.worst == 0.0
    assert error.unit is truth.exposures[0].sky_unit


@given(offset=st.floats(-100, 100))
def test_a_common_offset_is_forgiven_only_in_relative_values(offset):
    truth = FieldTruth.from_json(MINIMAL)
    values = {key: sky + offset for key, sky in true_skies(truth).items()}
    assert sky_error(truth, values, relative=True).worst < 1e-12 + 1e-14 * abs(offset)
    assert sky_error(truth, values, relative=False).rms == pytest.approx(abs(offset), abs=1e-12)


def test_rms_and_worst_are_those_of_the_differences():
    truth = FieldTruth.from_json(MINIMAL)
    values = {("ibxl50clq", 1): 1.0, ("ibxl50cqq", 1): 2.3}
    error = sky_error(truth, values, relative=False)
    assert error.rms == pytest.approx((0.09 / 2) ** 0.5)
    assert error.worst == pytest.approx(0.3)


def test_values_of_strangers_and_no_values_are_refused(field):
    _, truth, _ = field
    with pytest.raises(NotFoundError, match="ibxl99zzq"):
        sky_error(truth, {("ibxl99zzq", 1): 1.0}, relative=False)
    with pytest.raises(UsageError, match="no sky values"):
        sky_error(truth, {}, relative=True)


def test_a_file_without_its_chips_is_refused(field, tmp_path):
    _, truth, _ = field
    rootname = truth.exposures[0].rootname
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    (tmp_path / "text.fits").write_text("no FITS")
    with pytest.raises(NotHstImageError, match="SCI,1"):
        pointing_error_mas(truth, rootname, tmp_path / "empty.fits")
    with pytest.raises(UnreadableFileError, match=r"text\.fits"):
        pointing_error_mas(truth, rootname, tmp_path / "text.fits")


def test_a_missing_or_broken_truth_is_explained(tmp_path):
    with pytest.raises(NotFoundError, match="skydb simulate"):
        FieldTruth.load(tmp_path)
    (tmp_path / "truth.json").write_text('{"field": "x"}')
    with pytest.raises(ParseError, match="not the truth of a field"):
        FieldTruth.load(tmp_path)


def _exposure(rootname, sky):
    chip = {"extver": 1, "ccdchip": 1, "naxis": [64, 64], "crpix": [32.0, 32.0]}
    return {
        "rootname": rootname, "path": f"{rootname}_flt.fits", "visit": "50", "island": 0,
        "epoch": 2012.8, "sky": sky, "sky_unit": "electron/s", "pointing_error_arcsec": 0.1,
        "dx_arcsec": 0.1, "dy_arcsec": 0.0, "roll_error_deg": 0.0,
        "chips": [{**chip, "crval": [85.0, -2.0], "cd": [1e-5, 0.0, 0.0, 1e-5]}],
    }  # fmt: skip


MINIMAL = {
    "field": "X", "seed": 1, "detector": "IR", "filter": "F160W", "epoch": 2012.8,
    "catalog": "gaia.ecsv", "refcat": "refcat.ecsv", "stars": "stars.ecsv",
    "exposures": [_exposure("ibxl50clq", 1.0), _exposure("ibxl50cqq", 2.0)],
    "visits": [], "products": [],
}  # fmt: skip
