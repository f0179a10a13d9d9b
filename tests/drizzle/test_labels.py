import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.values import FitQuality
from skydb.drizzle.labels import SolutionLabel, keep_description, label, write_label
from skydb.errors import UsageError
from tests.drizzle.exposures import header_wcs

QUALITY = FitQuality(18, 3.6, 7.2, "rscale")
SOLUTION = SolutionLabel.aligned_to("IDC_w3m18525i-FIT_SKYDB_gaia", "gaia", QUALITY)


def tool_header():
    header = header_wcs((0, 0))
    header.update(WCSNAME="TMP", NMATCH=18, RMS_RA=1e-9, RMS_DEC=2e-9, FITNAME="TMP", CRDER1=9.0)
    return header


def test_the_label_has_the_units_and_comments_of_the_archive():
    header = tool_header()
    write_label(header, SOLUTION)
    assert header["WCSNAME"] == "IDC_w3m18525i-FIT_SKYDB_gaia"
    assert header["WCSTYPE"] == "undistorted a posteriori solution aligned by skydb to gaia"
    assert (header["RMS_RA"], header["RMS_DEC"], header["NMATCHES"]) == (3.6, 7.2, 18)
    assert header.comments["RMS_RA"] == "RMS in RA of WCS fit(mas)"
    assert (header["CRDER1"], header["CRDER2"]) == pytest.approx((1e-6, 2e-6))
    assert header["FITGEOM"] == "rscale"
    assert not {"NMATCH", "FITNAME", "HDRNAME"} & set(header)


def test_what_is_unknown_is_left_out_and_not_written_as_minus_one():
    header = tool_header()
    write_label(header, SolutionLabel("IDC_x-FIT_SKYDB_a", "fitted", FitQuality()))
    assert not {"NMATCHES", "RMS_RA", "RMS_DEC", "CRDER1", "CRDER2", "FITGEOM"} & set(header)


def test_the_archived_wcs_keeps_its_type_and_headerlet():
    before, after = header_wcs((0, 0)), tool_header()
    after["WCSNAMEB"], after["CRVAL1B"] = before["WCSNAME"], 85.0
    keep_description(before, after, before["WCSNAME"])
    assert after["HDRNAMEB"] == "old_headerlet-hlet.fits"
    assert after["WCSTYPEB"] == "undistorted not aligned"
    untouched = tool_header()
    keep_description(before, untouched, before["WCSNAME"])
    assert untouched == tool_header()


def write(tmp_path, header):
    path = tmp_path / "a_drz.fits"
    ids = fits.Column("WCS_ID", "40A", array=np.array(["OPUS", "TMP"]))
    history = fits.BinTableHDU.from_columns([ids], name="WCSCORR")
    image = fits.ImageHDU(np.zeros((2, 2)), header, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), image, history]).writeto(path)
    return path


def test_a_product_is_labelled_in_its_header_and_its_history(tmp_path):
    path = write(tmp_path, tool_header())
    label(path, SOLUTION, previous="TMP")
    with fits.open(path) as hdus:
        assert hdus["SCI"].header["WCSNAME"] == SOLUTION.wcs_name
        assert list(hdus["WCSCORR"].data["WCS_ID"]) == ["OPUS", SOLUTION.wcs_name]


def test_another_primary_than_the_fit_is_not_labelled(tmp_path):
    path = write(tmp_path, header_wcs((0, 0)))
    with pytest.raises(UsageError, match="expected 'TMP'"):
        label(path, SOLUTION, previous="TMP")


def test_a_name_that_is_taken_is_refused(tmp_path):
    header = tool_header()
    header["WCSNAMEA"], header["CRVAL1A"] = SOLUTION.wcs_name, 85.0
    with pytest.raises(UsageError, match="already has an alternate"):
        label(write(tmp_path, header), SOLUTION, previous="TMP")


def test_a_name_that_no_header_can_hold_is_refused():
    with pytest.raises(UsageError, match="40 characters"):
        SolutionLabel("x" * 41, "", FitQuality())
