from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from skydb.api.answers import Todo
from skydb.api.results import DrawnResult, Record, Result, Row
from skydb.errors import UsageError

ROWS = [{"rootname": "ibxl50clq", "rms_mas": 1.5}, {"rootname": "<b>", "rms_mas": None}]


class Word(StrEnum):
    YES = "yes"


@dataclass
class Chip:
    rootname: str
    sky: float


def test_a_row_is_a_dict_whose_keys_are_attributes() -> None:
    row = Row(ROWS[0])
    assert row == ROWS[0] and row.rootname == row["rootname"] == "ibxl50clq"
    assert "rms_mas" in dir(row)
    with pytest.raises(AttributeError, match="no 'rms': it has rootname, rms_mas"):
        row.rms  # noqa: B018 - the access is the test


def test_a_result_is_rows_a_table_and_a_data_frame() -> None:
    result = Result(ROWS)
    assert [*result] == result[:] == result.rows and result[-1].rms_mas is None
    assert result["rms_mas"].unit == u.mas and result["rms_mas"].mask.tolist() == [False, True]
    assert result.to_pandas()["rms_mas"].isna().tolist() == [False, True]
    assert Result([Chip("a", 1.0)])[0].sky == 1.0
    assert result.document() == ROWS


def test_a_result_without_rows_keeps_its_columns() -> None:
    assert Result([], ("rootname", "rms_mas")).table.colnames == ["rootname", "rms_mas"]
    assert not Result([])


def test_a_result_says_what_is_in_it_and_whether_to_look_at_it() -> None:
    assert repr(Result(ROWS[:1])) == "<Result: 1 row: rootname, rms_mas>"
    assert "2 rows, flagged" in repr(Result(ROWS, is_flagged=True))
    assert ", failed" in repr(Result(ROWS, is_flagged=True, has_failed=True))


def test_a_notebook_shows_rows_and_remarks_without_markup_of_files() -> None:
    page = Result(ROWS * 40, remarks=["look & see"])._repr_html_()
    assert ">1.5</td>" in page and "&lt;b&gt;" in page and "look &amp; see" in page
    assert page.count("<tr>") == 61 and "20 more rows" in page


def test_a_table_of_a_notebook_has_units_rounded_numbers_and_no_empty_column() -> None:
    row = {"mdrizsky": 1.23456789, "unit": "electron/s", "sha256": "ab" * 32, "reason": None}
    more = {"started_at": "2026-11-28T22:31:03.196586+00:00", "downgraded": 1, "cause": ["a", "b"]}
    page = Result([row | more])._repr_html_()
    assert "[e-/s]" in page and ">1.234568<" in page and "ababababab" in page
    assert "ab" * 7 not in page.replace(f'title="{"ab" * 32}"', "")
    assert ">2026-11-28 22:31:03<" in page and ">yes<" in page and ">a, b<" in page
    assert "Columns without a value: reason." in page and "<th" in page


def test_the_repr_of_a_record_says_what_it_is() -> None:
    known = {"run": 8, "kind": "sky-run", "status": "succeeded", "error": None, "used": [1]}
    assert repr(Record(known)) == "<Record: run=8, kind='sky-run', status='succeeded', ...>"
    assert repr(Record({"a": 1}, is_flagged=True)) == "<Record: a=1, flagged>"


def test_a_record_of_a_notebook_is_names_values_and_units() -> None:
    known = {"run": 4, "rms_ra_mas": 4.04, "why": None, "used": [{"rootname": "a"}] * 3}
    page = Record(known, [{"path": "<a>"}], remarks=["so", "run `skydb <x>`"])._repr_html_()
    assert ">4.0<" in page and ">mas<" in page and "why" not in page
    assert "3 with rootname" in page and "&lt;a&gt;" in page and "<p>so</p>" in page
    assert "<p>run <code>skydb &lt;x&gt;</code></p>" in page


