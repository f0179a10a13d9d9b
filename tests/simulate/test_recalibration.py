"""Headers of a later processing."""

from datetime import date

import numpy as np
import pytest
from astropy.io import fits

from skydb.simulate.distortion import WFC1_SIP
from skydb.simulate.geometry import LinearWcs, attitude, pointing_error, unit_vector
from skydb.simulate.recalibration import (
    Recalibration,
    newer_cards,
    newer_version,
    reference_name,
)

WHERE = pytest.mark.parametrize("dec_deg", [-2.5, 60.0, -89.0])


@pytest.fixture
def recalibrated(field, tmp_path):
    """(headers and data before, after) of the first exposure, turned by 0.1 degrees."""
    directory, truth, _ = field
    exposure = truth.exposures[0]
    turn = pointing_error(attitude(*exposure.chips[0].crval, 0.0), 0.0, 360.0, 0.0)
    Recalibration(1.25, turn).write(directory / exposure.path, tmp_path / exposure.path)
    with (
        fits.open(directory / exposure.path, memmap=False) as before,
        fits.open(tmp_path / exposure.path, memmap=False) as after,
    ):
        yield before, after


@WHERE
def test_a_turned_wcs_sends_every_pixel_where_the_rotation_takes_it(dec_deg):
    wcs = LinearWcs((64.0, 32.0), (359.999, dec_deg), (-1e-5, 8e-6, 7e-6, 1.2e-5))
    turn = pointing_error(attitude(10.0, dec_deg, 0.0), 2.0, -1.0, 0.3)
    x, y = np.meshgrid(np.linspace(1, 128, 4), np.linspace(1, 64, 3))
    before = unit_vector(*wcs.pixel_to_sky(x, y, WFC1_SIP))
    after = unit_vector(*wcs.turned(turn).pixel_to_sky(x, y, WFC1_SIP))
    np.testing.assert_allclose(after, before @ turn.T, atol=1e-15)


def test_the_name_of_a_reference_file_tells_its_day():
    assert reference_name(date(2012, 3, 22), "i")[:3] == "w3m"
    assert reference_name(date(2020, 11, 11), "j") == "4bb15360j"
    assert reference_name(date(2015, 10, 31), "i")[:3] == "zav"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3.7.1 (Oct-18-2023)", "3.7.2 (May-13-2024)"),
        ("10.3.9 (08-Feb-2022)", "10.3.10 (13-May-2024)"),
    ],
)
def test_a_newer_version_is_written_as_the_old_one(old, new):
    assert newer_version(old, date(2024, 5, 13)) == new


def test_a_version_of_another_program_is_refused():
    with pytest.raises(ValueError, match="HSTDP"):
        newer_version("HSTDP 2023_3", date(2024, 5, 13))


def test_every_version_of_the_next_processing_is_newer(recalibrated):
    before, after = (hdus[0].header for hdus in recalibrated)
    assert after["DATE"] == "2024-06-12" > before["DATE"]
    assert after["PROCTIME"] > before["PROCTIME"]
    assert after["OPUS_VER"] == "HSTDP 2024_2" > before["OPUS_VER"]
    assert after["CSYS_VER"] > before["CSYS_VER"]
    assert after["CRDS_CTX"] > before["CRDS_CTX"]
    assert after["CAL_VER"] != before["CAL_VER"]
    directory, _, table = after["IDCTAB"].partition("$")
    assert before["IDCTAB"].startswith(f"{directory}$")
    assert table[:3] == "85d"
    assert after["ROOTNAME"] == before["ROOTNAME"]


def test_a_processing_after_that_is_newer_again(recalibrated):
    _, after = recalibrated
    again = newer_cards(after[0].header)
    assert again["DATE"] == "2024-12-09"
    assert again["IDCTAB"] != after[0].header["IDCTAB"]
    assert again["OPUS_VER"] == "HSTDP 2024_4"


def test_names_of_solutions_follow_the_table(recalibrated):
    before, after = recalibrated
    old, new = (hdus[0].header["IDCTAB"][5:-9] for hdus in recalibrated)
    for hdu in after[1:]:
        header = hdu.header
        assert header["WCSNAME"] == before[hdu.name, hdu.ver].header["WCSNAME"].replace(old, new)
        assert new in header["WCSNAME"]
        if hdu.name == "SCI":
            assert header["WCSNAMEA"] == f"IDC_{new}"
            assert header["WCSNAMEO"] == "OPUS"
            assert new in header["HDRNAME"]
    assert after[0].header["SIPNAME"].endswith(new)
    assert new in after[0].header["DISTNAME"]


def test_pixels_and_what_is_said_of_them_are_multiplied(recalibrated):
    before, after = recalibrated
    for hdu in after[1:]:
        original = before[hdu.name, hdu.ver]
        factor = 1.25 if hdu.name in ("SCI", "ERR") else 1
        assert hdu.data.dtype == original.data.dtype
        np.testing.assert_allclose(hdu.data, factor * original.data, rtol=1e-6)
    for card in ("GOODMEAN", "MDRIZSKY"):
        assert after["SCI"].header[card] == pytest.approx(1.25 * before["SCI"].header[card])


def test_the_telescope_s_own_solution_stays_and_the_others_move(recalibrated):
    before, after = (hdus["SCI"].header for hdus in recalibrated)
    assert after["CRVAL2O"] == before["CRVAL2O"]
    for card in ("CRVAL2", "CRVAL2A", "DEC_APER"):
        assert after[card] - before[card] == pytest.approx(0.1, abs=1e-6)
    old, new = (np.array(h["S_REGION"].split()[2:], dtype=float) for h in (before, after))
    np.testing.assert_allclose((new - old)[1::2], 0.1, atol=1e-6)
    assert after["ORIENTAT"] == pytest.approx(before["ORIENTAT"], abs=1e-3)


def test_distortion_polynomials_are_kept(recalibrated):
    before, after = (hdus["SCI"].header for hdus in recalibrated)
    for card in ("A_ORDER", "A_2_0", "B_0_2", "CRPIX1", "IDCSCALE"):
        assert after[card] == before[card]
