"""Skies and alignments against time, for one exposure or for all of a visit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.domain.grouping import TimeAxis
from skydb.report.counting import counted
from skydb.report.output import write_atomic
from skydb.report.sky_figures import draw_errors
from skydb.report.style import (
    LIGHT,
    METHOD_MARKERS,
    Theme,
    house_style,
    new_figure,
    png_bytes,
    title_figure,
    unit_text,
)
from skydb.report.timeline_data import (
    Segment,
    TimelineData,
    TimePanel,
    TimeSeries,
    alignment_timeline,
    axis_of,
    is_dated,
    on_axis,
    sky_timeline,
)
from skydb.services.comparison import Quantity, TimePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "TimeAxis",
    "TimelineData",
    "alignment_timeline",
    "draw_timeline",
    "sky_timeline",
    "timeline_pictures",
]

#: Inches that a letter of the text of a mark takes, and the gap to the next text.
_LETTER_IN, _GAP_IN = 0.056, 0.12
#: As many dates stand beside each other; more are turned, and thinned after the next.
_DATES_UPRIGHT, _MOST_DATES = 8, 30
_WORDS = {TimeAxis.OBSERVED: "Date of observation", TimeAxis.PROCESSED: "Time of processing"}


def draw_timeline(data: TimelineData, *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw the panels under each other, over one axis of time.

    Parameters
    ----------
    data : TimelineData
        From :func:`sky_timeline` or :func:`alignment_timeline`.
    title : str, optional
        Over the figure.
    theme : Theme, optional
        Light or dark.
    """
    segments = data.segments
    width = float(np.clip(2.2 + 0.11 * (segments[-1].right if segments else 0.0), 8.6, 13.0))
    rows = max(1, len(data.panels))
    with house_style(theme):
        figure = new_figure(width, 1.6 + 2.4 * rows)
        title_figure(figure, title)
        all_axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
        for axes, panel in zip(all_axes, data.panels, strict=False):
            _shade(axes, segments, theme)
            _draw_panel(axes, panel, segments, theme)
        if not data.panels:
            _say_nothing_fitted(all_axes[0], data, segments, theme)
        _draw_time(all_axes[-1], data, segments)
        _draw_marks(all_axes, data, segments, theme)
        figure.align_ylabels()
    return figure


def _shade(axes: Axes, segments: Sequence[Segment], theme: Theme) -> None:
    for one in segments[::2]:
        axes.axvspan(one.left, one.right, color=theme.band, linewidth=0, zorder=0)


def _draw_panel(axes: Axes, panel: TimePanel, segments: Sequence[Segment], theme: Theme) -> None:
    axes.grid(axis="y")
    for place, series in enumerate(panel.series):
        colour = _colour(series, place, theme)
        x = on_axis(series.days, segments)
        _draw_lines(axes, series, x, colour, is_jump=panel.is_jump)
        sigmas = np.where(series.earlier, np.nan, series.sigmas)
        draw_errors(axes, x, series.values, sigmas, colour)
        _draw_markers(axes, series, x, place, colour, theme)
    unit = panel.unit if panel.unit == "mas" else unit_text(panel.unit)
    axes.set_ylabel(f"{panel.label}  [{unit}]")
    axes.margins(x=0.06, y=0.14)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.09),
        ncols=len(panel.series) + 3,
        borderaxespad=0.0,
        handletextpad=0.3,
        columnspacing=1.4,
    )


def _say_nothing_fitted(
    axes: Axes, data: TimelineData, segments: Sequence[Segment], theme: Theme
) -> None:
    """No panel, but the moments at which nothing could be fitted."""
    days = on_axis(np.array([mark.day for mark in data.marks]), segments)
    axes.plot(days, np.zeros(days.size), linestyle="none", marker="x", color=theme.ink)
    axes.margins(x=0.3)
    axes.set_yticks([])
    axes.set_ylabel("no fit gave a value")


def _draw_lines(
    axes: Axes, series: TimeSeries, x: NDArray[np.float64], colour: str, *, is_jump: bool
) -> None:
    """Join the values that belong together; a jump stands on zero."""
    if is_jump:
        axes.vlines(x, 0.0, series.values, color=colour, linewidth=0.8, alpha=0.5)
        return
    for line in series.lines:
        part = np.array(line)
        axes.plot(x[part], series.values[part], color=colour, linewidth=0.8, alpha=0.45)


