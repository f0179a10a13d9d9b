"""Files that have just arrived."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import FileRejectedError, TruncatedFileError, UnreadableFileError
from skydb.files.integrity import check_arrival

NAME = "ibxl50clq_flt.fits"


def write(path: Path, *, checksum: bool = True, rootname: str = "ibxl50clq", seed: int = 1) -> Path:
    pixels = np.random.default_rng(seed).normal(size=(20, 31)).astype("f4")
    primary = fits.PrimaryHDU()
    primary.header["ROOTNAME"] = rootname
    primary.header["NEXTEND"] = 3
    extensions = [fits.ImageHDU(pixels, name=name, ver=1) for name in ("SCI", "ERR", "DQ")]
    fits.HDUList([primary, *extensions]).writeto(path, checksum=checksum)
    return path


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("checksum", [True, False])
def test_a_whole_file_passes(tmp_path: Path, checksum: bool) -> None:
    check_arrival(write(tmp_path / "x.part", checksum=checksum), NAME)


@pytest.mark.parametrize("hdu", [1, 2, 3])
def test_one_changed_bit_of_the_data_is_seen(tmp_path: Path, hdu: int) -> None:
    path = write(tmp_path / "x.part")
    with fits.open(path) as opened:
        at = opened.info(output=False) and opened.fileinfo(hdu)["datLoc"] + 100
    flip(path, at)
    with pytest.raises(FileRejectedError, match=f"DATASUM of HDU {hdu}"):
        check_arrival(path, NAME)


def test_a_changed_header_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "x.part")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"EXTNAME = 'ERR     '", b"EXTNAME = 'ERS     '"))
    with pytest.raises(FileRejectedError, match="CHECKSUM of HDU 2"):
        check_arrival(path, NAME)


def test_a_sum_that_is_left_open_is_no_sum(tmp_path: Path) -> None:
    path = write(tmp_path / "x.part", checksum=False)
    fits.setval(path, "DATASUM", value="", ext=1)
    fits.setval(path, "CHECKSUM", value="", ext=1)
    check_arrival(path, NAME)


def test_a_file_cut_short_is_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "x.part")
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(TruncatedFileError, match="truncated"):
        check_arrival(path, NAME)


def test_a_file_cut_between_extensions_is_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "x.part")
    with fits.open(path) as opened:
        start = opened.info(output=False) and opened.fileinfo(3)["hdrLoc"]
    path.write_bytes(path.read_bytes()[:start])
    with pytest.raises(TruncatedFileError, match="NEXTEND announces 3"):
        check_arrival(path, NAME)


def test_a_page_of_html_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    path.write_bytes(b"<html>Service unavailable</html>".ljust(2880))
    with pytest.raises(UnreadableFileError, match="not a FITS file"):
        check_arrival(path, NAME)


def test_another_exposure_is_not_the_one_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "x.part", rootname="ibxl50cmq")
    with pytest.raises(FileRejectedError, match="ibxl50cmq by its header, not ibxl50clq"):
        check_arrival(path, NAME)


@pytest.mark.parametrize(
    "name", ["hst_12812_50_wfc3_ir_f160w_ibxl50cl_flt.fits", "IBXL50CLQ_flt.fits"]
)
def test_names_are_compared_only_where_they_can_be(tmp_path: Path, name: str) -> None:
    check_arrival(write(tmp_path / "x.part"), name)


@given(pixels=st.binary(min_size=1, max_size=200), ver=st.integers(1, 99))
def test_sums_agree_with_those_that_astropy_writes(
    tmp_path_factory: pytest.TempPathFactory, pixels: bytes, ver: int
) -> None:
    path = tmp_path_factory.mktemp("sums") / "x.fits"
    image = fits.ImageHDU(np.frombuffer(pixels, "u1"), name="SCI", ver=ver)
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path, checksum=True)
    check_arrival(path, "any_drz.fits")
