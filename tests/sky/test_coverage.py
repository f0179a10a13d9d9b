"""Coverage of an image by a catalogue, from its sources alone."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from skydb.sky import coverage as rules
from skydb.sky.coverage import (
    _DIRECTIONS,
    ImageArea,
    _bare_share,
    coverage,
    coverage_of_chips,
    share_in_circle,
)
from tests.sky.chips import tan_wcs

SCALE_DEG = 0.128 / 3600
SIZE = 100
PLACES = [(85.26, -2.46), (0.0, 0.0), (359.9999, 60.0), (10.0, 89.9999), (200.0, -90.0)]


def image(place: tuple[float, float], *, turned: bool = False) -> ImageArea:
    """An image about a place; a turned one is exposed in a diamond only."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = place
    wcs.wcs.crpix = [SIZE / 2, SIZE / 2]
    wcs.wcs.cd = [[-SCALE_DEG, 0.0], [0.0, SCALE_DEG]]
    exposed = np.ones((SIZE, SIZE), dtype=bool)
    if turned:
        y, x = np.indices(exposed.shape)
        exposed = abs(x - SIZE / 2) + abs(y - SIZE / 2) < SIZE / 2
    return ImageArea(exposed, wcs)


def sources(area: ImageArea, box: tuple[float, float, float, float], count: int) -> np.ndarray:
    """Positions spread over a box (x0, x1, y0, y1) in pixels of the image."""
    rng = np.random.default_rng(8)
    pixels = np.column_stack((rng.uniform(*box[:2], count), rng.uniform(*box[2:], count)))
    return np.asarray(area.wcs.all_pix2world(pixels, 0))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_catalogue_beyond_all_edges_covers_the_image(place, turned) -> None:
    area = image(place, turned=turned)
    seen = coverage(area, sources(area, (-80, 180, -80, 180), 400), 1.0)
    assert (seen.share, seen.sources) == (1.0, 400)
    assert 0 < seen.on_it < 200


@pytest.mark.parametrize("place", PLACES)
def test_a_catalogue_of_another_place_has_no_source_on_the_image(place) -> None:
    area = image(place)
    for box in ((200, 300, 0, 100), (3000, 4000, 0, 100), (0, 100, -400, -200)):
        assert coverage(area, sources(area, box, 50), 1.0).on_it == 0
    other_side = np.array([[(place[0] + 180.0) % 360.0, -place[1]]])
    assert coverage(area, other_side, 1.0).on_it == 0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("box", "share"),
    [((-80, 50, -80, 180), 0.5), ((-80, 180, 40, 180), 0.6), ((-80, 180, -80, 70), 0.7)],
)
def test_a_catalogue_that_ends_on_the_image_covers_a_part(place, box, share) -> None:
    area = image(place)
    seen = coverage(area, sources(area, box, 400), 1.0)
    assert seen.share == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("seed", range(12))
def test_few_sources_all_over_an_image_are_no_end(seed) -> None:
    area, rng = image(PLACES[0]), np.random.default_rng(seed)
    pixels = rng.uniform(0, SIZE, (int(rng.integers(5, 120)), 2))
    assert coverage(area, np.asarray(area.wcs.all_pix2world(pixels, 0)), 1.0).share == 1.0


def test_a_dark_cloud_within_a_catalogue_is_no_end() -> None:
    area = image(PLACES[0])
    around = sources(area, (-80, 180, -80, 180), 600)
    pixels = area.pixels_of(around)
    assert coverage(area, around[pixels[:, 0] < 40], 1.0).share < 0.5
    beyond = (pixels[:, 0] < 40) | (pixels[:, 0] > 120)
    assert coverage(area, around[beyond], 1.0).share == 1.0


@pytest.mark.parametrize(("margin_arcsec", "counts"), [(0.1, 0), (1.0, 1)])
def test_a_source_just_outside_counts_within_the_margin(margin_arcsec, counts) -> None:
    area = image(PLACES[0])
    outside = np.asarray(area.wcs.all_pix2world([[SIZE + 4.0, 50.0]], 0))
    assert coverage(area, outside, margin_arcsec).on_it == counts


