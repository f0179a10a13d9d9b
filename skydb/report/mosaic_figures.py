"""Science and weight mosaics side by side, one scaling for every method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.report.blink import blink_gif
from skydb.report.compass import Orientation, draw_compass, draw_scale_bar
from skydb.report.images import (
    MAX_SIDE_PIX,
    DisplayImage,
    DisplayScale,
    Interval,
    Stretch,
    common_scale,
    load_science,
    load_weight,
    weight_of,
)
from skydb.report.style import (
    LIGHT,
    NO_DATA,
    SCIENCE_RAMP,
    WEIGHT_RAMP,
    Theme,
    colormap,
    house_style,
    new_figure,
    title_figure,
    unit_text,
)

if TYPE_CHECKING:
    from astropy.visualization.wcsaxes import WCSAxes
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage

__all__ = [
    "MosaicDisplay",
    "MosaicPair",
    "blink_gif",
    "draw_image",
    "draw_mosaics",
    "dress_image",
    "load_pair",
    "mosaic_display",
    "projection",
]

#: Width over height of an image from which its compass needs to be higher.
_FLAT = 1.5


@dataclass(frozen=True, slots=True)
class MosaicPair:
    """One method's science image and its weight, at the size of a screen."""

    label: str
    science: DisplayImage
    weight: DisplayImage | None


@dataclass(frozen=True, slots=True)
class MosaicDisplay:
    """Contents of the mosaic figure: the pairs, and one scale for each kind of image."""

    pairs: tuple[MosaicPair, ...]
    science_scale: DisplayScale
    weight_scale: DisplayScale

    @property
    def weights(self) -> tuple[tuple[str, DisplayImage], ...]:
        """Weights that differ, each with the names of its mosaics: the sky method changes none."""
        found: list[tuple[list[str], DisplayImage]] = []
        for pair in self.pairs:
            if pair.weight is None:
                continue
            for names, image in found:
                if np.array_equal(image.data, pair.weight.data, equal_nan=True):
                    names.append(pair.label)
                    break
            else:
                found.append(([pair.label], pair.weight))
        if len(found) == 1 < len(self.pairs) == len(found[0][0]):
            return (("all methods", found[0][1]),)
        return tuple((", ".join(names), image) for names, image in found)


def load_pair(
    label: str, science: Path, weight: Path | None = None, *, max_side_pix: int = MAX_SIDE_PIX
) -> MosaicPair:
    """Read the two images of a mosaic for display.

    Parameters
    ----------
    label : str
        Name of the method.
    science, weight : Path
        The images; a weight may also be the WHT extension of the science file.
    max_side_pix : int, optional
        Longest side after block averaging.

    Raises
    ------
    NotFoundError, UnreadableFileError
        As :func:`skydb.report.images.load_science`.
    """
    image = load_science(science, weight, max_side_pix=max_side_pix)
    weight = weight_of(science, weight)
    shown = None if weight is None else load_weight(weight, max_side_pix=max_side_pix)
    return MosaicPair(label, image, shown)


def mosaic_display(pairs: Sequence[MosaicPair]) -> MosaicDisplay:
    """Find the scales that all pairs are shown with; weights are always linear."""
    weights = [pair.weight for pair in pairs if pair.weight is not None]
    weight_scale = common_scale(weights, interval=Interval.PERCENTILE, stretch=Stretch.LINEAR)
    return MosaicDisplay(
        tuple(pairs),
        common_scale([pair.science for pair in pairs]),
        replace(weight_scale, low=0.0),
    )


