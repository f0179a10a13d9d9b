"""Matched sources over their images, one by one and in pairs that overlap.

The residuals of a fit are drawn by :mod:`skydb.report.residual_figures`, whose
functions are found here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError
from skydb.report.images import DisplayImage, common_scale
from skydb.report.mosaic_figures import draw_image, dress_image
from skydb.report.residual_figures import (
    MatchedSources,
    ResidualField,
    Values,
    draw_residuals,
    residual_field,
)
from skydb.report.style import (
    LIGHT,
    NO_DATA,
    SCIENCE_RAMP,
    Theme,
    colormap,
    house_style,
    new_figure,
    title_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "MarkedImage",
    "MatchedSources",
    "ResidualField",
    "SourceMarks",
    "draw_residuals",
    "draw_sources",
    "paired_marks",
    "residual_field",
    "source_marks",
]

#: Fitted positions at most so far apart, each the other's nearest, are one source.
_ONE_SOURCE_MAS = 300.0

#: Shapes of the marks of numbered sources, which differ without colours, too.
_SHAPES = ("o", "s", "D", "^", "v")
#: Sources of one image that still get a number each.
_NUMBERED_SOURCES = 60


@dataclass(frozen=True, slots=True)
class SourceMarks:
    """Sources to be marked on an image.

    Parameters
    ----------
    x_pix, y_pix : ndarray
        FITS pixels (from 1).
    group : ndarray of int
        The same number for the same source in every image; -1 for one that the
        other image does not have.
    """

    x_pix: Values
    y_pix: Values
    group: NDArray[np.int64]


def source_marks(sources: MatchedSources) -> SourceMarks:
    """Marks of every matched source, numbered in the order of the match file."""
    x, y = (
        np.asarray(values, dtype=float)
        for values in (sources.x_in_original_pix, sources.y_in_original_pix)
    )
    return SourceMarks(x, y, np.arange(x.size, dtype=np.int64))


def paired_marks(first: MatchedSources, second: MatchedSources) -> tuple[SourceMarks, SourceMarks]:
    """Marks of two overlapping images, the same number where both matched the same source."""
    a, b = source_marks(first), source_marks(second)
    groups_a, groups_b = np.full(a.group.size, -1), np.full(b.group.size, -1)
    for number, (i, j) in enumerate(_mutual_nearest(first, second)):
        groups_a[i] = groups_b[j] = number
    return SourceMarks(a.x_pix, a.y_pix, groups_a), SourceMarks(b.x_pix, b.y_pix, groups_b)


def _mutual_nearest(first: MatchedSources, second: MatchedSources) -> list[tuple[int, int]]:
    from scipy.spatial import KDTree

    a, b = _directions(first), _directions(second)
    if not (len(a) and len(b)):
        return []
    # A chord is as long as the arc at this size.
    reach = np.radians(_ONE_SOURCE_MAS / 3.6e6)
    distance, to_b = KDTree(b).query(a)
    _, to_a = KDTree(a).query(b)
    return [(i, int(j)) for i, j in enumerate(to_b) if distance[i] <= reach and to_a[j] == i]


def _directions(sources: MatchedSources) -> Values:
    from skydb.domain.values import unit_vectors

    return unit_vectors(np.column_stack((sources.ra_fit_deg, sources.dec_fit_deg)).astype(float))


@dataclass(frozen=True, slots=True)
class MarkedImage:
    """One image with what is drawn over it.

    Parameters
    ----------
    label : str
        Title of the panel.
    image : DisplayImage
        From :func:`skydb.report.images.load_science`.
    marks : SourceMarks
        Matched sources.
    detected_pix : ndarray, shape (N, 2), optional
        FITS pixels of every source that was detected, matched or not.
    chip_rows : mapping of int to int
        Rows of the image below each chip, by EXTVER, when it shows several.
    """

    label: str
    image: DisplayImage
    marks: SourceMarks
    detected_pix: Values | None = None
    chip_rows: Mapping[int, int] = field(default_factory=dict)


def draw_sources(panels: Sequence[MarkedImage], *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw images side by side with their sources; the same source has the same colour.

    Parameters
    ----------
    panels : sequence of MarkedImage
        One image, the pair of two that overlap, or an image and its neighbours.
    title : str, optional
        Over the figure.
    theme : Theme, optional
        Light or dark.

    Raises
    ------
    UsageError
        When there is no image.
    """
    if not panels:
        raise UsageError("No image to draw sources on.")
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    with house_style(theme):
        ny, nx = panels[0].image.data.shape
        high = min(max(4.2 * ny / nx, 1.5), 8.0)
        figure = new_figure(0.3 + 4.3 * columns, (0.6 if title else 0.2) + (high + 0.65) * rows)
        title_figure(figure, title)
        scale = common_scale([panel.image for panel in panels])
        for place, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, place + 1)
            draw_image(axes, panel.image, scale, colormap(SCIENCE_RAMP), theme)
            _draw_marks(axes, panel, theme, paired=len(panels) > 1)
    return figure


