import stat

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files.checksum import sha256_of
from skydb.files.headerblocks import read_headers, replace_headers

CARDS = st.dictionaries(
    st.text("ABCDEFGH", min_size=1, max_size=8),
    st.one_of(st.integers(-9999, 9999), st.booleans(), st.text("abc '", max_size=20)),
    max_size=60,
)


def write(path, cards, pixels=7.0, extensions=2):
    hdus = [fits.PrimaryHDU()]
    for number in range(extensions):
        hdu = fits.ImageHDU(np.full((5, 6), pixels + number, "f4"), name="SCI", ver=number + 1)
        hdu.header.update(cards)
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


@pytest.fixture
def files(tmp_path):
    return write(tmp_path / "old.fits", {"SKY": 1}), write(tmp_path / "new.fits", {"SKY": 2})


@given(before=CARDS, after=CARDS)
def test_headers_go_in_and_come_back_byte_for_byte(tmp_path_factory, before, after):
    directory = tmp_path_factory.mktemp("headers")
    mine, other = write(directory / "a.fits", before), write(directory / "b.fits", after)
    original, kept = mine.read_bytes(), read_headers(mine)
    replace_headers(mine, read_headers(other), sha256_of(other))
    assert mine.read_bytes() == other.read_bytes()
    replace_headers(mine, kept, sha256_of_bytes(original, directory))
    assert mine.read_bytes() == original


def sha256_of_bytes(content, directory):
    path = directory / "content"
    path.write_bytes(content)
    return sha256_of(path)


def test_permissions_and_links_are_kept(files, tmp_path):
    old, new = files
    old.chmod(0o640)
    link = tmp_path / "link.fits"
    link.symlink_to(old)
    replace_headers(link, read_headers(new), sha256_of(new))
    assert link.is_symlink()
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert old.read_bytes() == new.read_bytes()


def test_headers_of_other_pixels_are_refused_and_nothing_is_written(files, tmp_path):
    old, _ = files
    before = old.read_bytes()
    brighter = write(tmp_path / "brighter.fits", {"SKY": 2}, pixels=8.0)
    with pytest.raises(FileRejectedError, match="its pixels are not those"):
        replace_headers(old, read_headers(brighter), sha256_of(brighter))
    assert old.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("brighter.fits", "new.fits", "old.fits"),
    ]


def test_headers_of_more_extensions_are_refused(files, tmp_path):
    old, _ = files
    longer = write(tmp_path / "longer.fits", {}, extensions=3)
    with pytest.raises(FileRejectedError, match="does not have the 4 HDUs"):
        replace_headers(old, read_headers(longer), sha256_of(longer))


def test_what_is_no_fits_file_has_no_headers(tmp_path):
    path = tmp_path / "note.fits"
    path.write_text("nothing of the kind")
    with pytest.raises(UnreadableFileError, match="its headers cannot be found"):
        read_headers(path)
