"""Differences from run to run keep their columns in every terminal."""

from __future__ import annotations

import io
from math import inf

import pytest
from rich.console import Console

from skydb.api.results import Result, Row
from skydb.domain.vocabulary import SkyDiffCause, SkyMethod
from skydb.report.console import render_table
from skydb.report.sky_changes import tables_of_changes
from skydb.services.comparison import SkyChange

LONG = [SkyDiffCause.INPUT, SkyDiffCause.NEIGHBOURS]


def change(method: SkyMethod, run_a: int | None, run_b: int, **other: object) -> Row:
    facts: dict[str, object] = {
        **{"rootname": "ibxl50clq", "extver": 1, "visit": "bxl50", "filter": None},
        **{"detector": "IR", "method": method, "run_a": run_a, "run_b": run_b},
        **{"started_a": None, "started_b": None, "version_a": 1, "version_b": 2},
        **{"value_a": 1.0, "value_b": 11.5, "sigma_a": 0.00061, "sigma_b": 0.00074},
        **{"unit": "electron/s", "difference": 10.5, "difference_relative": -0.25},
        **{"offset": 10.75, "difference_sigma": 0.001, "significance": -250.0, "changed": True},
        **{"is_relative": method is SkyMethod.MATCH, "replay_of_a": None, "replay_of_b": None},
        **{"wcs_shift_mas": None, "cause": [], "because": {}, "remark": None},
    }
    return Result([SkyChange(**facts | other)]).rows[0]  # type: ignore[arg-type]


def printed(rows: list[Row], *, sigma: bool = False, width: int = 80) -> list[str]:
    said = []
    for one in tables_of_changes(rows, sigma=sigma, width=width):
        out = io.StringIO()
        console = Console(file=out, width=width)
        render_table(one.title, one.columns, one.rows, console, note=one.note)
        said.append(out.getvalue())
    return said


@pytest.mark.parametrize("width", [80, 100, 119])
def test_differing_causes_stay_beside_the_differences(width: int) -> None:
    rows = [
        change(SkyMethod.GLOBALMIN_MATCH, 3, 7, cause=LONG),
        change(SkyMethod.GLOBALMIN_MATCH, 7, 12, cause=[SkyDiffCause.SOFTWARE]),
    ]
    (text,) = printed(rows, width=width)
    words = text.split()
    assert {"+10.500000", "-0.250000", "-250.0", "software", "12"} <= {*words}
    assert " ".join(text.splitlines()[0].split()) == "MDRIZSKY of globalmin+match, run by run"
    assert "exposures" in words and text.count("ibxl50clq") == 2
    assert max(map(len, text.splitlines())) <= width


def test_a_cause_of_all_rows_and_the_one_pair_of_runs_take_no_column() -> None:
    rows = [change(SkyMethod.LOCALMIN, 3, 7, cause=LONG, extver=chip) for chip in (1, 2)]
    (one,) = tables_of_changes(rows, sigma=False, width=80)
    assert one.title == "MDRIZSKY of localmin, run 3 and run 7"
    assert one.note == "Cause, in every row: input content, content of other exposures."
    assert not {"method", "run_a", "run_b", "cause"} & {column.name for column in one.columns}


def test_a_remark_has_a_column_where_there_is_one() -> None:
    first, *others = (change(SkyMethod.MATCH, 3, 7, remark=said) for said in (None, "unit unknown"))
    (one,) = tables_of_changes([first, *others], sigma=False, width=80)
    (without,) = tables_of_changes([first], sigma=False, width=80)
    names = [{column.name for column in table.columns} for table in (one, without)]
    assert names[0] - names[1] == {"remark"}
    assert "replay_of_b" not in names[0]


def test_a_chip_that_only_one_run_has_keeps_the_columns_of_runs() -> None:
    (one,) = tables_of_changes([change(SkyMethod.MATCH, None, 7)], sigma=False, width=80)
    assert {"run_a", "run_b", "cause"} <= {column.name for column in one.columns}


def test_offsets_with_their_sigmas_have_the_relative_difference() -> None:
    of_levels, of_offsets = printed(
        [change(SkyMethod.LOCALMIN, 3, 7), change(SkyMethod.MATCH, 4, 8)], sigma=True
    )
    assert "+10.500000" in of_levels and "-0.250000" not in of_levels
    assert "-0.250000" in of_offsets and "+10.500000" not in of_offsets
    for text in (of_levels, of_offsets):
        assert "0.00061" in text and "-250.0" in text
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("width", [120, inf])
def test_a_wide_terminal_has_one_table(width: float) -> None:
    rows = [change(SkyMethod.LOCALMIN, 3, 7), change(SkyMethod.MATCH, 4, 8)]
    (one,) = tables_of_changes(rows, sigma=False, width=width)
    assert list(one.rows) == rows and "method" in {column.name for column in one.columns}
