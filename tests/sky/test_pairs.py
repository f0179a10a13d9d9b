import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.path import Path

from skydb.errors import UsageError
from skydb.sky.footprint import chip_polygon
from skydb.sky.levels import SkyStatistic
from skydb.sky.overlaps import chip_overlaps_of
from skydb.sky.pairs import (
    ChipFrame,
    ChipImage,
    brightness_per_unit,
    pixels_inside,
)
from tests.sky.chips import tan_wcs
from tests.sky.measured import measure_overlap

SCALE_ARCSEC = 0.04
SHAPE_XY = (96, 48)
STATISTIC = SkyStatistic()


def _image(name, crval_deg, level, *, extver=1, rotation_deg=0.0, sip=0.0, shape_xy=SHAPE_XY):
    wcs = tan_wcs(crval_deg, shape_xy=shape_xy, rotation_deg=rotation_deg, sip=sip)
    science = np.full(shape_xy[::-1], level, dtype=np.float32)
    return ChipImage((name, extver), science, np.ones(science.shape, dtype=bool), ChipFrame(wcs))


def _overlap(first, second):
    chips = {image.key: chip_polygon(image.frame.wcs) for image in (first, second)}
    return chip_overlaps_of(chips)


def _measured(first, second):
    (pair,) = _overlap(first, second)
    return measure_overlap(first, second, pair, STATISTIC)


def _east(pixels: float, dec_deg: float = 0.0) -> float:
    """RA of a chip that is so many pixels east of RA 0."""
    return pixels * SCALE_ARCSEC / 3600 / np.cos(np.radians(dec_deg)) % 360.0


def test_two_flat_images_have_their_levels_in_half_a_chip() -> None:
    found = _measured(_image("a", (0.0, 0.0), 1.25), _image("b", (_east(48), 0.0), 0.75))
    assert found.first_level is not None and found.second_level is not None
    assert (found.first_level.value, found.second_level.value) == (1.25, 0.75)
    assert found.first_level.pixels == found.second_level.pixels == 48 * 48
    assert found.area_arcsec2 == pytest.approx(48 * 48 * SCALE_ARCSEC**2, rel=1e-6)


@pytest.mark.parametrize("ra_deg", [0.0, 180.0, 359.9999])
@pytest.mark.parametrize("dec_deg", [-89.99, 0.0, 60.0])
def test_common_pixels_are_found_anywhere_on_the_sky(ra_deg: float, dec_deg: float) -> None:
    second = ((ra_deg + _east(30, dec_deg)) % 360.0, dec_deg)
    found = _measured(_image("a", (ra_deg, dec_deg), 1.0), _image("b", second, 2.0))
    assert found.first_level is not None
    assert found.first_level.pixels == pytest.approx(66 * 48, rel=0.03)


def test_masked_pixels_and_a_hole_do_not_count() -> None:
    first, second = _image("a", (0.0, 0.0), 1.0), _image("b", (_east(48), 0.0), 2.0)
    # East is to the left: the common half of the first chip is its left one.
    first.science[10:20, 5:25] = 500.0
    first.good[10:20, 5:25] = False
    found = _measured(first, second)
    assert found.first_level is not None and found.second_level is not None
    assert (found.first_level.value, found.first_level.pixels) == (1.0, 48 * 48 - 200)
    assert found.second_level.pixels == 48 * 48


def test_what_lies_outside_of_the_common_sky_does_not_count() -> None:
    first = _image("a", (0.0, 0.0), 1.0)
    first.science[:, 48:] = 9.0
    found = _measured(first, _image("b", (_east(48), 0.0), 2.0))
    assert found.first_level is not None and found.first_level.value == 1.0


def test_a_chip_without_good_pixels_in_the_overlap_has_no_level_there() -> None:
    first = _image("a", (0.0, 0.0), 1.0)
    first.good[:, :50] = False
    found = _measured(first, _image("b", (_east(48), 0.0), 2.0))
    assert found.first_level is None
    assert found.second_level is not None and found.second_level.value == 2.0
    assert first.measure(STATISTIC).level is not None


def test_chips_of_one_exposure_are_no_pair() -> None:
    one, other = _image("a", (0.0, 0.0), 1.0), _image("a", (_east(48), 0.0), 2.0, extver=2)
    assert _overlap(one, other) == []


def test_chips_far_apart_are_no_pair() -> None:
    assert _overlap(_image("a", (0.0, 0.0), 1.0), _image("b", (_east(97), 0.0), 2.0)) == []


