"""Displacement of pixels on the sky."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import UsageError
from skydb.sky.displacement import (
    displacement,
    displacement_of_grids,
    predicted,
    residual_mas,
    sky_grid,
)
from skydb.sky.geometry import separations_mas
from tests.sky.chips import tan_wcs

MAS = 1 / 3.6e6
PLACES = [(85.25, -2.45), (0.0, 0.0), (359.9999, 40.0), (137.8, -64.9), (10.0, 89.99), (0.0, -90.0)]


def two_chips(crval: tuple[float, float], **options: float) -> dict[int, WCS]:
    return {
        1: tan_wcs(crval, crpix=(512.5, -10.0), **options),  # type: ignore[arg-type]
        2: tan_wcs(crval, crpix=(512.5, 530.0), **options),  # type: ignore[arg-type]
    }


@pytest.mark.parametrize("place", PLACES)
def test_a_wcs_that_did_not_change_moved_nothing(place: tuple[float, float]) -> None:
    found = displacement(two_chips(place, sip=1e-6), two_chips(place, sip=1e-6))
    assert found.max_mas == 0.0
    assert found.rotation_deg == pytest.approx(0.0, abs=1e-9)
    assert found.scale == pytest.approx(1.0, abs=1e-12)


@given(st.floats(-600, 600), st.floats(-600, 600), st.floats(0, 359.99), st.floats(-80, 80))
def test_a_shift_is_measured_in_true_angles(
    east_mas: float, north_mas: float, ra: float, dec: float
) -> None:
    there = (ra + east_mas * MAS / np.cos(np.radians(dec)), dec + north_mas * MAS)
    found = displacement({1: tan_wcs((ra, dec))}, {1: tan_wcs(there)})
    # North turns by the convergence of the meridians: tan 80 x 0.6 arcsec over 20 arcsec.
    assert found.east_mas == pytest.approx(east_mas, abs=1e-2)
    assert found.north_mas == pytest.approx(north_mas, abs=1e-2)
    assert found.median_mas == pytest.approx(np.hypot(east_mas, north_mas), abs=1e-2)
    assert found.scale == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turn", [-30.0, -0.005, 0.005, 1.0])
def test_a_rotation_is_measured_from_north_through_east(
    place: tuple[float, float], turn: float
) -> None:
    before = {1: tan_wcs(place, rotation_deg=20.0)}
    after = {1: tan_wcs(place, rotation_deg=20.0 + turn)}
    found = displacement(before, after)
    assert found.rotation_deg == pytest.approx(turn, abs=1e-6)
    assert found.scale == pytest.approx(1.0, abs=1e-9)
    corner_arcsec = 0.04 * np.hypot(512, 256)
    assert found.max_mas == pytest.approx(
        2 * np.sin(np.radians(abs(turn)) / 2) * corner_arcsec * 1000, rel=1e-6
    )


@given(st.floats(0.99, 1.01))
def test_a_scale_is_size_after_over_size_before(scale: float) -> None:
    place = (85.25, -2.45)
    before, after = tan_wcs(place), tan_wcs(place, scale_arcsec=0.04 * scale)
    found = displacement({1: before}, {1: after})
    assert found.scale == pytest.approx(scale, abs=1e-8)
    assert found.rotation_deg == pytest.approx(0.0, abs=1e-8)


def test_rotation_grows_with_the_position_angle_of_the_image() -> None:
    def position_angle_deg(wcs: WCS) -> float:
        low, high = wcs.all_pix2world([[512.0, 200.0], [512.0, 300.0]], 1)
        return float(
            SkyCoord(*low, unit="deg")
            .position_angle(SkyCoord(*high, unit="deg"))
            .wrap_at("180d")
            .deg
        )

    before, after = (tan_wcs((85.25, -2.45), rotation_deg=angle) for angle in (10.0, 10.5))
    turned = position_angle_deg(after) - position_angle_deg(before)
    assert displacement({1: before}, {1: after}).rotation_deg == pytest.approx(turned, abs=1e-4)


def test_one_chip_that_moved_alone_is_seen_in_the_maximum_only() -> None:
    place = (85.25, -2.45)
    before, after = two_chips(place), two_chips(place)
    after[2].wcs.crval = (place[0], place[1] + 100 * MAS)
    after[2].wcs.set()
    found = displacement(before, after)
    assert found.max_mas == pytest.approx(100.0, abs=1e-3)
    assert found.north_mas == pytest.approx(50.0, abs=1e-3)


@pytest.mark.parametrize("place", PLACES)
def test_an_exposure_that_followed_its_product_has_no_residual(place: tuple[float, float]) -> None:
    # Tangent points that move alike turn both images by the same rotation of the sphere.
    there = (place[0], place[1] - np.copysign(300 * MAS, place[1]))
    exposure, moved = two_chips(place, sip=1e-6), two_chips(there, sip=1e-6)
    old, new = (tan_wcs(at, scale_arcsec=0.05, shape_xy=(900, 900)) for at in (place, there))
    expected = predicted(exposure, old, new)
    assert residual_mas(expected, moved) < 1e-3
    assert residual_mas(expected, exposure) == pytest.approx(300.0, abs=0.1)


def test_a_tweakback_that_moved_nothing_is_found_out() -> None:
    exposure = two_chips((85.25, -2.45))
    old = tan_wcs((85.25, -2.45), shape_xy=(900, 900))
    new = tan_wcs((85.25, -2.45 + 250 * MAS), shape_xy=(900, 900))
    expected = predicted(exposure, old, new)
    assert displacement_of_grids(sky_grid(exposure), expected).north_mas == pytest.approx(
        250.0, abs=1e-3
    )
    assert residual_mas(expected, exposure) == pytest.approx(250.0, abs=1e-2)


def test_a_distorted_product_is_inverted_all_the_same() -> None:
    exposure = two_chips((85.25, -2.45))
    old = tan_wcs((85.25, -2.45), sip=1e-6)
    expected = predicted(exposure, old, old)
    assert residual_mas(expected, exposure) < 1e-3


def test_the_grid_of_the_residual_is_that_of_the_prediction() -> None:
    exposure = two_chips((85.25, -2.45))
    drizzled = tan_wcs((85.25, -2.45))
    expected = predicted(exposure, drizzled, drizzled, points_per_side=4)
    assert {grid.shape for grid in expected.values()} == {(16, 2)}
    assert residual_mas(expected, exposure) < 1e-6


@pytest.mark.parametrize(("before", "after"), [({}, {}), ({1: 0}, {2: 0}), ({1: 0, 2: 0}, {1: 0})])
def test_other_chips_cannot_be_compared(before: dict[int, int], after: dict[int, int]) -> None:
    wcs = tan_wcs((85.25, -2.45))
    with pytest.raises(UsageError, match="same chips"):
        displacement(dict.fromkeys(before, wcs), dict.fromkeys(after, wcs))


def test_other_grids_cannot_be_compared() -> None:
    chips = two_chips((85.25, -2.45))
    with pytest.raises(UsageError, match="same grid"):
        displacement_of_grids(sky_grid(chips, 3), sky_grid(chips, 4))


def test_a_wcs_without_a_size_has_no_grid() -> None:
    wcs = tan_wcs((85.25, -2.45))
    wcs.pixel_shape = None
    with pytest.raises(UsageError, match="SCI,3 does not know the size"):
        sky_grid({3: wcs})


def test_a_grid_of_one_point_is_none() -> None:
    with pytest.raises(UsageError, match="at least 2"):
        sky_grid(two_chips((85.25, -2.45)), 1)


@given(st.floats(0, 359.999), st.floats(-90, 90), st.floats(-1e-6, 1e-6), st.floats(-1e-6, 1e-6))
def test_small_separations_agree_with_astropy(
    ra: float, dec: float, d_ra: float, d_dec: float
) -> None:
    other = (ra + d_ra, float(np.clip(dec + d_dec, -90, 90)))
    expected = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*other, unit="deg"))
    (found,) = separations_mas(np.array([(ra, dec)]), np.array([other]))
    assert found == pytest.approx(expected.to_value(u.mas), abs=1e-6)


def test_opposite_points_are_half_a_circle_apart() -> None:
    (found,) = separations_mas(np.array([(0.0, 0.0)]), np.array([(180.0, 0.0)]))
    assert found == pytest.approx(180 * 3.6e6)


@pytest.mark.parametrize("points", [1, 2, 5])
def test_grids_of_different_points_are_refused(points: int) -> None:
    before = {1: np.full((4, 2), 10.0)}
    with pytest.raises(UsageError, match="the same grid before and after"):
        displacement_of_grids(before, {1: np.full((points, 2), 10.0)})
