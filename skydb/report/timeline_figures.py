"""Skies and alignments against time, for one exposure or for all of a visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError
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
from skydb.services.comparison import Quantity, TimePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_QUANTITIES = {
    Quantity.RMS_RA: "RMS in RA",
    Quantity.RMS_DEC: "RMS in Dec",
    Quantity.SHIFT: "shift against the WCS before",
}
_SECONDS_PER_DAY = 86400.0
#: Panels that a figure has room for.
_MOST_PANELS = 6
#: Share of the width that the text of a mark takes; a mark nearer than that has none.
_ROOM_FOR_A_TEXT = 0.16


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Values of one kind against time.

    Parameters
    ----------
    name : str
        What the legend calls it.
    method : SkyMethod or None
        Sky method, which has a colour and a marker of its own.
    days : ndarray, shape (N,)
        Days since 1970-01-01 UTC.
    values, sigmas : ndarray, shape (N,)
        In the unit of the panel; the standard deviation is NaN where it is not known.
    subjects : tuple of str
        Chip or file that each value is of.
    imported, downgraded : ndarray of bool, shape (N,)
        Values from logs; those of runs to which another method was asked for.
    """

    name: str
    method: SkyMethod | None
    days: NDArray[np.float64]
    values: NDArray[np.float64]
    sigmas: NDArray[np.float64]
    subjects: tuple[str, ...]
    imported: NDArray[np.bool_]
    downgraded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TimePanel:
    """Series that share an axis, and so a unit.

    Parameters
    ----------
    label : str
        What they are.
    unit : str or None
        Of all the values.
    series : tuple of TimeSeries
    is_jump : bool
        Whether values are steps from zero, each for itself, and so are not joined.
    """

    label: str
    unit: str | None
    series: tuple[TimeSeries, ...]
    is_jump: bool = False


@dataclass(frozen=True, slots=True)
class TimeMark:
    """A moment to be marked over all panels."""

    day: float
    text: str


@dataclass(frozen=True, slots=True)
class TimelineData:
    """Contents of a timeline.

    Parameters
    ----------
    panels : tuple of TimePanel
        From top to bottom.
    marks : tuple of TimeMark
        New file versions, and fits that failed.
    undated : int
        Values whose time is not known, which are left out.
    apart : int
        Values on zeros of their own for which there is no room.
    """

    panels: tuple[TimePanel, ...]
    marks: tuple[TimeMark, ...]
    undated: int
    apart: int = 0


def sky_timeline(points: Iterable[TimePoint]) -> TimelineData:
    """Arrange sky values: a panel for each unit, levels apart from offsets.

    Raises
    ------
    UsageError
        When there is no sky value whose time is known.
    """
    skies = [p for p in points if p.quantity is Quantity.SKY and p.value is not None]
    dated = _dated(skies)
    panels: dict[tuple[bool, str, str], list[TimePoint]] = defaultdict(list)
    for point in dated:
        key = (point.method is SkyMethod.MATCH, point.unit or "", point.zero or "")
        panels[key].append(point)
    # Each different zero has a panel, the fullest first as far as there is room.
    fullest = sorted(panels, key=lambda key: -len(panels[key]))
    shown = sorted(fullest[:_MOST_PANELS])
    made = [
        TimePanel(f"Offset, zero of {zero or 'one image'}" if relative else "Sky level",
                  unit or None, _by_method(panels[relative, unit, zero]))
        for relative, unit, zero in shown
    ]  # fmt: skip
    apart = sum(len(panels[key]) for key in fullest[_MOST_PANELS:])
    undated = len(skies) - len(dated)
    return TimelineData(tuple(made), _new_contents(dated), undated, apart)


def alignment_timeline(points: Iterable[TimePoint]) -> TimelineData:
    """Arrange alignments: a panel of the RMS, one of shifts; fits that failed are marked.

    Raises
    ------
    UsageError
        When there is nothing whose time is known.
    """
    found = [p for p in points if p.quantity is not Quantity.SKY]
    dated = _dated(found)
    rms = _by_quantity(dated, (Quantity.RMS_RA, Quantity.RMS_DEC))
    shift = _by_quantity(dated, (Quantity.SHIFT,))
    panels = [TimePanel("RMS of the fit", "mas", rms), TimePanel("Shift", "mas", shift, True)]
    failed = _moments([p for p in dated if p.quantity is Quantity.NO_FIT], _failures)
    kept = tuple(panel for panel in panels if panel.series)
    return TimelineData(kept, failed, len(found) - len(dated))


