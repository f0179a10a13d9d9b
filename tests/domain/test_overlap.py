"""What was measured of chips and of the sky that two share comes back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skydb.domain.overlap import (
    ChipLevel,
    Level,
    MeasuredChip,
    MeasuredOverlap,
    OverlapMeasurement,
    SkyOverlap,
)
from skydb.domain.vocabulary import SkyUnit
from tests.domain.entities import STAMP, version_of

FIRST, SECOND = Level(10.0, 0.1, 500, 1.5, 0.02), Level(0.0, 0.3, 700, 2.5, -0.04)
CHIP = MeasuredChip("ibxl50iaq", 2, FIRST, SkyUnit.ELECTRON, 0.25, SECOND)
COMMON = MeasuredOverlap(("ibxl50iaq", 1), ("ibxl50ibq", 2), 12.5, FIRST, SECOND)


def _overlap(measured: MeasuredOverlap) -> SkyOverlap:
    versions = version_of("ibxl50iaq_flt.fits"), version_of("ibxl50ibq_flt.fits")
    return SkyOverlap(versions, OverlapMeasurement({}, STAMP), "r" * 64, measured)


@pytest.mark.parametrize(
    "measured",
    [COMMON, replace(COMMON, first_level=None), replace(COMMON, second_level=None)],
)
def test_the_sky_of_two_chips_is_kept_whole(measured: MeasuredOverlap) -> None:
    assert _overlap(measured).measured == measured


def test_levels_of_older_rows_have_no_noise() -> None:
    row = _overlap(COMMON)
    row.noise_a = row.slope_b = None
    assert row.measured == replace(
        COMMON, first_level=replace(FIRST, noise=0.0), second_level=replace(SECOND, slope=0.0)
    )
    assert row.pixels_a == 500


@pytest.mark.parametrize("column", ["level_a", "level_a_sigma"])
def test_a_level_is_one_with_its_sigma(column: str) -> None:
    row = _overlap(COMMON)
    setattr(row, column, None)
    assert row.measured == replace(COMMON, first_level=None)


def test_no_level_is_of_no_pixels() -> None:
    row = _overlap(replace(COMMON, second_level=None))
    assert (row.level_b, row.level_b_sigma, row.pixels_b) == (None, None, 0)
    assert (row.noise_b, row.slope_b) == (None, None)


@pytest.mark.parametrize("mean", [SECOND, None])
def test_a_chip_keeps_its_level_and_its_mean_without_their_noise(mean: Level | None) -> None:
    row = ChipLevel(
        version_of("ibxl50iaq_flt.fits"),
        OverlapMeasurement({}, STAMP),
        "r" * 64,
        replace(CHIP, mean=mean),
    )
    assert row.measured == replace(
        CHIP, level=Level(10.0, 0.1, 500), mean=mean and Level(0.0, 0.3, 500)
    )
    assert row.measured.key == ("ibxl50iaq", 2)
