"""Reading what TweakReg logged."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.files.logs import LoggedAlignment, read_tweakreg_log
from tests.files.loglines import failed, fitted, tweakreg_log, write_log

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
    assert (fit.product, fit.fit_geometry, fit.nmatches) == ("a_drz.fits", "rscale", 14)
    assert (fit.dx_pix, fit.dy_pix, fit.scale) == (-0.2993, -0.3612, 1.000313)
    assert fit.rotation_deg == -0.0215395
    assert (fit.x_rms_pix, fit.y_rms_pix) == (0.13, 0.15)
    assert fit.printed_rms == "RMS_RA 5.8e-06 deg, RMS_DEC 4.1e-06 deg"
    assert fit.is_fitted
    assert fit.is_written is None


def test_a_failed_fit_has_a_reason_and_no_numbers(read):
    (run,) = read(GOOD, FAILED)
    fit = run.fits[1]
    assert not fit.is_fitted
    assert "Not enough matches" in str(fit.failure)
    assert (fit.dx_pix, fit.printed_rms, fit.nmatches) == (None, None, None)


def test_a_fit_that_was_begun_and_never_printed_has_failed(read):
    (run,) = read("Performing fit for: c_drz.fits", FAILED)
    assert run.fits[0].failure == "the log contains no fit"


def test_a_fit_in_which_the_log_ends_has_not_failed(read):
    (run,) = read(GOOD, "Performing fit for: c_drz.fits")
    assert [fit.product for fit in run.fits] == ["a_drz.fits"]
    assert run.unfinished == "c_drz.fits"
    assert run.is_cut


def test_an_rms_in_an_unknown_unit_is_reported_and_not_guessed(read):
    (run,) = read(GOOD.replace("(deg)   RMS", "(furlong)   RMS"))
    assert run.fits[0].printed_rms is None
    assert "furlong" in run.problems[0].text


NEW = """
Performing fit for: a_drz.fits
Matching sources from 'a_drz.fits' with sources from reference catalog 'gaia.cat'
Found 340 matches for a_drz.fits...
Computed  general  fit for  a_drz.fits :
XSH: -3.0967  YSH: 0.6856    PROPER ROT: 0.004092605936
<ROT>: 0.0041  SKEW: 0.001    ROT_X: 0.004  ROT_Y: 0.005
<SCALE>: 1.000003  SCALE_X: 1.000002  SCALE_Y: 1.000004
FIT XRMS: 0.021      FIT YRMS: 0.03
FIT RMSE: 0.037      FIT MAE: 0.032
RMS_RA: 2.7e-07 (deg)   RMS_DEC: 3e-07 (deg)
Final solution based on  334  objects.
....Updating header for 'a_drz.fits' ...
WCSNAME  :  TWEAK_2
"""


def test_a_fit_is_read_as_drizzlepac_3_prints_it(read):
    (run,) = read(NEW)
    (fit,) = run.fits
    assert (fit.dx_pix, fit.dy_pix, fit.rotation_deg, fit.scale) == (
        *(-3.0967, 0.6856),
        *(0.004092605936, 1.000003),
    )
    assert (fit.x_rms_pix, fit.y_rms_pix, fit.nmatches) == (0.021, 0.03, 334)
    assert fit.is_written is None
    assert (run.reference, run.wcs_names) == ("gaia.cat", {"a_drz.fits": "TWEAK_2"})
    assert run.problems == []


@pytest.mark.parametrize(
    ("updatehdr", "written", "expected"),
    [
        ("True", True, True),
        ("True", False, False),
        ("False", False, False),
        ("1", True, True),
        ("yes", False, False),
        ("0", False, False),
        (None, True, True),
        (None, False, None),
    ],
)
def test_a_header_was_written_only_where_the_log_shows_it(tmp_path, updatehdr, written, expected):
    one = "ibxl50030_drz.fits"
    lines = tweakreg_log(fitted(one, written=written), products=[one], updatehdr=updatehdr)
    (run,) = read_tweakreg_log(write_log(tmp_path / "tweakreg.log", lines))
    assert run.fits[0].is_written is expected


KEPT = """
    Saving Primary WCS to alternate WCS: " "
