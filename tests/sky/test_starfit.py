"""Fits of stars to stamps that were made of one."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.sky.starfit import HALF_STAMP_PIX, Stamps, StarFit, _model, _stretch, fit_stars

SIDE = 2 * HALF_STAMP_PIX + 1
#: From the middle of the stamp, and the width of the core, in pixels.
STARS = [(0.0, 0.0, 1.0), (0.3, -0.2, 0.8), (-0.45, 0.4, 1.4), (0.1, 0.1, 2.6)]


def stamps(flux: float, *, noise: float = 0.0, level: float = 0.0) -> Stamps:
    state = np.array([(x, y, np.log(width)) for x, y, width in STARS])
    image, _ = _model(state)
    scatter = np.random.default_rng(4).normal(0.0, noise, image.shape)
    variances = np.full(image.shape, max(noise, 1e-4) ** 2) * flux**2
    return Stamps(flux * (image + scatter) + level, variances, np.ones(image.shape, dtype=bool))


def fitted(made: Stamps, begin: float = 1.2) -> StarFit:
    return fit_stars(made, begin, free_width=True)


@pytest.mark.parametrize("begin", [0.8, 1.2, 1.7])
def test_a_star_is_found_where_it_was_put_and_as_wide(begin: float) -> None:
    found = fitted(stamps(100.0, level=5.0), begin)
    for n, (x, y, width) in enumerate(STARS):
        assert (found.dx_pix[n], found.dy_pix[n]) == pytest.approx((x, y), abs=2e-3)
        assert found.sigma_pix[n] == pytest.approx(width, rel=0.01)
    np.testing.assert_allclose(found.flux, 100.0, rtol=0.02)
    assert found.stretch.max() < 0.01


@pytest.mark.parametrize("unit", [1e-6, 1e3])
def test_a_star_fits_alike_in_any_unit(unit: float) -> None:
    one, other = fitted(stamps(50.0, noise=2e-3)), fitted(stamps(50.0 * unit, noise=2e-3))
    np.testing.assert_allclose(other.flux, one.flux * unit, rtol=1e-6)
    for name in ("dx_pix", "dy_pix", "sigma_pix", "stretch", "misfit", "edge", "seen"):
        np.testing.assert_allclose(
            getattr(other, name), getattr(one, name), rtol=1e-5, atol=1e-9, err_msg=name
        )
    assert one.stretch.min() > 0 and one.edge.max() > 0


def test_a_hole_is_no_star_and_has_neither_a_stretch_nor_an_edge() -> None:
    hole = stamps(50.0, noise=2e-3)
    found = fitted(Stamps(-hole.values, hole.variances, hole.usable))
    assert (found.flux < 0).all()
    for part in (found.stretch, found.misfit, found.edge):
        assert part.tolist() == [0.0] * len(STARS)


def test_of_a_star_on_bad_pixels_less_is_seen() -> None:
    whole = stamps(50.0)
    usable = whole.usable.copy()
    usable[:, :, HALF_STAMP_PIX + 1 :] = False
    found = fitted(Stamps(np.where(usable, whole.values, 0.0), whole.variances, usable))
    np.testing.assert_allclose(fitted(whole).seen, 1.0)
    assert (found.seen < 0.85).all() and (found.seen > 0.3).all()


def test_what_has_no_light_has_no_stretch() -> None:
    rng = np.random.default_rng(1)
    residual, weights = rng.normal(0.0, 1.0, (2, SIDE, SIDE)), np.ones((2, SIDE, SIDE))
    found = _stretch(residual, weights, np.zeros((2, 3)), np.array([0.0, 5.0]))
    assert found[0] == 0.0 and found[1] > 0.0
