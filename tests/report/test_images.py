from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.errors import NotFoundError, UnreadableFileError, UsageError
from skydb.report import images
from skydb.report.images import (
    DisplayImage,
    DisplayScale,
    Interval,
    Stretch,
    block_average,
    common_block,
    common_scale,
    load_science,
    load_weight,
    weight_of,
)

from .conftest import MosaicMaker


def _image(data: object) -> DisplayImage:
    array = np.asarray(data, np.float32)
    return DisplayImage(array, 1, (array.shape[0], array.shape[1]))


def test_a_block_is_the_mean_of_its_finite_pixels() -> None:
    data = np.array([[1.0, 3.0, 5.0], [np.nan, 5.0, np.nan], [np.nan, np.nan, 7.0]])
    np.testing.assert_allclose(block_average(data, 2), [[3.0, 5.0], [np.nan, 7.0]])


def test_a_large_mosaic_comes_at_the_size_of_a_screen(make_mosaic: MosaicMaker) -> None:
    science, _ = make_mosaic("a", shape=(96, 128))
    image = load_science(science, max_side_pix=50)
    assert image.block == 3
    assert image.data.shape == (32, 43)
    assert image.shape_pix == (96, 128)
    assert image.unit == "electron/s"


def test_strips_give_what_the_whole_gives(
    make_mosaic: MosaicMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    science, weight = make_mosaic("a", shape=(97, 128))
    whole = load_science(science, weight, max_side_pix=40)
    monkeypatch.setattr(images, "STRIP_BYTES", 8 * 128 * 10)
    np.testing.assert_array_equal(load_science(science, weight, max_side_pix=40).data, whole.data)


def test_memory_holds_strips_and_not_the_mosaic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big_sci.fits"
    fits.PrimaryHDU(np.ones((2400, 2400), np.float32)).writeto(path)
    monkeypatch.setattr(images, "STRIP_BYTES", 500_000)
    load_science(path, max_side_pix=200)
    tracemalloc.start()
    load_science(path, max_side_pix=200)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.2 * path.stat().st_size


def test_zero_weight_is_no_data_in_both_images(make_mosaic: MosaicMaker) -> None:
    science, weight = make_mosaic("a")
    for image in (load_science(science, weight), load_weight(weight)):
        assert np.isnan(image.data[:, :16]).all()
        assert np.isfinite(image.data[:, 16:]).all()


def test_an_exposure_has_no_dark_rim(make_mosaic: MosaicMaker) -> None:
    science, weight = make_mosaic("a", level=5.0)
    # Blocks of three pixels: the sixth holds one empty column and two with sky.
    image = load_science(science, weight, block=3)
    assert np.isnan(image.data[:, :5]).all()
    assert np.nanmin(image.data) > 4.9


def test_the_wcs_follows_the_blocks(make_mosaic: MosaicMaker) -> None:
    science, _ = make_mosaic("a")
    fine, coarse = load_science(science), load_science(science, max_side_pix=32)
    at = np.array([40.5]), np.array([24.5])
    sky_fine = fine.wcs.pixel_to_world_values(*fine.to_display(*at))
    sky_coarse = coarse.wcs.pixel_to_world_values(*coarse.to_display(*at))
    np.testing.assert_allclose(sky_coarse, sky_fine, rtol=0, atol=1e-9)


def test_the_first_fits_pixel_is_displayed_pixel_zero() -> None:
    x, y = _image([[0.0]]).to_display(np.array([1.0]), np.array([2.0]))
    assert (x[0], y[0]) == (0.0, 1.0)


def test_a_file_with_both_extensions_brings_its_own_weight(
    tmp_path: Path, make_mosaic: MosaicMaker
) -> None:
    science, weight = make_mosaic("a")
    path = tmp_path / "a_drz.fits"
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.ImageHDU(fits.getdata(science), name="SCI"),
            fits.ImageHDU(fits.getdata(weight), name="WHT"),
        ]
    ).writeto(path)
    assert weight_of(path) == path
    assert weight_of(science) is None
    np.testing.assert_array_equal(load_science(path).data, load_science(science, weight).data)


def test_the_weight_of_another_mosaic_is_refused(make_mosaic: MosaicMaker) -> None:
    (science, _), (_, other) = make_mosaic("a"), make_mosaic("b", shape=(60, 60))
    with pytest.raises(UsageError, match="weight image of the same mosaic"):
        load_science(science, other)


def test_a_mosaic_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"none\.fits does not exist"):
        load_science(tmp_path / "none.fits")


@pytest.mark.parametrize("content", [b"", b"not a FITS file at all"])
def test_what_is_not_fits_is_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.fits"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"bad\.fits"):
        load_science(path)


def test_half_a_mosaic_is_rejected(tmp_path: Path, make_mosaic: MosaicMaker) -> None:
    science, _ = make_mosaic("a")
    path = tmp_path / "half.fits"
    path.write_bytes(science.read_bytes()[: science.stat().st_size // 2])
    with pytest.raises(UnreadableFileError, match=r"half\.fits"):
        load_science(path)


def test_a_table_is_not_a_mosaic(tmp_path: Path) -> None:
    path = tmp_path / "table.fits"
    column = fits.Column("a", "D", array=np.arange(3.0))
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])]).writeto(path)
    with pytest.raises(UnreadableFileError, match="no two-dimensional SCI image"):
        load_science(path)


def test_one_scale_covers_all_images() -> None:
    rng = np.random.default_rng(1)
    low, high = (_image(level + 0.1 * rng.normal(size=(64, 64))) for level in (0.0, 5.0))
    scale = common_scale([low, high], stretch=Stretch.LINEAR)
    assert scale.low < 0.1
    assert scale.high > 5.0


def test_images_without_any_data_still_have_a_scale() -> None:
    assert common_scale([_image(np.full((4, 4), np.nan))]) == DisplayScale(0.0, 1.0)


def test_a_flat_image_has_a_scale_of_some_width() -> None:
    scale = common_scale([_image(np.ones((8, 8)))], interval=Interval.PERCENTILE)
    assert scale.high > scale.low


def test_the_ticks_of_a_scale_are_round_and_rise() -> None:
    ticks = DisplayScale(-0.0653, 3.6117).ticks()
    assert next(iter(ticks.values())) == "-0.065"
    assert list(ticks) == sorted(ticks)


def test_the_pedestal_is_the_median_and_is_remembered() -> None:
    level = _image([[1.0, 2.0, 9.0]]).without_pedestal()
    assert level.pedestal == 2.0
    assert level.data.tolist() == [[-1.0, 0.0, 7.0]]


def test_the_largest_mosaic_sets_the_block(make_mosaic: MosaicMaker) -> None:
    paths = [make_mosaic("a", shape=(40, 60))[0], make_mosaic("b", shape=(90, 70))[0]]
    assert common_block(paths, max_side_pix=30) == 3


def test_a_picture_without_pixels_is_refused(make_mosaic: MosaicMaker) -> None:
    with pytest.raises(UsageError, match="shows nothing"):
        load_science(make_mosaic("a")[0], max_side_pix=0)
