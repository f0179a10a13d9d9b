import numpy as np
import pytest

from skydb.domain.trust import CONFIRMING_SCORE, TRUST_FLOOR, UNCONFIRMED_SCORE
from skydb.sky.displacement import Displacement
from skydb.sky.fit_trust import (
    Agreement,
    Sighting,
    _in_box,
    _offsets_arcsec,
    catalog_inside,
    check_archive,
    check_cross_match,
    check_neighbours,
    compare,
    jackknife_pix,
    shared,
    sight,
)
from tests.sky.chips import tan_wcs

CENTRE = (85.25, -2.46)
IR, UVIS = 0.128, 0.04


def stars(number=60, size_arcsec=40.0, seed=3, centre=CENTRE):
    rng = np.random.default_rng(seed)
    offsets = rng.uniform(-size_arcsec / 2, size_arcsec / 2, (number, 2)) / 3600
    offsets[:, 0] /= np.cos(np.radians(centre[1]))
    return np.asarray(centre) + offsets


def moved(radec, east_arcsec=0.0, north_arcsec=0.0, noise_arcsec=0.0, seed=5):
    rng = np.random.default_rng(seed)
    offsets = np.array([east_arcsec, north_arcsec]) + rng.normal(0, 1, radec.shape) * noise_arcsec
    return radec + offsets / 3600 / np.column_stack((np.cos(np.radians(radec[:, 1])),
                                                     np.ones(len(radec))))  # fmt: skip


def cross_match(sources, catalog, scale=IR, area=1600.0):
    return check_cross_match(compare(sources, catalog, area, scale))


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_the_jackknife_equals_fitting_again_without_each_match(geometry) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-500, 500, (2, 14))
    noise = rng.normal(0, 0.1, (2, 14))
    design = _design(x - x.mean(), y - y.mean(), geometry)
    whole, residuals = _fit(design, noise, np.arange(14))
    shifts = [_fit(design, noise, np.delete(np.arange(14), i))[0][:2] for i in range(14)]
    expected = max(np.hypot(*(shift - whole[:2])) for shift in shifts)
    assert jackknife_pix(x, y, *residuals, geometry) == pytest.approx(expected, rel=1e-6)


def _design(x, y, geometry):
    one, zero = np.ones_like(x), np.zeros_like(x)
    columns = {
        "shift": [],
        "rshift": [(-y, x)],
        "rscale": [(-y, x), (x, y)],
        "general": [(x, zero), (y, zero), (zero, x), (zero, y)],
    }[geometry]
    return np.stack([np.stack(c) for c in [(one, zero), (zero, one), *columns]], axis=-1)


def _fit(design, values, chosen):
    matrix = design[:, chosen].reshape(-1, design.shape[-1])
    parameters, *_ = np.linalg.lstsq(matrix, values[:, chosen].ravel(), rcond=None)
    return parameters, values - design @ parameters


def test_a_jackknife_of_too_few_matches_says_nothing() -> None:
    two = np.array([1.0, 2.0])
    assert jackknife_pix(two, two, two, two, "rscale") is None
    assert jackknife_pix(two[:0], two[:0], two[:0], two[:0], "shift") is None


@pytest.mark.parametrize("scale", [IR, UVIS])
def test_a_right_fit_is_confirmed(scale) -> None:
    catalog = stars()
    witness = cross_match(moved(catalog, noise_arcsec=0.1 * scale), catalog, scale)
    assert witness.score == 1.0


@pytest.mark.parametrize("scale", [IR, UVIS])
@pytest.mark.parametrize("off_pix", [1.0, 1.2, 2.0])
def test_a_fit_that_is_a_pixel_off_is_not_believed(scale, off_pix) -> None:
    catalog = stars()
    sources = moved(catalog, east_arcsec=off_pix * scale, noise_arcsec=0.1 * scale)
    witness = cross_match(sources, catalog, scale)
    assert witness.score < TRUST_FLOOR
    assert witness.measured == pytest.approx(off_pix, abs=0.1)


def test_a_fit_that_is_off_by_more_than_the_radius_finds_no_more_than_chance() -> None:
    catalog = stars()
    witness = cross_match(moved(catalog, north_arcsec=0.5), catalog)
    assert witness.score < 0.2
    assert "only" in witness.reason