def draw_mosaics(
    display: MosaicDisplay, *, title: str = "", grid: bool = True, theme: Theme = LIGHT
) -> Figure:
    """Draw the science images left, and right the weights, once where they are the same.

    Parameters
    ----------
    display : MosaicDisplay
        From :func:`mosaic_display`.
    title : str, optional
        Over the figure; empty for none.
    grid : bool, optional
        Axes in right ascension and declination where the image has a WCS.
    theme : Theme, optional
        Light or dark.
    """
    ny, nx = display.pairs[0].science.data.shape
    weights = display.weights
    # Side by side, as a screen is wide: two columns of images, one of weights.
    across = 1 if len(display.pairs) == 1 else 2
    down = -(-len(display.pairs) // across)
    weights_across = -(-len(weights) // down)
    panel_in = 4.3
    with house_style(theme):
        figure = new_figure(
            panel_in * (across + weights_across),
            0.4 + down * ((panel_in - 0.6) * min(ny / nx, 2.0) + 0.3) + 0.9,
        )
        title_figure(figure, title)
        widths = [across, weights_across] if weights else [across]
        columns = figure.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0]
        science = [(pair.label, pair.science) for pair in display.pairs]
        _draw_block(columns[0], science, (down, across), display, weights=False, grid=grid,
                    theme=theme)  # fmt: skip
        if weights:
            _draw_block(columns[1], weights, (down, weights_across), display, weights=True,
                        grid=grid, theme=theme)  # fmt: skip
    return figure


def _draw_block(
    column: SubFigure,
    images: Sequence[tuple[str, DisplayImage]],
    shape: tuple[int, int],
    display: MosaicDisplay,
    *,
    weights: bool,
    grid: bool,
    theme: Theme,
) -> None:
    """Draw images of one kind in rows and columns, with one colour bar."""
    cmap = colormap(WEIGHT_RAMP if weights else SCIENCE_RAMP)
    scale = display.weight_scale if weights else display.science_scale
    down, across = shape
    all_axes = []
    for place, (label, image) in enumerate(images):
        axes = column.add_subplot(down, across, place + 1, **projection(image, grid=grid))
        draw_image(axes, image, scale, cmap, theme)
        dress_image(axes, image)
        axes.set_title(f"{label}{_what(image, weights=weights)}", fontsize=8.5)
        all_axes.append(axes)
    for axes, (_, image) in zip(all_axes[:-across], images, strict=False):
        _leave_out_label(axes, image)
    bar = column.colorbar(
        all_axes[0].images[0],
        ax=all_axes,
        location="bottom",
        shrink=0.8,
        aspect=36,
        pad=0.03,
        fraction=0.04,
    )
    bar.set_ticks(list(scale.ticks()), labels=list(scale.ticks().values()))
    bar.set_label("weight" if weights else unit_text(display.pairs[0].science.unit))
    bar.outline.set_linewidth(0.5)


def _leave_out_label(axes: Axes, image: DisplayImage) -> None:
    """The coordinate that runs across is named once, below the lowest image."""
    orientation = Orientation.of_wcs(image.wcs)
    if hasattr(axes, "coords") and orientation is not None:
        across, up = np.abs(orientation.east)
        axes.coords[0 if across >= up else 1].set_axislabel(" ")


def _what(image: DisplayImage, *, weights: bool) -> str:
    if weights:
        return " \N{EM DASH} weight"
    less = f", median {image.pedestal:.3g} subtracted" if image.pedestal else ""
    return f" \N{EM DASH} science{less}"


def projection(image: DisplayImage, *, grid: bool) -> dict[str, Any]:
    """Arguments of ``add_subplot`` for axes on the sky, or none without a WCS."""
    if not grid or image.wcs is None:
        return {}
    # Importing registers the projection; pyplot is not touched.
    from astropy.visualization.wcsaxes import WCSAxes

    return {"axes_class": WCSAxes, "wcs": image.wcs}


def draw_image(
    axes: Axes, image: DisplayImage, scale: DisplayScale, cmap: Colormap, theme: Theme
) -> AxesImage:
    """Draw an image with no-data in neutral grey, and its sky grid where the axes have one."""
    drawn = axes.imshow(image.data, origin="lower", cmap=cmap, norm=scale.normalisation())
    axes.set_facecolor(NO_DATA)
    if hasattr(axes, "coords"):
        _dress_sky(axes, theme)
    else:
        axes.set_xticks([])
        axes.set_yticks([])
    return drawn


def dress_image(axes: Axes, image: DisplayImage) -> None:
    """Draw on an image where north and east are, and how long an angle is."""
    orientation = Orientation.of_wcs(image.wcs)
    if orientation is None:
        return
    inks = {"colour": "#ffffff", "halo": "#070b1a"}
    height, width = image.data.shape
    # On a flat strip it would reach over the lower edge.
    flatness = max(1.0, width / max(height, 1) / _FLAT)
    draw_compass(axes, orientation, at=(0.085, min(0.1 * flatness, 0.5)), **inks)
    draw_scale_bar(axes, orientation.arcsec_per_pix, width, above=False, **inks)


def _dress_sky(axes: WCSAxes, theme: Theme) -> None:
    axes.coords.grid(color="#ffffff", alpha=0.28, linewidth=0.5)
    axes.coords.frame.set_linewidth(0.6)
    axes.coords.frame.set_color(theme.muted)
    for coordinate, label in zip(axes.coords, ("RA (ICRS)", "Dec (ICRS)"), strict=True):
        coordinate.set_ticklabel(size=7, color=theme.muted, exclude_overlapping=True)
        coordinate.set_axislabel(label, size=7.5, color=theme.muted, minpad=1.0)
        coordinate.set_ticks(number=4, size=0)
