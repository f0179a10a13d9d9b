"""Exposures fitted to each other: as their stars say, whatever cosmic rays there are."""

import numpy as np
import pytest

from skydb.sky.relative import Consistency, relate
from tests.sky.group_members import Scene, shifted

_JITTER = (shifted(6.0, -3.0), shifted(-9.0, 4.0), shifted(1.0, 8.0), shifted(2.0, -9.0))


def _apart(scene: Scene, names: list[str], maps: tuple) -> float:
    """Largest difference between exposures that should agree."""
    placed = [
        move(scene.errors[name](scene.places)) for name, move in zip(names, maps, strict=True)
    ]
    return float(max(np.abs(one - placed[0]).max() for one in placed))


@pytest.mark.parametrize("seed", range(4))
def test_exposures_of_a_visit_agree_afterwards_and_stay_where_they_are_on_average(
    seed: int,
) -> None:
    scene = Scene(seed, stars=6, rays=50)
    members = [scene.exposure(f"e{n}", error) for n, error in enumerate(_JITTER)]

    relative = relate(members)

    assert not relative.alone
    assert relative.bodies == [(0, 1, 2, 3)]
    assert _apart(scene, [one.name for one in members], relative.maps) < 4.0
    steps = [move.moved(np.zeros(2)) for move in relative.maps]
    np.testing.assert_allclose(np.mean(steps, axis=0), 0.0, atol=1e-6)
    assert all(relative.consistency(n).rms_mas < 4.0 for n in range(4))


def test_visits_that_are_arcseconds_and_tenths_of_a_degree_apart_are_brought_together() -> None:
    scene = Scene(3, stars=8, rays=30)
    members = [
        scene.exposure("a1", shifted(900.0, -1500.0, 0.08)),
        scene.exposure("a2", shifted(905.0, -1503.0, 0.08)),
        scene.exposure("b1", shifted(-1400.0, 700.0, -0.07), visit="v2"),
        scene.exposure("b2", shifted(-1398.0, 702.0, -0.07), visit="v2"),
    ]

    relative = relate(members)

    assert relative.bodies == [(0, 1, 2, 3)]
    assert _apart(scene, ["a1", "a2", "b1", "b2"], relative.maps) < 8.0


def test_an_exposure_without_a_star_in_common_keeps_its_place_in_the_visit() -> None:
    scene = Scene(5, stars=14, rays=10, wide=3.0)
    members = [
        scene.exposure("e0", shifted(300.0, 100.0)),
        scene.exposure("e1", shifted(310.0, 104.0)),
        scene.exposure("far", shifted(305.0, 102.0), at=(1e5, 0.0)),
        scene.exposure("other", at=(2e5, 0.0), visit="v2"),
    ]

    relative = relate(members)

    assert relative.alone == ("far", "other")
    assert relative.bodies == [(0, 1, 2), (3,)]
    mates = np.mean([relative.maps[n].moved(np.zeros(2)) for n in (0, 1)], axis=0)
    np.testing.assert_allclose(relative.maps[2].moved(np.zeros(2)), mates, atol=1e-6)


def test_cosmic_rays_alone_tie_nothing() -> None:
    scene = Scene(6, stars=0, rays=150)

    relative = relate([scene.exposure(f"e{n}") for n in range(4)])

    assert relative.ties == ()
    assert len(relative.alone) == 4


def test_marks_of_the_detector_do_not_tie_dithered_exposures() -> None:
    # The same pixels are hot in both; the sky has moved on by 20 pixels.
    scene = Scene(7, stars=0, rays=40)
    first, second = scene.exposure("e0"), scene.exposure("e1", at=(400.0, 0.0))
    hot = type(second)(
        **{**vars(second), "xy_pix": first.xy_pix, "flux": first.flux,
           "radec_deg": first.radec_deg + np.array([400.0 / 3.6e6, 0.0])}
    )  # fmt: skip

    assert relate([first, hot]).ties == ()


def test_whole_visits_are_moved_as_they_are_and_one_can_stay() -> None:
    scene = Scene(8, stars=8, rays=20)
    members = [
        scene.exposure("a1", shifted(400.0, 20.0)),
        scene.exposure("a2", shifted(406.0, 25.0)),
        scene.exposure("b1", shifted(-700.0, 90.0, 0.05), visit="v2"),
    ]

    relative = relate(members, whole_visits=True).resting_on([0, 1])

    np.testing.assert_allclose(relative.maps[0](scene.places), scene.places, atol=1e-6)
    np.testing.assert_allclose(relative.maps[1](scene.places), scene.places, atol=1e-6)
    moved = relative.maps[2](scene.errors["b1"](scene.places))
    middle = (scene.errors["a1"](scene.places) + scene.errors["a2"](scene.places)) / 2
    assert np.abs(moved - middle).max() < 4.0
    assert relative.shared_by([2]) == 8


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_the_order_of_the_exposures_does_not_matter(order: tuple[int, ...]) -> None:
    scene = Scene(9, stars=7, rays=40)
    members = [scene.exposure(f"e{n}", error) for n, error in enumerate(_JITTER)]
    expected = dict(zip("0123", relate(members).maps, strict=True))

    relative = relate([members[n] for n in order])

    for n, move in zip(order, relative.maps, strict=True):
        np.testing.assert_allclose(move.shift, expected[str(n)].shift, atol=0.01)


def test_exposures_of_a_visit_that_is_moved_as_a_whole_are_not_compared() -> None:
    scene = Scene(3, stars=6, rays=0)
    # Two names of one visit are equal, not the same object.
    members = [scene.exposure(name, visit="".join(["v", "1"])) for name in "ab"]
    assert relate(members, whole_visits=True).ties == ()
    assert len(relate(members).ties) == 1
    for visits in (("v1", "v2"), ("v2", "v1")):
        two = [scene.exposure(visit, visit=visit) for visit in visits]
        assert len(relate(two, whole_visits=True).ties) == 1


def test_an_exposure_without_a_pair_has_no_error() -> None:
    nothing = {"east_mas": 0.0, "north_mas": 0.0, "turn_deg": 0.0}
    assert Consistency(0, None, **nothing).error_mas == 0.0
    assert Consistency(0, 3.0, **nothing).error_mas == 0.0
    assert Consistency(8, 4.0, **nothing, partners=4).error_mas == 2.0
