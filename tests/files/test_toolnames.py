"""Files are copied under names, and in a packing, that drizzlepac can take."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from skydb.errors import UnreadableFileError
from skydb.files.toolnames import is_taken, tool_copy, tool_name


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("ibxl50clq_flt.fits", "ibxl50clq_flt.fits"),
        ("hst_12812_50_wfc3_ir_f160w_ibxl50cl_flt.fits", None),
        ("ibxl50clq_flt.fits.gz", "ibxl50clq_flt.fits"),
        ("ibxl50clq_flt.FITS", "ibxl50clq_flt.fits"),
        ("ibxl50clq_flt.fit", "ibxl50clq_flt.fits"),
        ("ibxl50clq_flt (1).fits", "ibxl50clq_flt_1_.fits"),
        ("a,b[1]*_flt.fits", "a_b_1__flt.fits"),
        ("-x_flt.fits", "x_flt.fits"),
        ("@x_flt.fits", "x_flt.fits"),
        ("näbula_flt.fits", "n_bula_flt.fits"),
        ("ä.fits", "image.fits"),
    ],
)
def test_a_name_that_drizzlepac_would_read_as_something_else_is_replaced(name, copy):
    assert tool_name(Path(name)) == (copy or name)
    assert is_taken(Path(name)) is (tool_name(Path(name)) == name)
    assert is_taken(Path(tool_name(Path(name))))


def test_a_copy_of_a_gzipped_file_is_unpacked(tmp_path):
    packed = tmp_path / "x_flt.fits"
    packed.write_bytes(gzip.compress(b"SIMPLE  ="))
    assert not is_taken(packed)
    assert tool_copy(packed, tmp_path / "copy.fits").read_bytes() == b"SIMPLE  ="
    assert tool_copy(tmp_path / "copy.fits", tmp_path / "same.fits").read_bytes() == b"SIMPLE  ="


def test_a_damaged_gzip_file_is_named(tmp_path):
    packed = tmp_path / "x_flt.fits.gz"
    packed.write_bytes(gzip.compress(b"SIMPLE  =" * 100)[:-9])
    with pytest.raises(UnreadableFileError, match=r"x_flt.fits.gz: damaged gzip"):
        tool_copy(packed, tmp_path / "copy.fits")
