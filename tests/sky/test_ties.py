"""Stars that two exposures share: how far apart their places may be, and how bright they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skydb.sky.members import BodyPlane, MemberStars
from skydb.sky.ties import NARROWEST_PIX, Tie, _Alike, tie_of
from tests.sky.group_members import PIXEL_MAS, SIDE_MAS, Scene, sky

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


@pytest.mark.parametrize(("stars", "turns"), [(9, False), (10, True)])
def test_few_stars_of_one_pointing_are_matched_without_a_rotation(stars: int, turns: bool) -> None:
    scene = Scene(3, stars=stars, rays=0)
    # Two names of one visit are equal, not the same object.
    tie = _tie(scene.exposure("a", visit="v1"), scene.exposure("b", visit="".join(["v", "1"])))
    assert len(tie.stars) == stars
    assert (tie.stars.placed.turn_rad != 0.0) is turns


def _marked(one: MemberStars, corner: tuple[float, float], marks: np.ndarray) -> MemberStars:
    """An exposure with marks of the detector beside its stars, given by their pixels."""
    return replace(
        one,
        radec_deg=np.vstack((one.radec_deg, sky(np.array(corner) + marks * PIXEL_MAS))),
        xy_pix=np.vstack((one.xy_pix, marks)),
        extver=np.ones(len(one) + len(marks), dtype=int),
        flux=np.append(one.flux, np.full(len(marks), 50.0)),
    )


@pytest.mark.parametrize("visit", ["v1", "v2"])
def test_marks_that_are_more_than_stars_do_not_tie_exposures(visit: str) -> None:
    scene = Scene(3, stars=12, rays=0)
    marks = np.random.default_rng(4).uniform(0.0, SIDE_MAS / PIXEL_MAS, (40, 2))
    half = SIDE_MAS / 2
    one = _marked(scene.exposure("a"), (-half, -half), marks)
    other = scene.exposure("b", at=(400.0, 0.0), visit=visit)
    tie = _tie(one, _marked(other, (400.0 - half, -half), marks))
    # Stars are where they were; what stays on its pixel went with the detector.
    assert np.hypot(*tie.stars.placed.moved(np.zeros(2))) < 20.0
    assert len(tie.stars) >= 11 and tie.stars.first.max() < 12


@pytest.mark.parametrize(("on_chip", "is_alike"), [(0.499, False), (0.5, True)])
def test_a_mark_stays_within_half_a_pixel(on_chip: float, is_alike: bool) -> None:
    one, other, _ = _two()
    # By powers of two, so that nothing is rounded.
    pixels = np.round(one.xy_pix * 4) / 4
    plane = BodyPlane(
        [replace(one, xy_pix=pixels), replace(other, xy_pix=pixels + np.array([on_chip, 0.0]))]
    )
    numbers = np.arange(STARS)
    assert _Alike(plane, 0, 1, -1.0)(numbers, numbers).tolist() == [is_alike] * STARS
