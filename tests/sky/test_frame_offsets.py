"""Offsets between exposures from their sources, on simulated pixels whose pointing is known."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skydb.files.pixels import ChipPixels, open_chips
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.sky.frame_offsets import (
    LARGEST_OFFSET_PIX,
    Detections,
    FrameOffset,
    _filled,
    _mas_per_pix,
    detect,
    offset_between,
)
from skydb.sky.geometry import MAS_PER_RADIAN, centre_of, tangent_plane
from tests.sky.chips import tan_wcs

PLANS = {
    detector: FieldPlan(detector, tiles=(2, 1), size=256, seed=5, products=False)
    for detector in SimDetector
}
#: Part of the pixels that a cosmic ray hits first; the ramps of the IR detector are rid of most.
STRUCK = {"IR": 0.002, "UVIS": 0.01, "WFC": 0.01}
WCS = tan_wcs((10.0, 20.0), shape_xy=(300, 300))


@dataclass
class Seen:
    """One simulated exposure: what is seen in it, and how far its WCS is off."""

    visit: str
    detections: Detections
    error_mas: np.ndarray


def seen_in(directory: Path, entry: dict[str, Any], cosmic_rays: float = 0.0) -> Seen:
    path = directory / Path(entry["path"]).name
    chips = {extver: file.load() for extver, file in open_chips(path).items()}
    found = [
        detect(
            struck(chip, cosmic_rays),
            chip.quality,
            chip.wcs,
            extver=extver,
            exptime_s=1.0 if chip.is_rate else chip.exptime_s or 1.0,
        )
        for extver, chip in chips.items()
    ]
    return Seen(entry["visit"], Detections.joined(found), error_mas(chips[1], entry["chips"]))


def error_mas(chip: ChipPixels, chips: list[dict[str, Any]]) -> np.ndarray:
    """Error of the header at the middle of chip 1."""
    true = next(one for one in chips if one["extver"] == 1)
    wcs = copy.deepcopy(chip.wcs)
    wcs.wcs.crval, wcs.wcs.crpix = np.array(true["crval"]), np.array(true["crpix"])
    wcs.wcs.cd = np.reshape(true["cd"], (2, 2))
    wcs.wcs.set()
    middle = np.array([[size / 2 for size in chip.wcs.pixel_shape]])
    sky = np.vstack([one.all_pix2world(middle, 1) for one in (wcs, chip.wcs)])
    there, here = tangent_plane(sky, centre_of(sky[:1])) * MAS_PER_RADIAN
    return here - there


def struck(chip: ChipPixels, fraction: float) -> np.ndarray:
    """The image with short tracks of cosmic rays from so many of its pixels."""
    image = chip.science.copy()
    dice = np.random.default_rng(int(image[0, :50].sum()))
    count = int(fraction * image.size)
    y, x = (dice.integers(4, size - 4, count) for size in image.shape)
    bright = 20 * float(np.std(image)) * dice.lognormal(size=count)
    along = dice.integers(-1, 2, (2, count))
    for step in range(3):
        goes_on = dice.integers(1, 4, count) > step
        place = (y + step * along[0])[goes_on], (x + step * along[1])[goes_on]
        np.add.at(image, place, bright[goes_on])
    return image


@pytest.fixture(scope="module", params=list(SimDetector), ids=str)
def field(request, tmp_path_factory):
    """(directory, exposures of its truth, cosmic rays) of two visits with pointing errors."""
    directory = tmp_path_factory.mktemp(f"frames_{request.param}")
    simulate_field(directory, PLANS[request.param])
    exposures = json.loads((directory / "truth.json").read_text())["exposures"]
    return directory, exposures, STRUCK[request.param]


def miss_pix(first: Seen, second: Seen, offset: FrameOffset) -> float:
    """Error of a measured offset."""
    true = np.linalg.inv(first.detections.mas_per_pix) @ (second.error_mas - first.error_mas)
    return float(np.hypot(offset.dx_pix - true[0], offset.dy_pix - true[1]))


@pytest.mark.parametrize("is_struck", [False, True])
def test_offsets_come_back_within_a_tenth_of_a_pixel(field, is_struck) -> None:
    directory, exposures, cosmic_rays = field
    all_seen = [seen_in(directory, entry, cosmic_rays * is_struck) for entry in exposures]
    for one, other in combinations(all_seen, 2):
        offset = offset_between(one.detections, other.detections)
        assert offset is not None
        assert miss_pix(one, other, offset) < 0.1
        assert offset.disagrees is (one.visit != other.visit)


@pytest.fixture(scope="module", params=list(SimDetector), ids=str)
def accurate(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(f"accurate_{request.param}")
    # Less than a tenth of the smallest pixel.
    simulate_field(directory, replace(PLANS[request.param], pointing_error_arcsec=(0, 0.002)))
    exposures = json.loads((directory / "truth.json").read_text())["exposures"]
    return directory, exposures, STRUCK[request.param]


@pytest.mark.parametrize("is_struck", [False, True])
def test_exposures_on_one_frame_agree(accurate, is_struck) -> None:
    directory, exposures, cosmic_rays = accurate
    all_seen = [
        seen_in(directory, entry, cosmic_rays * is_struck).detections for entry in exposures
    ]
    offsets = [offset_between(*pair) for pair in combinations(all_seen, 2)]
    assert all(offset is not None and offset.size_pix < 0.15 for offset in offsets)


def made_up(
    number: int, *, shift_pix: tuple[float, float] = (0, 0), seed: int = 1, noise_pix: float = 0.0
) -> Detections:
    """Sources of which the WCS says that they lie so far off."""
    dice = np.random.default_rng(seed)
    xy = dice.uniform(1, 300, (number, 2))
    flux = dice.lognormal(size=number)
    measured = xy + np.random.default_rng(99).normal(0, max(noise_pix, 1e-9), xy.shape)
    return seen_at(measured + np.array(shift_pix), xy, flux)


def seen_at(on_sky_pix: np.ndarray, xy: np.ndarray, flux: np.ndarray) -> Detections:
    one = np.ones(len(xy), dtype=int)
    radec = WCS.all_pix2world(on_sky_pix, 1)
    steps = np.array([[-40.0, 0.0], [0.0, 40.0]])
    return Detections(np.asarray(radec), xy, one, flux, steps)


def test_the_offset_is_told_in_pixels_and_on_the_sky_with_its_uncertainty() -> None:
    shifted = made_up(200, shift_pix=(2.0, -3.0), noise_pix=0.1)
    # Dithered, so that the sources do not stand still on the detector.
    offset = offset_between(made_up(200), replace(shifted, xy_pix=shifted.xy_pix + 20))
    assert offset is not None and offset.matches > 180
    assert (offset.dx_pix, offset.dy_pix) == pytest.approx((2.0, -3.0), abs=0.03)
    assert (offset.east_mas, offset.north_mas) == pytest.approx((-80.0, -120.0), abs=1.5)
    assert offset.sigma_pix == pytest.approx(0.1 * 1.2533 / np.sqrt(200), rel=0.3)


def test_different_skies_say_nothing() -> None:
    assert offset_between(made_up(200), made_up(200, seed=2)) is None


def test_few_sources_say_nothing() -> None:
    assert offset_between(made_up(5), made_up(5)) is None


def test_what_stands_still_on_the_detector_is_no_sky() -> None:
    dice = np.random.default_rng(3)
    marks, flux = dice.uniform(1, 300, (50, 2)), dice.lognormal(size=50)
    assert offset_between(seen_at(marks, marks, flux), seen_at(marks + 9.0, marks, flux)) is None


def test_exposures_that_were_not_dithered_agree() -> None:
    offset = offset_between(made_up(100), made_up(100))
    assert offset is not None and offset.size_pix < 0.01


@pytest.mark.parametrize(
    ("dx", "sigma", "disagrees"), [(0.29, 0.01, False), (0.31, 0.01, True), (0.5, 0.2, False)]
)
def test_an_offset_disagrees_when_it_is_large_and_certain(dx, sigma, disagrees) -> None:
    offset = FrameOffset("a", "b", dx, 0.0, 0.0, 0.0, sigma, 20)
    assert offset.disagrees is disagrees
    assert LARGEST_OFFSET_PIX == 0.3


def test_a_flagged_star_is_left_out_and_its_pixels_are_filled() -> None:
    y, x = np.mgrid[:100, :100]
    image = np.random.default_rng(0).normal(10, 0.1, (100, 100))
    for centre in (30, 70):
        image += 50 * np.exp(-((x - centre) ** 2 + (y - centre) ** 2) / 2)
    quality = np.zeros((100, 100), dtype=np.int16)
    quality[70, 70] = 8192
    quality[30, 30] = 256
    found = detect(image, quality, tan_wcs((10.0, 20.0), shape_xy=(100, 100)))
    assert found.xy_pix == pytest.approx(np.array([[31.0, 31.0]]), abs=0.05)


def test_a_chip_of_bad_pixels_has_no_sources() -> None:
    image = np.full((64, 64), np.nan)
    assert len(detect(image, None, tan_wcs((10.0, 20.0), shape_xy=(64, 64)))) == 0


def test_pixels_are_filled_alike_at_all_edges() -> None:
    rng = np.random.default_rng(8)
    image, bad = rng.normal(0.0, 1.0, (12, 9)), rng.random((12, 9)) < 0.3
    filled = _filled(image, bad)
    assert np.isfinite(filled).sum() > (~bad).sum()
    np.testing.assert_array_equal(filled[~bad], image[~bad])
    for turned in ((slice(None, None, -1), slice(None)), (slice(None), slice(None, None, -1))):
        np.testing.assert_array_equal(_filled(image[turned], bad[turned]), filled[turned])


def test_a_step_of_one_pixel_is_that_in_the_middle_of_a_chip_that_is_not_square() -> None:
    for shape in ((400, 40), (40, 400)):
        wcs = tan_wcs((10.0, 20.0), shape_xy=shape[::-1], crpix=(1.0, 1.0), sip=1e-3)
        x, y = (shape[1] + 1) / 2, (shape[0] + 1) / 2
        steps = _mas_per_pix(wcs, shape)
        places = wcs.sip_pix2foc(np.array([(x, y), (x + 1, y), (x, y + 1)]), 1)
        pixels = 40.0 * np.column_stack((places[1] - places[0], places[2] - places[0]))
        assert steps == pytest.approx(pixels * np.array([[-1.0], [1.0]]), abs=0.05)
