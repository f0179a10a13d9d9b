"""Evidence for the choice of a sky method, of few exposures whose numbers add up by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from skydb.domain.overlap import Level, MeasuredChip, MeasuredOverlap
from skydb.domain.vocabulary import SkyUnit
from skydb.sky import evidence as rules
from skydb.sky.evidence import SkyEvidence
from skydb.sky.methods import Measures

NAMES = "abc"


def _seen(
    light: Mapping[str, float], *, edges: tuple[str, ...] = ("ab", "bc"), sigma: float = 0.01
) -> SkyEvidence:
    """Exposures of one chip under one sky; light lifts the level of the chip, not of overlaps."""
    level = {name: Level(1.0 + light[name], sigma, 1000) for name in light}
    chips = [MeasuredChip(name, 1, level[name], SkyUnit.ELECTRON_PER_S, 1.0) for name in light]
    common = Level(1.0, sigma, 100)
    overlaps = [MeasuredOverlap((a, 1), (b, 1), 10.0, common, common) for a, b in edges]
    return SkyEvidence(Measures(tuple(chips), tuple(overlaps)))


def test_light_on_one_of_two_exposures_pulls_its_level() -> None:
    two = _seen({"a": 0.0, "b": 0.4}, edges=("ab",))
    assert two.extended_pull == pytest.approx(0.4 / np.sqrt(2), rel=0.01)
    assert _seen({"a": 0.0, "b": 0.0}, edges=("ab",)).extended_pull == 0.0
    assert _seen({"a": 0.0, "b": 0.4}, edges=()).extended_pull == 0.0


def test_of_levels_without_noise_every_difference_is_light() -> None:
    lit = _seen({"a": 0.0, "b": 0.3, "c": 0.6}, sigma=0.0)
    assert lit.match_sigma is None
    assert lit.extended_pull == pytest.approx(0.3)


def test_an_exposure_alone_says_nothing_of_the_noise_of_its_pixels() -> None:
    alone = _seen({"a": 0.0}, edges=())
    assert (alone.pixel_noise, alone.match_sigma, alone.observed_rms) == (0.0, None, None)


def test_a_median_with_more_noise_than_a_flat_sky_has_shows_a_ramp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mean = Level(1.0, 0.01, 400)
    ramps = {}
    for flat in (0.49, 0.5, 0.51):
        monkeypatch.setattr(rules, "_FLAT", flat)
        monkeypatch.setattr(rules, "_MEDIAN_NOISE", 1.0)
        level = Level(1.0, 0.01 * np.sqrt(1.5), 400)
        # The square of the ratio is a half more than one.
        excess = (level.sigma / mean.sigma) ** 2 - 1
        monkeypatch.setattr(rules, "_FLAT", flat if flat != 0.5 else excess)
        chip = MeasuredChip("a", 1, level, SkyUnit.ELECTRON_PER_S, 1.0, mean)
        ramps[flat] = SkyEvidence(Measures((chip,), ()))._ramp(chip)
    assert ramps == {0.49: pytest.approx(1.5 / 0.36 * 0.2), 0.5: 0.0, 0.51: 0.0}
