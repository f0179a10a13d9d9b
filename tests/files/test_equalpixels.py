"""Pixels that are equal where noise makes all of them differ, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.files.equalpixels import equal_pixels
from skydb.files.reader import read_facts
from skydb.files.structure import open_skeleton
from tests.files.builders import ImageBuilder

SHAPE = (96, 120)
Change = Callable[[fits.HDUList], None]


def noisy(image: ImageBuilder, change: Change) -> Path:
    """A file of an image with noise, of which something is changed."""
    image.shape = SHAPE
    path = image.write()
    random = np.random.default_rng(3)
    with fits.open(path, mode="update") as hdus:
        hdus["SCI"].data = random.normal(1.0, 0.1, SHAPE).astype(np.float32)
        hdus["DQ"].data = np.zeros(SHAPE, np.int16)
        change(hdus)
    return path


def put(value: float, rows: slice, columns: slice, flag: int = 0) -> Change:
    """Give a part of the image one value, and a flag."""

    def change(hdus: fits.HDUList) -> None:
        hdus["SCI"].data[rows, columns] = value
        hdus["DQ"].data[rows, columns] = flag

    return change


@pytest.mark.parametrize(
    ("rows", "columns", "share"),
    [
        (slice(0, 48), slice(None), 0.5),
        (slice(None), slice(60, 120), 0.5),
        (slice(None, None, 4), slice(None), 0.25),
        (slice(20, 70), slice(30, 90), 0.26),
    ],
)
def test_a_part_of_the_detector_without_a_measurement_is_flagged(
    image: ImageBuilder, rows: slice, columns: slice, share: float
) -> None:
    path = noisy(image, put(0.0, rows, columns))
    (said,) = read_facts(path).doubts
    assert "of the pixels of SCI,1 have the same value, 0, and no flag" in said
    with open_skeleton(path) as skeleton:
        found = equal_pixels(skeleton, skeleton.named("SCI")[0], skeleton.named("DQ")[0])
    assert found == (pytest.approx(share, abs=0.12), 0.0)


def test_flags_without_a_sign_are_flags_too(image: ImageBuilder) -> None:
    def unsigned(hdus: fits.HDUList) -> None:
        hdus["SCI"].data[:48] = 0.0
        hdus["DQ"].data = hdus["DQ"].data.astype(np.uint16)

    (said,) = read_facts(noisy(image, unsigned)).doubts
    assert "have the same value, 0, and no flag" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        put(0.0, slice(0, 48), slice(None), flag=4),
        put(0.0, slice(0, 5), slice(0, 60)),
        put(0.0, slice(None), slice(None)),
    ],
    ids=["noise", "flagged", "few", "all"],
)
def test_noise_flagged_pixels_few_of_them_and_images_of_one_value_are_not(
    image: ImageBuilder, change: Change
) -> None:
    assert read_facts(noisy(image, change)).doubts == ()


def test_of_counted_photons_there_are_often_none(image: ImageBuilder) -> None:
    image.primary |= {"INSTRUME": "STIS", "DETECTOR": "FUV-MAMA"}
    image.chips[0] |= {"CD1_1": -0.0246 / 3600, "CD2_2": 0.0247 / 3600}
    path = noisy(image, put(0.0, slice(0, 48), slice(None)))
    assert not [one for one in read_facts(path).doubts if "same value" in one]


@given(st.integers(48, 200), st.integers(48, 200), st.booleans())
def test_half_of_any_image_is_seen(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, across: bool
) -> None:
    pixels = np.random.default_rng(1).normal(size=(height, width)).astype(np.float32)
    pixels[(slice(None), slice(width // 2)) if across else slice(height // 2)] = 7.0
    path = tmp_path_factory.mktemp("half") / "half.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, name="SCI")]).writeto(path)
    with open_skeleton(path) as skeleton:
        found = equal_pixels(skeleton, skeleton.named("SCI")[0], None)
    assert found is not None
    assert found[0] > 0.25
    assert found[1] == 7.0