@pytest.mark.parametrize("place", PLACES)
def test_a_circle_covers_the_share_of_the_image_that_is_in_it(place) -> None:
    area = image(place)
    assert share_in_circle(area, *place, 100 * SCALE_DEG) == 1.0
    assert share_in_circle(area, *place, 25 * SCALE_DEG) == pytest.approx(np.pi / 16, abs=0.02)
    assert share_in_circle(area, (place[0] + 90.0) % 360.0, 0.0, 1e-4) == 0.0


def test_pixels_are_looked_for_less_than_sixty_degrees_from_the_middle_of_an_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = (100, 100)
    wcs = tan_wcs((10.0, 0.0), scale_arcsec=0.4 * 3600, shape_xy=shape)
    area = ImageArea(np.ones(shape, dtype=bool), wcs)
    # The middle is half a pixel off that of the WCS.
    near = np.isfinite(area.pixels_of(np.array([(10.0, 59.6), (10.0, 60.4), (69.4, 0.0)])))
    assert near.tolist() == [[True] * 2, [False] * 2, [True] * 2]
    monkeypatch.setattr(rules, "separations_mas", lambda *_: np.array([60.0 * 3.6e6]))
    assert np.isnan(area.pixels_of(np.array([(10.0, 0.0)]))).all()
    monkeypatch.setattr(rules, "separations_mas", lambda *_: np.array([60.0 * 3.6e6 - 1.0]))
    assert np.isfinite(area.pixels_of(np.array([(10.0, 0.0)]))).all()


def test_the_outer_edges_of_pixels_are_not_on_an_image() -> None:
    area = ImageArea(np.ones((5, 5), dtype=bool), tan_wcs((10.0, 0.0), shape_xy=(5, 5)))
    places = np.array([(-0.5, 2.0), (2.0, -0.5), (4.5, 2.0), (2.0, 4.5), (-0.4, 4.4)])
    assert area.holds(places, 0.0).tolist() == [False, False, False, False, True]
    assert area.holds(places, 1.0).all()


def test_the_end_of_a_catalogue_is_seen_in_every_direction() -> None:
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    disc = np.vstack([
        radius * np.column_stack((np.cos(angles), np.sin(angles)))
        for radius in np.sqrt(np.linspace(0.01, 1.0, 30))
    ])  # fmt: skip
    shares = [
        _bare_share(disc, disc[disc @ (np.cos(angle), np.sin(angle)) < 0.4], 1000)
        for angle in angles
    ]
    # The part of a circle that a line cuts off.
    part = (np.arccos(0.4) - 0.4 * np.sqrt(1 - 0.4**2)) / np.pi
    assert shares == pytest.approx([part] * _DIRECTIONS, abs=0.02)
    assert np.ptp(shares) < 1e-9


def test_a_single_chip_is_covered_as_an_image_is_however_it_is_turned() -> None:
    for turn_deg in (3.0, 20.0, 44.0):
        wcs = tan_wcs((85.0, 30.0), scale_arcsec=1.0, shape_xy=(40, 30), rotation_deg=turn_deg)
        area = ImageArea(np.ones((30, 40), dtype=bool), wcs)
        pixels = np.random.default_rng(2).uniform((-20.0, -20.0), (22.0, 50.0), (400, 2))
        radec = np.asarray(wcs.all_pix2world(pixels, 0))
        alone = coverage(area, radec, 1.0)
        assert coverage_of_chips([area], radec, 1.0) == alone
        assert alone.share == pytest.approx(0.55, abs=0.05)


@pytest.mark.parametrize(("rows", "share"), [(1, 0.0), (2, 0.1), (3, 0.15)])
def test_a_bare_part_of_less_than_a_tenth_is_none(rows: int, share: float) -> None:
    exposed = np.argwhere(np.ones((20, 20), dtype=bool)).astype(float)
    near = exposed[exposed[:, 0] < 20 - rows]
    assert _bare_share(exposed, near, 10_000) == pytest.approx(share)
