from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.grouping import TimeAxis
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError
from skydb.report.style import DARK, LIGHT, Theme, png_bytes
from skydb.report.timeline_data import Segment, on_axis, segments_of
from skydb.report.timeline_figures import (
    TimelineData,
    alignment_timeline,
    draw_timeline,
    sky_timeline,
    timeline_pictures,
)
from skydb.services.comparison.timeline import Quantity, TimePoint

from . import gallery
from .pictures import decoded, share_of

LOCALMIN, MATCH = SkyMethod.LOCALMIN, SkyMethod.MATCH


def sky(at: str | None, value: float | None = 1.0, **more: object) -> TimePoint:
    point = TimePoint(
        quantity=Quantity.SKY, subject="ibxl50iaq", extver=1, at=at, value=value,
        recorded=value, zero=None,
        unit="electron/s", method=LOCALMIN, run=1, solution=None, version=1, label=None,
        tool_version=None, downgraded=False, is_imported=False, replay_of=None, status=None,
    )  # fmt: skip
    return replace(point, **more)  # type: ignore[arg-type]


def fit(quantity: Quantity, at: str, value: float | None) -> TimePoint:
    return sky(at, value, quantity=quantity, extver=None, method=None, unit="mas", solution=3)


POINTS = [
    sky("2024-02-01T00:00:00+00:00", 1.1, version=2),
    sky("2024-01-01T00:00:00+00:00", 1.0),
    sky("2024-02-01T00:00:00+00:00", 0.1, method=MATCH, version=2),
    sky("2024-01-01T00:00:00+00:00", 0.0, method=MATCH),
]
FITS = [
    fit(Quantity.RMS_RA, "2024-01-01T00:00:00+00:00", 12.0),
    fit(Quantity.RMS_DEC, "2024-01-01T00:00:00+00:00", 14.0),
    fit(Quantity.SHIFT, "2024-02-01T00:00:00+00:00", 40.0),
    fit(Quantity.NO_FIT, "2024-03-01T00:00:00+00:00", None),
]


def test_values_are_in_order_of_time_in_days() -> None:
    levels, _ = sky_timeline(POINTS).panels
    (series,) = levels.series
    np.testing.assert_array_equal(series.days, [19723.0, 19754.0])
    np.testing.assert_array_equal(series.values, [1.0, 1.1])
    assert (series.method, levels.unit) == (LOCALMIN, "electron/s")


def test_offsets_and_every_unit_have_a_panel_of_their_own() -> None:
    other = sky("2024-01-01T00:00:00+00:00", 500.0, unit="electron")
    unknown = sky("2024-01-01T00:00:00+00:00", 5.0, unit=None)
    panels = sky_timeline([*POINTS, other, unknown]).panels
    assert [(panel.label, panel.unit) for panel in panels] == [
        ("Sky level", None),
        ("Sky level", "electron"),
        ("Sky level", "electron/s"),
        ("Offset, zero of one image", "electron/s"),
    ]


def test_a_new_content_is_marked_when_a_run_first_used_it() -> None:
    (mark,) = sky_timeline(POINTS).marks
    assert (mark.day, mark.text) == (19754.0, "version 2")
    both = [*POINTS, *(replace(point, subject="ibxl50ibq") for point in POINTS)]
    assert [mark.text for mark in sky_timeline(both).marks] == ["new versions of 2 exposures"]
    assert sky_timeline([replace(point, version=None) for point in POINTS]).marks == ()


def test_imported_and_downgraded_values_are_told_apart() -> None:
    points = [replace(POINTS[1], is_imported=True), replace(POINTS[0], downgraded=True)]
    ((series,),) = [panel.series for panel in sky_timeline(points).panels]
    assert series.imported.tolist() == [True, False]
    assert series.downgraded.tolist() == [False, True]
    legend = draw_timeline(sky_timeline(points)).axes[0].get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["localmin", "localmin, imported", "downgraded"]


def test_a_value_of_unknown_time_is_left_out_and_counted() -> None:
    data = sky_timeline([*POINTS, sky(None, 9.0)])
    assert data.undated == 1
    label = draw_timeline(data).axes[-1].get_xlabel()
    assert label == "Time of processing (UTC); 1 value of unknown time left out"


def test_alignments_have_a_panel_of_rms_and_one_of_jumps() -> None:
    data = alignment_timeline(FITS)
    rms, shift = data.panels
    assert [series.values.tolist() for series in rms.series] == [[12.0], [14.0]]
    assert shift.series[0].values.tolist() == [40.0]
    assert (rms.is_jump, shift.is_jump) == (False, True)
    assert [mark.text for mark in data.marks] == ["no fit"]


def test_fits_that_all_failed_are_drawn_at_their_time() -> None:
    data = alignment_timeline(FITS[-1:])
    assert data.panels == ()
    (axes,) = draw_timeline(data).axes
    low, high = axes.get_xlim()
    assert low < 19783.0 < high
    assert axes.get_ylabel() == "no fit gave a value"


def test_nothing_that_has_a_time_is_said() -> None:
    for arrange, points in ((sky_timeline, [sky(None)]), (alignment_timeline, POINTS)):
        with pytest.raises(UsageError, match="of which the time is known"):
            arrange(points)