def _dated(points: Sequence[TimePoint]) -> list[TimePoint]:
    dated = [point for point in points if point.at]
    if not dated:
        raise UsageError("Nothing to plot of which the time is known.")
    return dated


def _by_method(points: Sequence[TimePoint]) -> tuple[TimeSeries, ...]:
    methods = [m for m in (*SkyMethod, None) if any(p.method is m for p in points)]
    return tuple(
        _series(m.value if m else "unknown method", m, [p for p in points if p.method is m])
        for m in methods
    )


def _by_quantity(
    points: Sequence[TimePoint], quantities: Sequence[Quantity]
) -> tuple[TimeSeries, ...]:
    found = {q: [p for p in points if p.quantity is q] for q in quantities}
    return tuple(_series(_QUANTITIES[q], None, same) for q, same in found.items() if same)


def _series(name: str, method: SkyMethod | None, points: Sequence[TimePoint]) -> TimeSeries:
    ordered = sorted(points, key=lambda point: (_subject(point), _day(point)))
    return TimeSeries(
        name=name,
        method=method,
        days=np.array([_day(point) for point in ordered]),
        values=np.array([point.value for point in ordered], dtype=float),
        sigmas=np.array([point.sigma for point in ordered], dtype=float),
        subjects=tuple(map(_subject, ordered)),
        imported=np.array([point.is_imported for point in ordered], dtype=bool),
        downgraded=np.array([bool(point.downgraded) for point in ordered], dtype=bool),
    )


def _subject(point: TimePoint) -> str:
    return point.subject if point.extver is None else f"{point.subject} [{point.extver}]"


def _day(point: TimePoint) -> float:
    return datetime.fromisoformat(point.at or "").timestamp() / _SECONDS_PER_DAY


def _new_contents(points: Sequence[TimePoint]) -> tuple[TimeMark, ...]:
    """Mark the first run that used another file version than the runs before."""
    first: dict[str, int] = {}
    seen: set[tuple[str, int]] = set()
    new = []
    for point in sorted(points, key=_day):
        if point.version is None:
            continue
        key = (point.subject, point.version)
        if first.setdefault(point.subject, point.version) != point.version and key not in seen:
            new.append(point)
        seen.add(key)
    return _moments(new, _contents)


def _contents(points: Sequence[TimePoint]) -> str:
    if len(points) > 1:
        return f"new version of {len(points)} exposures"
    return f"version {points[0].version}"


def _failures(points: Sequence[TimePoint]) -> str:
    return "no fit" if len(points) == 1 else f"no fit of {len(points)}"


def _moments(
    points: Iterable[TimePoint], text: Callable[[Sequence[TimePoint]], str]
) -> tuple[TimeMark, ...]:
    moments: dict[float, list[TimePoint]] = defaultdict(list)
    for point in points:
        moments[_day(point)].append(point)
    return tuple(TimeMark(day, text(moments[day])) for day in sorted(moments))


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
    with house_style(theme):
        figure = new_figure(8.6, 1.4 + 2.4 * max(1, len(data.panels)))
        title_figure(figure, title)
        rows = max(1, len(data.panels))
        all_axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
        for axes, panel in zip(all_axes, data.panels, strict=False):
            _draw_panel(axes, panel, theme)
        if not data.panels:
            _say_nothing_fitted(all_axes[0], data, theme)
        _draw_marks(all_axes, data.marks, theme)
        _draw_time(all_axes[-1], data)
        figure.align_ylabels()
    return figure


def _draw_panel(axes: Axes, panel: TimePanel, theme: Theme) -> None:
    axes.grid(axis="y")
    for place, series in enumerate(panel.series):
        colour = _colour(series, place, theme)
        _draw_lines(axes, series, colour, is_jump=panel.is_jump)
        draw_errors(axes, series.days, series.values, series.sigmas, colour)
        _draw_markers(axes, series, place, colour, theme)
    unit = panel.unit if panel.unit == "mas" else unit_text(panel.unit)
    axes.set_ylabel(f"{panel.label}  [{unit}]")
    axes.margins(x=0.06, y=0.14)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.09),
        ncols=len(panel.series) + 2,
        borderaxespad=0.0,
        handletextpad=0.3,
        columnspacing=1.4,
    )


