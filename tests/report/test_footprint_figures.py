from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import UsageError
from skydb.report.footprint_figures import draw_footprints, footprint_map
from skydb.report.style import DARK, LIGHT, Theme, png_bytes

from . import gallery
from .pictures import decoded, share_of

STEP = 0.01
CORNERS = np.array([(0.0, 0.0), (STEP, 0.0), (STEP, STEP), (0.0, STEP)])


def chip(
    rootname: str, ra_deg: float, dec_deg: float = 22.0, visit: str = "bxl50"
) -> dict[str, Any]:
    corners = CORNERS + np.array([ra_deg, dec_deg])
    corners[:, 0] %= 360.0
    return {"rootname": rootname, "product": None, "visit": visit, "corners_deg": [corners]}


def test_outlines_are_arcseconds_from_the_middle() -> None:
    (field,) = footprint_map([chip("a", 83.6)]).fields
    (outline,) = field.outlines
    half = STEP * 3600 / 2
    wide = half * np.cos(np.radians(22.0))
    expected = [(-wide, -half), (wide, -half), (wide, half), (-wide, half)]
    np.testing.assert_allclose(outline.corners_arcsec, expected, atol=0.01)
    assert field.extent_arcsec == pytest.approx(2 * half, rel=1e-4)
    assert field.centre_deg == pytest.approx((83.6 + STEP / 2, 22.0 + STEP / 2), abs=1e-5)


@pytest.mark.parametrize("ra", [0.0, 359.995, 83.6])
@pytest.mark.parametrize("dec", [-2.4, 89.9, -89.99])
def test_a_field_is_one_map_anywhere_on_the_sky(ra: float, dec: float) -> None:
    rows = [chip("a", ra, min(dec, 89.98)), chip("b", ra + 0.02, min(dec, 89.98))]
    (field,) = footprint_map(rows).fields
    assert field.exposures == 2
    assert field.extent_arcsec < 120.0


def test_fields_that_are_apart_have_a_map_each_the_fullest_first() -> None:
    rows = [chip("a", 83.6), *(chip(name, 10.0) for name in "bc")]
    data = footprint_map(rows)
    assert [field.exposures for field in data.fields] == [2, 1]
    assert len(draw_footprints(data).axes) == 2


def test_fields_without_room_are_counted() -> None:
    data = footprint_map([chip(f"e{place}", 20.0 * place) for place in range(9)])
    assert (len(data.fields), data.left_out) == (6, 3)


def test_chips_of_an_exposure_are_one_exposure_and_regions_may_be_several() -> None:
    both = [chip("a", 83.6), chip("a", 83.615)]
    union = {**both[0], "corners_deg": [row["corners_deg"][0] for row in both]}
    for rows in (both, [union]):
        (field,) = footprint_map(rows).fields
        assert (field.exposures, len(field.outlines)) == (1, 2)


def test_a_product_is_called_by_its_file() -> None:
    row = {**chip("a", 83.6), "rootname": None, "product": "ibxl50010_drz.fits"}
    assert footprint_map([row]).fields[0].outlines[0].name == "ibxl50010_drz.fits"


def test_only_sources_on_the_map_are_drawn_on_it() -> None:
    middle = np.array([83.6 + STEP / 2, 22.0 + STEP / 2])
    sources = np.array([middle, middle + 0.5, middle + np.array([180.0, 0.0])])
    data = footprint_map(
        [chip("a", 83.6)], sources_deg=sources, mag=np.array([18.0, 15.0, 12.0]), catalog="gaia"
    )
    (field,) = data.fields
    np.testing.assert_allclose(field.sources_arcsec, [(0.0, 0.0)], atol=0.01)
    assert field.mag.tolist() == [18.0]
    texts = [text.get_text() for text in draw_footprints(data).axes[0].texts]
    assert "gaia: 1 sources" in texts


@pytest.mark.parametrize("rows", [[], [{**chip("a", 0.0), "corners_deg": []}]])
def test_nothing_to_draw_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(UsageError, match="No footprint to draw"):
        footprint_map(rows)


@given(st.permutations(range(6)))
def test_the_order_of_the_rows_changes_no_field(order: list[int]) -> None:
    rows = [chip(f"e{place}", 30.0 * (place % 3) + 0.005 * place) for place in range(6)]
    data = footprint_map([rows[place] for place in order])
    groups = {frozenset(one.name for one in field.outlines) for field in data.fields}
    assert groups == {frozenset({"e0", "e3"}), frozenset({"e1", "e4"}), frozenset({"e2", "e5"})}


def test_visits_are_told_apart_by_colour_and_line_until_they_are_too_many() -> None:
    rows = [chip(f"e{n}", 83.6 + STEP * n, visit=f"bxl{n:02}") for n in range(18)]
    (axes,) = draw_footprints(footprint_map(rows)).axes
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 18
    more = [*rows, chip("last", 83.6, visit="bxl99")]
    figure = draw_footprints(footprint_map(more))
    assert len({line.get_color() for line in figure.axes[0].lines}) == 1
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "19 visits"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_a_map_has_north_up_east_left_and_a_scale(theme: Theme) -> None:
    figure = draw_footprints(gallery.footprints(6), theme=theme)
    pixels = decoded(png_bytes(figure))
    (axes,) = figure.axes
    assert axes.xaxis_inverted()
    assert {"N", "E"} <= {text.get_text() for text in axes.texts}
    assert axes.get_ylabel() == "north  [arcsec]"
    assert share_of(pixels, theme.page) > 0.3
