"""What moved, and how far fits are trusted: of made fields, to six digits what it was."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from skydb.errors import UsageError
from skydb.sky.displacement import displacement_of_grids, predicted, residual_mas, sky_grid
from skydb.sky.field_motion import field_motion
from skydb.sky.fit_trust import (
    Agreement,
    Sighting,
    catalog_inside,
    check_archive,
    check_cross_match,
    check_neighbours,
    compare,
    jackknife_pix,
    shared,
    sight,
)
from skydb.sky.frame_offsets import Detections, detect, offset_between
from skydb.sky.gradients import plane_left
from skydb.sky.scatter import scatter_mas
from skydb.sky.wcs_change import difference
from tests.keeping import assert_kept
from tests.sky.chips import tan_wcs
from tests.sky.star_fields import Scene, made

CENTRES = [(85.25, -2.46), (359.9995, 40.0), (30.0, 89.995)]


def spread(wcs: WCS, count: int = 60, margin: float = 0.3, seed: int = 1) -> np.ndarray:
    """Positions on and around an image."""
    nx, ny = wcs.pixel_shape
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(-margin, 1 + margin, (count, 2)) * (nx, ny)
    return np.asarray(wcs.wcs_pix2world(pixels, 1))


@pytest.mark.parametrize("centre", CENTRES)
def test_what_moved_is_what_it_was(centre: tuple) -> None:
    before = {n: tan_wcs(centre, crpix=(300, 500 * n), sip=1e-6) for n in (1, 2)}
    after = {
        n: tan_wcs(centre, crpix=(300.4, 500 * n - 0.3), rotation_deg=0.01,
                   scale_arcsec=0.04002, sip=1e-6)
        for n in (1, 2)
    }  # fmt: skip
    drz = [tan_wcs(centre, rotation_deg=turn, shape_xy=(900, 900)) for turn in (0.0, 0.02)]
    expected = predicted(before, *drz, points_per_side=5)
    assert_kept(
        f"moved {centre[1]}",
        {
            "grids": displacement_of_grids(sky_grid(before), sky_grid(after)),
            "wcs": difference(before, after),
            "predicted": expected[2][::5],
            "residual": residual_mas(expected, after),
        },
    )


def test_predicted_grids_of_unequal_sizes_are_refused() -> None:
    wcs = {n: tan_wcs(CENTRES[0]) for n in (1, 2)}
    grid = sky_grid(wcs, 4)
    with pytest.raises(UsageError, match="same number of points"):
        residual_mas({1: grid[1], 2: grid[2][:9]}, wcs)
    with pytest.raises(UsageError, match="at least 2 points"):
        sky_grid(wcs, 1)
    assert sky_grid(wcs, 2)[1].shape == (4, 2)


@pytest.mark.parametrize("count", [0, 4, 5, 60])
def test_the_motion_of_a_field_is_what_it_was(count: int) -> None:
    rng = np.random.default_rng(2)
    radec = np.column_stack((rng.uniform(10, 11, 60), rng.uniform(60, 61, 60)))[:count]
    motions = rng.normal((5.0, -3.0), 0.8, (60, 2))[:count]
    found = field_motion(radec, motions)
    if found is None:
        assert count == 0
        return
    assert_kept(f"motion of {count}", {
        "motion": found, "speed": found.speed_mas_yr, "centre": found.at_centre,
        "at": found.at(radec),
    })  # fmt: skip


def test_the_scatter_of_matches_is_what_it_was() -> None:
    rng = np.random.default_rng(6)
    wcs = tan_wcs((359.9999, 50.0), rotation_deg=33.0)
    x, y = rng.uniform(1, 500, (2, 30))
    sky = wcs.wcs_pix2world(np.column_stack((x, y)), 1).T
    dx, dy = rng.normal(0, 0.1, 30), rng.normal(0, 0.3, 30)
    assert scatter_mas((x[:3], y[:3]), tuple(sky[:, :3]), (dx[:3], dy[:3])) is None
    assert scatter_mas((x, y), tuple(sky), (dx * np.nan, dy)) is None
    assert scatter_mas((x, x), tuple(sky), (dx, dy)) is None
    assert_kept("scatter", {
        "all": scatter_mas((x, y), tuple(sky), (dx, dy)),
        "four": scatter_mas((x[:4], y[:4]), tuple(sky[:, :4]), (dx[:4], dy[:4])),
        "bent": scatter_mas((x, y * 1.08), tuple(sky), (dx, dy)),
        "too bent": scatter_mas((x, y * 1.12), tuple(sky), (dx, dy)),
    })  # fmt: skip


def _catalogue(radec: np.ndarray, seed: int, off_arcsec: float, lost: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return radec[lost:] + rng.normal(0.0, off_arcsec / 3600, (len(radec) - lost, 2))


def test_trust_in_fits_is_what_it_was() -> None:
    field = made(Scene(sigma=0.9, stars=60, nebula=10.0, seed=3))
    wcs = tan_wcs((85.0, 0.0), scale_arcsec=0.05, shape_xy=(300, 300))
    seen = sight(field.science, field.good, wcs)
    radec = seen.radec_deg
    around = np.vstack((radec, spread(wcs, 50, 1.0)))
    compared = {
        f"{off} {lost}": compare(radec, _catalogue(radec, lost, off, lost), 225.0, 0.05)
        for off in (0.0, 0.01, 0.05, 0.4)
        for lost in (0, 5, len(radec) - 6, len(radec) - 3)
    }
    compared["crowded"] = compare(radec, spread(wcs, 2000, 0.0), 225.0, 0.05)
    compared["nothing"] = compare(radec, radec[:0], 225.0, 0.05)
    compared["far"] = compare(radec, radec + np.array((0.0, 0.01)), 225.0, 0.05)
    compared["shifted"] = compare(radec, radec + np.array((0.0, 0.03 / 3600)), 225.0, 0.05)
    other = Sighting(radec[10:] + np.array((0.0, 0.02 / 3600)), 150.0, 0.05)
    away = Sighting(radec + np.array((20.0, 0.0)), 225.0, 0.05)
    moved = displacement_of_grids({1: radec}, {1: radec + np.array((0.0, 2e-5))})
    telling = list(compared.values())
    assert_kept("trust", {
        "sighting": seen,
        "inside": catalog_inside(around, field.good, wcs),
        "inside elsewhere": catalog_inside(around + np.array((90.0, 0.0)), field.good, wcs),
        "compared": compared,
        "chance": [[one.is_beyond_chance, one.share, one.significant_offset_pix]
                   for one in telling],
        "witnesses": [check_cross_match(one) for one in telling],
        "neighbours": [check_neighbours(telling[:n]) for n in range(len(telling))],
        "archive": [check_archive(moved, 0.05, rms) for rms in (0.0, 10.0, 100.0)],
        "shared": [shared(seen, other), shared(other, seen), shared(seen, away)],
        "shared with none": shared(seen, Sighting(radec[:0], 1.0, 0.05)),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "chance", "is_beyond"),
    [(20, 0.0, True), (19, 0.0, False), (56, 36.0, False), (72, 36.0, True), (71, 36.0, False)],
)
def test_pairs_are_beyond_chance_from_twenty_and_six_sigmas_on(pairs, chance, is_beyond) -> None:
    assert Agreement(pairs, 100, chance, 0.0, 0.0).is_beyond_chance is is_beyond


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_the_jackknife_of_few_matches_is_what_it_was(geometry: str) -> None:
    rng = np.random.default_rng(4)
    numbers = rng.normal(0.0, 1.0, (4, 9)) * [[300.0], [300.0], [0.1], [0.1]]
    found = {str(n): jackknife_pix(*numbers[:, :n], geometry) for n in range(10)}
    numbers[0, 1:] = numbers[1, 1:] = 5.0
    found["in one place"] = jackknife_pix(*numbers, geometry)
    assert_kept(f"jackknife {geometry}", found)


def _detected(shift: tuple[float, float], seed: int, **changes) -> Detections:
    field = made(Scene(sigma=0.9, stars=60, nebula=10.0, seed=3))
    rng = np.random.default_rng(seed)
    science = np.roll(field.science, (7 * seed, 4 * seed), axis=(0, 1))
    science = science + rng.normal(0.0, 3.0, science.shape)
    science[40, 50] = np.nan
    quality = np.zeros(science.shape, dtype=int)
    quality[100:103, 30:200] = 4
    quality[150:170, 60:70] = 16
    quality[200:230] = 256
    crpix = (150 + 4 * seed + shift[0], 150 + 7 * seed + shift[1])
    wcs = tan_wcs((85.0, -2.0), scale_arcsec=0.05, shape_xy=(300, 300), crpix=crpix)
    return detect(science, quality, wcs, **changes)


def test_offsets_between_exposures_are_what_they_were() -> None:
    first = _detected((0.0, 0.0), 0)
    second = _detected((0.8, -0.4), 1, extver=2, exptime_s=1.3)
    found = {"first": first, "second": second}
    found["offset"] = offset_between(first, second, ("a", "b"))
    found["back"] = offset_between(second, first, ("b", "a"))
    both = Detections.joined([first, second])
    assert len(both) == len(first) + len(second)
    found["joined"] = offset_between(both, second)
    some = [
        Detections(
            *(getattr(first, name)[:n] for name in ("radec_deg", "xy_pix", "extver", "flux")),
            first.mas_per_pix,
        )
        for n in (5, 6)
    ]
    found["few"] = [offset_between(one, second) for one in some]
    bright = Detections(
        second.radec_deg, second.xy_pix, second.extver, second.flux * 2, second.mas_per_pix
    )
    found["unlike"] = offset_between(first, bright)
    marks = _detected((40.0, 30.0), 0)
    found["marks of the detector"] = offset_between(first, marks)
    assert_kept("offsets", found)


def test_planes_that_residuals_leave_are_none_where_nothing_tells() -> None:
    from tests.sky.test_kept_fields import field

    measures = field(step=0.05)
    residuals = {(one.first, one.second): one.difference for one in measures.pairs}
    assert_kept("planes", {
        "all": plane_left(measures, residuals),
        "few": plane_left(measures, dict(list(residuals.items())[:4])),
    })  # fmt: skip
    assert plane_left(measures, {}) is None
    assert plane_left(type(measures)(measures.chips, measures.overlaps), residuals) is None


@pytest.mark.parametrize(
    ("chips", "is_found"), [((1, 1), False), ((1, 2), True), ((2, 1), True), ((2, 2), False)]
)
def test_marks_of_one_chip_are_on_no_other_chip(chips: tuple, is_found: bool) -> None:
    """What keeps its pixels while the sky moves is a mark, but not on another chip."""
    first, second = (
        _detected((40.0 * n, 30.0 * n), 0, extver=extver) for n, extver in enumerate(chips)
    )
    assert (offset_between(first, second) is not None) is is_found


@pytest.mark.parametrize(("off_arcsec", "pairs"), [(0.29995, 12), (0.30005, 11)])
@pytest.mark.parametrize("side", [-1, 1])
def test_sources_at_the_edge_of_what_two_products_share_count(off_arcsec, pairs, side) -> None:
    """The outermost source of one lies just outside of the box around the other's."""
    places = np.column_stack((np.linspace(-30.0, 30.0, 12), 5.0 * np.sin(np.arange(12.0)))) / 3600
    moved = places.copy()
    moved[-1 if side > 0 else 0, 0] += side * off_arcsec / 3600
    one, other = (Sighting(some + np.array((180.0, 0.0)), 3600.0, 0.2) for some in (places, moved))
    assert shared(one, other).pairs == pairs
    assert shared(other, one).pairs == pairs
