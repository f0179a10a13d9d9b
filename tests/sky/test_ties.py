"""Stars that two exposures share: how far apart their places may be, and how bright they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skydb.sky.members import BodyPlane, MemberStars
from skydb.sky.ties import NARROWEST_PIX, Tie, tie_of
from tests.sky.group_members import PIXEL_MAS, Scene, sky

STARS = 6


def _two() -> tuple[MemberStars, MemberStars, np.ndarray]:
    """Two exposures without noise, the second a little aside, and the places of their stars."""
    scene = Scene(3, stars=STARS, rays=0, noise_mas=0.0)
    return scene.exposure("a"), scene.exposure("b", at=(120.0, 80.0)), scene.places


def _tie(one: MemberStars, other: MemberStars) -> Tie:
    found = tie_of(BodyPlane([one, other]), 0, 1)
    assert found is not None
    return found


@pytest.mark.parametrize(("part", "shared"), [(0.8, STARS), (2.0, STARS - 1)])
def test_a_place_may_be_a_third_of_a_pixel_off_however_well_the_others_fit(
    part: float, shared: int
) -> None:
    one, other, places = _two()
    moved = places.copy()
    moved[0, 0] += part * NARROWEST_PIX * PIXEL_MAS
    assert len(_tie(one, replace(other, radec_deg=sky(moved))).stars) == shared


@pytest.mark.parametrize(("band", "shared"), [("F606W", STARS - 1), ("F814W", STARS)])
def test_a_star_is_equally_bright_in_exposures_of_one_band(band: str, shared: int) -> None:
    one, other, _ = _two()
    flux = other.flux.copy()
    flux[0] *= 2.0
    # Names that were read from two files are equal, not the same object.
    assert len(_tie(one, replace(other, flux=flux, band="".join(band))).stars) == shared
