from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import UnreadableFileError
from skydb.files import imagediff
from skydb.files.imagediff import compare_pixels, pixel_noise


def write(path: Path, data: np.ndarray, **cards: object) -> Path:
    header = fits.Header(list(cards.items()))
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data, header, name="SCI")]).writeto(path)
    return path


@pytest.fixture
def image() -> np.ndarray:
    data = np.random.default_rng(3).normal(1.0, 0.05, (60, 80)).astype("f4")
    data[3, 4] = np.nan
    return data


def test_only_headers_differ(tmp_path: Path, image: np.ndarray) -> None:
    first = write(tmp_path / "a.fits", image, DATE="2019-01-01")
    second = write(tmp_path / "b.fits", image, DATE="2026-01-01")
    assert compare_pixels(first, second).is_equal


def test_the_largest_difference_is_found_in_any_row(
    tmp_path: Path, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagediff, "_ROWS", 7)
    other = image.copy()
    other[59, 1] += 0.25
    other[2, 2] += 0.125
    found = compare_pixels(write(tmp_path / "a.fits", image), write(tmp_path / "b.fits", other))
    assert found.largest == pytest.approx(0.25, rel=1e-6)
    assert found.magnitude == pytest.approx(other[59, 1], rel=1e-6)


def test_nan_where_there_was_a_number_has_no_difference(tmp_path: Path, image: np.ndarray) -> None:
    other = image.copy()
    other[0, 0] = np.nan
    found = compare_pixels(write(tmp_path / "a.fits", image), write(tmp_path / "b.fits", other))
    assert (found.is_equal, found.largest) == (False, None)


def test_another_shape_has_no_difference(tmp_path: Path, image: np.ndarray) -> None:
    first, second = write(tmp_path / "a.fits", image), write(tmp_path / "b.fits", image[1:])
    assert compare_pixels(first, second).largest is None


def test_the_noise_is_that_of_the_sky_and_not_of_its_stars(
    tmp_path: Path, image: np.ndarray
) -> None:
    image[10:12, 10:30] = 1e4
    image[40:50] = 0.0
    assert pixel_noise(write(tmp_path / "a.fits", image)) == pytest.approx(0.05, rel=0.1)


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(b"nothing")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        pixel_noise(tmp_path / "a.fits")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_two_numbers_are_as_far_apart_as_they_are(first: float, second: float) -> None:
    rows = [np.array([[number, np.nan]]) for number in (first, second)]
    found = imagediff._compare(*rows)
    assert found.largest == abs(first - second)
    assert found.is_equal is (first == second)
