"""Exposures fitted to each other and to a catalogue: to six digits what they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skydb.sky.bodies import BodyFit, counted, fit_body, stars_of
from skydb.sky.members import BodyPlane
from skydb.sky.plane_matching import Matched, Reach, match_from
from skydb.sky.planemaps import PlaneMap, fit_map
from skydb.sky.relative import Relative, relate
from skydb.sky.ties import tie_of
from skydb.sky.votes import Peak, Search, best_offset, mutual_pairs
from tests.keeping import assert_kept
from tests.sky.group_members import PIXEL_MAS, Scene, shifted


def _visits(seed: int = 3, *, stars: int = 9, rays: int = 25) -> tuple[Scene, Relative]:
    """Two visits of three exposures, beside each other, and one exposure far away."""
    scene = Scene(seed, stars=2 * stars, rays=rays, wide=1.6)
    members = [
        scene.exposure("a1", shifted(300.0, -500.0, 0.03), at=(-3000.0, 0.0)),
        scene.exposure("a2", shifted(305.0, -503.0, 0.03), at=(-1500.0, 300.0)),
        scene.exposure("a3", shifted(297.0, -498.0, 0.03), at=(-2500.0, -900.0)),
        scene.exposure("b1", shifted(-700.0, 400.0, -0.05), at=(2500.0, 100.0), visit="v2"),
        scene.exposure("b2", shifted(-703.0, 405.0, -0.05), at=(3500.0, -400.0), visit="v2"),
        scene.exposure("a9", shifted(301.0, -499.0, 0.03), at=(90_000.0, 0.0)),
    ]
    members[4] = replace(members[4], band="F814W", flux=members[4].flux * 3.0)
    return scene, relate(members)


def _map(found: PlaneMap) -> list[np.ndarray]:
    return [found.matrix, found.shift]


def _matched(found: Matched) -> list[object]:
    pairs = [found.first, found.second]
    return [*pairs, _map(found.placed), found.residuals, found.before, found.rms, len(found)]


def test_exposures_fitted_to_each_other_are_what_they_were() -> None:
    _, relative = _visits()
    whole = relate(relative.plane.members, whole_visits=True)
    numbers = range(len(relative.plane.members))
    found: dict[str, object] = {}
    for name, one in (("each", relative), ("visits", whole), ("rest", relative.resting_on([1, 3]))):
        found[f"{name} maps"] = [_map(move) for move in one.maps]
        found[f"{name} ties"] = [[t.first, t.second, _matched(t.stars)] for t in one.ties]
        found[f"{name} agree"] = [
            [one.consistency(n), one.consistency(n).error_mas] for n in numbers
        ]
    found["alone"], found["bodies"] = relative.alone, relative.bodies
    found["shared"] = [relative.shared_by(some) for some in ((0,), (0, 1, 2), (3, 4), numbers)]
    assert_kept("relative", found)


def test_an_exposure_of_many_pairs_has_a_rotation_of_its_own() -> None:
    scene = Scene(2, stars=60, rays=5)
    turned = (0.0, 0.02, -0.03)
    members = [scene.exposure(f"e{n}", shifted(20.0 * n, 0.0, t)) for n, t in enumerate(turned)]
    assert_kept("rotations", {"maps": [_map(move) for move in relate(members).maps]})


def test_the_plane_of_a_group_is_what_it_was() -> None:
    scene, relative = _visits()
    plane = relative.plane
    places = np.random.default_rng(1).uniform(-2e4, 2e4, (50, 2))
    np.testing.assert_allclose(plane.of(plane.sky(places)), places, atol=1e-5)
    assert [len(one) for one in plane.members] == [len(one.flux) for one in plane.members]
    reach = plane.radius_mas
    at = plane.sky(np.array([(reach - 100, 0.0), (reach + 100, 0.0), (reach + 900, 0.0)]))
    assert plane.near(at, 0.0).tolist() == [True, False, False]
    assert plane.near(at, 1000.0).tolist() == [True, True, True]
    middle = plane.middle(0)
    corner = middle + np.array([0.499, 0.499]) * 1e4
    beyond = middle + np.array([0.55, 0.0]) * 1e4
    assert plane.covers(0, np.array([middle, corner, beyond])).tolist() == [True, True, False]
    assert_kept("plane", {
        "centre": plane.centre, "degrees": plane.centre_deg, "pixel": plane.pixel_mas,
        "radius": reach, "middles": [plane.middle(n) for n in range(6)],
        "overlap": [[plane.may_overlap(a, b, m) for a in range(6)]
                    for b in range(6) for m in (0.0, 7e4)],
        "areas": [plane.area_arcsec2(some) for some in ((0,), (0, 1, 2), (0, 4))],
        "covered": [plane.covers(n, places).nonzero()[0] for n in range(5)],
        "places": plane.places[2],
        "catalogue": plane.of(scene.catalog_deg),
    })  # fmt: skip


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_bodies_fitted_to_a_catalogue_are_what_they_were(geometry: str) -> None:
    scene, relative = _visits()
    body = relative.bodies[0]
    catalog = relative.plane.of(scene.catalog_deg)
    stars = stars_of(relative, body)
    fit = fit_body(stars, catalog, PIXEL_MAS, lambda _, is_turned=False: geometry)
    assert isinstance(fit, BodyFit)
    found: dict[str, object] = {
        "body": body,
        "stars": [stars.xy_mas, stars.seen, stars.star, stars.member, stars.source],
        "measured": stars.measured_mas[::7],
        "matched": _matched(fit.matched),
        "counts": [fit.nmatches, fit.measurements, fit.weight],
        "in members": [fit.matched_in(n) for n in body],
        "error": fit.error_mas,
        "errors": [fit.error_at(np.array(place)) for place in ((0.0, 0.0), (9e3, -4e3))],
        "agreement": fit.agreement(relative.plane, body),
        "jackknife": fit.jackknife_star_mas(),
        "without": fit.jackknife_member_mas(body),
        "peak": [fit.peak.votes, fit.peak.rival, fit.peak.chance, _map(fit.peak.placed)],
    }
    assert_kept(f"body {geometry}", found)


def test_few_matches_have_an_error_or_none() -> None:
    scene = Scene(7, stars=3, rays=4)
    relative = relate([scene.exposure(f"e{n}", shifted(50.0, 20.0)) for n in range(3)])
    stars, catalog = stars_of(relative, (0, 1, 2)), relative.plane.of(scene.catalog_deg)
    peak = Peak(PlaneMap.identity(), 3, 0, 1e-9)
    matched = match_from(PlaneMap.rigid(np.array([-50.0, -20.0]), 0.0), stars.xy_mas, catalog,
                         "shift", Reach(200.0, 20.0))  # fmt: skip
    found: dict[str, object] = {}
    for count in (1, 2, 3):
        some = matched.only(np.arange(len(matched)) < count)
        for geometry in ("shift", "rshift", "rscale", "general"):
            fit = BodyFit(geometry, some, stars, catalog, peak)
            found[f"{count} {geometry}"] = [
                fit.error_mas, fit.error_at(np.array([5e3, 0.0])), fit.jackknife_star_mas(),
                fit.jackknife_member_mas((0, 2)), fit.weight, fit.measurements,
            ]  # fmt: skip
    assert_kept("few matches", found)


def test_a_body_without_a_fit_says_why() -> None:
    scene, relative = _visits()
    catalog = relative.plane.of(scene.catalog_deg)
    stars = stars_of(relative, relative.bodies[0])
    empty = stars_of(relate([Scene(1, stars=0, rays=0).exposure("e")]), (0,))
    assert len(empty) == 0
    some = np.random.default_rng(0).uniform(-5e3, 5e3, (30, 2))
    twice = np.vstack((catalog, catalog + np.array((600.0, 0.0))))

    def say(who, sources, geometry="rshift"):
        return fit_body(who, sources, PIXEL_MAS, lambda _, is_turned=False: geometry)

    told = {
        "no star": say(empty, catalog),
        "no source": say(stars, catalog + 1e6),
        "other sources": say(stars, some),
        "two offsets": say(stars, twice),
    }
    assert all(isinstance(one, str) for one in told.values())
    assert_kept("refusals", told)


def test_matches_are_counted_twice_at_most_and_few_once() -> None:
    assert counted(np.array([5, 5, 5])) == 3
    assert counted(np.array([1, 2, 3, 9])) == 7
    assert counted(np.array([], dtype=int)) == 0


def test_ties_of_two_exposures_are_what_they_were() -> None:
    _, relative = _visits()
    plane = relative.plane
    marked = list(plane.members)
    # Marks of the detector stay on their pixels while the sky moves on.
    for n in (0, 1):
        marked[n] = replace(marked[n], xy_pix=plane.members[0].xy_pix[: len(marked[n])]) if (
            len(marked[n]) <= len(plane.members[0])) else marked[n]  # fmt: skip
    marks = BodyPlane(marked)
    found = {
        f"{first} {second} {name}": None if tie is None else _matched(tie.stars)
        for name, where in (("stars", plane), ("marks", marks))
        for first, second in ((0, 1), (0, 3), (3, 4), (2, 4), (0, 5))
        for tie in [tie_of(where, first, second)]
    }
    assert_kept("ties", found)


def _lists(seed: int, common: int, others: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    stars = rng.uniform(0.0, 1000.0, (common, 2))
    moved = stars + np.array((23.0, -11.0)) + rng.normal(0.0, 0.4, stars.shape)
    return (
        np.vstack((stars, rng.uniform(0.0, 1000.0, (others, 2)))),
        np.vstack((moved, rng.uniform(0.0, 1000.0, (others, 2)))),
    )


@pytest.mark.parametrize(("common", "others"), [(12, 30), (5, 60), (3, 8), (2, 3), (0, 25)])
def test_offsets_that_pairs_vote_for_are_what_they_were(common: int, others: int) -> None:
    moving, fixed = _lists(common, common, others)
    found: dict[str, object] = {}
    for turn in (0.0, 0.01):
        for reach in (1.0, 3.0):
            peak = best_offset(moving, fixed, Search(60.0, reach, turn))
            allowed = best_offset(
                moving, fixed, Search(60.0, reach, turn), allowed=lambda i, j: (i + j) % 3 != 1
            )
            found[f"{turn} {reach}"] = [
                None if one is None else [
                    _map(one.placed), one.votes, one.rival, one.chance, one.is_significant,
                    one.is_ambiguous, one.is_sure, one.sentence,
                ]
                for one in (peak, allowed)
            ]  # fmt: skip
    assert_kept(f"votes {common}", found)


def test_no_pair_within_the_radius_is_no_offset() -> None:
    moving, fixed = _lists(1, 5, 0)
    assert best_offset(moving, fixed + 500.0, Search(5.0, 1.0)) is None
    assert best_offset(moving[:0], fixed, Search(60.0, 1.0)) is None
    assert best_offset(moving, fixed[:0], Search(60.0, 1.0)) is None
    none = mutual_pairs(moving[:0], fixed, 1.0)
    assert [one.tolist() for one in none] == [[], []]
    assert [len(one) for one in mutual_pairs(moving, fixed[:0], 1.0)] == [0, 0]


@pytest.mark.parametrize(
    ("votes", "rival", "chance", "sure"),
    [
        (3, 2, 0.9e-5, True),
        (3, 0, 1e-5, False),
        (2, 0, 0.0, False),
        (4, 3, 0.0, False),
        (40, 29, 0.0, True),
        (40, 30, 0.0, False),
    ],
)
def test_an_offset_is_sure_above_chance_and_rivals(votes, rival, chance, sure) -> None:
    peak = Peak(PlaneMap.identity(), votes, rival, chance)
    assert peak.is_sure is sure


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_matches_and_maps_are_what_they_were(geometry: str) -> None:
    rng = np.random.default_rng(5)
    moving = rng.uniform(-500.0, 500.0, (40, 2))
    true = np.array([[1.0005, 0.002], [-0.0018, 0.9996]])
    fixed = moving @ true.T + np.array((3.0, -2.0)) + rng.normal(0.0, 0.3, moving.shape)
    fixed[:4] += 2.0
    start = PlaneMap.rigid(np.array([2.8, -2.2]), 0.0)
    found: dict[str, object] = {
        f"{count} {reach.widest}": _matched(
            match_from(start, moving[:count], fixed[:count], geometry, reach)
        )
        for count in (0, 1, 2, 3, 40)
        for reach in (Reach(6.0, 0.5), Reach(2.0, 1.0))
    }
    for count in (0, 1, 2, 3, 9):
        one = fit_map(moving[:count], fixed[:count], geometry)
        again = one.after(start)
        found[f"map {count}"] = [_map(one), one.turn_rad, one.scale, _map(again)]
    found["moved"] = fit_map(moving, fixed, geometry).moved(np.array([100.0, 50.0]))
    found["reach"] = [Reach(6.0, 0.5).around(np.array(one)) for one in ([0.01], [1.0, 1.2], [9.0])]
    assert_kept(f"matches {geometry}", found)


@pytest.mark.parametrize(
    ("chips", "is_tied"), [((1, 1), False), ((1, 2), True), ((2, 1), True), ((2, 2), False)]
)
def test_marks_of_one_chip_tie_it_to_no_other_chip(chips: tuple, is_tied: bool) -> None:
    scene = Scene(4, stars=12, rays=0)
    one = scene.exposure("e0", shifted(0.0, 0.0))
    other = scene.exposure("e1", shifted(300.0, 200.0))
    members = [
        replace(one, extver=np.full(len(one), chips[0])),
        replace(other, extver=np.full(len(other), chips[1]), xy_pix=one.xy_pix),
    ]
    assert (tie_of(BodyPlane(members), 0, 1) is not None) is is_tied
