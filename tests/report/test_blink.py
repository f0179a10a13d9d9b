from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from skydb.errors import UsageError
from skydb.report.blink import blink_sequence, frame_pngs
from skydb.report.mosaic_figures import blink_gif
from skydb.report.style import NO_DATA

from .conftest import MosaicMaker, tangent_wcs
from .pictures import decoded, share_of

LEVELS = {"localmin": 0.0, "match": 0.4, "globalmin+match": 0.1, "globalmin": 0.2}
BAND_PIX = 34


def _frames(path: Path) -> list[NDArray[np.uint8]]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def test_the_gif_has_one_different_frame_for_each_method(
    make_mosaic: MosaicMaker, tmp_path: Path
) -> None:
    mosaics = {name: make_mosaic(name, level=level)[0] for name, level in LEVELS.items()}
    blink_gif(mosaics, out := tmp_path / "blink.gif")
    frames = _frames(out)
    assert len(frames) == 4
    assert len({frame.tobytes() for frame in frames}) == 4
    assert {frame.shape for frame in frames} == {(96 + BAND_PIX, 440, 3)}


def test_equal_mosaics_differ_in_nothing_but_the_label(
    make_mosaic: MosaicMaker, tmp_path: Path
) -> None:
    science, _ = make_mosaic("a")
    blink_gif({"first": science, "second": science}, out := tmp_path / "blink.gif")
    first, second = _frames(out)
    np.testing.assert_array_equal(first[BAND_PIX:], second[BAND_PIX:])
    assert (first[:BAND_PIX] != second[:BAND_PIX]).any()


def test_a_brighter_mosaic_is_brighter_in_its_frame(make_mosaic: MosaicMaker) -> None:
    low, high = make_mosaic("low")[0], make_mosaic("high", level=0.5)[0]
    pictures = [decoded(png) for _, png in frame_pngs(blink_sequence({"low": low, "high": high}))]
    means = [picture[BAND_PIX + 10 : -10, 200:230].mean() for picture in pictures]
    assert means[1] > means[0] + 20


def test_without_pedestal_a_level_makes_no_difference_and_is_said(
    make_mosaic: MosaicMaker,
) -> None:
    low, high = make_mosaic("low")[0], make_mosaic("high", level=0.5)[0]
    sequence = blink_sequence({"low": low, "high": high}, remove_pedestal=True)
    first, second = (frame.pixels[BAND_PIX:, 190:].astype(int) for frame in sequence.frames)
    assert np.abs(first - second).max() <= 1
    assert "The median of each mosaic is subtracted" in " ".join(sequence.notes)


def test_zero_weight_is_grey(make_mosaic: MosaicMaker) -> None:
    science, weight = make_mosaic("a", shape=(440, 440))
    sequence = blink_sequence({"a": science}, weights={"a": weight})
    pixels = decoded(frame_pngs(sequence)[0][1])[BAND_PIX:]
    assert share_of(pixels, NO_DATA) == pytest.approx(16 / 440, abs=0.01)


def test_north_stays_up(tmp_path: Path) -> None:
    data = np.zeros((360, 360), np.float32)
    data[300:, :] = 1.0
    fits.PrimaryHDU(data).writeto(path := tmp_path / "a_sci.fits")
    (frame,) = blink_sequence({"a": path}).frames
    assert frame.pixels[BAND_PIX + 10, 100] > frame.pixels[-10, 100]


def test_a_large_mosaic_is_made_small(make_mosaic: MosaicMaker) -> None:
    science, _ = make_mosaic("a", shape=(500, 1000))
    (frame,) = blink_sequence({"a": science}).frames
    assert frame.pixels.shape == (250 + BAND_PIX, 500)


def test_a_mosaic_of_another_shape_is_brought_to_the_same_sky_and_it_is_said(
    tmp_path: Path,
) -> None:
    big, small = tmp_path / "big_sci.fits", tmp_path / "small_sci.fits"
    data = np.zeros((100, 120), np.float32)
    data[60, 70] = 5.0
    header = tangent_wcs(120, 100).to_header()
    fits.PrimaryHDU(data, header).writeto(big)
    cut = tangent_wcs(120, 100)[10:90, 20:110].to_header()
    fits.PrimaryHDU(data[10:90, 20:110], cut).writeto(small)
    sequence = blink_sequence({"match": big, "localmin": small})
    first, second = (frame.pixels[BAND_PIX:] for frame in sequence.frames)
    assert first.shape == second.shape
    assert np.unravel_index(np.argmax(first == first[39, 230]), first.shape) == (39, 230)
    assert second[39, 230] == first[39, 230]
    assert sequence.notes == (
        "localmin: 90 x 80 pixels cropped or padded to 120 x 100, moved by 20 and 10 pixels.",
    )


def test_nothing_to_blink_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No mosaic to blink"):
        blink_gif({}, tmp_path / "blink.gif")
    assert list(tmp_path.iterdir()) == []


def test_a_frame_stands_still_as_png(make_mosaic: MosaicMaker) -> None:
    sequence = blink_sequence({"localmin": make_mosaic("a")[0]})
    ((label, png),) = frame_pngs(sequence)
    assert label == "localmin"
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"


def test_the_same_mosaics_give_the_same_gif(make_mosaic: MosaicMaker, tmp_path: Path) -> None:
    science, _ = make_mosaic("a")
    outs = [tmp_path / "1.gif", tmp_path / "2.gif"]
    for out in outs:
        blink_gif({"a": science}, out)
    assert outs[0].read_bytes() == outs[1].read_bytes()
