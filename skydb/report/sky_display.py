"""Mosaics of sky runs, one panel a method: one stretch, compass, scale bar, axes on the sky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError
from skydb.report.images import (
    DisplayImage,
    DisplayScale,
    Interval,
    Stretch,
    common_scale,
    load_science,
)
from skydb.report.mosaic_figures import draw_image, dress_image, projection
from skydb.report.style import (
    LIGHT,
    SCIENCE_RAMP,
    Theme,
    colormap,
    house_style,
    new_figure,
    title_figure,
    unit_text,
)
from skydb.report.windows import Window, load_window

if TYPE_CHECKING:
    from astropy.visualization.wcsaxes import WCSAxes
    from astropy.wcs import WCS
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from skydb.services.lookup import MosaicEvidence

_PANEL_IN = 4.6


@dataclass(frozen=True, slots=True)
class Wanted:
    """Display settings of mosaics; None takes the value from the images.

    Parameters
    ----------
    low, high : float, optional
        Values of the darkest and the brightest colour, in the unit of the images.
    stretch : Stretch
        How brightness follows the value between them.
    window : Window, optional
        The part of the sky; all of it when left out.
    keep_level : bool
        Do not subtract the median of each of several mosaics. ``match`` leaves the level of one
        exposure in its mosaic, which one stretch for all would show as a blank panel.
    """

    low: float | None = None
    high: float | None = None
    stretch: Stretch = Stretch.ASINH
    window: Window | None = None
    keep_level: bool = False

    @property
    def takes_levels_off(self) -> bool:
        """Whether the median of each mosaic goes; limits that are given are of values as is."""
        return not self.keep_level and self.low is None and self.high is None


@dataclass(frozen=True, slots=True)
class SkyPanel:
    """One mosaic at the size of a screen, and what it is called."""

    label: str
    image: DisplayImage


@dataclass(frozen=True, slots=True)
class SkyDisplay:
    """Contents of the figure: panels on one scale."""

    panels: tuple[SkyPanel, ...]
    scale: DisplayScale


def sky_display(mosaics: Sequence[MosaicEvidence], wanted: Wanted) -> SkyDisplay:
    """Read mosaics and find the scale that all are shown with.

    Raises
    ------
    NotFoundError, UnreadableFileError
        When a mosaic cannot be read.
    UsageError
        When the window shows nothing of any, or the limits are no range.
    """
    found = [(one, _load(one.science, one.weight, wanted.window)) for one in mosaics]
    images = {f"run {one.run}, {one.method}": image for one, image in found if image is not None}
    if not any(np.isfinite(image.data).any() for image in images.values()):
        if wanted.window is None:
            raise UsageError("No pixel of the mosaics has a value: there is nothing to show.")
        raise UsageError(
            "The mosaics do not cover this part of the sky.",
            advice="Give --crop RA DEC SIZE within the field, SIZE in arcsec.",
        )
    units = {image.unit or "no unit" for image in images.values()}
    if len(units) > 1:
        raise UsageError(
            f"These mosaics are in {' and '.join(sorted(units))}.", advice="Show them one by one."
        )
    if wanted.takes_levels_off and len(images) > 1:
        images = {label: image.without_pedestal() for label, image in images.items()}
    scale = _scale(list(images.values()), wanted)
    return SkyDisplay(tuple(SkyPanel(label, image) for label, image in images.items()), scale)


def _load(science: Path, weight: Path, window: Window | None) -> DisplayImage | None:
    there = weight if weight.is_file() else None
    return load_science(science, there) if window is None else load_window(science, there, window)


def _scale(images: Sequence[DisplayImage], wanted: Wanted) -> DisplayScale:
    scale = common_scale(images, interval=Interval.ZSCALE, stretch=wanted.stretch)
    low = scale.low if wanted.low is None else wanted.low
    high = scale.high if wanted.high is None else wanted.high
    if not low < high:
        raise UsageError(
            f"The lower limit {low:g} is not below the upper limit {high:g}.",
            advice="Give --vmin below --vmax.",
        )
    return replace(scale, low=low, high=high)


def draw_sky_display(display: SkyDisplay, *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw one panel a mosaic, with one colour bar for them all.

    Parameters
    ----------
    display : SkyDisplay
        From :func:`sky_display`.
    title : str, optional
        Over the figure; empty for none.
    theme : Theme, optional
        Light or dark.
    """
    number = len(display.panels)
    across = 1 if number == 1 else 2 if number in (2, 4) else 3
    down = -(-number // across)
    ny, nx = display.panels[0].image.data.shape
    high_in = (_PANEL_IN - 0.8) * min(max(ny / nx, 0.3), 2.0) + 0.6
    with house_style(theme):
        figure = new_figure(_PANEL_IN * across, high_in * down + 0.8)
        title_figure(figure, title)
        all_axes = []
        for place, panel in enumerate(display.panels, 1):
            axes = figure.add_subplot(down, across, place, **projection(panel.image, grid=True))
            _draw_panel(axes, panel, display.scale, theme)
            all_axes.append(axes)
        _draw_bar(figure, all_axes, display)
    return figure


def _draw_panel(axes: Axes, panel: SkyPanel, scale: DisplayScale, theme: Theme) -> None:
    image = panel.image
    draw_image(axes, image, scale, colormap(SCIENCE_RAMP), theme)
    level = f", median {image.pedestal:.3g} subtracted" if image.pedestal else ""
    axes.set_title(f"{panel.label}{level}", fontsize=8.5)
    if image.wcs is not None:
        _place_names(cast("WCSAxes", axes), image.wcs, image.data.shape)
        dress_image(axes, image)


def _place_names(axes: WCSAxes, wcs: WCS, shape_pix: tuple[int, int]) -> None:
    """Name below the image the coordinate that runs across it, and left of it the other."""
    _, (east_x, east_y) = directions(wcs, shape_pix)
    below = 0 if abs(east_x) >= abs(east_y) else 1
    for number, side in ((below, "b"), (1 - below, "l")):
        coordinate = axes.coords[number]
        coordinate.set_ticks_position(side)
        coordinate.set_ticklabel_position(side)
        coordinate.set_axislabel_position(side)


def _draw_bar(figure: Figure, all_axes: list[Axes], display: SkyDisplay) -> None:
    bar = figure.colorbar(
        all_axes[0].images[0], ax=all_axes, location="bottom", shrink=0.7, aspect=42, pad=0.03,
        fraction=0.04,
    )  # fmt: skip
    bar.set_ticks(list(display.scale.ticks()), labels=list(display.scale.ticks().values()))
    bar.set_label(unit_text(display.panels[0].image.unit))
    bar.outline.set_linewidth(0.5)


def directions(
    wcs: WCS, shape_pix: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors (x, y) in pixels that point north and east at the middle of an image."""
    ny, nx = shape_pix
    middle = wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2)
    at = np.array(wcs.world_to_pixel(middle))
    steps = []
    for angle in (0.0, 90.0):
        near = middle.directional_offset_by(angle * _deg(), 1e-4 * _deg())
        step = np.array(wcs.world_to_pixel(near)) - at
        steps.append(step / np.linalg.norm(step))
    return steps[0], steps[1]


def _deg() -> Any:  # noqa: ANN401 - astropy has no types
    from astropy import units

    return units.deg
