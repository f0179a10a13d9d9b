"""Levels of cells and of overlaps become samples in one unit, each where it was measured."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.domain.overlap import Level, MeasuredOverlap
from skydb.sky.cells import Cell, CellLevel
from skydb.sky.components import Sample
from skydb.sky.methods import Measures
from skydb.sky.residuals import AuditUnit
from skydb.sky.samples import reaches_of, samples_of_cells, samples_of_overlaps
from tests.sky.measured import chip, measures, overlap

A, B, C = ("a", 1), ("b", 1), ("c", 1)
UNIT = AuditUnit("e-/s", 2.0)
ARCSEC = 1 / 3600


def square(ra_arcsec: float, dec_arcsec: float, side_arcsec: float = 10.0) -> np.ndarray:
    """An outline on the equator; its middle is what is given."""
    half = side_arcsec / 2
    corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    return (np.array([ra_arcsec, dec_arcsec]) + corners) * ARCSEC + [180.0, 0.0]


def in_cell(key: tuple[str, int], place: int, level: Level, at: np.ndarray) -> CellLevel:
    return CellLevel(key, Cell(place, at), level)


TWO = Measures(
    (chip("a", 1.0, factor=1.0), chip("b", 1.0, factor=3.0)),
    (overlap(A, B, (5.0, 4.0)),),
    {A: square(0.0, 0.0), B: square(4.0, 0.0)},
)
SKIES = {A: 1.0, B: 2.0}


def test_a_level_is_what_is_left_of_it_in_the_unit_of_the_audit() -> None:
    one, other = samples_of_overlaps(TWO, SKIES, UNIT)
    assert (one.chip, other.chip) == (A, B)
    assert (one.level, other.level) == pytest.approx(((5 - 1) * 2.0, (4 - 2) * 3.0 * 2.0))
    assert (one.sigma, other.sigma) == pytest.approx((0.01 * 2.0, 0.01 * 6.0))
    assert (one.shift, other.shift) == (0.0, 0.0)


def test_an_overlap_lies_between_its_chips() -> None:
    one, other = samples_of_overlaps(TWO, SKIES, UNIT)
    assert one.offset_arcsec == pytest.approx((2.0, 0.0), abs=1e-6)
    assert other.offset_arcsec == pytest.approx((-2.0, 0.0), abs=1e-6)


def test_the_order_in_which_outlines_are_given_is_no_matter() -> None:
    given = list(TWO.outlines.items())
    turned = Measures(TWO.chips, TWO.overlaps, dict(given[::-1]))
    assert samples_of_overlaps(turned, SKIES, UNIT) == samples_of_overlaps(TWO, SKIES, UNIT)


def test_without_outlines_everything_is_in_the_middle() -> None:
    found = samples_of_overlaps(measures({"a": 1.0, "b": 2.0}, [("a", "b")]), SKIES, UNIT)
    assert [one.offset_arcsec for one in found] == [(0.0, 0.0)] * 2


def test_chips_without_a_sky_or_without_a_level_are_left_out() -> None:
    assert [one.chip for one in samples_of_overlaps(TWO, {A: 1.0, B: None}, UNIT)] == [A]
    empty = Measures(TWO.chips, (overlap(A, B, (5.0, None)),), TWO.outlines)
    assert [one.chip for one in samples_of_overlaps(empty, SKIES, UNIT)] == [A]


def test_a_sky_of_zero_is_a_sky() -> None:
    assert [one.level for one in samples_of_overlaps(TWO, {A: 0.0}, UNIT)] == [10.0]


def test_a_chip_in_several_overlaps_counts_them_once() -> None:
    field = measures({"a": 1.0, "b": 2.0, "c": 3.0}, [("a", "b"), ("a", "c")])
    found = samples_of_overlaps(field, {A: 1.0, B: 2.0, C: 3.0}, AuditUnit("e-/s", 1.0))
    assert [(one.place, one.chip) for one in found] == [(0, A), (0, B), (1, A), (1, C)]
    careful = 0.01 * np.sqrt(2.0)
    assert [one.sigma for one in found] == pytest.approx([careful, 0.01, careful, 0.01])


def test_beside_cells_only_overlaps_without_any_are_taken_and_numbered_after_them() -> None:
    field = measures({"a": 1.0, "b": 2.0, "c": 3.0}, [("a", "b"), ("a", "c")])
    cells = [Sample(4, A, 0.0, 0.1), Sample(4, B, 0.0, 0.1), Sample(6, A, 0.0, 0.1)]
    found = samples_of_overlaps(field, {A: 1.0, B: 2.0, C: 3.0}, AuditUnit("e-/s", 1.0), cells)
    assert [(one.place, one.chip) for one in found] == [(7, A), (7, C)]
    # The cells of a chip count as one more overlap, however many they are.
    assert [one.sigma for one in found] == pytest.approx([0.01 * np.sqrt(2.0), 0.01])


def test_cells_keep_their_places() -> None:
    levels = [
        in_cell(A, 3, Level(5.0, 0.1, 100), square(3.0, 1.0, 1.0)),
        in_cell(B, 3, Level(4.0, 0.1, 100), square(3.0, 1.0, 1.0)),
    ]
    one, other = samples_of_cells(levels, TWO, SKIES, UNIT)
    assert (one.place, other.place) == (3, 3)
    assert one.offset_arcsec == pytest.approx((3.0, 1.0), abs=1e-6)
    assert other.offset_arcsec == pytest.approx((-1.0, 1.0), abs=1e-6)
    assert (one.level, one.sigma) == pytest.approx((8.0, 0.2))


@pytest.mark.parametrize(("pixels", "is_enough"), [(59, False), (60, True), (100, True)])
def test_a_cell_with_few_pixels_is_left_out(pixels: int, is_enough: bool) -> None:
    at = square(3.0, 1.0, 1.0)
    levels = [
        in_cell(A, 0, Level(5.0, 0.1, 100), at),
        in_cell(B, 0, Level(4.0, 0.1, pixels), at),
        # Another place has a fullest chip of its own.
        in_cell(B, 1, Level(4.0, 0.1, 10), at),
    ]
    found = samples_of_cells(levels, TWO, SKIES, UNIT)
    assert [(one.chip, one.place) for one in found] == [
        (A, 0), *([(B, 0)] if is_enough else []), (B, 1),
    ]  # fmt: skip


def test_the_shift_of_an_unequal_noise_goes_with_its_square() -> None:
    one = Level(5.0, 0.1, 100, noise=2.0, slope=0.3)
    other = Level(4.0, 0.1, 100, noise=1.0, slope=1.5)
    seen = MeasuredOverlap(A, B, 10.0, one, other)
    found = samples_of_overlaps(Measures(TWO.chips, (seen,), TWO.outlines), SKIES, UNIT)
    # In the unit of the audit: factors 2 and 6.
    slope = (0.3 / 2 + 1.5 / 6) / 2
    squares = np.array([(2.0 * 2) ** 2, (1.0 * 6) ** 2])
    expected = slope * (squares - squares.mean())
    assert [each.shift for each in found] == pytest.approx(list(expected))


def test_the_slope_of_a_chip_is_the_mean_over_its_cells() -> None:
    at = square(3.0, 1.0, 1.0)
    levels = [
        in_cell(key, place, Level(5.0, 0.1, 100, noise=noise, slope=slope), at)
        for key, noise in ((A, 1.0), (B, 1.0))
        for place, slope in ((0, 0.2), (1, 0.4))
    ]
    found = samples_of_cells(levels, TWO, SKIES, AuditUnit("e-/s", 1.0))
    slope = (0.3 / 1 + 0.3 / 3) / 2
    assert [each.shift for each in found] == pytest.approx([
        slope * (1 - 5), slope * (1 - 5), slope * (9 - 5), slope * (9 - 5)
    ])  # fmt: skip


def test_the_reach_of_an_exposure_is_about_the_middle_of_its_chips() -> None:
    chips = Measures((), (), {("a", 1): square(0.0, -5.0), ("a", 2): square(0.0, 5.0)})
    (reach,) = reaches_of(chips).values()
    assert reach.shape == (8, 2)
    assert np.ptp(reach, axis=0) == pytest.approx([10.0, 20.0], abs=1e-5)
    assert reach.mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-5)