def test_half_of_the_stars_of_the_catalogue_are_enough() -> None:
    catalog = stars(40)
    sources = np.vstack((moved(catalog[:20], noise_arcsec=0.01), stars(50, seed=9)))
    assert cross_match(sources, catalog).score == 1.0


def test_a_crowded_field_does_not_confirm_by_chance() -> None:
    catalog = stars(8000, 40.0)
    assert cross_match(stars(2000, 40.0, seed=8), catalog).score < TRUST_FLOOR


@pytest.mark.parametrize("number", [0, 4])
def test_too_few_sources_neither_confirm_nor_condemn(number) -> None:
    witness = cross_match(stars(number), stars())
    assert witness.score == UNCONFIRMED_SCORE >= TRUST_FLOOR


def test_the_catalogue_is_cut_to_pixels_that_were_exposed() -> None:
    wcs = tan_wcs(CENTRE, scale_arcsec=0.1, shape_xy=(200, 100))
    exposed = np.zeros((100, 200), bool)
    exposed[:, :100] = True
    pixels = np.array([[50.0, 50.0], [150.0, 50.0], [-20.0, 50.0]])
    sky = np.vstack((wcs.all_pix2world(pixels, 1), [[265.25, 2.46]]))
    inside = catalog_inside(sky, exposed, wcs)
    assert np.allclose(wcs.all_world2pix(inside, 1), [[50, 50]], atol=1e-6)
    assert catalog_inside(sky[3:], exposed, wcs).shape == (0, 2)


def test_sources_are_found_where_the_stars_are() -> None:
    wcs = tan_wcs(CENTRE, scale_arcsec=IR, shape_xy=(200, 150))
    rng = np.random.default_rng(2)
    xy = rng.uniform(15, 135, (25, 2))
    image = _image(xy, (150, 200), rng)
    seen = sight(image, np.ones(image.shape, bool), wcs)
    found = compare(seen.radec_deg, wcs.all_pix2world(xy, 1), seen.area_arcsec2, seen.scale_arcsec)
    assert found.pairs >= 20
    assert found.offset_pix < 0.05
    assert seen.area_arcsec2 == pytest.approx(150 * 200 * IR**2)


def _image(xy, shape, rng):
    rows, columns = np.mgrid[1 : shape[0] + 1, 1 : shape[1] + 1]
    image = rng.normal(5.0, 0.1, shape)
    for x, y in xy:
        image += 20 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / 0.9**2)
    return image


def test_a_hot_pixel_is_no_source_and_an_empty_image_has_none() -> None:
    wcs = tan_wcs(CENTRE, shape_xy=(100, 100))
    image = np.random.default_rng(4).normal(0.0, 0.1, (100, 100))
    image[50, 50] = 100.0
    assert not len(sight(image, np.ones(image.shape, bool), wcs).radec_deg)
    assert not len(sight(image, np.zeros(image.shape, bool), wcs).radec_deg)


def sighting(radec):
    return Sighting(radec, 1600.0, IR)


def test_one_wrong_neighbour_of_three_does_not_condemn() -> None:
    here = stars(60)
    others = [moved(here, 0.2), moved(here, noise_arcsec=0.01), moved(here, noise_arcsec=0.01)]
    found = [shared(sighting(here), sighting(other)) for other in others]
    assert check_neighbours(found).score == 1.0
    assert check_neighbours(found[:1]).score < TRUST_FLOOR


def test_products_that_share_nothing_say_nothing() -> None:
    here, there = stars(60), stars(60, centre=(85.35, -2.46))
    opposite = stars(60, centre=(265.25, 2.46))
    found = [shared(sighting(here), sighting(other)) for other in (there, opposite, here[:0])]
    assert check_neighbours(found).score is None


def test_products_that_share_a_corner_are_compared_there() -> None:
    field = stars(400, 80.0)
    left, right = field[field[:, 0] > 85.247], field[field[:, 0] < 85.253]
    found = shared(sighting(left), sighting(moved(right, 0.0, 1.2 * IR, 0.01)))
    assert found.offset_pix == pytest.approx(1.2, abs=0.1)
    assert check_neighbours([found]).score < TRUST_FLOOR


