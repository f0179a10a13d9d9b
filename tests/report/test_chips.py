"""The chips of an exposure as one picture."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from skydb.report.chips import load_chips


def exposure(path: Path, *levels: float, shape: tuple[int, int] = (20, 40)) -> Path:
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for extver, level in enumerate(levels, 1):
        data = np.full(shape, level, dtype="f4")
        data[4, 7] += 100.0
        hdus.append(fits.ImageHDU(data, name="SCI", ver=extver))
    hdus.writeto(path)
    return path


def test_each_source_is_marked_on_its_own_chip(tmp_path: Path) -> None:
    picture = load_chips(exposure(tmp_path / "a_flc.fits", 1.0, 2.0))

    rows = picture.rows_of(np.array([5.0, 5.0]), np.array([1.0, 2.0]))

    x, y = picture.image.to_display(np.array([8.0, 8.0]), rows)
    found = picture.image.data[y.round().astype(int), x.round().astype(int)]
    np.testing.assert_array_equal(found, [101.0, 102.0])


def test_large_chips_are_averaged_with_their_marks(tmp_path: Path) -> None:
    path = exposure(tmp_path / "a_flc.fits", 1.0, 2.0, shape=(50, 90))

    picture = load_chips(path, max_side_pix=30)

    x, y = picture.image.to_display(
        np.array([8.0, 8.0]), picture.rows_of(np.array([5.0, 5.0]), np.array([1.0, 2.0]))
    )
    found = picture.image.data[y.round().astype(int), x.round().astype(int)]
    assert picture.image.block > 1
    assert (found > [1.0, 2.0]).all()


def test_an_image_alone_stays_as_it_is(tmp_path: Path) -> None:
    picture = load_chips(exposure(tmp_path / "a_flt.fits", 1.0))

    rows = np.array([5.0])
    assert picture.rows_of(rows, np.array([1.0])) is rows
    assert picture.image.data.shape == (20, 40)
