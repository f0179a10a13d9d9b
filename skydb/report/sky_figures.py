"""The sky levels of all methods, exposure by exposure.

Levels and offsets get a panel each: ``match`` gives offsets from one image, near
zero, which would be a flat line beside levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError
from skydb.report.style import (
    LIGHT,
    METHOD_MARKERS,
    Theme,
    house_style,
    new_figure,
    title_figure,
    unit_text,
)
from skydb.report.tables import PlainTable, Row, plain_value, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Chips of which each still gets its name on the axis.
_NAMED_CHIPS = 48


@dataclass(frozen=True, slots=True)
class VisitSpan:
    """Chips of one visit that stand together on the x axis, ``start`` to ``stop - 1``."""

    visit: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class SkySeries:
    """MDRIZSKY of one method for every chip and its standard deviation, NaN where none is."""

    method: SkyMethod
    values: NDArray[np.float64]
    sigmas: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SkyComparison:
    """Contents of the sky comparison figure.

    Parameters
    ----------
    chips : tuple of str
        Rootname of each chip, with its EXTVER where an exposure has several.
    visits : tuple of VisitSpan
        Which chips belong together.
    series : tuple of SkySeries
        One per method that has any value, each as long as ``chips``.
    unit : str or None
        Unit of all the values.
    is_dated : bool
        Whether the chips are in the order of observation.
    """

    chips: tuple[str, ...]
    visits: tuple[VisitSpan, ...]
    series: tuple[SkySeries, ...]
    unit: str | None
    is_dated: bool = False

    def panel(self, *, relative: bool) -> tuple[SkySeries, ...]:
        """The series of levels, or those of offsets."""
        return tuple(s for s in self.series if s.method.is_relative is relative)


def sky_comparison(
    table: PlainTable, observed: Mapping[str, float | None] | None = None
) -> SkyComparison:
    """Arrange a table of sky values for plotting.

    Parameters
    ----------
    table : any plain table
        Columns ``rootname``, ``extver``, ``visit``, ``unit`` and one per method
        (``localmin``, ``match``, ``globalmin_match``, ``globalmin``), any of which
        may be missing or have missing values, and their ``_sigma``.
    observed : mapping of str to float or None, optional
        Start of each exposure by rootname, MJD: visits, and exposures in them, are put in the
        order of observation. Else the order of exposures is kept; those of a visit are
        brought together.

    Raises
    ------
    UsageError
        When there is no value at all, or the values have several units.
    """
    rows = _grouped_by_visit(_in_order(rows_of(table), observed or {}))
    series = [
        SkySeries(method, _values(rows, method.column), _values(rows, f"{method.column}_sigma"))
        for method in SkyMethod
    ]
    known = tuple(s for s in series if np.isfinite(s.values).any())
    if not known:
        raise UsageError("No sky value to plot.", advice="Compare runs that succeeded.")
    return SkyComparison(
        _chip_names(rows), _spans(rows), known, _common_unit(rows), is_dated=bool(observed)
    )


def _in_order(rows: Sequence[Row], observed: Mapping[str, float | None]) -> list[Row]:
    """In the order of observation; exposures without a date come last, as they are."""

    def begun(row: Row) -> float:
        start = observed.get(str(row["rootname"]))
        return np.inf if start is None else start

    return sorted(rows, key=begun)


def _visit_of(row: Row) -> str:
    return str(plain_value(row.get("visit")) or "")


def _grouped_by_visit(rows: Sequence[Row]) -> list[Row]:
    visits = list(dict.fromkeys(map(_visit_of, rows)))
    rank = {visit: place for place, visit in enumerate(visits)}
    return sorted(rows, key=lambda row: rank[_visit_of(row)])


def _spans(rows: Sequence[Row]) -> tuple[VisitSpan, ...]:
    spans, start = [], 0
    for visit, members in groupby(rows, key=_visit_of):
        stop = start + len(list(members))
        spans.append(VisitSpan(visit, start, stop))
        start = stop
    return tuple(spans)


def _values(rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    values = [plain_value(row.get(name)) for row in rows]
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _chip_names(rows: Sequence[Row]) -> tuple[str, ...]:
    several = len({plain_value(row.get("extver")) for row in rows}) > 1
    return tuple(
        f"{row['rootname']} [{plain_value(row.get('extver'))}]" if several else str(row["rootname"])
        for row in rows
    )


def _common_unit(rows: Sequence[Row]) -> str | None:
    units = {str(u) for row in rows if (u := plain_value(row.get("unit"))) is not None}
    if len(units) > 1:
        raise UsageError(
            f"The sky values have several units: {', '.join(sorted(units))}.",
            advice="Plot the runs of one detector at a time.",
        )
    return units.pop() if units else None


def draw_sky_comparison(
    data: SkyComparison, *, title: str = "Sky of every exposure", theme: Theme = LIGHT
) -> Figure:
    """Draw the comparison: one panel of levels, one of offsets.

    Parameters
    ----------
    data : SkyComparison
        From :func:`sky_comparison`.
    title : str, optional
        Over the figure; empty for none.
    theme : Theme, optional
        Light or dark.
    """
    panels = [
        (label, series)
        for label, relative in (("Sky level", False), ("Offset from one image", True))
        if (series := data.panel(relative=relative))
    ]
    with house_style(theme):
        width = float(np.clip(2.2 + 0.30 * len(data.chips), 7.2, 13.0))
        figure = new_figure(width, 1.3 + 2.3 * len(panels))
        title_figure(figure, title)
        all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (label, series) in zip(all_axes, panels, strict=True):
            _draw_panel(axes, data, series, label, theme)
        _name_visits(all_axes[0], data.visits, theme)
        _name_chips(all_axes[-1], data)
        figure.align_ylabels()
    return figure


def _draw_panel(
    axes: Axes, data: SkyComparison, series: Sequence[SkySeries], label: str, theme: Theme
) -> None:
    _shade_visits(axes, data.visits, theme)
    axes.grid(axis="y")
    if all(one.method.is_relative for one in series):
        axes.axhline(0.0, color=theme.muted, linewidth=0.8)
    for place, one in enumerate(series):
        _draw_series(axes, one, data.visits, theme, place)
    axes.set_ylabel(f"{label}  [{unit_text(data.unit)}]")
    axes.set_xlim(-0.6, len(data.chips) - 0.4)
    axes.margins(y=0.12)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.09),
        ncols=len(series),
        borderaxespad=0.0,
        handletextpad=0.3,
        columnspacing=1.4,
    )


def _draw_series(
    axes: Axes, series: SkySeries, visits: Sequence[VisitSpan], theme: Theme, place: int
) -> None:
    colour, size = theme.methods[series.method], _marker_size(series.values.size)
    x, y = _broken_at_visits(series.values, visits)
    axes.plot(x, y, color=colour, linewidth=1.0, alpha=0.55, zorder=2)
    draw_errors(axes, np.arange(series.values.size), series.values, series.sigmas, colour)
    axes.plot(
        np.arange(series.values.size),
        series.values,
        linestyle="none",
        marker=METHOD_MARKERS[series.method],
        markersize=size,
        # Equal values of two methods still show as one marker inside the other.
        markerfacecolor=colour if place == 0 else "none",
        markeredgecolor=colour,
        markeredgewidth=min(1.2, size / 4),
        label=series.method.value,
        zorder=3 + place,
    )


def draw_errors(
    axes: Axes,
    x: NDArray[Any],
    values: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    colour: str,
) -> None:
    """Error bars of the values whose standard deviation is known."""
    known = np.isfinite(values) & np.isfinite(sigmas)
    if known.any():
        axes.errorbar(
            x[known], values[known], sigmas[known], fmt="none", ecolor=colour, elinewidth=0.9,
            capsize=1.5, zorder=2.5,
        )  # fmt: skip


def _marker_size(chips: int) -> float:
    return float(np.clip(7.0 - chips / 40, 1.6, 6.0))


def _broken_at_visits(
    values: NDArray[np.float64], visits: Sequence[VisitSpan]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Line vertices with a gap after each visit: what lies between was not observed."""
    stops = [span.stop for span in visits]
    return (
        np.insert(np.arange(values.size, dtype=float), stops, np.nan),
        np.insert(values, stops, np.nan),
    )


