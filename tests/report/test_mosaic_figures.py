from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from skydb.report.mosaic_figures import (
    MosaicDisplay,
    draw_mosaics,
    load_pair,
    mosaic_display,
)
from skydb.report.style import DARK, LIGHT, NO_DATA, Theme, png_bytes

from .conftest import MosaicMaker
from .pictures import decoded, share_of


def test_all_mosaics_share_one_scale(make_mosaic: MosaicMaker) -> None:
    pairs = [load_pair(str(level), *make_mosaic(str(level), level=level)) for level in (0.0, 1.0)]
    display = mosaic_display(pairs)
    alone = mosaic_display(pairs[:1])
    assert display.science_scale.low == alone.science_scale.low
    assert display.science_scale.high > alone.science_scale.high
    assert display.weight_scale.low == 0.0


@pytest.mark.parametrize("grid", [True, False])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_picture_shows_no_data_in_neutral_grey(
    make_mosaic: MosaicMaker, theme: Theme, grid: bool
) -> None:
    pairs = [load_pair(name, *make_mosaic(name)) for name in ("localmin", "match")]
    pixels = decoded(png_bytes(draw_mosaics(mosaic_display(pairs), grid=grid, theme=theme)))
    # An eighth of each image is empty, and images fill about half of the figure.
    assert 0.03 < share_of(pixels, NO_DATA) < 0.2
    assert share_of(pixels, theme.page) > 0.1


def titles_of(display: MosaicDisplay) -> list[str]:
    axes = [one for one in draw_mosaics(display).axes if one.images]
    return [one.get_title(loc="left") or one.get_title() for one in axes]


def test_a_weight_that_all_mosaics_have_is_shown_once(make_mosaic: MosaicMaker) -> None:
    display = mosaic_display(
        [load_pair(name, *make_mosaic(name)) for name in ("localmin", "match")]
    )
    assert [label for label, _ in display.weights] == ["all methods"]
    assert titles_of(display) == [
        "localmin \N{EM DASH} science", "match \N{EM DASH} science",
        "all methods \N{EM DASH} weight",
    ]  # fmt: skip


def test_weights_that_differ_are_all_shown(make_mosaic: MosaicMaker) -> None:
    first, second, third = (load_pair(n, *make_mosaic(n)) for n in ("a", "b", "c"))
    assert first.weight is not None
    other = replace(second, weight=replace(first.weight, data=first.weight.data * 2))
    display = mosaic_display([first, other, third])
    assert [label for label, _ in display.weights] == ["a, c", "b"]
    assert sum("weight" in title for title in titles_of(display)) == 2


def test_the_name_of_one_mosaic_is_that_of_its_weight(make_mosaic: MosaicMaker) -> None:
    first, second = (load_pair(n, *make_mosaic(n)) for n in ("a", "b"))
    assert [label for label, _ in mosaic_display([first]).weights] == ["a"]
    only = mosaic_display([first, replace(second, weight=None)])
    assert [label for label, _ in only.weights] == ["a"]


def test_without_weights_only_science_is_drawn(make_mosaic: MosaicMaker) -> None:
    science, _ = make_mosaic("localmin")
    figure = draw_mosaics(mosaic_display([load_pair("localmin", science)]))
    assert len([axes for axes in figure.axes if axes.images]) == 1


def test_the_axes_are_those_of_the_sky_when_there_is_a_wcs(make_mosaic: MosaicMaker) -> None:
    display = mosaic_display([load_pair("localmin", *make_mosaic("localmin"))])
    assert hasattr(draw_mosaics(display).axes[0], "coords")
    assert not hasattr(draw_mosaics(display, grid=False).axes[0], "coords")


@pytest.mark.parametrize("turned_deg", [0.0, 90.0, 103.0])
def test_only_the_coordinate_that_runs_across_is_named_once(
    make_mosaic: MosaicMaker, turned_deg: float
) -> None:
    science, weight = make_mosaic("a", shape=(96, 96))
    turn = np.radians(turned_deg)
    pc = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for path in (science, weight):
        with fits.open(path, mode="update") as hdus:
            for i, j in np.ndindex(2, 2):
                hdus[0].header[f"PC{i + 1}_{j + 1}"] = pc[i, j]
    pairs = [load_pair(name, science, weight) for name in "abcd"]
    figure = draw_mosaics(mosaic_display(pairs))
    upper = figure.axes[0]
    named = [one.get_axislabel().strip() for one in upper.coords]
    assert named == (["", "Dec (ICRS)"] if turned_deg == 0 else ["RA (ICRS)", ""])


def test_a_compact_picture_looks_the_same_and_weighs_less(make_mosaic: MosaicMaker) -> None:
    figure = draw_mosaics(mosaic_display([load_pair("a", *make_mosaic("a", shape=(256, 256)))]))
    full, compact = png_bytes(figure), png_bytes(figure, compact=True)
    assert len(compact) < 0.7 * len(full)
    difference = np.abs(decoded(full).astype(int) - decoded(compact)).max(axis=-1)
    assert np.percentile(difference, 99) < 16