def _draw_marks(axes: Axes, panel: MarkedImage, theme: Theme, *, paired: bool) -> None:
    marks, common = panel.marks, panel.marks.group >= 0
    if panel.detected_pix is not None:
        detected = np.asarray(panel.detected_pix, float).reshape(-1, 2)
        _circles(axes, panel.image, *detected.T, size=28, colour="#ffffff", width=0.6, alpha=0.6)
    _circles(
        axes,
        panel.image,
        marks.x_pix[~common],
        marks.y_pix[~common],
        size=80,
        colour="#ffffff",
        width=0.9,
        alpha=0.9,
        dotted=True,
    )
    _draw_common(axes, panel, theme)
    colours = [theme.cycle[g % len(theme.cycle)] for g in marks.group[common]]
    _number(axes, panel, colours)
    dress_image(axes, panel.image)
    _name_chips(axes, panel)
    axes.set_title(panel.label)
    axes.set_xlabel(_counted(panel, paired=paired), labelpad=6)


def _draw_common(axes: Axes, panel: MarkedImage, theme: Theme) -> None:
    """Sources with a number: a colour each, and the next shape when the colours begin again."""
    marks = panel.marks
    for place, marker in enumerate(_SHAPES):
        turn = marks.group // len(theme.cycle) % len(_SHAPES)
        mine = (marks.group >= 0) & (turn == place)
        if mine.any():
            colours = [theme.cycle[g % len(theme.cycle)] for g in marks.group[mine]]
            _circles(
                axes, panel.image, marks.x_pix[mine], marks.y_pix[mine], size=80, colour=colours,
                marker=marker,
            )  # fmt: skip


def _name_chips(axes: Axes, panel: MarkedImage) -> None:
    if len(panel.chip_rows) > 1:
        for extver, row in panel.chip_rows.items():
            bottom = row / panel.image.block / panel.image.data.shape[0]
            axes.annotate(
                f"SCI,{extver}", (1.0, bottom), xycoords="axes fraction", rotation=90,
                xytext=(3, 2), textcoords="offset points", fontsize=7, va="bottom", ha="left",
                color=NO_DATA,
            )  # fmt: skip


def _circles(
    axes: Axes,
    image: DisplayImage,
    x_pix: Values,
    y_pix: Values,
    *,
    size: float,
    colour: str | Sequence[str],
    width: float = 1.4,
    alpha: float = 1.0,
    dotted: bool = False,
    marker: str = "o",
) -> None:
    x, y = image.to_display(x_pix, y_pix)
    axes.scatter(
        x,
        y,
        s=size,
        facecolors="none",
        edgecolors=colour,
        linewidths=width,
        alpha=alpha,
        linestyles=":" if dotted else "-",
        marker=marker,
    )


def _number(axes: Axes, panel: MarkedImage, colours: Sequence[str]) -> None:
    common = panel.marks.group >= 0
    if common.sum() > _NUMBERED_SOURCES:
        return
    from matplotlib.patheffects import withStroke

    x, y = panel.image.to_display(panel.marks.x_pix[common], panel.marks.y_pix[common])
    ny, nx = panel.image.data.shape
    # Above the marks of other sources, and dark around: in a crowd they lie on each other.
    halo = withStroke(linewidth=1.8, foreground="#070b1a")
    for place, group in enumerate(panel.marks.group[common]):
        # Away from the edge that is near, so that a number stays on its image.
        right, high = x[place] > 0.94 * nx, y[place] > 0.96 * ny
        axes.annotate(
            str(group + 1), (x[place], y[place]), textcoords="offset points",
            xytext=(-6 if right else 6, -5 if high else 4), ha="right" if right else "left",
            va="top" if high else "baseline", fontsize=6.5, fontweight="bold",
            color=colours[place], path_effects=[halo], zorder=4,
        )  # fmt: skip


def _counted(panel: MarkedImage, *, paired: bool) -> str:
    total, common = panel.marks.group.size, int((panel.marks.group >= 0).sum())
    parts = [f"{total} matched"]
    if panel.detected_pix is not None:
        parts.insert(0, f"{len(panel.detected_pix)} detected")
    if paired:
        parts.append(f"{common} in both")
    return ", ".join(parts)
