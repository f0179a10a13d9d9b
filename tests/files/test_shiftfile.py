import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import ParseError
from skydb.files.shiftfile import (
    ShiftRow,
    read_shift_file,
    signed_angle_deg,
)
from tests.files.loglines import shift_file

DATA = Path(os.environ.get("SKYDB_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
RUNS = DATA / "horsehead_runs"
needs_runs = pytest.mark.skipif(not RUNS.is_dir(), reason="SKYDB_TEST_DATA has no horsehead_runs")

numbers = st.floats(-1e4, 1e4).map(lambda number: round(number, 6) + 0.0)
rows = st.builds(
    ShiftRow,
    filename=st.from_regex(r"[a-z0-9_]{1,20}\.fits", fullmatch=True),
    dx_pix=numbers,
    dy_pix=numbers,
    rotation_deg=st.integers(-179_999_999, 180_000_000).map(lambda angle: angle / 1e6),
    scale=numbers,
    x_rms_pix=numbers,
    y_rms_pix=numbers,
)


@given(st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.filename))
def test_rows_written_and_read_again_are_the_same(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("shifts") / "shifts.txt"
    path.write_text(shift_file(written))
    for row, expected in zip(read_shift_file(path).rows, written, strict=True):
        assert row.filename == expected.filename
        assert row.numbers == pytest.approx(expected.numbers, abs=2e-6)


@given(st.floats(-1e6, 1e6))
def test_a_signed_angle_is_the_same_direction(angle_deg):
    signed = signed_angle_deg(angle_deg)
    assert -180.0 < signed <= 180.0
    assert math.remainder(signed - angle_deg, 360.0) == pytest.approx(0.0, abs=1e-9)


def test_the_signed_angle_of_nan_is_nan():
    assert math.isnan(signed_angle_deg(math.nan))


@needs_runs
def test_a_real_run_is_read_with_its_header():
    shifts = read_shift_file(RUNS / "2019-04-30" / "shift4_drc.txt")
    assert (shifts.frame, shifts.form, shifts.units) == ("output", "delta", "pixels")
    assert shifts.refimage == "shifts_wcs.fits[wcs]"
    assert len(shifts.rows) == 9
    row = shifts.row_of("ibxl53030_drz.fits")
    assert row is not None
    assert row.rotation_deg == pytest.approx(-0.021539)
    assert row.dx_pix == -4.205766
    assert row.is_finite
    assert not row.is_identity


@needs_runs
def test_a_failed_fit_is_not_finite_though_its_rms_is_zero():
    shifts = read_shift_file(RUNS / "2019-05-15" / "shift4_drc.txt").rows
    reference, *failed = shifts
    assert reference.is_identity
    assert len(failed) == 8
    assert not any(row.is_finite for row in failed)
    assert {row.x_rms_pix for row in failed} == {0.0}


@pytest.mark.parametrize(
    ("text", "line_number", "problem"),
    [
        ("# frame: output\na.fits 1 2 3\n", 2, "six numbers"),
        ("a.fits 1 2 3 4 5 six\n", 1, "not a number"),
        ("# frame: output\n", 0, "no row"),
        ("a.fits 0 0 0 1 0 0\na.fits 0 0 0 1 0 0\n", 0, "twice"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path, text, line_number, problem):
    path = tmp_path / "shifts.txt"
    path.write_text(text)
    with pytest.raises(ParseError, match=problem) as caught:
        read_shift_file(path)
    assert caught.value.line_number == line_number


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "shifts.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParseError, match="not a text file"):
        read_shift_file(path)


def test_a_product_that_is_not_there_has_no_row(tmp_path):
    path = tmp_path / "shifts.txt"
    path.write_text("a.fits 0 0 0 1 0 0\n")
    assert read_shift_file(path).row_of("b.fits") is None
