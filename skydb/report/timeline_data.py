"""Skies and alignments arranged against time, for :mod:`skydb.report.timeline_figures`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skydb.domain.grouping import TimeAxis
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError
from skydb.services.comparison import Quantity, TimePoint

_QUANTITIES = {
    Quantity.RMS_RA: "RMS in RA",
    Quantity.RMS_DEC: "RMS in Dec",
    Quantity.SHIFT: "shift against the WCS before",
}
_SECONDS_PER_DAY = 86400.0
#: Panels that a figure has room for.
_MOST_PANELS = 6
#: The axis is broken where nothing was observed for longer, days.
_GAP_DAYS = 0.5


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Values of one kind against time.

    Parameters
    ----------
    name : str
        Name in the legend.
    method : SkyMethod or None
        Sky method, which has a colour and a marker of its own.
    days : ndarray, shape (N,)
        Days since 1970-01-01 UTC.
    values, sigmas : ndarray, shape (N,)
        In the unit of the panel; the standard deviation is NaN where it is not known.
    imported, downgraded, earlier : ndarray of bool, shape (N,)
        Values that come from a log; those of runs to which another method was asked for; and,
        against the date of observation, those that a later run has computed again.
    lines : tuple of tuple of int
        Places of the values that a line joins.
    """

    name: str
    method: SkyMethod | None
    days: NDArray[np.float64]
    values: NDArray[np.float64]
    sigmas: NDArray[np.float64]
    imported: NDArray[np.bool_]
    downgraded: NDArray[np.bool_]
    earlier: NDArray[np.bool_]
    lines: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class TimePanel:
    """Series that share an axis, and so a unit.

    Parameters
    ----------
    label : str
        Name of the axis.
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
class Segment:
    """A part of a broken axis of time.

    Parameters
    ----------
    first_day, last_day : float
        Days since 1970-01-01 UTC of its first and last value.
    left, right : float
        Where it begins and ends on the axis, in widths of a value.
    """

    first_day: float
    last_day: float
    left: float
    right: float


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
    axis : TimeAxis
        Times of the values.
    """

    panels: tuple[TimePanel, ...]
    marks: tuple[TimeMark, ...]
    undated: int
    apart: int = 0
    axis: TimeAxis = TimeAxis.PROCESSED

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Parts of the axis, which is broken where nothing was observed; of one part none."""
        days = [one.day for one in self.marks]
        days += [day for panel in self.panels for one in panel.series for day in one.days]
        return segments_of(days) if self.axis is TimeAxis.OBSERVED else ()


def segments_of(days: Iterable[float]) -> tuple[Segment, ...]:
    """Break an axis where there is nothing for half a day; each part as wide as it has values.

    Parameters
    ----------
    days : iterable of float
        Times of the values.

    Returns
    -------
    tuple of Segment
        Empty when the axis needs no break.
    """
    moments = np.unique(np.fromiter(days, dtype=float))
    parts = np.split(moments, np.flatnonzero(np.diff(moments) > _GAP_DAYS) + 1)
    if len(parts) < 2:
        return ()
    stops = np.cumsum([len(part) for part in parts])
    return tuple(
        Segment(part[0], part[-1], float(stop - len(part)), float(stop))
        for part, stop in zip(parts, stops, strict=True)
    )


def on_axis(days: NDArray[np.float64], segments: Sequence[Segment]) -> NDArray[np.float64]:
    """Places of some times on a broken axis; the times themselves when it is not broken."""
    if not segments:
        return days
    # Half a value's width is kept free at both ends of a part.
    known = [
        (day, place)
        for one in segments
        for day, place in (
            ((one.first_day, (one.left + one.right) / 2),)
            if one.first_day == one.last_day
            else ((one.first_day, one.left + 0.5), (one.last_day, one.right - 0.5))
        )
    ]
    places, marks = np.array(known).T
    return np.asarray(np.interp(days, places, marks), dtype=float)


def axis_of(points: Iterable[TimePoint]) -> TimeAxis:
    """The dates of observation; the times of processing when one date alone, or none, is known."""
    points = list(points)
    dates = {point.observed for point in points if point.observed}
    is_processed = any(point.at for point in points)
    wants_dates = len(dates) > 1 or bool(dates and not is_processed)
    return TimeAxis.OBSERVED if wants_dates else TimeAxis.PROCESSED


def is_dated(points: Iterable[TimePoint], axis: TimeAxis) -> bool:
    """Whether the time of any is known on an axis."""
    return any(_time(point, axis) for point in points)


def sky_timeline(points: Iterable[TimePoint], axis: TimeAxis | None = None) -> TimelineData:
    """Arrange sky values: a panel for each unit, levels apart from offsets.

    Parameters
    ----------
    points : iterable of TimePoint
        Of the timeline service; others than skies are left out.
    axis : TimeAxis, optional
        See :func:`axis_of`.

    Raises
    ------
    UsageError
        When there is no sky value whose time is known.
    """
    skies = [p for p in points if p.quantity is Quantity.SKY and p.value is not None]
    axis = axis or axis_of(skies)
    dated = _dated(skies, axis)
    panels: dict[tuple[bool, str, str], list[TimePoint]] = defaultdict(list)
    for point in dated:
        key = (point.method is SkyMethod.MATCH, point.unit or "", point.zero or "")
        panels[key].append(point)
    # Of zeros that are not the same each has a panel, the fullest first as far as there is room.
    fullest = sorted(panels, key=lambda key: -len(panels[key]))
    shown = sorted(fullest[:_MOST_PANELS])
    made = [
        TimePanel(f"Offset, zero of {zero or 'one image'}" if relative else "Sky level",
                  unit or None, _by_method(panels[relative, unit, zero], axis))
        for relative, unit, zero in shown
    ]  # fmt: skip
    apart = sum(len(panels[key]) for key in fullest[_MOST_PANELS:])
    # A new version of a file comes when it is processed, which is not when it was observed.
    marks = _new_contents(dated) if axis is TimeAxis.PROCESSED else ()
    return TimelineData(tuple(made), marks, len(skies) - len(dated), apart, axis)


def alignment_timeline(points: Iterable[TimePoint], axis: TimeAxis | None = None) -> TimelineData:
    """Arrange alignments: a panel of the RMS, one of shifts; fits that failed are marked.

    Parameters
    ----------
    points : iterable of TimePoint
        Of the timeline service; skies are left out.
    axis : TimeAxis, optional
        See :func:`axis_of`.

    Raises
    ------
    UsageError
        When there is nothing whose time is known.
    """
    found = [p for p in points if p.quantity is not Quantity.SKY]
    axis = axis or axis_of(found)
    dated = _dated(found, axis)
    rms = _by_quantity(dated, (Quantity.RMS_RA, Quantity.RMS_DEC), axis)
    shift = _by_quantity(dated, (Quantity.SHIFT,), axis)
    panels = [TimePanel("RMS of the fit", "mas", rms), TimePanel("Shift", "mas", shift, True)]
    failed = [p for p in dated if p.quantity is Quantity.NO_FIT]
    kept = tuple(panel for panel in panels if panel.series)
    marks = _moments(failed, _failures, axis)
    return TimelineData(kept, marks, len(found) - len(dated), 0, axis)


def _dated(points: Sequence[TimePoint], axis: TimeAxis) -> list[TimePoint]:
    dated = [point for point in points if _time(point, axis)]
    if not dated:
        raise UsageError("Nothing to plot of which the time is known.")
    return dated


def _time(point: TimePoint, axis: TimeAxis) -> str | None:
    return point.observed if axis is TimeAxis.OBSERVED else point.at


def _by_method(points: Sequence[TimePoint], axis: TimeAxis) -> tuple[TimeSeries, ...]:
    methods = [m for m in (*SkyMethod, None) if any(p.method is m for p in points)]
    return tuple(
        _series(m.value if m else "unknown method", m, [p for p in points if p.method is m], axis)
        for m in methods
    )


def _by_quantity(
    points: Sequence[TimePoint], quantities: Sequence[Quantity], axis: TimeAxis
) -> tuple[TimeSeries, ...]:
    found = {q: [p for p in points if p.quantity is q] for q in quantities}
    return tuple(_series(_QUANTITIES[q], None, same, axis) for q, same in found.items() if same)


def _series(
    name: str, method: SkyMethod | None, points: Sequence[TimePoint], axis: TimeAxis
) -> TimeSeries:
    ordered = sorted(points, key=lambda p: (_subject(p), _day(p, axis), p.at or "", p.run))
    days = np.array([_day(point, axis) for point in ordered])
    subjects = tuple(map(_subject, ordered))
    earlier = np.zeros(len(ordered), dtype=bool)
    if axis is TimeAxis.OBSERVED:
        earlier[:-1] = [one == other for one, other in pairwise(subjects)]
        lines = _lines_of_chips(ordered, days, earlier)
    else:
        lines = _lines_of_subjects(subjects)
    return TimeSeries(
        name=name,
        method=method,
        days=days,
        values=np.array([point.value for point in ordered], dtype=float),
        sigmas=np.array([point.sigma for point in ordered], dtype=float),
        imported=np.array([point.is_imported for point in ordered], dtype=bool),
        downgraded=np.array([bool(point.downgraded) for point in ordered], dtype=bool),
        earlier=earlier,
        lines=lines,
    )


def _lines_of_subjects(subjects: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Each chip by itself, run after run; equal ones stand together."""
    edges = [i for i in range(1, len(subjects)) if subjects[i] != subjects[i - 1]]
    pairs = zip([0, *edges], [*edges, len(subjects)], strict=True)
    return tuple(tuple(range(first, stop)) for first, stop in pairs)


