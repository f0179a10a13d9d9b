from __future__ import annotations

import numpy as np
import pytest

from skydb.errors import UsageError
from skydb.report.alignment_figures import (
    MarkedImage,
    draw_residuals,
    draw_sources,
    paired_marks,
    residual_field,
    source_marks,
)
from skydb.report.images import load_science
from skydb.report.style import DARK, LIGHT, Theme, png_bytes

from .conftest import MosaicMaker, Sources, make_sources, tangent_wcs
from .pictures import decoded, share_of

WCS_A = tangent_wcs(128, 96)
#: The same sky, 40 pixels further left.
WCS_B = tangent_wcs(128, 96, crpix=(24.5, 48.5))


def _sources(count: int = 12) -> Sources:
    rng = np.random.default_rng(5)
    return make_sources(rng.uniform(50, 120, count), rng.uniform(10, 90, count), WCS_A)


def _pair() -> tuple[Sources, Sources]:
    first = _sources()
    keep = slice(2, 9)
    second = make_sources(first.x_in_pix[keep] - 40, first.y_in_pix[keep], WCS_B)
    return first, second


def test_the_rms_is_that_of_the_residuals_in_pixels_and_mas() -> None:
    x = np.arange(4.0)
    sources = Sources(x, x, np.array([3.0, -3, 3, -3]), np.array([0.0, 0, 4, -4]), x, x, x, x)
    field = residual_field(sources, 0.1283)
    assert field.rms_x_pix == 3.0
    assert field.rms_y_pix == pytest.approx(np.sqrt(8))
    assert field.pixel_scale_mas == pytest.approx(128.3)


def test_sources_without_a_residual_are_left_out() -> None:
    sources = _sources(3)
    sources.x_residual_pix[1] = np.nan
    assert residual_field(sources, 0.1283).x_pix.size == 2


@pytest.mark.parametrize(("rms", "key"), [(0.04, 0.05), (0.11, 0.2), (0.9, 1.0), (3.2, 5.0)])
def test_the_scale_key_is_a_round_number(rms: float, key: float) -> None:
    x = np.arange(2.0)
    sources = Sources(x, x, np.full(2, rms), np.full(2, rms), x, x, x, x)
    assert residual_field(sources, 0.1).key_pix == pytest.approx(key)


def test_an_impossible_pixel_scale_is_refused() -> None:
    with pytest.raises(UsageError, match="impossible"):
        residual_field(_sources(), 0.0)


def test_the_residual_figure_says_the_rms_of_each_axis() -> None:
    field = residual_field(_sources(), 0.1283)
    titles = [axes.get_title(loc="left") for axes in draw_residuals(field).axes]
    assert titles[0] == "Residual vectors of 12 sources"
    wanted = f"rms {field.rms_x_pix:.4f} pix = {field.rms_x_pix * 128.3:.2f} mas"
    assert titles[1].splitlines() == ["dx against x", wanted]
    assert [title.splitlines()[0] for title in titles[2:]] == [
        "dx against y", "dy against x", "dy against y",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 2, 200])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_residuals_of_any_number_of_sources_can_be_drawn(count: int, theme: Theme) -> None:
    figure = draw_residuals(residual_field(_sources(count), 0.1283), title="a$b", theme=theme)
    pixels = decoded(png_bytes(figure))
    assert pixels.shape[1] > 1500
    assert (share_of(pixels, theme.accent) > 1e-5) is (count > 0)


def test_a_perfect_fit_can_be_drawn() -> None:
    x = np.arange(5.0)
    zero = np.zeros(5)
    png_bytes(draw_residuals(residual_field(Sources(x, x, zero, zero, x, x, x, x), 0.1)))


def test_the_same_source_has_the_same_number_in_both_images() -> None:
    first, second = paired_marks(*_pair())
    common = np.intersect1d(first.group, second.group)
    assert (first.group == -1).sum() == 5
    assert (second.group >= 0).all()
    for group in common[common >= 0]:
        (a,), (b,) = np.flatnonzero(first.group == group), np.flatnonzero(second.group == group)
        assert first.x_pix[a] - second.x_pix[b] == pytest.approx(40)


def test_sources_further_apart_than_the_tolerance_are_not_one() -> None:
    first, second = _pair()
    # A pixel is 128.3 mas.
    moved = make_sources(second.x_in_pix + 4, second.y_in_pix, WCS_B)
    marks, _ = paired_marks(first, moved)
    assert (marks.group == -1).all()


def test_a_pair_with_nothing_matched_is_not_an_error() -> None:
    first, second = paired_marks(_sources(), _sources(0))
    assert (first.group == -1).all()
    assert second.group.size == 0


def test_circles_are_drawn_where_the_sources_are(make_mosaic: MosaicMaker) -> None:
    science, weight = make_mosaic("a")
    image = load_science(science, weight, max_side_pix=64)
    sources = _sources(5)
    figure = draw_sources([MarkedImage("a_drz.fits", image, source_marks(sources))])
    (axes,) = figure.axes
    circles = np.asarray(axes.collections[-1].get_offsets())
    np.testing.assert_allclose(circles[:, 0], (sources.x_in_pix - 0.5) / 2 - 0.5)
    assert axes.get_xlabel() == "5 matched"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_a_pair_is_drawn_side_by_side_with_counts(make_mosaic: MosaicMaker, theme: Theme) -> None:
    image = load_science(*make_mosaic("a"))
    first, second = paired_marks(*_pair())
    detected = np.column_stack((first.x_pix, first.y_pix))
    panels = [MarkedImage("a", image, first, detected), MarkedImage("b", image, second)]
    figure = draw_sources(panels, title="a and b", theme=theme)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "12 detected, 12 matched, 7 in both",
        "7 matched, 7 in both",
    ]
    pixels = decoded(png_bytes(figure, compact=True))
    assert share_of(pixels, theme.cycle[0]) > 1e-5


def test_neighbours_fill_rows_of_three(make_mosaic: MosaicMaker) -> None:
    image = load_science(make_mosaic("a")[0])
    panel = MarkedImage("a", image, source_marks(_sources(0)))
    assert len(draw_sources([panel] * 5).axes) == 5


def test_no_image_is_refused() -> None:
    with pytest.raises(UsageError, match="No image"):
        draw_sources([])


def test_sources_are_told_apart_without_colours(make_mosaic: MosaicMaker) -> None:
    image = load_science(make_mosaic("a")[0])
    figure = draw_sources([MarkedImage("a", image, source_marks(_sources(20)))])
    shapes = {
        (tuple(colour), marks.get_paths()[0].vertices.tobytes())
        for marks in figure.axes[0].collections
        for colour in marks.get_edgecolors()
        if len(marks.get_offsets()) and marks.get_sizes()[0] > 50
    }
    assert len(shapes) == 20
