"""Stars move, the nebula stays, and Gaia sees only the bright ones."""

import numpy as np
import pytest
from astropy.table import QTable
from scipy.spatial import cKDTree

from skydb.simulate import scene
from skydb.simulate.catalogs import GAIA_LIMIT_MAG, as_gaia_sees
from skydb.simulate.detectors import detector
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.render import nebula_image
from skydb.simulate.scene import GAIA_EPOCH, make_nebula, make_stars
from skydb.simulate.schedule import make_schedule


def scene_of(**values):
    plan = FieldPlan(**values)
    camera = detector(plan.detector, plan.size)
    schedule = make_schedule(plan, camera)
    return plan, camera, schedule


@pytest.fixture(scope="module")
def stars():
    return make_stars(*scene_of(size=256))


def test_stars_are_given_at_the_epoch_of_gaia(stars):
    assert stars.epoch_year == GAIA_EPOCH


def test_a_star_moves_by_its_proper_motion(stars):
    later = stars.at(2026.0)
    moved_mas = (later.dec_deg - stars.dec_deg) * 3.6e6
    np.testing.assert_allclose(moved_mas, 10 * stars.pmdec_mas, atol=1e-5)
    moved_mas = (later.ra_deg - stars.ra_deg) * 3.6e6 * np.cos(np.radians(stars.dec_deg))
    np.testing.assert_allclose(moved_mas, 10 * stars.pmra_mas, atol=1e-5)


def test_no_two_stars_blend(stars):
    x = stars.ra_deg * np.cos(np.radians(stars.dec_deg[0])) * 3600
    at_field = np.column_stack((x, stars.dec_deg * 3600))
    distances, _ = cKDTree(at_field).query(at_field, k=2)
    assert distances[:, 1].min() > 6 * 0.12


def test_faint_stars_are_more_than_bright_ones(stars):
    bright, faint = np.histogram(stars.g_mag, bins=2)[0]
    assert faint > bright


@pytest.mark.parametrize("name", list(SimDetector))
@pytest.mark.parametrize("size", [128, 256, None])
def test_gaia_has_enough_stars_on_every_detector_area(name, size):
    plan, camera, schedule = scene_of(detector=name, size=size, tiles=(1, 1))
    seen = as_gaia_sees(plan.seed, make_stars(plan, camera, schedule))
    assert seen.g_mag.max() <= GAIA_LIMIT_MAG
    for chip in camera.chips:
        wcs = chip.wcs(schedule.visits[0].true_attitude)
        x, y = wcs.sky_to_pixel(seen.ra_deg, seen.dec_deg, chip.sip)
        nx, ny = chip.naxis
        on_chip = (x > 0) & (x < nx) & (y > 0) & (y < ny)
        assert on_chip.sum() >= 40 / len(camera.chips)


def test_gaia_is_off_by_a_fraction_of_a_milliarcsecond(stars):
    seen = as_gaia_sees(1, stars)
    true_dec = stars.dec_deg[stars.g_mag <= GAIA_LIMIT_MAG]
    assert np.std((seen.dec_deg - true_dec) * 3.6e6) == pytest.approx(0.2, rel=0.2)


def test_catalogue_files_have_units_and_epochs(field):
    directory, truth, _ = field
    gaia = QTable.read(directory / truth.catalog)
    refcat = QTable.read(directory / truth.refcat)
    assert gaia.meta["epoch"] == GAIA_EPOCH
    assert refcat.meta["epoch"] == truth.epoch
    assert len(gaia) == len(refcat) < len(QTable.read(directory / truth.stars))
    years = truth.epoch - GAIA_EPOCH
    moved_mas = (refcat["dec"] - gaia["dec"]).to_value("mas")
    np.testing.assert_allclose(moved_mas, years * gaia["pmdec"].to_value("mas/yr"), atol=1e-4)
    assert years < -3


def test_the_nebula_is_comparable_to_the_sky_and_smooth():
    plan, camera, schedule = scene_of(size=256)
    nebula = make_nebula(plan, camera, schedule)
    images = [
        nebula_image(nebula, camera.chips[0], camera.chips[0].wcs(visit.true_attitude))
        for visit in schedule.visits
    ]
    values = np.array(images)
    assert values.min() >= 0.0
    assert 0.15 < values.max() - values.min() < 0.5
    assert np.abs(np.diff(values, axis=2)).max() < 0.01


def test_overlapping_exposures_see_the_same_nebula():
    plan, camera, schedule = scene_of(size=256, tiles=(2, 1))
    nebula = make_nebula(plan, camera, schedule)
    chip = camera.chips[0]
    first, second = (chip.wcs(visit.true_attitude) for visit in schedule.visits)
    x, y = np.meshgrid(np.arange(1.0, 257.0), np.arange(1.0, 257.0))
    x_second, y_second = second.sky_to_pixel(*first.pixel_to_sky(x, y, chip.sip), chip.sip)
    column, row = np.rint(x_second).astype(int) - 1, np.rint(y_second).astype(int) - 1
    shared = (column >= 0) & (column < 256) & (row >= 0) & (row < 256)
    assert 0.1 < shared.mean() < 0.4
    seen_first = nebula_image(nebula, chip, first)[shared]
    seen_second = nebula_image(nebula, chip, second)[row[shared], column[shared]]
    # Half a pixel of rounding on the steepest slope.
    assert np.abs(seen_first - seen_second).max() < 0.006


def test_a_nebula_between_nodes_is_what_the_formula_says():
    plan, camera, schedule = scene_of(size=256)
    nebula, chip = make_nebula(plan, camera, schedule), camera.chips[0]
    wcs = chip.wcs(schedule.visits[0].true_attitude)
    x, y = np.meshgrid(np.arange(1.0, 257.0), np.arange(1.0, 257.0))
    exact = nebula.brightness(*wcs.pixel_to_sky(x, y, chip.sip))
    assert np.abs(nebula_image(nebula, chip, wcs) - exact).max() < 1e-4


@pytest.mark.parametrize("density", [0.001, 0.008, 0.02])
def test_each_star_gives_way_to_those_before_it_that_stay(density: float) -> None:
    places = np.random.default_rng(3).uniform(0.0, 250.0, (round(density * 250.0**2), 2))
    kept: list[int] = []
    for number, place in enumerate(places):
        if all(np.hypot(*(place - places[other])) > 7.0 for other in kept):
            kept.append(number)
    assert np.flatnonzero(scene._keep_apart(places)).tolist() == kept
    assert len(kept) < len(places)
    box = np.array([[0.0, 0.0], [250.0, 250.0]])
    drawn = scene._fill(box, density / 2, np.random.default_rng(3))
    assert drawn.tolist() == places[kept][: len(places) // 2].tolist()


def test_a_box_without_stars_has_none() -> None:
    box = np.array([[0.0, 0.0], [2.0, 2.0]])
    assert scene._fill(box, 0.001, np.random.default_rng(1)).shape == (0, 2)
