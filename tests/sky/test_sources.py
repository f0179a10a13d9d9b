"""Sources of an image, in whatever unit it is."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.sky.sources import _median, find_sources


@pytest.mark.parametrize("unit", [1e-6, 1e4])
def test_the_unit_of_an_image_does_not_matter(unit: float) -> None:
    rng = np.random.default_rng(3)
    places = rng.uniform(10.0, 190.0, (40, 2))
    y, x = np.mgrid[:200, :200]
    image = rng.normal(0.0, 1.0, (200, 200))
    for px, py in places:
        image += 60.0 * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 2.0 / 1.2**2)
    good = rng.random(image.shape) > 0.002
    one, other = (find_sources(part * image, good) for part in (1.0, unit))
    assert len(one.flux) > 10
    assert other.xy_pix == pytest.approx(one.xy_pix, abs=1e-6)
    assert other.flux == pytest.approx(unit * one.flux)


@pytest.mark.filterwarnings("ignore:All-NaN")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_median_of_a_block_is_that_of_its_pixels(dtype: type) -> None:
    rng = np.random.default_rng(5)
    blocks = rng.normal(3.0, 1.0, (40, 3, 48 * 48)).astype(dtype)
    blocks[rng.random(blocks.shape) < np.linspace(0.0, 1.0, 40)[:, np.newaxis, np.newaxis]] = np.nan
    wanted = np.nanmedian(blocks, axis=-1)
    empty = np.isnan(wanted)
    assert 0 < empty.sum() < 10
    wanted[empty] = np.median(wanted[~empty])
    assert _median(blocks).dtype == wanted.dtype
    np.testing.assert_array_equal(_median(blocks), wanted)
