"""A body of exposures fitted to a catalogue: five stars among cosmic rays are enough."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.sky.bodies import BodyFit, BodyStars, counted, fit_body, stars_of
from skydb.sky.relative import Relative, relate
from tests.sky.group_members import PIXEL_MAS, Scene, shifted

_ERROR = (1300.0, -1100.0, 0.06)


def _rshift(_: int) -> str:
    return "rshift"


def _visit(scene: Scene, exposures: int = 4) -> Relative:
    jitter = scene.rng.normal(0.0, 5.0, (exposures, 2))
    return relate(
        [
            scene.exposure(f"e{n}", shifted(_ERROR[0] + dx, _ERROR[1] + dy, _ERROR[2]))
            for n, (dx, dy) in enumerate(jitter)
        ]
    )


def _fitted(scene: Scene, relative: Relative, geometry: str = "rshift") -> BodyFit | str:
    (body,) = relative.bodies
    catalog = relative.plane.of(scene.catalog_deg)
    return fit_body(
        stars_of(relative, body), catalog, PIXEL_MAS, lambda _, is_turned=False: geometry
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("geometry", ["rshift", "rscale"])
def test_five_stars_in_each_exposure_are_fitted_to_within_the_error_of_the_fit(
    seed: int, geometry: str
) -> None:
    scene = Scene(seed, stars=5, rays=50)
    relative = _visit(scene)

    fit = _fitted(scene, relative, geometry)

    assert isinstance(fit, BodyFit)
    assert fit.nmatches == 5
    assert fit.weight == 10
    for number, one in enumerate(relative.plane.members):
        undo = fit.matched.placed.after(relative.maps[number])
        middle = relative.plane.middle(number)
        sigma = np.hypot(fit.error_at(middle), relative.consistency(number).error_mas)
        plane = relative.plane.of(scene.catalog_deg)
        placed = undo(relative.plane.of(_seen(scene, one.name)))
        assert np.abs((placed - plane).mean(axis=0)).max() < 4 * sigma


def _by_matches(matches: int, *, is_turned: bool = False) -> str:
    return "rshift" if is_turned else "shift"


@pytest.mark.parametrize("turn_deg", [0.06, 0.0])
def test_a_rotation_that_the_stars_show_is_fitted_however_few_they_are(turn_deg: float) -> None:
    scene = Scene(3, stars=4, rays=20)
    relative = relate([scene.exposure(f"e{n}", shifted(900.0, 400.0, turn_deg)) for n in range(4)])
    catalog = relative.plane.of(scene.catalog_deg)
    stars = stars_of(relative, relative.bodies[0])

    found = fit_body(stars, catalog, PIXEL_MAS, _by_matches)
    named = fit_body(stars, catalog, PIXEL_MAS, lambda _, is_turned=False: "shift")

    assert isinstance(found, BodyFit) and isinstance(named, BodyFit)
    assert found.geometry == ("rshift" if turn_deg else "shift")
    assert named.geometry == "shift"
    corner = stars.xy_mas.mean(axis=0) + 10_000.0
    assert (found.error_at(corner) < named.error_at(corner)) == bool(turn_deg)


def _seen(scene: Scene, name: str) -> np.ndarray:
    from tests.sky.group_members import sky

    return sky(scene.errors[name](scene.places))


def test_cosmic_rays_are_not_among_the_stars_of_a_body() -> None:
    scene = Scene(2, stars=6, rays=60)
    relative = _visit(scene)

    stars = stars_of(relative, range(4))

    assert 6 <= len(stars) <= 9
    assert stars.seen.max() == 4


def test_a_star_that_only_one_exposure_covers_is_kept() -> None:
    scene = Scene(4, stars=20, rays=0, wide=2.0)
    relative = relate([scene.exposure(f"e{n}", at=(n * 4000.0, 0.0)) for n in range(2)])

    stars = stars_of(relative, (0, 1))

    assert set(stars.seen.tolist()) == {1, 2}


@pytest.mark.parametrize("seed", range(6))
def test_cosmic_rays_alone_are_refused(seed: int) -> None:
    scene = Scene(seed, stars=0, rays=80)
    relative = _visit(scene)
    catalog = Scene(seed + 100, stars=12).catalog_deg

    for body in relative.bodies:
        found = fit_body(stars_of(relative, body), relative.plane.of(catalog), PIXEL_MAS, _rshift)

        assert isinstance(found, str)


@pytest.mark.parametrize("seed", range(6))
def test_a_mirrored_catalogue_is_refused(seed: int) -> None:
    scene = Scene(seed, stars=12, rays=20)
    relative = _visit(scene)
    mirrored = relative.plane.of(scene.catalog_deg) * (-1.0, 1.0)

    found = fit_body(stars_of(relative, relative.bodies[0]), mirrored, PIXEL_MAS, _rshift)

    assert isinstance(found, str)
    assert "offset" in found


def test_a_catalogue_elsewhere_is_refused_with_its_numbers() -> None:
    scene = Scene(1, stars=6)
    relative = _visit(scene)
    elsewhere = relative.plane.of(scene.catalog_deg) + 1e5

    found = fit_body(stars_of(relative, relative.bodies[0]), elsewhere, PIXEL_MAS, _rshift)

    assert isinstance(found, str)
    assert "none of 6 sources of the catalogue is within 2.6 arcsec" in found


def test_leaving_out_a_star_or_an_exposure_is_a_new_fit_without_it() -> None:
    scene = Scene(3, stars=16, rays=0, wide=2.0)
    relative = relate([scene.exposure(f"e{n}", at=(n * 2500.0 - 4000.0, 0.0)) for n in range(4)])
    fit = _fitted(scene, relative)
    assert isinstance(fit, BodyFit)

    star, exposures = fit.jackknife_star_mas(), fit.jackknife_member_mas(range(4))

    assert 0.0 < star < 3.0
    assert set(exposures) == {0, 1, 2, 3}
    assert all(0.0 < moved < 3.0 for moved in exposures.values())


def test_a_fit_without_scatter_to_judge_by_has_no_error_that_is_known() -> None:
    scene = Scene(3, stars=6, rays=0, noise_mas=0.0)
    fit = _fitted(scene, _visit(scene))

    assert isinstance(fit, BodyFit)
    assert fit.error_mas < 1e-3


@pytest.mark.parametrize(
    ("seen", "weight"), [([1, 1, 1, 1], 4), ([4, 4, 4, 4], 8), ([2, 1, 3, 1, 1], 7), ([5, 5, 5], 3)]
)
def test_a_star_measured_again_counts_once_more_but_a_few_stars_stay_few(
    seen: list[int], weight: int
) -> None:
    assert counted(np.array(seen)) == weight


@pytest.mark.parametrize(("off_pix", "matches"), [(0.11, 8), (0.4, 7)])
def test_a_star_may_be_a_sixth_of_a_pixel_off_however_well_the_others_fit(
    off_pix: float, matches: int
) -> None:
    places = np.random.default_rng(5).uniform(-4000.0, 4000.0, (8, 2))
    number = np.arange(8)
    stars = BodyStars(places, np.full(8, 2), number, number * 0, places, number)
    catalog = places.copy()
    catalog[0, 1] += off_pix * PIXEL_MAS
    fit = fit_body(stars, catalog, PIXEL_MAS, _by_matches)
    assert isinstance(fit, BodyFit) and fit.nmatches == matches