def _shade_visits(axes: Axes, visits: Sequence[VisitSpan], theme: Theme) -> None:
    for place, span in enumerate(visits):
        if place % 2 == 0:
            axes.axvspan(span.start - 0.5, span.stop - 0.5, color=theme.band, linewidth=0, zorder=0)


def _name_visits(axes: Axes, visits: Sequence[VisitSpan], theme: Theme) -> None:
    chips = visits[-1].stop
    # A name takes about 1/36 of the width: where visits are narrower, every n-th is named.
    step = max(1, int(np.ceil(len(visits) / 36)))
    for span in visits[::step]:
        axes.text(
            (span.start + span.stop - 1) / 2,
            1.015,
            span.visit,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            color=theme.muted,
            fontsize=7.5 if chips < 200 else 6.5,
        )


def _name_chips(axes: Axes, data: SkyComparison) -> None:
    if len(data.chips) > _NAMED_CHIPS:
        axes.set_xticks([])
        order = "in the order of observation" if data.is_dated else "in order"
        axes.set_xlabel(f"{len(data.chips)} exposure chips {order}, grouped by visit")
        return
    axes.set_xticks(
        range(len(data.chips)), list(data.chips), rotation=60, ha="right", rotation_mode="anchor"
    )
    axes.tick_params(axis="x", length=2)
    if data.is_dated:
        axes.set_xlabel("exposure chips in the order of observation")