Updating WCSCORR table with new WCS solution "TWEAK"
"""


@pytest.mark.parametrize("written", [True, False])
def test_the_header_of_the_reference_image_is_not_that_of_the_last_fit(tmp_path, written):
    one = "ibxl50030_drz.fits"
    lines = tweakreg_log(fitted(one, written=written), KEPT, products=[one])
    (run,) = read_tweakreg_log(write_log(tmp_path / "tweakreg.log", lines))
    assert run.fits[0].is_written is written
    assert run.wcs_names == ({one: "TWEAK"} if written else {})


def test_the_header_of_an_image_whose_table_is_made_is_its_own(tmp_path):
    one, two = "ibxl50030_drz.fits", "ibxl51030_drz.fits"
    made = f"Initializing new WCSCORR table for  {two}{KEPT.rstrip()}"
    lines = tweakreg_log(failed(two), fitted(one, written=False), made, products=[one, two])
    (run,) = read_tweakreg_log(write_log(tmp_path / "tweakreg.log", lines))
    assert (run.wcs_names, run.wcs_written) == ({two: "TWEAK"}, {two})


def test_the_updatehdr_of_the_reference_image_means_nothing(tmp_path):
    one = "ibxl50030_drz.fits"
    lines = tweakreg_log(fitted(one), products=[one])
    after = next(n for n, line in enumerate(lines) if "updatehdr" in line) + 1
    title = "finding sources for the reference image (not used)"
    lines[after:after] = [
        f"[INFO    ] USER INPUT PARAMETERS for {title}:",
        "[INFO    ] \tupdatehdr :\tFalse",
    ]
    (run,) = read_tweakreg_log(write_log(tmp_path / "tweakreg.log", lines))
    assert run.updates_headers is True
    assert run.fits[0].is_written is True
    assert run.parameters[title] == {"updatehdr": "False"}


def test_a_fit_of_a_shift_has_neither_rotation_nor_scale(read):
    (run,) = read(GOOD.replace("    ROT: 359.9784605    SCALE: 1.000313", ""))
    (fit,) = run.fits
    assert (fit.dx_pix, fit.rotation_deg, fit.scale) == (-0.2993, None, None)
    assert run.problems == []


def test_the_reference_image_is_no_failed_fit(read):
    (run,) = read(
        "Performing fit for: a_drz.fits\nNO fit performed for reference image: a_drz.fits"
    )
    assert run.fits[0].is_reference
    assert run.fits[0].failure is None


@pytest.mark.parametrize(
    "damaged", ["XSH: -0.2993", "XRMS: 0.13", "RMS_RA: 5.8e-06", "based on  14"]
)
def test_numbers_that_are_damaged_are_reported_by_their_line(read, damaged):
    label, _, number = damaged.rpartition(" ")
    (run,) = read(GOOD.replace(damaged, f"{label} {number[0]}?{number[1:]}"))
    (problem,) = run.problems
    assert problem.text.startswith(damaged[:4]) or "based on" in problem.text
    assert problem.line_number == 2 + GOOD.strip().splitlines().index(
        next(line for line in GOOD.splitlines() if damaged in line)
    )
    assert run.fits[0].failure is None


def test_a_fit_is_read_as_the_first_versions_print_it(read):
    begin = "Matching sources from  a_drz.fits  with sources from reference image b_drz.fits"
    old = GOOD.replace("fit for: a_drz.fits", f"fit for:  a_drz.fits\n{begin}")
    (run,) = read(old.replace("-0.2993", "-0.299283").replace("XRMS: 0.13 ", "XRMS: 0.131929 "))
    (fit,) = run.fits
    assert (fit.product, fit.reference, fit.dx_pix) == ("a_drz.fits", "b_drz.fits", -0.299283)
    assert (fit.x_rms_pix, fit.nmatches) == (0.131929, 14)
    assert run.problems == []


def test_numbers_are_not_taken_for_those_of_another_product_when_a_first_line_is_lost(tmp_path):
    products = ["ibxl50030_drz.fits", "ibxl51030_drz.fits"]
    fits = fitted(products[0]), fitted(products[1], matches=20, dx="4.2000")
    lines = [
        line.replace("Performing fit for: ibxl51", "Perf0rming f?t for: ibxl51")
        for line in tweakreg_log(*fits, products=products)
    ]
    (run,) = read_tweakreg_log(write_log(tmp_path / "tweakreg.log", lines))
    assert [(fit.product, fit.dx_pix, fit.nmatches) for fit in run.fits] == [
        (products[0], -0.2993, 14),
        (products[1], 4.2, 20),
    ]
    assert [problem.text[:8] for problem in run.problems] == ["Matching"]


def test_products_that_a_run_never_came_to_are_known(tmp_path):
    lines = tweakreg_log(fitted("ibxl50030_drz.fits"), products=["ibxl50030_drz.fits", "late.fits"])
    (run,) = read_tweakreg_log(write_log(tmp_path / "tweakreg.log", lines))
    assert run.unattempted == ["late.fits"]


def test_the_real_runs_of_2019_one_aligned_and_one_failed(test_data: Path):
    logs = test_data / "horsehead_runs"
    (aligned,) = read_tweakreg_log(logs / "2019-04-30" / "tweakreg.log")
    (failed,) = read_tweakreg_log(logs / "2019-05-15" / "tweakreg.log")
    assert [fit.is_fitted for fit in aligned.fits] == [True] * 8
    assert [fit.is_fitted for fit in failed.fits] == [False] * 8
    assert aligned.reference == "ibxl54030_drz.fits"
    assert aligned.parameters["matching sources"]["searchrad"] == "3.0"
    assert failed.problems == aligned.problems == []
    assert set(failed.wcs_names.values()) == {"TWEAK"}
    assert aligned.sources["ibxl58030_drz.fits"] == 428


@pytest.mark.parametrize(
    ("exception", "failure"),
    [
        ("IOError", "No filenames matching input '*c0m.fits' were found (IOError)"),
        ("OSError: it is gone", "OSError: it is gone"),
    ],
)
def test_an_exception_without_a_message_has_the_reason_that_was_printed_before(
    read, exception, failure
):
    end = "Trailer file written to:  tweakreg.log\nTraceback (most recent call last):"
    where = '  File "drizzlepac/tweakreg.py", line 145, in run'
    (run,) = read("No filenames matching input '*c0m.fits' were found.", end, where, exception)
    assert run.failure == failure


BROKEN = [
    "Traceback (most recent call last):",
    '  File "reduce.py", line 88, in <module>',
    "FileNotFoundError: [Errno 2] No such file or directory: 'stars.cat'",
]


@pytest.mark.parametrize(
    ("products", "written", "section", "failure"),
    [
        ([], True, "", None),
        (["ibxl51030_drz.fits"], True, "", BROKEN[-1]),
        ([], False, "", BROKEN[-1]),
        ([], True, "USER INPUT PARAMETERS for creating a shiftfile:", BROKEN[-1]),
    ],
    ids=["all done", "a product left", "a header left", "a shift file left"],
)
def test_an_exception_after_the_end_is_of_a_run_that_had_work_left(
    tmp_path, products, written, section, failure
):
    one = "ibxl50030_drz.fits"
    lines = tweakreg_log(fitted(one, written=written), section, products=[one, *products])
    if section:
        lines = [line for line in lines if "Writing out" not in line]
    (run,) = read_tweakreg_log(write_log(tmp_path / "console.txt", [*lines, *BROKEN]))
    assert (run.failure, run.is_complete) == (failure, failure is None)


def test_an_exception_after_a_run_that_had_nothing_to_fit_is_not_its_own(tmp_path):
    said = "WARNING: Fewer than two images available for alignment. Quitting..."
    *lines, _, end = tweakreg_log()
    console = [*lines, f"[INFO    ] {said}", end, *BROKEN]
    (run,) = read_tweakreg_log(write_log(tmp_path / "console.txt", console))
    assert (run.failure, run.has_ended) == (None, True)
