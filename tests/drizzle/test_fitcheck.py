import os
import time

import numpy as np
import pytest
from astropy.io import fits

from skydb.drizzle.fitcheck import FitEvidence, SoundFit, examine
from skydb.drizzle.wcskeys import geometry
from tests.drizzle.exposures import header_wcs

RESIDUALS = np.array([[0.1, -0.2], [-0.1, 0.1], [0.05, 0.15], [-0.05, -0.05]])
COLUMNS = ("X (reference)", "Y (reference)", "X (residual)", "Y (residual)")
SCALE_DEG = 0.1 / 3600


def shift_row(name="a_drz.fits", dx=1.5, dy=-2.0):
    x_rms, y_rms = RESIDUALS.std(axis=0)
    return f"{name} {dx} {dy} 359.9 1.0001 {x_rms:.6f} {y_rms:.6f}\n"


def match_text(image="a_drz.fits", shift="1.5 -2.0", residuals=RESIDUALS):
    head = f"# Input image: {image}\n#    X and Y shift: {shift}\n"
    head += "".join(f"#   Column {n}: {title}\n" for n, title in enumerate(COLUMNS, 1))
    return head + "".join(f"10 20 {x:.6f} {y:.6f}\n" for x, y in residuals)


@pytest.fixture
def evidence(tmp_path):
    """A fit on which everything agrees, for a test to spoil."""
    before = header_wcs((0, 0))
    after = header_wcs((0, 0), (100.0, 50.0))
    for card in ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        after[f"{card}A"] = before[card]
    after["WCSNAMEA"], after["WCSNAME"] = "IDC_w3m18525i", "SKYDB_PROPOSED"
    after["WCSTYPE"], after["NMATCH"] = "user-defined", 4
    product = tmp_path / "a_drz.fits"
    image = fits.ImageHDU(np.zeros((4, 4), "f4"), after, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(product)
    # A reference frame turned by 45 degrees, where TweakReg's own RMS_RA cancels.
    frame = fits.Header()
    turn = SCALE_DEG * np.sqrt(0.5)
    frame["CD1_1"], frame["CD1_2"], frame["CD2_1"], frame["CD2_2"] = -turn, turn, turn, turn
    table = fits.ImageHDU(None, frame, name="WCS")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "shifts_wcs.fits")
    (tmp_path / "shifts.txt").write_text(shift_row())
    (tmp_path / "a_drz_catalog_fit.match").write_text(match_text())
    return FitEvidence(
        product=product,
        shift_file=tmp_path / "shifts.txt",
        reference_wcs=tmp_path / "shifts_wcs.fits",
        match_file=tmp_path / "a_drz_catalog_fit.match",
        started_s=time.time(),
        geometry_before={1: geometry(before)},
        wcs_name_before="IDC_w3m18525i",
        wcs_name_wanted="SKYDB_PROPOSED",
    )


def test_a_fit_on_which_all_witnesses_agree_is_sound(evidence):
    fit = examine(evidence)
    assert isinstance(fit, SoundFit)
    assert fit.row.rotation_deg == pytest.approx(-0.1)
    assert fit.original_wcs_name == "IDC_w3m18525i"
    assert len(fit.matches) == 4


def test_the_rms_on_the_sky_is_turned_with_the_reference_frame(evidence):
    fit = examine(evidence)
    east = ((RESIDUALS[:, 1] - RESIDUALS[:, 0]) * np.sqrt(0.5)).std() * 100.0
    north = ((RESIDUALS[:, 1] + RESIDUALS[:, 0]) * np.sqrt(0.5)).std() * 100.0
    assert fit.rms_mas == pytest.approx((east, north), rel=1e-6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a_drz.fits nan nan nan nan 0.0 0.0\n", "not a number"),
        ("a_drz.fits 0 0 0 1 0 0\n", "all zero"),
        (shift_row("b_drz.fits"), "does not name the product"),
        (shift_row(dx=1.6), "disagree on the shift"),
        (shift_row().replace("0.0", "0.5"), "disagree on the RMS"),
        ("nonsense\n", "cannot be used"),
    ],
)
def test_a_shift_file_that_tells_another_story_is_no_fit(evidence, text, reason):
    evidence.shift_file.write_text(text)
    assert reason in str(examine(evidence))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (match_text(residuals=RESIDUALS[:0]), "no source matches"),
        (match_text(image="b_drz.fits"), "match file is that of 'b_drz.fits'"),
        (match_text() + "10 20 30\n", "cannot be used"),
        (
            match_text(residuals=np.vstack((RESIDUALS, RESIDUALS))),
            "has 4 matches, the match file 8",
        ),
    ],
)
def test_a_match_file_that_tells_another_story_is_no_fit(evidence, text, reason):
    evidence.match_file.write_text(text)
    assert reason in str(examine(evidence))


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"WCSTYPE": "not aligned: reference"}, "WCSTYPE 'not aligned: reference'"),
        ({"WCSNAME": "IDC_w3m18525i"}, "WCSNAME 'IDC_w3m18525i'"),
        ({"NMATCH": 0}, "has 0 matches"),
        (dict(header_wcs((0, 0)), WCSNAME="SKYDB_PROPOSED"), "WCS of the product is unchanged"),
        ({"CRVAL1A": 85.0}, "not among the alternates"),
    ],
)
def test_a_header_that_tells_another_story_is_no_fit(evidence, cards, reason):
    with fits.open(evidence.product, "update") as hdus:
        hdus["SCI"].header.update({**cards, "WCSTYPE": cards.get("WCSTYPE", "user-defined")})
        if reason.startswith("WCS of"):
            hdus["SCI"].header["WCSTYPE"] = "user-defined"
    assert reason in str(examine(evidence))


@pytest.mark.parametrize(("which", "what"), [("shift_file", "shift"), ("match_file", "match")])
def test_a_missing_or_stale_file_is_no_fit(evidence, which, what):
    path = getattr(evidence, which)
    yesterday = time.time() - 86400
    os.utime(path, (yesterday, yesterday))
    assert f"the {what} file is 86400 s older than the fit" in str(examine(evidence))
    path.unlink()
    assert examine(evidence) == f"TweakReg wrote no {what} file"


def test_a_product_that_cannot_be_read_any_more_is_no_fit(evidence):
    evidence.product.write_bytes(b"SIMPLE  = but not FITS")
    assert "cannot be used" in str(examine(evidence))
