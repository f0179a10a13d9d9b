"""Places on the sky, outlines, and what moved: of made fields, to six digits what it was."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from skydb.errors import UsageError
from skydb.sky.coverage import ImageArea, coverage, coverage_of_chips, share_in_circle
from skydb.sky.footprint import chip_polygon, overlap_area_arcsec2
from skydb.sky.levels import SkyStatistic
from skydb.sky.outlines import displacement_of_outlines, vertices_deg
from skydb.sky.overlaps import ChipOverlap, Overlap, chip_overlaps_of, islands_of, overlaps_of
from skydb.sky.pairs import (
    ChipFrame,
    ChipImage,
    brightness_per_unit,
    pixels_inside,
)
from skydb.sky.regions import Circle, Polygons, degrees_of
from skydb.sky.skypixels import pixels_of_sky
from skydb.sky.spherical import crossings_with, distances_to_sides, holding, outlines_of
from tests.keeping import assert_kept
from tests.sky.areas import polygon_area_arcsec2
from tests.sky.chips import tan_wcs
from tests.sky.measured import measure_overlap

CENTRES = [(85.25, -2.46), (359.9995, 40.0), (30.0, 89.995)]


def spread(wcs: WCS, count: int = 60, margin: float = 0.3, seed: int = 1) -> np.ndarray:
    """Positions on and around an image."""
    nx, ny = wcs.pixel_shape
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(-margin, 1 + margin, (count, 2)) * (nx, ny)
    return np.asarray(wcs.wcs_pix2world(pixels, 1))


@pytest.mark.parametrize("sip", [0.0, 2e-6])
def test_pixels_of_the_sky_lead_back_to_it(sip: float) -> None:
    wcs = tan_wcs(CENTRES[0], sip=sip, rotation_deg=30.0)
    pixels = np.random.default_rng(1).uniform(1, 500, (20, 2))
    sky = np.asarray(wcs.all_pix2world(pixels, 1))
    np.testing.assert_allclose(pixels_of_sky(wcs, sky, 1), pixels, atol=1e-3)
    np.testing.assert_allclose(pixels_of_sky(wcs, sky, 0), pixels - 1, atol=1e-3)
    assert pixels_of_sky(wcs, np.empty((0, 2)), 0).shape == (0, 2)


def test_what_the_distortion_does_not_reach_has_no_pixel() -> None:
    wcs = tan_wcs(CENTRES[0], sip=2e-4)
    far = np.array([[CENTRES[0][0] + 0.3, CENTRES[0][1] + 0.2]])
    near = np.asarray(wcs.all_pix2world([[500.0, 250.0]], 1))
    assert np.isnan(pixels_of_sky(wcs, far, 1)).all()
    np.testing.assert_allclose(pixels_of_sky(wcs, near, 1), [[500.0, 250.0]], atol=1e-3)


def test_a_pixel_counts_when_it_leads_back_to_within_a_twentieth() -> None:
    class Near:
        """A distortion whose inverse is off by part of a pixel along x."""

        has_distortion, pixel_scale_matrix = True, np.diag([1e-5, 1e-5])

        def __init__(self, off: float) -> None:
            self._off = off

        def all_world2pix(self, sky, origin, *, quiet):
            assert quiet
            return sky / 1e-5 + origin

        def all_pix2world(self, pixels, origin):
            return (pixels - origin + np.array((self._off, 0.0))) * 1e-5

    sky = np.array([[0.01, 0.02]])
    assert np.isfinite(pixels_of_sky(Near(0.049), sky, 1)).all()
    assert np.isnan(pixels_of_sky(Near(0.051), sky, 1)).all()


@pytest.mark.parametrize("centre", CENTRES)
def test_outlines_and_their_overlaps_are_what_they_were(centre: tuple) -> None:
    exposures = {
        name: [
            chip_polygon(tan_wcs(centre, rotation_deg=turn, crpix=(500 + dx, 256 + dy), sip=1e-6))
            for dy in (0, 520)
        ]
        for name, turn, dx in (("c", 0.0, 0), ("a", 20.0, 300), ("b", 85.0, 600), ("d", 0.0, 9000))
    }
    chips = {(name, n): one for name, both in exposures.items() for n, one in enumerate(both, 1)}
    whole = overlaps_of({**exposures, "none": []})
    names = [*exposures, "none"]
    parts = chip_overlaps_of(chips)
    assert all(type(one) is Overlap for one in whole)
    assert all(type(one) is ChipOverlap and one.first[0] != one.second[0] for one in parts)
    for one in whole:
        found = sum(
            p.area_arcsec2 for p in parts if (p.first[0], p.second[0]) == (one.first, one.second)
        )
        assert one.area_arcsec2 == pytest.approx(found)
    assert overlaps_of({"c": exposures["c"]}) == []
    assert_kept(
        f"outlines {centre[1]}",
        {
            "outline": exposures["a"][0],
            "areas": [polygon_area_arcsec2(one) for one in chips.values()],
            "overlaps": whole,
            "of chips": parts,
            "islands": islands_of(names, whole),
            "with itself": overlap_area_arcsec2(exposures["a"][0], exposures["a"][0]),
        },
        rel=1e-9,
    )


def _region(outline: np.ndarray) -> str:
    return "POLYGON ICRS " + " ".join(f"{one:.9f}" for one in outline.ravel())


def test_a_shift_of_outlines_is_told_and_what_cannot_be_compared_is_not() -> None:
    before = {n: _region(chip_polygon(tan_wcs((85.0, -2.0), crpix=(500, 500 * n)))) for n in (1, 2)}
    after = {
        n: _region(chip_polygon(tan_wcs((85.0, -2.0), crpix=(500.5, 500 * n)))) for n in (1, 2)
    }
    moved = displacement_of_outlines(before, after)
    assert moved is not None
    assert (moved.median_mas, moved.max_mas) == pytest.approx((20.0, 20.0), abs=0.02)
    assert abs(moved.east_mas) == pytest.approx(20.0, abs=0.02)
    still = displacement_of_outlines(before, dict(before))
    assert still is not None
    assert (still.median_mas, still.max_mas, still.rotation_deg, still.scale) == (
        0.0,
        0.0,
        0.0,
        1.0,
    )
    triangle = " ".join(before[1].split()[:8])
    for one, other in (
        ({}, {}),
        ({1: None}, {1: None}),
        ({1: before[1], 2: None}, {1: before[1], 2: None}),
        (before, {1: after[1]}),
        ({1: after[1]}, before),
        (before, {1: after[1], 2: None}),
        ({1: before[1]}, {1: triangle}),
        ({1: triangle}, {1: before[1]}),
        ({}, after),
    ):
        assert displacement_of_outlines(one, other) is None


def test_vertices_are_read_and_other_texts_refused() -> None:
    assert vertices_deg("POLYGON ICRS 1 2 3.5 -4 5 6").tolist() == [[1, 2], [3.5, -4], [5, 6]]
    for text in ("CIRCLE ICRS 1 2 3", "POLYGON 1 2 3 4 5 6", "x" * 60):
        with pytest.raises(ValueError, match="is not a polygon of ICRS positions") as caught:
            vertices_deg(text)
        assert str(caught.value).startswith(repr(text[:40]))


@pytest.mark.parametrize("centre", CENTRES)
def test_what_a_catalogue_covers_of_two_chips_is_what_it_was(centre: tuple) -> None:
    chips = []
    for n in (0, 1):
        wcs = tan_wcs(centre, scale_arcsec=0.1, shape_xy=(100, 80), crpix=(50, 40 + 85 * n))
        exposed = np.ones((80, 100), dtype=bool)
        exposed[:, :10] = n == 0
        chips.append(ImageArea(exposed, wcs))
    lists = {
        "all over": spread(chips[0].wcs, 300, 3.0),
        "on the half": spread(chips[0].wcs, 300, 3.0),
        "few": spread(chips[0].wcs, 4),
        "elsewhere": spread(chips[0].wcs, 10) + np.array((0.0, -5.0)),
        "none": np.empty((0, 2)),
    }
    x = chips[0].pixels_of(lists["on the half"])[:, 0]
    lists["on the half"] = lists["on the half"][x < 55]
    found = {}
    for name, places in lists.items():
        for margin in (0.0, 0.15, 2.0):
            found[f"{name} {margin}"] = coverage_of_chips(chips, places, margin)
        found[f"{name} on one"] = coverage_of_chips(chips[:1], places, 0.5)
        assert coverage_of_chips(chips[:1], places, 0.5) == coverage(chips[0], places, 0.5)
    ra, dec = chips[0].sky_of_sample()[1234]
    found["in circles"] = [share_in_circle(chips, ra, dec, r / 3600) for r in (0.2, 3.0, 9.0)]
    found["of one"] = share_in_circle(chips[1], ra, dec, 9 / 3600)
    nothing = ImageArea(np.zeros((80, 100), dtype=bool), chips[0].wcs)
    assert share_in_circle(nothing, ra, dec, 1.0) == 0.0
    assert_kept(f"coverage {centre[1]}", found)


def test_a_circle_around_polygons_holds_them() -> None:
    one = np.array([(10.0, 5.0), (11.0, 5.0), (11.0, 6.0), (10.0, 6.0)])
    assert_kept("caps", {
        "one": Polygons([one]).cap,
        "two": Polygons([one, one + np.array((4.0, 1.0))]).cap,
        "opposite": Polygons([one, one * [1, -1] + np.array((180.0, 0.0))]).cap.radius_deg,
        "back": degrees_of(Polygons([one]).cap.centre[np.newaxis]),
    }, rel=1e-9)  # fmt: skip
    around = np.array([(0.0, 0.0), (90.0, 0.0), (180.0, 0.0), (270.0, 0.0)])
    with pytest.raises(UsageError, match="80 degrees from its middle"):
        Polygons([around])
    with pytest.raises(UsageError, match="80 degrees"):
        Polygons([np.array([(0.0, -60.0), (120.0, -60.0), (240.0, -60.0)]) * [1, -1 / 60]])


def _triangles() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    centres = rng.uniform(-1.5, 1.5, (40, 1, 2))
    return list(centres + rng.uniform(-1.0, 1.0, (40, 3, 2)) + np.array((0.3, 0.0)))


def _inner(outlines: np.ndarray) -> np.ndarray:
    """A point inside of each triangle."""
    return outlines[:, 0] * 0.3 + outlines[:, 1] * 0.3 + outlines[:, 2] * 0.4


@pytest.mark.parametrize("offset", [(0.0, 0.0), (180.0, 30.0)])
def test_which_outlines_meet_or_hold_a_region_is_what_it_was(offset: tuple) -> None:
    places = [one + offset for one in _triangles()]
    outlines = outlines_of([_region(one % [360.0, 1e9]) for one in places])
    regions = {
        "circle": Circle(*offset, 0.4),
        "point": Circle(offset[0] + 0.2, offset[1] - 0.1),
        "polygon": Polygons([places[0]]),
        "two": Polygons([places[5], places[9]]),
        "one of them": Polygons([places[20]]),
        "beside": Polygons(
            [np.array([places[3][0], places[3][1], places[3][0] + np.array((0.1, 3.0))])]
        ),
    }
    found = {name: one.meets(outlines) for name, one in regions.items()}
    centre = Circle(*offset).cap.centre
    found["distances"] = distances_to_sides(outlines, centre)
    found["holding"] = np.argwhere(holding(outlines, _inner(outlines)))
    found["crossings"] = crossings_with(outlines, outlines[7])
    assert_kept(f"regions {offset[0]}", found, rel=1e-9)


def test_regions_of_outlines_with_fewer_corners_and_of_none() -> None:
    outlines = outlines_of(["POLYGON ICRS 0 0 1 0 1 1 0 1", "POLYGON ICRS 0 0 1 0 1 1"])
    assert outlines.shape == (2, 4, 3)
    np.testing.assert_array_equal(outlines[1, 2], outlines[1, 3])
    assert outlines_of([]).shape == (0, 3, 3)
    none = outlines_of([])
    assert holding(none, outlines[0]).shape == (0, 4)
    assert [one.shape for one in crossings_with(none, outlines[0])] == [(0,), (0,)]
    assert_kept("corners", {"all": outlines}, rel=1e-9)


def test_a_large_number_of_outlines_is_the_same_in_parts(monkeypatch) -> None:
    outlines = outlines_of([_region(one) for one in _triangles()])
    points = _inner(outlines)
    whole = holding(outlines, points), *crossings_with(outlines, outlines[4])
    for room in (1, 250, 1000):
        monkeypatch.setattr("skydb.sky.spherical._ROOM", room)
        parts = holding(outlines, points), *crossings_with(outlines, outlines[4])
        for one, other in zip(whole, parts, strict=True):
            np.testing.assert_array_equal(one, other)


def test_pixels_and_levels_inside_of_outlines_are_what_they_were() -> None:
    wcs = tan_wcs(CENTRES[0], shape_xy=(64, 48), sip=1e-5)
    other = tan_wcs(CENTRES[0], shape_xy=(64, 48), crpix=(10, 40), rotation_deg=25.0)
    rng = np.random.default_rng(7)
    images = [
        ChipImage(
            (name, 1), rng.normal(10.0, 1.0, (48, 64)).astype(np.float32),
            rng.uniform(size=(48, 64)) < 0.9, ChipFrame(one), None, 2.0,
        )
        for name, one in (("a", wcs), ("b", other))
    ]  # fmt: skip
    overlap = ChipOverlap(("a", 1), ("b", 1), 3.0)
    hollow = np.array([(5, 5), (40, 8), (42, 30), (8, 33), (20, 20), (30, 12)], dtype=float)
    rows, columns, mask = pixels_inside(hollow, (48, 64))
    found = {
        "chip": images[0].measure(SkyStatistic()),
        "overlap": measure_overlap(*images, overlap, SkyStatistic()),
        "pixels": images[0].frame.pixels_of(images[1].frame.outline_deg)[::4],
        "hollow": [rows.start, rows.stop, columns.start, columns.stop, mask.sum(axis=1)],
    }
    for name, shift in (("left", (-30, 0)), ("above", (0, 40)), ("outside", (100, 0))):
        rows, columns, mask = pixels_inside(hollow + shift, (48, 64))
        found[name] = [rows.start, rows.stop, columns.start, columns.stop, mask.sum()]
    assert_kept("pixels inside", found)


def test_brightness_is_per_second_and_square_arcsecond() -> None:
    def of(scale: float, time: float | None, *, rate: bool = False) -> float:
        return brightness_per_unit(pixel_scale_arcsec=scale, exptime_s=time, is_rate=rate)

    assert of(0.5, 100.0) == pytest.approx(0.04)
    assert of(0.5, 100.0, rate=True) == of(0.5, None) == of(0.5, 0.0) == of(0.5, -1.0) == 4.0
    assert of(0.5, 0.5) == 8.0
    with pytest.raises(UsageError):
        of(0.0, 1.0)
