"""Scatter on the sky from pixels alone."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.sky.scatter import scatter_mas

SCALE_DEG = 0.12825 / 3600


def sources(angle_deg, count=12, ra_deg=359.999, dec_deg=60.0, seed=1):
    """Positions in pixels and on the sky, of an image turned by an angle."""
    pixels = np.random.default_rng(seed).uniform(-500, 500, (2, count))
    angle = np.radians(angle_deg)
    turn = np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    east, north = SCALE_DEG * turn @ pixels
    ra = (ra_deg + east / np.cos(np.radians(dec_deg))) % 360.0
    return (pixels[0], pixels[1]), (ra, dec_deg + north)


@pytest.mark.parametrize(("angle_deg", "along"), [(0.0, "east"), (90.0, "north")])
def test_scatter_along_x_is_seen_where_x_points_to(angle_deg, along):
    pixels, sky = sources(angle_deg)
    residuals = np.random.default_rng(2).normal(0, 0.1, 12), np.zeros(12)
    east, north = scatter_mas(pixels, sky, residuals)
    seen, unseen = (east, north) if along == "east" else (north, east)
    assert seen == pytest.approx(residuals[0].std() * 128.25, rel=1e-3)
    assert unseen == pytest.approx(0.0, abs=1e-2)


def test_too_few_sources_or_sources_in_a_line_tell_nothing():
    pixels, sky = sources(30.0, count=3)
    assert scatter_mas(pixels, sky, (np.ones(3), np.ones(3))) is None
    pixels, sky = sources(30.0)
    line = (pixels[0], 2 * pixels[0]), (sky[0] * 0 + 10 + pixels[0] / 1e5, sky[1] * 0 + 5)
    assert scatter_mas(*line, (np.ones(12), np.ones(12))) is None


def test_a_position_that_is_missing_tells_nothing():
    pixels, sky = sources(30.0)
    sky[0][3] = np.nan
    assert scatter_mas(pixels, sky, (np.ones(12), np.ones(12))) is None
