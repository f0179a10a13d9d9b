from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.errors import UsageError
from skydb.report.sky_figures import VisitSpan, draw_sky_comparison, sky_comparison
from skydb.report.style import (
    DARK,
    LIGHT,
    SCIENCE_RAMP,
    WEIGHT_RAMP,
    Theme,
    colormap,
    png_bytes,
)

from .pictures import decoded, share_of


def _row(rootname: str, visit: str, extver: int = 1, **values: object) -> dict[str, Any]:
    levels = {"localmin": 0.9, "match": -0.1, "globalmin_match": 0.5, "globalmin": 0.6}
    return {
        "rootname": rootname, "extver": extver, "visit": visit, "unit": "electron/s",
        **levels, **values,
    }  # fmt: skip


ROWS = [_row("ibxl50aaq", "bxl50"), _row("ibxl51aaq", "bxl51"), _row("ibxl50abq", "bxl50")]


def test_exposures_of_a_visit_are_brought_together_in_the_order_given() -> None:
    data = sky_comparison(ROWS)
    assert data.chips == ("ibxl50aaq", "ibxl50abq", "ibxl51aaq")
    assert data.visits == (VisitSpan("bxl50", 0, 2), VisitSpan("bxl51", 2, 3))
    assert data.unit == "electron/s"


def _values(rows):
    return {series.method: series.values for series in sky_comparison(rows).series}


def test_values_follow_their_exposures() -> None:
    rows = [{**row, "localmin": float(place)} for place, row in enumerate(ROWS)]
    values = _values(rows)[SkyMethod.LOCALMIN]
    np.testing.assert_array_equal(values, [0.0, 2.0, 1.0])


def test_relative_methods_have_a_panel_of_their_own() -> None:
    data = sky_comparison(ROWS)
    assert [s.method for s in data.panel(relative=True)] == [SkyMethod.MATCH]
    assert len(data.panel(relative=False)) == 3
    assert len(draw_sky_comparison(data).axes) == 2


def test_a_method_that_nobody_ran_is_left_out() -> None:
    rows = [{**row, "match": None, "globalmin": float("nan")} for row in ROWS]
    for row in rows:
        del row["globalmin_match"]
    data = sky_comparison(rows)
    assert [series.method for series in data.series] == [SkyMethod.LOCALMIN]
    assert len(draw_sky_comparison(data).axes) == 1


def test_one_missing_value_is_nan_and_the_rest_stands() -> None:
    rows = [{**ROWS[0], "match": None}, *ROWS[1:]]
    values = _values(rows)[SkyMethod.MATCH]
    assert np.isnan(values[0])
    np.testing.assert_array_equal(values[1:], [-0.1, -0.1])


def test_chips_of_one_exposure_are_told_apart() -> None:
    data = sky_comparison([_row("ib1f01aaq", "b1f01", 1), _row("ib1f01aaq", "b1f01", 2)])
    assert data.chips == ("ib1f01aaq [1]", "ib1f01aaq [2]")


def test_a_table_of_astropy_will_do() -> None:
    assert sky_comparison(Table(rows=ROWS)).chips == sky_comparison(ROWS).chips


def test_values_in_two_units_are_not_plotted_together() -> None:
    rows = [ROWS[0], {**ROWS[1], "unit": "electron"}]
    with pytest.raises(UsageError, match="several units: electron, electron/s"):
        sky_comparison(rows)


def test_nothing_to_plot_is_said() -> None:
    with pytest.raises(UsageError, match="No sky value"):
        sky_comparison([])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_picture_shows_every_method_on_its_page(theme: Theme) -> None:
    pixels = decoded(png_bytes(draw_sky_comparison(sky_comparison(ROWS), theme=theme)))
    assert pixels.shape[1] > 1000
    assert share_of(pixels, theme.page) > 0.4
    shares = {method: share_of(pixels, theme.methods[method]) for method in COMPUTED_METHODS}
    assert all(share > 1e-5 for share in shares.values())


def test_the_same_values_give_the_same_bytes() -> None:
    first, second = (png_bytes(draw_sky_comparison(sky_comparison(ROWS))) for _ in range(2))
    assert first == second


def test_the_unit_is_on_the_axis_and_an_unknown_one_is_said() -> None:
    axes = draw_sky_comparison(sky_comparison(ROWS)).axes[0]
    assert "e$^-$ s$^{-1}$" in axes.get_ylabel()
    unknown = draw_sky_comparison(sky_comparison([{**ROWS[0], "unit": None}])).axes[0]
    assert "unit unknown" in unknown.get_ylabel()


def test_lines_do_not_join_visits() -> None:
    axes = draw_sky_comparison(sky_comparison(ROWS)).axes[0]
    line = axes.get_lines()[0].get_ydata()
    assert np.flatnonzero(np.isnan(np.asarray(line, float))).tolist() == [2, 4]


def test_many_exposures_are_counted_instead_of_named() -> None:
    rows = [_row(f"ib{n:04d}aaq", f"b{n // 4:03d}") for n in range(400)]
    figure = draw_sky_comparison(sky_comparison(rows))
    assert "400 exposure chips" in figure.axes[-1].get_xlabel()
    assert figure.get_size_inches()[0] <= 13


def test_pyplot_is_not_imported_to_draw() -> None:
    was_there = "matplotlib.pyplot" in sys.modules
    png_bytes(draw_sky_comparison(sky_comparison(ROWS)))
    assert was_there or "matplotlib.pyplot" not in sys.modules


def test_values_whose_sigma_is_known_have_error_bars() -> None:
    rows = [
        {"rootname": f"ibxl50{n}q", "extver": 1, "visit": "50", "unit": "electron/s",
         "match": 0.1 * n, "match_sigma": sigma}
        for n, sigma in enumerate([0.0, 0.02, None])
    ]  # fmt: skip
    data = sky_comparison(rows)
    (series,) = data.series
    np.testing.assert_array_equal(series.sigmas, [0.0, 0.02, np.nan])
    (axes,) = draw_sky_comparison(data).axes
    (bars,) = [one for one in axes.collections if len(one.get_paths()) == 2]
    ends = bars.get_paths()[1].vertices[:, 1]
    assert np.ptp(ends) == pytest.approx(0.04)


def test_exposures_are_in_the_order_of_observation_when_it_is_known() -> None:
    data = sky_comparison(ROWS, {"ibxl50aaq": 56567.2, "ibxl51aaq": 56567.0, "ibxl50abq": 56567.1})
    assert data.chips == ("ibxl51aaq", "ibxl50abq", "ibxl50aaq")
    assert data.is_dated
    label = draw_sky_comparison(data).axes[-1].get_xlabel()
    assert label == "exposure chips in the order of observation"


def test_an_exposure_without_a_date_comes_last() -> None:
    data = sky_comparison(ROWS, {"ibxl50aaq": None, "ibxl51aaq": 56567.0})
    assert data.chips == ("ibxl51aaq", "ibxl50aaq", "ibxl50abq")


def test_colours_of_images_grow_lighter_in_even_steps() -> None:
    for ramp in (SCIENCE_RAMP, WEIGHT_RAMP):
        rgb = np.asarray(colormap(ramp)(np.linspace(0, 1, 21)))[:, :3]
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminance = linear @ (0.2126, 0.7152, 0.0722)
        lightness = 116 * np.cbrt(luminance) - 16
        steps = np.diff(lightness)
        assert steps.min() > 0.4 * steps.mean()
        assert steps.max() < 1.6 * steps.mean()