def _draw_markers(
    axes: Axes, series: TimeSeries, x: NDArray[np.float64], place: int, colour: str, theme: Theme
) -> None:
    """Filled for runs of skydb, hollow for those of a log, small for earlier runs."""
    marker: Any = METHOD_MARKERS[series.method] if series.method else "oDs"[place % 3]
    kinds = (
        (~series.imported & ~series.earlier, colour, 5.0, series.name),
        (series.imported & ~series.earlier, "none", 5.0, f"{series.name}, imported"),
        (series.earlier, "none", 2.6, f"{series.name}, earlier runs"),
    )
    for wanted, fill, size, name in kinds:
        if wanted.any():
            axes.plot(
                x[wanted], series.values[wanted], linestyle="none", marker=marker,
                markersize=size, markerfacecolor=fill, markeredgecolor=colour,
                markeredgewidth=1.1 if size > 3 else 0.7, label=name, zorder=3,
            )  # fmt: skip
    if series.downgraded.any():
        axes.plot(
            x[series.downgraded], series.values[series.downgraded], linestyle="none",
            marker="x", markersize=8.0, color=theme.ink, label="downgraded", zorder=4,
        )  # fmt: skip


def _colour(series: TimeSeries, place: int, theme: Theme) -> str:
    if series.method is not None:
        return theme.methods[series.method]
    return (theme.accent, theme.warm, theme.second)[place % 3]


def _draw_marks(
    all_axes: Sequence[Axes], data: TimelineData, segments: Sequence[Segment], theme: Theme
) -> None:
    low, high = all_axes[0].get_xlim()
    figure = all_axes[0].get_figure(root=True)
    assert figure is not None
    per_inch = (high - low) / (0.9 * figure.get_figwidth())
    free = -np.inf
    places = on_axis(np.array([mark.day for mark in data.marks]), segments)
    for mark, place in zip(data.marks, places, strict=True):
        for axes in all_axes:
            axes.axvline(place, color=theme.muted, linewidth=0.8, linestyle=":", zorder=1)
        half = _LETTER_IN * len(mark.text) / 2 * per_inch
        if place - half < free:
            continue
        free = place + half + _GAP_IN * per_inch
        all_axes[0].text(
            place, 1.01, mark.text, transform=all_axes[0].get_xaxis_transform(),
            ha="center", va="bottom", color=theme.muted, fontsize=7,
        )  # fmt: skip


def _draw_time(axes: Axes, data: TimelineData, segments: Sequence[Segment]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if segments:
        _date_segments(axes, segments)
    else:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)
    values = counted(data.undated, "value")
    told = [
        *(["times without an exposure are cut out"] if segments else []),
        *([f"{values} of unknown time left out"] if data.undated else []),
        *([f"{data.apart} on other zeros are left out"] if data.apart else []),
    ]
    axes.set_xlabel("; ".join([f"{_WORDS[data.axis]} (UTC)", *told]))


def _date_segments(axes: Axes, segments: Sequence[Segment]) -> None:
    """The date of every part of the axis below its middle, of many of every n-th."""
    axes.set_xlim(segments[0].left - 0.3, segments[-1].right + 0.3)
    step = -(-len(segments) // _MOST_DATES)
    named = segments[::step]
    middles = [(one.left + one.right) / 2 for one in named]
    dates = [f"{datetime.fromtimestamp(86400 * one.first_day, UTC):%Y-%m-%d}" for one in named]
    turned = len(named) > _DATES_UPRIGHT
    style: dict[str, Any] = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(middles, dates, **(style if turned else {}))
    axes.tick_params(axis="x", length=2)


def timeline_pictures(
    points: Sequence[TimePoint], title: str, out: Path, axis: TimeAxis | None = None
) -> list[Path]:
    """Write the plots that there is anything for: skies, and alignments.

    Parameters
    ----------
    points : sequence of TimePoint
    title : str
        Subject of the plots.
    out : Path
        Directory; made when it is missing.
    axis : TimeAxis, optional
        See :func:`.axis_of`.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, tuple[str, bool, Callable[..., TimelineData]]] = {
        "timeline_sky.png": ("Sky", True, sky_timeline),
        "timeline_alignment.png": ("Alignment", False, alignment_timeline),
    }
    written = []
    for name, (what, of_sky, arrange) in pictures.items():
        chosen = [point for point in points if (point.quantity is Quantity.SKY) is of_sky]
        against = axis or axis_of(chosen)
        if is_dated(chosen, against):
            figure = draw_timeline(arrange(chosen, against), title=f"{what} over time: {title}")
            written.append(write_atomic(out / name, png_bytes(figure)))
    return written