def test_columns_of_a_result_are_a_result_that_keeps_units_and_flags() -> None:
    rows = [
        {"rootname": "a", "match": 0.5, "unit": "electron/s"},
        {"rootname": "b", "match": 1.5, "unit": "electron/s"},
    ]
    whole = Result(rows, remarks=["so"], is_flagged=True)
    part = whole["match", "rootname"]
    assert part.names == ("match", "rootname") and part.rows == [
        {"match": 0.5, "rootname": "a"},
        {"match": 1.5, "rootname": "b"},
    ]
    assert part["match"].unit == whole["match"].unit == u.electron / u.s
    assert (part.remarks, part.is_flagged, part.has_failed) == (("so",), True, False)
    assert whole[["match"]]["match",].table["match"].unit == u.electron / u.s
    with pytest.raises(KeyError, match="mach: the columns are rootname, match, unit"):
        whole["rootname", "mach"]


def test_scalars_of_numpy_and_words_in_lists_are_plain() -> None:
    row = Result([{"a": np.float32(0.5), "b": [Word.YES], "c": {"d": (Word.YES,)}}])[0]
    assert type(row.a) is float and row == {"a": 0.5, "b": ["yes"], "c": {"d": ("yes",)}}
    assert type(row.b[0]) is str


def test_a_record_is_one_object_that_may_have_rows() -> None:
    record = Record({"run": 4, "rows": 7}, ROWS, remarks=["so"])
    assert (record.run, record["rows"], len(record)) == (4, 7, 2)
    assert record.document() == {"run": 4, "rows": 7}
    assert Record({"run": 4})[0].run == 4
    with pytest.raises(AttributeError, match="kind"):
        record.kind  # noqa: B018 - the access is the test


def test_a_drawn_result_gives_a_figure_and_writes_files(tmp_path: Path) -> None:
    result = DrawnResult(
        ROWS, draw=lambda size=1: Figure(figsize=(size, 1)), write=lambda out: out / "a.png"
    )
    assert result.plot(size=3).get_figwidth() == 3
    assert result.write(str(tmp_path)) == [tmp_path / "a.png"]


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TABLES = st.lists(
    st.fixed_dictionaries({"rootname": st.text(), "keys": VALUES, "run": st.lists(VALUES)})
)
AGAIN = [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]


@given(
    rows=TABLES, remarks=st.lists(st.text()), is_flagged=st.booleans(), again=st.sampled_from(AGAIN)
)
def test_results_are_the_same_after_a_copy_and_in_another_process(
    rows: list[dict[str, Any]], remarks: list[str], is_flagged: bool, again: Callable[[Any], Any]
) -> None:
    outcome: dict[str, Any] = {"remarks": remarks, "is_flagged": is_flagged}
    drawn = DrawnResult(rows, ["rootname", "keys", "run"], draw=Figure, write=Path, **outcome)
    for one in (drawn, Record({"run": 4, "rows": rows}, rows, **outcome), Result(rows, **outcome)):
        other = again(one)
        assert type(other) is type(one) and repr(other) == repr(one)
        assert [*other] == [*one] and other.document() == one.document()
        assert all(type(row) is Row for row in other)
        assert (other.names, other.remarks, other.is_flagged) == (
            one.names,
            one.remarks,
            is_flagged,
        )
        assert other._repr_html_() == one._repr_html_()


@given(row=st.dictionaries(st.text(), VALUES), again=st.sampled_from([*AGAIN, Row.copy]))
def test_rows_are_the_same_after_a_copy(row: dict[str, Any], again: Callable[[Row], Row]) -> None:
    other = again(Row(row))
    assert type(other) is Row and other == row and other is not row


def test_pictures_stay_in_the_process_that_can_draw_them() -> None:
    result = DrawnResult(ROWS, draw=lambda: Figure(), write=lambda out: out)
    assert isinstance(copy.copy(result).plot(), Figure)
    with pytest.raises(UsageError, match="rows and no pictures"):
        pickle.loads(pickle.dumps(result)).plot()


def test_what_a_subclass_knows_goes_along() -> None:
    todo = Todo(ROWS)
    todo.silenced = 3
    assert pickle.loads(pickle.dumps(todo)).silenced == copy.deepcopy(todo).silenced == 3