def test_the_archive_is_heard_in_pixels_less_its_own_scatter() -> None:
    near = Displacement(20.0, 21.0, 20.0, 0.0, 0.0, 1.0)
    far = Displacement(150.0, 151.0, 150.0, 0.0, 0.0, 1.0)
    assert check_archive(near, IR, 10.0).score == 1.0
    assert check_archive(far, IR, 10.0).score < TRUST_FLOOR


def _pairs(offset_arcsec: float, area_arcsec2: float, scale_arcsec: float) -> int:
    """Count the two far stars whose partners at this distance to the east are found."""
    place = np.array([[10.0, 0.0], [10.01, 0.0]])
    partners = place + np.array([offset_arcsec / 3600, 0.0])
    return compare(place, partners, area_arcsec2, scale_arcsec).pairs


@pytest.mark.parametrize(
    ("area_arcsec2", "scale_arcsec", "radius_arcsec"),
    [
        # Sparse: the largest radius. Crowded: a quarter of chance pairs, but 1.5 pixels at least.
        (1e4, 0.04, 0.3),
        (1.0, 0.04, (0.25 / np.pi / 2.0) ** 0.5),
        (0.2, 0.1, 0.15),
        (0.2, 0.04, (0.25 / np.pi / 10.0) ** 0.5),
    ],
)
def test_partners_are_looked_for_as_far_as_crowding_allows(
    area_arcsec2: float, scale_arcsec: float, radius_arcsec: float
) -> None:
    assert _pairs(0.99 * radius_arcsec, area_arcsec2, scale_arcsec) == 2
    assert _pairs(1.01 * radius_arcsec, area_arcsec2, scale_arcsec) == 0


@pytest.mark.parametrize("east", [-1, 1])
@pytest.mark.parametrize("north", [-1, 1])
def test_sources_just_beyond_the_others_are_in_their_box(east: int, north: int) -> None:
    corner = np.array([[10.0, 0.0], [10.001, 0.001]])
    middle, half = np.array([10.0005, 0.0005]), np.array([0.0005, 0.0005])
    reach_deg = 1e-4
    sources = [middle + np.array([east, north]) * (half + part * reach_deg) for part in (0.9, 1.1)]
    found = _in_box(np.array(sources), corner, reach_deg)
    np.testing.assert_allclose(found, [sources[0]])


@pytest.mark.parametrize(("missing", "confirms"), [(60, True), (80, True), (170, False)])
def test_a_catalogue_that_lacks_many_stars_confirms_a_fit_beyond_chance(missing, confirms) -> None:
    sources = stars(200, 160.0)
    catalog = np.vstack((sources[missing:], stars(missing, 160.0, seed=8)))
    witness = cross_match(moved(sources, noise_arcsec=0.01), catalog, area=25600.0)
    assert (witness.score >= CONFIRMING_SCORE) == confirms


def test_many_pairs_confirm_no_fit_that_is_off() -> None:
    sources = stars(120, 160.0)
    witness = cross_match(moved(sources, east_arcsec=0.1, noise_arcsec=0.01), sources, area=25600.0)
    assert witness.score < CONFIRMING_SCORE


@pytest.mark.parametrize(
    ("pairs", "chance", "confirms"), [(60, 18.0, True), (19, 0.0, False), (45, 25.0, False)]
)
def test_what_is_beyond_chance_is_told_in_its_standard_deviations(pairs, chance, confirms) -> None:
    found = Agreement(pairs, 140, chance, 0.01, 0.002)
    assert found.is_beyond_chance == confirms
    assert (check_cross_match(found).score >= CONFIRMING_SCORE) == confirms


def test_a_source_has_one_neighbour_wherever_it_stands_in_its_list() -> None:
    there = np.array([(10.0, 20.0), (10.0, 20.01)])
    beside = np.array([(10.0, 20.0 + 0.02 / 3600), (10.0, 20.0 + 0.05 / 3600), (10.0, 20.01)])
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]):
        offsets = _offsets_arcsec(beside[order], there, 0.1)
        assert sorted(offsets[:, 1].round(4).tolist()) == [0.0, 0.02]
        assert offsets[:, 0] == pytest.approx(0.0, abs=1e-6)