def _say_nothing_fitted(axes: Axes, data: TimelineData, theme: Theme) -> None:
    """Draw only the times of failed fits, without a panel."""
    days = [mark.day for mark in data.marks]
    axes.plot(days, [0.0] * len(days), linestyle="none", marker="x", color=theme.ink)
    axes.margins(x=0.3)
    axes.set_yticks([])
    axes.set_ylabel("no fit gave a value")


def _draw_lines(axes: Axes, series: TimeSeries, colour: str, *, is_jump: bool) -> None:
    """Join the values of each chip; a jump stands on zero."""
    if is_jump:
        axes.vlines(series.days, 0.0, series.values, color=colour, linewidth=0.8, alpha=0.5)
        return
    for first, stop in _stretches(series.subjects):
        part = slice(first, stop)
        axes.plot(series.days[part], series.values[part], color=colour, linewidth=0.8, alpha=0.35)


def _draw_markers(axes: Axes, series: TimeSeries, place: int, colour: str, theme: Theme) -> None:
    """Filled for runs of skydb, hollow for those of a log, crossed for those downgraded."""
    marker: Any = METHOD_MARKERS[series.method] if series.method else "oDs"[place % 3]
    for imported, fill, name in ((False, colour, series.name), (True, "none", "")):
        wanted = series.imported == imported
        label = name if name and wanted.any() else f"{series.name}, imported" * bool(wanted.any())
        axes.plot(
            series.days[wanted], series.values[wanted], linestyle="none", marker=marker,
            markersize=5.0, markerfacecolor=fill, markeredgecolor=colour, markeredgewidth=1.1,
            label=label or None, zorder=3,
        )  # fmt: skip
    if series.downgraded.any():
        axes.plot(
            series.days[series.downgraded], series.values[series.downgraded], linestyle="none",
            marker="x", markersize=8.0, color=theme.ink, label="downgraded", zorder=4,
        )  # fmt: skip


def _colour(series: TimeSeries, place: int, theme: Theme) -> str:
    if series.method is not None:
        return theme.methods[series.method]
    return (theme.accent, theme.warm, theme.second)[place % 3]


def _stretches(subjects: Sequence[str]) -> list[tuple[int, int]]:
    """First and past-the-last place of every subject; equal ones stand together."""
    edges = [i for i in range(1, len(subjects)) if subjects[i] != subjects[i - 1]]
    return list(zip([0, *edges], [*edges, len(subjects)], strict=True))


def _draw_marks(all_axes: Sequence[Axes], marks: Sequence[TimeMark], theme: Theme) -> None:
    low, high = all_axes[0].get_xlim()
    written = -np.inf
    for mark in marks:
        for axes in all_axes:
            axes.axvline(mark.day, color=theme.muted, linewidth=0.8, linestyle=":", zorder=1)
        if mark.day - written < _ROOM_FOR_A_TEXT * (high - low):
            continue
        written = mark.day
        all_axes[0].text(
            mark.day, 1.01, mark.text, transform=all_axes[0].get_xaxis_transform(),
            ha="center", va="bottom", color=theme.muted, fontsize=7,
        )  # fmt: skip


def _draw_time(axes: Axes, data: TimelineData) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    left_out = f"; {data.undated} values of unknown time are left out" if data.undated else ""
    left_out += f"; {data.apart} on other zeros are left out" if data.apart else ""
    axes.set_xlabel(f"Time (UTC){left_out}")


def timeline_pictures(points: Sequence[TimePoint], title: str, out: Path) -> list[Path]:
    """Write the plots that there is anything for: skies, and alignments.

    Parameters
    ----------
    points : sequence of TimePoint
    title : str
        What they are of.
    out : Path
        Directory; made when it is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, tuple[str, Callable[[Iterable[TimePoint]], TimelineData]]] = {
        "timeline_sky.png": ("Sky", sky_timeline),
        "timeline_alignment.png": ("Alignment", alignment_timeline),
    }
    is_sky = [point.quantity is Quantity.SKY for point in points if point.at]
    written = []
    for (name, (what, arrange)), wanted in zip(pictures.items(), (True, False), strict=True):
        if wanted in is_sky:
            figure = draw_timeline(arrange(points), title=f"{what} over time: {title}")
            written.append(write_atomic(out / name, png_bytes(figure)))
    return written
