import numpy as np
import pytest

from skydb.simulate.detectors import detector
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from skydb.simulate.render import sky_slope
from skydb.simulate.scene import make_nebula
from skydb.simulate.schedule import make_schedule


@pytest.mark.parametrize(("kind", "stars"), [("sparse", 10), ("nebula", 10), ("crowded", 57)])
def test_a_kind_says_how_many_stars_there_are(kind: str, stars: int) -> None:
    plan = FieldPlan(kind=FieldKind(kind))
    assert plan.stars_within(40_000, default=930) == stars
    assert plan.nebula_amplitude(0.45) == (0.45 if kind == "nebula" else 0.0)


def test_numbers_come_before_the_kind_and_a_plan_without_has_the_defaults() -> None:
    given = FieldPlan(kind=FieldKind.CROWDED, stars=3, nebula=0.1)
    assert (given.stars_within(40_000, default=930), given.nebula_amplitude(0.45)) == (3, 0.1)
    plain = FieldPlan()
    assert (plain.stars_within(40_000, default=930), plain.nebula_amplitude(0.45)) == (930, 0.45)


def test_a_blank_field_has_no_light_but_the_sky() -> None:
    blank = FieldPlan(kind=FieldKind.BLANK)
    assert (blank.stars_within(1e6, default=930), blank.nebula_amplitude(0.45)) == (0, 0.0)


def test_exposures_of_a_matched_field_have_one_sky() -> None:
    plan = FieldPlan(kind=FieldKind.MATCHED, size=64)
    schedule = make_schedule(plan, detector(plan.detector, plan.size))
    assert {one.sky for one in schedule.exposures} == {1.05}


@pytest.mark.parametrize("name", list(SimDetector))
def test_a_gradient_is_a_part_of_the_sky_and_nothing_in_the_middle(name: SimDetector) -> None:
    plan = FieldPlan(name, kind=FieldKind.GRADIENT, size=64)
    camera = detector(plan.detector, plan.size)
    exposures = make_schedule(plan, camera).exposures
    for one in exposures:
        assert np.hypot(*one.sky_gradient) == pytest.approx(0.25 * one.sky)
    assert len({np.arctan2(*one.sky_gradient).round(6) for one in exposures}) == 9
    chips = np.concatenate(
        [sky_slope(exposures[0], chip, len(camera.chips)) for chip in camera.chips]
    )
    assert chips.mean() == pytest.approx(0.0, abs=1e-9)
    gradient = np.array(exposures[0].sky_gradient)
    assert chips[-1, -1] - chips[0, 0] == pytest.approx(gradient.sum(), rel=0.05, abs=0.02)


def test_a_galaxy_fades_from_its_middle_and_fills_the_field() -> None:
    plan = FieldPlan(kind=FieldKind.GALAXY, size=64)
    camera = detector(plan.detector, plan.size)
    schedule = make_schedule(plan, camera)
    galaxy = make_nebula(plan, camera, schedule)
    away = np.linspace(0, 3 * schedule.tile_arcsec / 3600, 50)
    light = galaxy.brightness(np.full(50, plan.ra_deg), plan.dec_deg + away)
    assert light.max() > 0.2
    assert 0 < light[-1] < 0.1 * light.max()
    assert np.all(np.diff(light)[25:] < 0)
