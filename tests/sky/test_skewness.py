"""Bias of a median by stars, from drawn pixels."""

import numpy as np
import pytest

from skydb.domain.overlap import MeasuredChip
from skydb.domain.vocabulary import SkyUnit
from skydb.sky.levels import SkyStatistic
from skydb.sky.skewness import Pull, pull_of_stars

SKY_E, READ_NOISE_E, EXPTIME_S = 40.0, 3.0, 100.0


def _chip(stars: float, *, unit: SkyUnit = SkyUnit.ELECTRON, seed: int = 1) -> MeasuredChip:
    """A chip of 400x400 pixels, this part of which the wings of stars reach."""
    rng = np.random.default_rng(seed)
    light = np.where(rng.random(160_000) < stars, rng.exponential(8.0, 160_000), 0.0)
    electrons = rng.poisson(SKY_E + light) + rng.normal(0, READ_NOISE_E, 160_000)
    scale = 1.0 if unit is SkyUnit.ELECTRON else 1 / EXPTIME_S
    level, mean = SkyStatistic().level_and_mean((electrons * scale).astype(np.float32))
    return MeasuredChip("a", 1, level, unit, 1.0, mean)


def _off(chip: MeasuredChip, scale: float = 1.0) -> float:
    assert chip.level is not None
    return chip.level.value - SKY_E * scale


def test_the_median_of_counts_alone_is_below_the_sky_by_a_sixth_of_an_electron() -> None:
    chip = _chip(0.0)
    pull = pull_of_stars([chip], {})
    assert pull.value == pytest.approx(-1 / 6 * SKY_E / (SKY_E + READ_NOISE_E**2), abs=0.03)
    assert pull.value == pytest.approx(_off(chip), abs=4 * pull.sigma)


@pytest.mark.parametrize("stars", [0.1, 0.2])
def test_stars_lift_the_median_by_about_what_the_mean_tells(stars: float) -> None:
    chip = _chip(stars)
    assert pull_of_stars([chip], {}).sure == pytest.approx(_off(chip), rel=0.5)
    assert _off(chip) > 0.3


def test_a_rate_is_counted_in_electrons_of_its_exposure_time() -> None:
    rate = _chip(0.0, unit=SkyUnit.ELECTRON_PER_S)
    known = pull_of_stars([rate], {"a": EXPTIME_S})
    assert known.value * EXPTIME_S == pytest.approx(pull_of_stars([_chip(0.0)], {}).value, abs=0.01)
    # All noise taken for that of photons makes the tail longer than it is.
    assert pull_of_stars([rate], {}).value < known.value


def test_nothing_is_told_without_means_or_below_the_noise() -> None:
    assert pull_of_stars([MeasuredChip("a", 1, None, None, 1.0)], {}) == Pull(0.0, 0.0)
    assert (Pull(0.1, 0.06).sure, Pull(-0.2, 0.06).sure) == (0.0, -0.2)