def test_chips_are_joined_each_with_itself() -> None:
    both = [*POINTS[:2], *(replace(point, extver=2, value=5.0) for point in POINTS[:2])]
    lines = draw_timeline(sky_timeline(both)).axes[0].get_lines()
    joined = [
        np.asarray(line.get_ydata()).tolist() for line in lines if line.get_linestyle() == "-"
    ]
    assert joined == [[1.0, 1.1], [5.0, 5.0]]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_picture_has_the_colours_of_the_methods_on_its_page(theme: Theme) -> None:
    pixels = decoded(png_bytes(draw_timeline(sky_timeline(POINTS), theme=theme)))
    assert share_of(pixels, theme.page) > 0.4
    assert all(share_of(pixels, theme.methods[m]) > 1e-5 for m in (LOCALMIN, MATCH))


def test_the_pictures_there_is_anything_for_are_written(tmp_path: Path) -> None:
    out = tmp_path / "figures"
    both = timeline_pictures([*POINTS, *FITS], "ibxl50iaq", out)
    assert [path.name for path in both] == ["timeline_sky.png", "timeline_alignment.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in both)
    (only,) = timeline_pictures(POINTS, "ibxl50iaq", out)
    assert only.name == "timeline_sky.png"


def test_the_same_points_give_the_same_bytes() -> None:
    data: TimelineData = sky_timeline(POINTS)
    first, second = (png_bytes(draw_timeline(data)) for _ in range(2))
    assert first == second


def dated(*observed: str, **more: object) -> list[TimePoint]:
    """Values of one run of exposures that began at some times."""
    return [
        sky("2024-01-01T00:00:00+00:00", float(place), subject=f"ibxl50i{place}q", observed=at,
            **more)
        for place, at in enumerate(observed)
    ]  # fmt: skip


FIRST, HOUR_AFTER, YEAR_AFTER = (
    "2013-10-01T00:00:00+00:00", "2013-10-01T01:00:00+00:00", "2014-10-01T00:00:00+00:00",
)  # fmt: skip


def test_several_exposures_stand_at_their_dates_of_observation() -> None:
    data = sky_timeline(dated(FIRST, HOUR_AFTER))
    assert data.axis is TimeAxis.OBSERVED
    (series,) = data.panels[0].series
    np.testing.assert_allclose(series.days, [15979.0, 15979.0 + 1 / 24])
    assert draw_timeline(data).axes[-1].get_xlabel() == "Date of observation (UTC)"


def test_one_exposure_stands_at_the_times_of_its_runs() -> None:
    runs = [replace(one, observed=FIRST) for one in POINTS]
    assert sky_timeline(runs).axis is TimeAxis.PROCESSED
    assert sky_timeline(runs, TimeAxis.OBSERVED).axis is TimeAxis.OBSERVED


def test_an_exposure_without_a_date_is_left_out_and_counted() -> None:
    points = [*dated(FIRST, YEAR_AFTER), sky("2024-01-01T00:00:00+00:00", 9.0)]
    data = sky_timeline(points)
    assert (data.axis, data.undated) == (TimeAxis.OBSERVED, 1)


def test_the_axis_is_broken_where_nothing_was_observed() -> None:
    data = sky_timeline(dated(FIRST, HOUR_AFTER, YEAR_AFTER))
    assert data.segments == (
        Segment(15979.0, 15979.0 + 1 / 24, 0.0, 2.0), Segment(16344.0, 16344.0, 2.0, 3.0)
    )  # fmt: skip
    (series,) = data.panels[0].series
    np.testing.assert_allclose(on_axis(series.days, data.segments), [0.5, 1.5, 2.5])
    assert series.lines == ((0, 1), (2,))
    axes = draw_timeline(data).axes[-1]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2013-10-01", "2014-10-01"]


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=30))
def test_a_broken_axis_keeps_the_order_of_times(days: list[float]) -> None:
    ordered = np.sort(np.array(days))
    places = on_axis(ordered, segments_of(days))
    assert (np.diff(places) >= 0).all()


def test_an_axis_of_one_visit_is_not_broken() -> None:
    assert sky_timeline(dated(FIRST, HOUR_AFTER)).segments == ()


def test_a_value_that_was_computed_again_is_small_and_joined_to_nothing() -> None:
    points = dated(FIRST, HOUR_AFTER)
    again = replace(points[0], at="2025-01-01T00:00:00+00:00", value=7.0, run=2)
    (series,) = sky_timeline([again, *points]).panels[0].series
    assert series.values.tolist() == [0.0, 7.0, 1.0]
    assert series.earlier.tolist() == [True, False, False]
    assert series.lines == ((1, 2),)
    legend = draw_timeline(sky_timeline([again, *points])).axes[0].get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["localmin", "localmin, earlier runs"]


@pytest.mark.parametrize("count", [18, 100])
def test_the_dates_of_few_and_of_many_visits_do_not_overlap(count: int) -> None:
    figure = draw_timeline(sky_timeline(gallery.timeline(count)))
    figure.draw_without_rendering()
    labels = [text for text in figure.axes[-1].get_xticklabels() if text.get_text()]
    assert len(labels) == -(-count // gallery.PER_VISIT)
    # Turned labels have boxes that overlap where their letters do not: their feet tell.
    edges = [label.get_window_extent() for label in labels]
    height = min(min(box.height, box.width) for box in edges) if count < 50 else 7.5 * 144 / 72
    assert all(b.x1 - a.x1 > height for a, b in pairwise(edges))
