"""Own WCS arithmetic against astropy's, attitudes and chips."""

import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skydb.simulate.detectors import detector
from skydb.simulate.geometry import (
    attitude,
    offset_attitude,
    pointing_error,
    sky_position,
    tangent_basis,
    unit_vector,
)
from skydb.simulate.plan import SimDetector

BOTH = pytest.mark.parametrize("name", list(SimDetector))
TWO_CHIPS = pytest.mark.parametrize("name", [SimDetector.UVIS, SimDetector.WFC], ids=str)
DATA = Path(os.environ.get("SKYDB_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def as_header(wcs, sip):
    header = fits.Header({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"})
    header["CRPIX1"], header["CRPIX2"] = wcs.crpix
    header["CRVAL1"], header["CRVAL2"] = wcs.crval
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = wcs.cd
    for letter, terms in (("A", sip.a), ("B", sip.b)):
        header[f"{letter}_ORDER"] = sip.order
        for (p, q), value in terms.items():
            header[f"{letter}_{p}_{q}"] = value
    return header


def grid(chip, count=7):
    nx, ny = chip.naxis
    x, y = np.meshgrid(np.linspace(1, nx, count), np.linspace(1, ny, count))
    return x.ravel(), y.ravel()


@BOTH
def test_pixels_go_to_the_sky_as_astropy_sends_them(name):
    for chip in detector(name).chips:
        wcs = chip.wcs(attitude(359.999, 60.0, 77.0))
        x, y = grid(chip)
        ra, dec = wcs.pixel_to_sky(x, y, chip.sip)
        expected = WCS(as_header(wcs, chip.sip)).all_pix2world(x, y, 1)
        chords = np.linalg.norm(unit_vector(ra, dec) - unit_vector(*expected), axis=1)
        assert chords.max() < 1e-13


@BOTH
def test_the_sky_comes_back_to_the_same_pixels(name):
    for chip in detector(name).chips:
        wcs = chip.wcs(attitude(0.001, -30.0, 212.0))
        x, y = grid(chip)
        back = wcs.sky_to_pixel(*wcs.pixel_to_sky(x, y, chip.sip), chip.sip)
        assert np.abs(np.array(back) - (x, y)).max() < 1e-7


def test_a_position_behind_the_tangent_plane_has_no_pixel():
    chip = detector(SimDetector.IR).chips[0]
    x, _ = chip.wcs(attitude(10.0, 0.0, 0.0)).sky_to_pixel(
        np.array([190.0]), np.array([0.0]), chip.sip
    )
    assert np.isnan(x).all()


def test_v3_north_means_that_the_instrument_frame_is_the_sky_frame():
    frame = attitude(40.0, 20.0, 0.0)
    east, north = tangent_basis(unit_vector(40.0, 20.0))
    np.testing.assert_allclose(frame, np.column_stack((unit_vector(40.0, 20.0), east, north)))


def test_a_positive_roll_turns_the_position_angle_to_the_east():
    true = attitude(40.0, 20.0, 100.0)
    np.testing.assert_allclose(
        pointing_error(true, 0.0, 0.0, 5.0) @ true, attitude(40.0, 20.0, 105.0), atol=1e-12
    )


def test_a_pointing_error_moves_the_boresight_by_its_components():
    true = attitude(40.0, 60.0, 100.0)
    ra, dec = sky_position((pointing_error(true, 0.3, -0.4, 0.0) @ true)[:, 0])
    assert (ra - 40.0) * 3600 * np.cos(np.radians(60.0)) == pytest.approx(0.3, abs=1e-5)
    assert (dec - 60.0) * 3600 == pytest.approx(-0.4, abs=1e-5)


def test_attitudes_stay_rotations():
    frame = pointing_error(attitude(3.0, 80.0, 10.0), 0.5, 0.1, 0.01) @ attitude(3.0, 80.0, 10.0)
    frame = frame @ offset_attitude(100.0, -30.0)
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-14)


def of_stub(file_name, extensions, key):
    """Header of each chip, by EXTVER, with the solution `key` as its primary one."""
    with fits.open(DATA / file_name) as hdus:
        headers = {extver: hdus[hdu].header.copy() for extver, hdu in extensions.items()}
        for header in headers.values():
            header["PA_V3"] = hdus[0].header["PA_V3"]
            for card in ("CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"):
                header[card] = header[card + key]
    return headers


def of_product(file_name):
    """Header values that a drizzled product keeps of each chip of its first exposure."""
    rows = fits.getdata(DATA / file_name, "HDRTAB")
    return {row["EXTVER"]: row for row in rows[rows["ROOTNAME"] == rows["ROOTNAME"][0]]}


REAL = {
    SimDetector.IR: lambda: of_stub("wfc3_ir_flt_stub.fits", {1: 1}, "A"),
    SimDetector.UVIS: lambda: of_stub("wfc3_uvis_flc_stub.fits", {1: 1, 2: 4}, "A"),
    SimDetector.WFC: lambda: of_product("headers/sample_mvm_drc_b.fits"),
}


@BOTH
def test_chips_have_the_geometry_of_real_headers(name):
    """Turned to the attitude of an archive header, each chip has that header's solution."""
    if not DATA.exists():
        pytest.skip(f"no real headers in {DATA}")
    headers = REAL[name]()
    centres = unit_vector(
        np.array([h["CRVAL1"] for h in headers.values()]),
        np.array([h["CRVAL2"] for h in headers.values()]),
    )
    ra, dec = sky_position(centres.sum(axis=0))
    for chip in detector(name).chips:
        header = headers[chip.extver]
        wcs = chip.wcs(attitude(float(ra), float(dec), header["PA_V3"]), header["VAFACTOR"])
        real_cd = [header[f"CD{i}_{j}"] for i in (1, 2) for j in (1, 2)]
        assert wcs.crval == pytest.approx((header["CRVAL1"], header["CRVAL2"]), abs=2e-10)
        assert wcs.cd == pytest.approx(real_cd, rel=1e-9)
        assert chip.sip.a[1, 1] == header["A_1_1"]
        assert chip.sip.b[0, 4] == header["B_0_4"]
        assert chip.sip.order == header["A_ORDER"] == header["B_ORDER"]


def test_the_wide_field_channel_is_a_rhombus_whose_corners_bulge():
    """Axes 84.9 degrees apart; SIP moves corners by tens of pixels (ACS Data Handbook 4.4)."""
    for chip in detector(SimDetector.WFC).chips:
        cd = np.array(chip.cd_arcsec).reshape(2, 2)
        along_x, along_y = cd.T
        cosine = along_x @ along_y / (np.hypot(*along_x) * np.hypot(*along_y))
        assert 84.0 < np.degrees(np.arccos(abs(cosine))) < 86.5
        u, v = np.array([(-2048.0, -1024.0), (2048, -1024), (-2048, 1024), (2048, 1024)]).T
        x, y = chip.sip.apply(u, v)
        assert 20 < np.hypot(x - u, y - v).max() < 120
        assert max(chip.sip.a) == (5, 0)


@TWO_CHIPS
@pytest.mark.parametrize("size", [None, 256, 1000])
def test_two_chips_are_not_square_and_leave_a_gap(name, size):
    camera = detector(name, size)
    lower, upper = camera.chips
    assert lower.naxis[0] != lower.naxis[1]
    assert lower.ccdchip == 2
    assert upper.ccdchip == 1
    frame = attitude(85.0, -2.0, 212.0)
    below, above = lower.wcs(frame), upper.wcs(frame)
    x, _ = grid(upper)
    edge_of_upper = above.pixel_to_sky(x, np.full_like(x, 0.5), upper.sip)
    _, rows = below.sky_to_pixel(*edge_of_upper, lower.sip)
    gap = rows - (lower.naxis[1] + 0.5)
    assert gap.min() > 0.3 * camera.gap_pix
    assert gap.mean() == pytest.approx(camera.gap_pix, rel=0.4)


@BOTH
def test_a_small_detector_keeps_its_distortion_about_the_centre(name):
    whole, part = detector(name), detector(name, 128)
    for large, small in zip(whole.chips, part.chips, strict=True):
        assert small.crpix == (small.naxis[0] / 2, small.naxis[1] / 2)
        assert small.sip is large.sip
        assert small.cd_arcsec == large.cd_arcsec