def _lines_of_chips(
    points: Sequence[TimePoint], days: NDArray[np.float64], earlier: NDArray[np.bool_]
) -> tuple[tuple[int, ...], ...]:
    """Exposure after exposure, each EXTVER by itself, broken where the axis is."""
    chips: dict[int | None, list[int]] = defaultdict(list)
    for place in np.flatnonzero(~earlier).tolist():
        chips[points[place].extver].append(place)
    lines = []
    for places in chips.values():
        ordered = np.array(sorted(places, key=lambda place: days[place]))
        breaks = np.flatnonzero(np.diff(days[ordered]) > _GAP_DAYS) + 1
        lines += [tuple(map(int, part)) for part in np.split(ordered, breaks)]
    return tuple(lines)


def _subject(point: TimePoint) -> str:
    return point.subject if point.extver is None else f"{point.subject} [{point.extver}]"


def _day(point: TimePoint, axis: TimeAxis) -> float:
    return datetime.fromisoformat(_time(point, axis) or "").timestamp() / _SECONDS_PER_DAY


def _new_contents(points: Sequence[TimePoint]) -> tuple[TimeMark, ...]:
    """Mark the first run that used another version of a file than the runs before."""
    first: dict[str, int] = {}
    seen: set[tuple[str, int]] = set()
    new = []
    for point in sorted(points, key=lambda point: _day(point, TimeAxis.PROCESSED)):
        if point.version is None:
            continue
        key = (point.subject, point.version)
        if first.setdefault(point.subject, point.version) != point.version and key not in seen:
            new.append(point)
        seen.add(key)
    return _moments(new, _contents, TimeAxis.PROCESSED)


def _contents(points: Sequence[TimePoint]) -> str:
    if len(points) > 1:
        return f"new versions of {len(points)} exposures"
    return f"version {points[0].version}"


def _failures(points: Sequence[TimePoint]) -> str:
    return "no fit" if len(points) == 1 else f"no fit of {len(points)}"


def _moments(
    points: Iterable[TimePoint], text: Callable[[Sequence[TimePoint]], str], axis: TimeAxis
) -> tuple[TimeMark, ...]:
    moments: dict[float, list[TimePoint]] = defaultdict(list)
    for point in points:
        moments[_day(point, axis)].append(point)
    return tuple(TimeMark(day, text(moments[day])) for day in sorted(moments))
