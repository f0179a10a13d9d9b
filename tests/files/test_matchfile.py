import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import ParseError
from skydb.files.matchfile import read_matches

DATA = Path(os.environ.get("SKYDB_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
RUNS = DATA / "horsehead_runs"
needs_runs = pytest.mark.skipif(not RUNS.is_dir(), reason="SKYDB_TEST_DATA has no horsehead_runs")

SHORT_HEADER = """\
# Input image: a_drz.fits
#    X and Y rms: 0.1  0.2
#     Column 1: X (reference)
#     Column 2: Y (reference)
#     Column 3: X (residual)
#     Column 4: Y (residual)
#     Column 5: Ref source provenience
#
"""


def write(tmp_path, text):
    path = tmp_path / "a_catalog_fit.match"
    path.write_text(text)
    return path


@needs_runs
def test_a_real_match_file_is_read_with_its_fit():
    matches = read_matches(RUNS / "2019-04-30" / "ibxl50030_drz_catalog_fit.match")
    assert matches.image == "ibxl50030_drz.fits"
    assert len(matches.columns) == 18
    assert len(matches) == 15
    assert matches.shift_pix == (-0.7626, 0.3315)
    assert matches.rotation_deg == (0.03749598084, 0.03749598084)
    assert matches.x_ref_pix[0] == 1214.742156
    assert matches.x_in_original_pix[0] == 817.169983
    assert matches.dec_fit_deg[0] == -2.421004123674


@needs_runs
def test_the_residuals_of_every_real_file_give_the_rms_that_it_states():
    paths = sorted(RUNS.glob("*/*_catalog_fit.match"))
    assert paths
    for path in paths:
        matches = read_matches(path)
        assert matches.residual_std_pix == pytest.approx(matches.rms_pix, rel=0.06)


@given(
    st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 4), max_size=8),
    st.from_regex(r"[a-z]{1,8}( [a-z]{1,3})?", fullmatch=True),
)
def test_sources_written_and_read_again_are_the_same(tmp_path_factory, sources, origin):
    lines = "".join(
        f"{a:15.6f} {b:15.6f} {c:15.6f} {d:15.6f}   {origin}\n" for a, b, c, d in sources
    )
    matches = read_matches(write(tmp_path_factory.mktemp("match"), SHORT_HEADER + lines))
    expected = np.array(sources).reshape(-1, 4)
    np.testing.assert_allclose(matches.x_ref_pix, expected[:, 0], atol=1e-6)
    np.testing.assert_allclose(matches.y_residual_pix, expected[:, 3], atol=1e-6)


def test_a_column_that_the_file_lacks_is_nan_and_not_zero(tmp_path):
    matches = read_matches(write(tmp_path, SHORT_HEADER + "1 2 3 4 cat\n"))
    assert np.isnan(matches.ra_fit_deg).all()
    assert matches.x_residual_pix.tolist() == [3.0]
    assert math.isnan(matches.scale[0])


def test_a_file_without_sources_has_no_scatter(tmp_path):
    matches = read_matches(write(tmp_path, SHORT_HEADER))
    assert len(matches) == 0
    assert all(math.isnan(number) for number in matches.residual_std_pix)


@pytest.mark.parametrize(
    ("text", "line_number", "problem"),
    [
        (SHORT_HEADER + "1 2 3\n", 9, "3 of 5 fields"),
        (SHORT_HEADER + "1 2 three 4 cat\n", 9, "'three' is not a number"),
        ("1 2 3 4\n", 0, "no column"),
        (SHORT_HEADER.replace("Column 3", "Column 13"), 0, "gaps"),
        (SHORT_HEADER.replace("0.1  0.2", "0.1"), 0, "two numbers"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path, text, line_number, problem):
    with pytest.raises(ParseError, match=problem) as caught:
        read_matches(write(tmp_path, text))
    assert caught.value.line_number == line_number


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "a.match"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParseError, match="not a text file"):
        read_matches(path)
