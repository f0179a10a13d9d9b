from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.report.compass import Orientation, draw_compass, draw_scale_bar, round_length
from skydb.report.style import LIGHT, house_style, new_figure, png_bytes

from .conftest import tangent_wcs


def test_an_image_with_north_up_has_east_to_the_left() -> None:
    found = Orientation.of_wcs(tangent_wcs(100, 100))
    assert found is not None
    np.testing.assert_allclose(found.north, (0, 1), atol=1e-12)
    np.testing.assert_allclose(found.east, (-1, 0), atol=1e-12)
    assert found.arcsec_per_pix == pytest.approx(0.1283)


@given(
    angle=st.floats(0, 2 * np.pi),
    mirrored=st.booleans(),
    ra=st.floats(0, 360),
    dec=st.floats(-89, 89),
)
def test_places_on_the_sky_tell_the_same_as_a_wcs(
    angle: float, mirrored: bool, ra: float, dec: float
) -> None:
    wcs = tangent_wcs(100, 100)
    sine, cosine = np.sin(angle), np.cos(angle)
    side = -0.1283 if mirrored else 0.1283
    wcs.wcs.crval, wcs.wcs.cdelt = (ra, dec), (-side / 3600, 0.1283 / 3600)
    wcs.wcs.pc = [[cosine, -sine], [sine, cosine]]
    x, y = np.random.default_rng(1).uniform(1, 100, (2, 20))
    told = Orientation.of_places(x, y, *wcs.all_pix2world(x, y, 1))
    known = Orientation.of_wcs(wcs)
    assert told is not None
    assert known is not None
    # The plane is fitted as flat, over 13 arcsec, and meridians turn near a pole.
    np.testing.assert_allclose(told.north, known.north, atol=5e-3)
    np.testing.assert_allclose(told.east, known.east, atol=5e-3)
    assert told.arcsec_per_pix == pytest.approx(0.1283, rel=1e-4)


@pytest.mark.parametrize("x", [(), (3.0, 8.0), (1.0, 2.0, 3.0, 4.0)])
def test_too_few_places_or_places_on_a_line_tell_nothing(x: tuple[float, ...]) -> None:
    places = np.array(x)
    assert Orientation.of_places(places, places, places, places) is None


def test_an_image_without_a_wcs_or_with_an_impossible_one_has_no_orientation() -> None:
    assert Orientation.of_wcs(None) is None
    assert Orientation.of_matrix(np.zeros((2, 2))) is None


@pytest.mark.parametrize(("longest", "length"), [(9.9, 5), (10, 10), (0.3, 0.2), (0, 1)])
def test_a_bar_has_a_round_length(longest: float, length: float) -> None:
    assert round_length(longest) == pytest.approx(length)


def test_a_compass_names_its_arms_and_a_bar_its_length() -> None:
    north_up = Orientation(np.array((0.0, 1.0)), np.array((-1.0, 0.0)), 0.1)
    with house_style(LIGHT):
        figure = new_figure(3, 3)
        axes = figure.add_subplot()
        axes.set_xlim(0, 100)
        draw_compass(axes, north_up, at=(0.5, 0.5), colour="#000000", halo="#ffffff")
        draw_scale_bar(axes, 0.1, 100, colour="#000000", halo="#ffffff", above=False)
    png_bytes(figure)
    letters = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert set(letters) == {"N", "E"}
    assert letters["N"].y0 > letters["E"].y1
    assert letters["N"].x0 > letters["E"].x1
    (bar,) = (one for one in axes.artists if hasattr(one, "size_bar"))
    assert bar.txt_label.get_text() == "2 arcsec"
