"""Pixels of a mosaic that have a weight and no value, or a weight that none can have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.errors import UnreadableFileError
from skydb.files.images import holes_in

SHAPE = (1100, 7)


def written(path: Path, changes: dict[tuple[int, int], float], filled: float) -> Path:
    """An image of ones, some of which are something else."""
    data = np.full(SHAPE, filled, np.float32)
    for place, value in changes.items():
        data[place] = value
    fits.PrimaryHDU(data).writeto(path)
    return path


@pytest.mark.parametrize(
    ("values", "weights", "counts"),
    [
        ({(3, 4): np.nan, (1099, 0): np.inf}, {}, "2 pixels of the mosaic have a weight"),
        ({}, {(0, 0): np.inf, (600, 1): np.nan}, "and 2 a weight that none can have"),
        ({(600, 1): np.nan}, {(600, 1): np.nan}, "1 pixels of the mosaic have a weight"),
    ],
)  # fmt: skip
def test_a_mosaic_that_its_weight_denies_is_not_passed_over(
    tmp_path: Path, values, weights, counts: str
) -> None:
    science = written(tmp_path / "sci.fits", values, 0.5)
    weight = written(tmp_path / "wht.fits", weights, 400.0)
    assert counts in str(holes_in(science, weight))


@pytest.mark.parametrize("filled", [np.nan, 0.0])
def test_where_nothing_was_exposed_there_is_no_value(tmp_path: Path, filled: float) -> None:
    places = {(2, 2): filled, (900, 3): filled}
    science = written(tmp_path / "sci.fits", places, 0.5)
    weight = written(tmp_path / "wht.fits", dict.fromkeys(places, 0.0), 400.0)
    assert holes_in(science, weight) is None


def test_a_mosaic_that_no_exposure_falls_on_is_not_passed_over(tmp_path: Path) -> None:
    science = written(tmp_path / "sci.fits", {}, np.nan)
    weight = written(tmp_path / "wht.fits", {}, 0.0)
    assert str(holes_in(science, weight)).startswith("none of the 7700 pixels of the mosaic has a ")
    weight.unlink()
    science.unlink()
    lit = {(1099, 6): 1e-5}
    assert holes_in(written(science, lit, np.nan), written(weight, lit, 0.0)) is None


def test_a_kernel_that_is_below_zero_in_places_leaves_such_weights(tmp_path: Path) -> None:
    science = written(tmp_path / "sci.fits", {}, 0.5)
    weight = written(tmp_path / "wht.fits", {(5, 5): -94.9}, 400.0)
    assert holes_in(science, weight) is None


def test_a_mosaic_that_is_gone_is_named(tmp_path: Path) -> None:
    weight = written(tmp_path / "wht.fits", {}, 1.0)
    with pytest.raises(UnreadableFileError, match=r"sci\.fits"):
        holes_in(tmp_path / "sci.fits", weight)


@pytest.mark.parametrize("kind", [fits.ImageHDU, fits.CompImageHDU])
def test_both_images_may_be_in_one_file_and_compressed(tmp_path: Path, kind: type) -> None:
    value, weight = np.ones((2, *SHAPE), np.float32)
    value[4, 4] = np.nan
    hdus = [fits.PrimaryHDU(), kind(value, name="SCI"), kind(weight, name="WHT")]
    fits.HDUList(hdus).writeto(tmp_path / "drz.fits")
    found = holes_in(tmp_path / "drz.fits", tmp_path / "drz.fits")
    assert str(found).startswith("1 pixels of the mosaic have a weight and no value, and 0 ")


def test_a_file_without_an_image_is_named(tmp_path: Path) -> None:
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(UnreadableFileError, match=r"empty\.fits.* has no SCI image"):
        holes_in(tmp_path / "empty.fits", tmp_path / "empty.fits")


def test_a_product_without_its_weight_is_not_compared_with_itself(tmp_path: Path) -> None:
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(np.ones(SHAPE, np.float32), name="SCI")]
    fits.HDUList(hdus).writeto(tmp_path / "drz.fits")
    with pytest.raises(UnreadableFileError, match="has no WHT image"):
        holes_in(tmp_path / "drz.fits", tmp_path / "drz.fits")
