"""Reading what TweakReg logged."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.files.alignmentlog import LoggedAlignment, read_tweakreg_log

START = "[INFO    ] TweakReg Version 1.4.7(18-April-2018) started at: 14:15:02.73 (30/04/2019) "
GOOD = """
Performing fit for: a_drz.fits
Found 15 matches for a_drz.fits...
Computed  rscale  fit for  a_drz.fits :
XSH: -0.2993  YSH: -0.3612    ROT: 359.9784605    SCALE: 1.000313
XRMS: 0.13    YRMS: 0.15
RMS_RA: 5.8e-06 (deg)   RMS_DEC: 4.1e-06 (deg)
Final solution based on  14  objects.
....Updating header for a_drz.fits...
"""
FAILED = """
Performing fit for: b_drz.fits
# Not enough matches (< 5) found for input image: b_drz.fits         #
"""


@pytest.fixture
def read(tmp_path: Path):
    def of(*parts: str) -> list[LoggedAlignment]:
        lines = [f"[INFO    ] {line}" for part in parts for line in part.strip().splitlines()]
        path = tmp_path / "tweakreg.log"
        path.write_text("\n".join([START, *lines]) + "\n")
        return read_tweakreg_log(path)

    return of


def test_a_fit_is_read_with_its_rms_in_mas_and_its_angle_signed(read):
    (run,) = read(GOOD)
    (fit,) = run.fits
    assert (fit.product, fit.fit_geometry, fit.matches_found, fit.nmatches) == (
        "a_drz.fits",
        "rscale",
        15,
        14,
    )
    assert (fit.dx_pix, fit.dy_pix, fit.scale) == (-0.2993, -0.3612, 1.000313)
    assert fit.rotation_deg == pytest.approx(-0.0215395)
    assert (fit.rms_ra_mas, fit.rms_dec_mas) == pytest.approx((20.88, 14.76))
    assert fit.is_fitted
    assert fit.header_updated


def test_a_failed_fit_has_a_reason_and_no_numbers(read):
    (run,) = read(GOOD, FAILED)
    fit = run.fits[1]
    assert not fit.is_fitted
    assert "Not enough matches" in str(fit.failure)
    assert (fit.dx_pix, fit.rms_ra_mas, fit.nmatches) == (None, None, None)


def test_a_fit_that_was_begun_and_never_printed_has_failed(read):
    (run,) = read("Performing fit for: c_drz.fits")
    assert run.fits[0].failure == "the log prints no fit"


def test_an_rms_in_an_unknown_unit_is_reported_and_not_guessed(read):
    (run,) = read(GOOD.replace("(deg)   RMS", "(furlong)   RMS"))
    assert run.fits[0].rms_ra_mas is None
    assert "furlong" in run.problems[0].text


def test_the_real_runs_of_2019_one_aligned_and_one_failed(test_data: Path):
    logs = test_data / "horsehead_runs"
    (aligned,) = read_tweakreg_log(logs / "2019-04-30" / "tweakreg.log")
    (failed,) = read_tweakreg_log(logs / "2019-05-15" / "tweakreg.log")
    assert [fit.is_fitted for fit in aligned.fits] == [True] * 8
    assert [fit.is_fitted for fit in failed.fits] == [False] * 8
    assert aligned.reference == "ibxl54030_drz.fits"
    assert aligned.parameters["matching sources"]["searchrad"] == "3.0"
    assert failed.problems == aligned.problems == []