@pytest.mark.parametrize("rotation_deg", [0.0, 37.0, 90.0, 181.0])
def test_a_tall_chip_on_a_wide_distorted_one_is_not_turned(rotation_deg: float) -> None:
    """The test of an exchange of x and y: its pixels are those of an exact look at each."""
    first = _image("a", (0.0, 0.0), 1.0, sip=2e-5)
    second = _image("b", (_east(20), 3e-4), 1.0, rotation_deg=rotation_deg, shape_xy=(40, 90))
    found = _measured(first, second)
    y, x = np.mgrid[1:49, 1:97]
    sky = first.frame.wcs.all_pix2world(np.column_stack((x.ravel(), y.ravel())), 1)
    there = second.frame.wcs.wcs_world2pix(sky, 1)
    inside = ((there > 0.5) & (there < np.array([40.5, 90.5]))).all(axis=1).sum()
    assert found.first_level is not None
    assert found.first_level.pixels == pytest.approx(inside, abs=12)


def test_pixels_of_the_sky_are_those_of_the_wcs() -> None:
    wcs = tan_wcs((85.0, -2.0), shape_xy=(1024, 512), rotation_deg=30.0, sip=1e-5)
    pixels = np.array([[1.0, 1.0], [1024.0, 512.0], [300.0, 400.0]])
    found = ChipFrame(wcs).pixels_of(wcs.all_pix2world(pixels, 1))
    np.testing.assert_allclose(found, pixels, atol=1e-3)


vertices = st.tuples(st.floats(-6, 30), st.floats(-6, 30))


def _area(points) -> float:
    """Area of an outline: without one all is edge, of which the referee fills some."""
    x, y = points.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


@given(st.lists(vertices, min_size=3, max_size=9), st.integers(4, 20), st.integers(4, 20))
def test_filling_agrees_with_a_look_at_every_pixel(polygon, nx: int, ny: int) -> None:
    # A convex outline: at crossings of its own edges, rules of filling differ.
    points = np.array(polygon) + 0.00137
    middle = points.mean(axis=0)
    points = points[np.argsort(np.arctan2(*(points - middle).T))]
    assume(_area(points) > 1e-3)
    rows, columns, mask = pixels_inside(points, (ny, nx))
    whole = np.zeros((ny, nx), dtype=bool)
    whole[rows, columns] = mask
    y, x = np.mgrid[1 : ny + 1, 1 : nx + 1]
    centres = np.column_stack((x.ravel(), y.ravel())).astype(float)
    closed = Path(np.vstack((points, points[:1])), closed=True)
    # Centres on an edge may go either way.
    sure = closed.contains_points(centres, radius=1e-6) == closed.contains_points(
        centres, radius=-1e-6
    )
    expected = closed.contains_points(centres)
    np.testing.assert_array_equal(whole.ravel()[sure], expected[sure])


def test_a_hollow_polygon_keeps_its_hollow() -> None:
    notch = np.array([[0.5, 0.5], [10.5, 0.5], [10.5, 10.5], [5.5, 4.5], [0.5, 10.5]])
    rows, columns, mask = pixels_inside(notch, (12, 12))
    whole = np.zeros((12, 12), dtype=bool)
    whole[rows, columns] = mask
    assert whole[0, 5] and not whole[8, 5] and whole[8, 0] and whole[8, 9]


def test_counts_are_divided_by_time_and_area_and_rates_by_area() -> None:
    assert brightness_per_unit(pixel_scale_arcsec=0.5, exptime_s=60.0, is_rate=False) == 4 / 60
    assert brightness_per_unit(pixel_scale_arcsec=0.5, exptime_s=60.0, is_rate=True) == 4
    for exptime_s in (None, 0.0, -0.5, -60.0):
        assert brightness_per_unit(pixel_scale_arcsec=0.5, exptime_s=exptime_s, is_rate=False) == 4


def test_a_pixel_without_size_is_refused() -> None:
    with pytest.raises(UsageError, match="scale"):
        brightness_per_unit(pixel_scale_arcsec=0.0, exptime_s=1.0, is_rate=True)


def test_a_frame_must_know_its_size() -> None:
    wcs = tan_wcs((0.0, 0.0))
    wcs.pixel_shape = None
    with pytest.raises(UsageError, match="size"):
        _ = ChipFrame(wcs).naxis_pix
