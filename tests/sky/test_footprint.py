"""Outlines on the sky and what they share."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import UsageError
from skydb.files.products import read_hstwcs
from skydb.sky.footprint import chip_polygon, overlap_area_arcsec2
from tests.sky.areas import polygon_area_arcsec2
from tests.sky.chips import tan_wcs

PLACES = [(85.25, -2.45), (0.0, 0.0), (0.001, 60.0), (137.8, -64.9), (200.0, 90.0), (0.0, -89.999)]
NX, NY, SCALE = 1024, 512, 0.04


def area(nx: float, ny: float) -> float:
    return nx * ny * SCALE**2


@pytest.mark.parametrize("place", PLACES)
def test_a_non_square_chip_has_the_area_of_its_pixels(place: tuple[float, float]) -> None:
    polygon = chip_polygon(tan_wcs(place, rotation_deg=33.0))
    assert polygon.shape == (20, 2)
    assert polygon_area_arcsec2(polygon) == pytest.approx(area(NX, NY), rel=1e-6)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rotation", [0.0, 33.0, 257.0])
def test_a_rectangle_shares_what_plane_geometry_says(
    place: tuple[float, float], rotation: float
) -> None:
    first = tan_wcs(place, rotation_deg=rotation)
    second = tan_wcs(place, rotation_deg=rotation, crpix=(512.5 - 300, 256.5 + 100))
    shared = overlap_area_arcsec2(chip_polygon(first), chip_polygon(second))
    assert shared == pytest.approx(area(NX - 300, NY - 100), rel=1e-6)


@given(st.floats(-1100, 1100), st.floats(-600, 600))
def test_the_overlap_is_the_same_either_way_and_either_direction(dx: float, dy: float) -> None:
    first = chip_polygon(tan_wcs((0.0, 10.0)))
    second = chip_polygon(tan_wcs((0.0, 10.0), crpix=(512.5 - dx, 256.5 - dy)))
    expected = area(max(NX - abs(dx), 0.0), max(NY - abs(dy), 0.0))
    for a, b in ((first, second), (second, first), (first[::-1], second), (first, second[::-1])):
        assert overlap_area_arcsec2(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-5)


def test_a_chip_turned_by_90_degrees_shares_a_square() -> None:
    upright, turned = (tan_wcs((85.25, -2.45), rotation_deg=angle) for angle in (0.0, 90.0))
    shared = overlap_area_arcsec2(chip_polygon(upright), chip_polygon(turned))
    assert shared == pytest.approx(area(NY, NY), rel=1e-6)


def test_a_chip_shares_all_of_itself() -> None:
    polygon = chip_polygon(tan_wcs((85.25, -2.45), sip=2e-5))
    assert overlap_area_arcsec2(polygon, polygon) == pytest.approx(
        polygon_area_arcsec2(polygon), rel=1e-9
    )


def test_hollow_sides_are_not_filled() -> None:
    # An L of three unit squares: its convex hull would share half a square more.
    unit = 1 / 3600
    hollow = np.array([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]) * unit
    box = np.array([(1, 1), (2, 1), (2, 2), (1, 2)]) * unit
    lower = np.array([(0, 0), (2, 0), (2, 1), (0, 1)]) * unit
    for a, b, expected in ((hollow, box, 0.0), (hollow, lower, 2.0)):
        assert overlap_area_arcsec2(a, b) == pytest.approx(expected, abs=1e-6)
        assert overlap_area_arcsec2(b, a) == pytest.approx(expected, abs=1e-6)


def test_an_outline_whose_middle_is_outside_of_it_is_measured_right() -> None:
    # A thin L: triangles around its middle count with a sign, or they would add up to more.
    unit = 1 / 3600
    thin = np.array([(0, 0), (3, 0), (3, 0.5), (0.5, 0.5), (0.5, 3), (0, 3)]) * unit
    box = np.array([(0, 0), (3, 0), (3, 3), (0, 3)]) * unit
    arm = np.array([(0, 0), (3, 0), (3, 0.5), (0, 0.5)]) * unit
    for other, expected in ((box, 2.75), (arm, 1.5)):
        assert overlap_area_arcsec2(thin, other) == pytest.approx(expected, abs=1e-6)
        assert overlap_area_arcsec2(other, thin) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("other", [(85.27, -2.45), (85.25, 2.45), (265.25, 2.45), (85.25, 89.0)])
def test_chips_that_are_apart_share_nothing(other: tuple[float, float]) -> None:
    first, second = (chip_polygon(tan_wcs(place)) for place in ((85.25, -2.45), other))
    assert overlap_area_arcsec2(first, second) == 0.0


def test_chips_that_share_one_edge_share_no_area() -> None:
    first = chip_polygon(tan_wcs((85.25, -2.45)))
    second = chip_polygon(tan_wcs((85.25, -2.45), crpix=(512.5 + NX, 256.5)))
    assert overlap_area_arcsec2(first, second) == pytest.approx(0.0, abs=1e-5)


def test_an_outline_needs_a_size() -> None:
    wcs = tan_wcs((85.25, -2.45))
    wcs.pixel_shape = None
    with pytest.raises(UsageError, match="size of its image"):
        chip_polygon(wcs)


def uvis_chips(test_data: Path) -> dict[int, np.ndarray]:
    """Outlines of both UVIS chips at their full size, which the stub of 10 x 10 lacks."""
    chips = read_hstwcs(test_data / "wfc3_uvis_flc_stub.fits")
    for wcs in chips.values():
        wcs.pixel_shape = (4096, 2051)
    return {extver: chip_polygon(wcs, 9) for extver, wcs in chips.items()}


def test_the_two_chips_of_uvis_lie_side_by_side(test_data: Path) -> None:
    chips = uvis_chips(test_data)
    for polygon in chips.values():
        # IDCSCALE of the stub, 0.03962 arcsec, is the mean size of a pixel's side.
        assert polygon_area_arcsec2(polygon) == pytest.approx(4096 * 2051 * 0.03962**2, rel=0.02)
    assert overlap_area_arcsec2(chips[1], chips[2]) == 0.0


def test_the_outline_of_uvis_is_near_the_archives_s_region(test_data: Path) -> None:
    # S_REGION of SCI,2 in the stub: corners of the linear WCS before alignment, so 0.3 to 1
    # arcsec from the distorted ones; with x and y exchanged they would be 80 arcsec off.
    expected = np.array(
        [
            (137.81708442049847, -64.88980152127067),
            (137.77140736144247, -64.90106744872334),
            (137.8184796909116, -64.94149955035556),
            (137.86420583801814, -64.9302191986093),
        ]
    )
    corners = uvis_chips(test_data)[2][::9]
    for corner in expected:
        offsets = (corners - corner) * (np.cos(np.radians(corner[1])), 1.0) * 3600
        assert np.hypot(*offsets.T).min() < 1.1


def test_a_real_two_chip_footprint_agrees_with_spherical_geometry(test_data: Path) -> None:
    if importlib.util.find_spec("spherical_geometry") is None:
        pytest.skip("spherical_geometry is not installed")
    from spherical_geometry.polygon import SphericalPolygon

    first = uvis_chips(test_data)[1]
    second = first + np.array([0.01, 0.002])
    spheres = [SphericalPolygon.from_radec(*polygon.T) for polygon in (first, second)]
    steradian = spheres[0].intersection(spheres[1]).area()
    expected = steradian * np.degrees(3600.0) ** 2
    assert overlap_area_arcsec2(first, second) == pytest.approx(expected, rel=1e-4)
