from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, QTable, Table
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import UsageError
from skydb.report.tables import (
    STATUS_TONES,
    Cell,
    Column,
    Justify,
    Tone,
    format_number,
    infer_columns,
    printable,
    rows_of,
)


class State(StrEnum):
    FAILED = "failed"


@dataclass(frozen=True)
class Fit:
    product: str
    rms_ra_mas: float | None


@pytest.mark.parametrize(
    "value",
    [None, float("nan"), np.float32("nan"), np.ma.masked, pd.NA, pd.NaT, np.nan * u.mas],
    ids=str,
)
def test_whatever_is_missing_is_an_em_dash(value: object) -> None:
    assert Column("ex", format=".3f").cell(value) == Cell("\N{EM DASH}", Tone.MISSING)


def test_a_terminal_may_show_another_sign_for_missing() -> None:
    assert Column("ex").cell(None, missing="-").text == "-"


@pytest.mark.parametrize("value", [1.23456, np.float64(1.23456), np.float32(1.23456)])
def test_numbers_of_every_library_follow_the_format(value: object) -> None:
    assert Column("ex", format=".3f").cell(value).text == "1.235"


def test_a_quantity_is_shown_in_the_unit_of_the_column() -> None:
    assert Column("rms", unit="mas", format=".1f").cell(0.0052 * u.arcsec).text == "5.2"


@pytest.mark.parametrize(
    "value",
    [
        "2019-04-30T14:15:16.999000+00:00",
        "2019-04-30 14:15:16.999000",
        datetime(2019, 4, 30, 10, 15, 16, tzinfo=timezone(timedelta(hours=-4))),
    ],
    ids=str,
)
def test_a_moment_is_shown_to_the_second_in_utc(value: object) -> None:
    column = Column("started_at")
    assert (column.cell(value).text, column.shown_unit) == ("2019-04-30 14:15:16", "UTC")


def test_a_table_that_wants_values_as_they_are_gets_them() -> None:
    raw = "2019-04-30T14:15:16.999000+00:00"
    assert Column("started_at", format="").cell(raw).text == raw
    assert Column("rms_ra_mas", format="").cell(0.123456).text == "0.123456"


def test_a_text_that_is_no_moment_stays() -> None:
    assert Column("at").cell("unknown").text == "unknown"


def test_zero_has_no_sign_but_small_negative_numbers_keep_theirs() -> None:
    assert format_number(-0.0004, ".3f") == "0.000"
    assert format_number(-0.0006, ".3f") == "-0.001"
    assert format_number(float("-inf"), ".1f") == "-inf"


def test_a_format_that_does_not_suit_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'d' does not suit the value 1\.5"):
        Column("ex", format="d").cell(1.5)


def test_yes_and_no_are_words_and_an_alarm_rings_only_for_yes() -> None:
    column = Column.alarm("downgraded")
    assert column.cell(True) == Cell("yes", Tone.BAD)
    assert column.cell(np.False_) == Cell("no", Tone.NEUTRAL)


def test_a_status_is_toned_and_other_text_is_not() -> None:
    assert Column.status().cell(State.FAILED) == Cell("failed", Tone.BAD)
    assert Column("rootname").cell("failed").tone is Tone.NEUTRAL


def test_every_state_of_the_tones_is_lower_case() -> None:
    assert all(word == word.lower() for word in STATUS_TONES)


def test_an_escape_sequence_in_a_name_is_spelled_out() -> None:
    assert printable("a\x1b[31mred\nb") == "a\\x1b[31mred b"


@given(st.text())
def test_a_cell_is_always_printable(text: str) -> None:
    assert Column("ex").cell(text).text.isprintable()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_formatting_never_changes_a_number_by_more_than_its_digits(value: float) -> None:
    assert float(format_number(value, ".17g")) == value


@pytest.mark.parametrize(
    "table",
    [
        [{"product": "a", "rms_ra_mas": 5.0}],
        [Fit("a", 5.0)],
        Table({"product": ["a"], "rms_ra_mas": [5.0]}),
        QTable({"product": ["a"], "rms_ra_mas": [5.0] * u.mas}),
        pd.DataFrame({"product": ["a"], "rms_ra_mas": [5.0]}),
    ],
    ids=["dicts", "dataclasses", "Table", "QTable", "DataFrame"],
)
def test_every_plain_table_gives_the_same_cells(table: object) -> None:
    columns = infer_columns(table)
    (row,) = rows_of(table)
    assert [column.cell(row[column.name]).text for column in columns] == ["a", "5.0"]
    assert [(column.title, column.shown_unit) for column in columns] == [
        ("product", None),
        ("RMS RA", "mas"),
    ]


def test_a_masked_value_of_a_table_is_missing() -> None:
    table = Table({"n": MaskedColumn([1, 2], mask=[False, True])})
    assert [Column("n").cell(row["n"]).tone for row in rows_of(table)] == [
        Tone.NEUTRAL,
        Tone.MISSING,
    ]


def test_what_is_not_a_row_is_refused() -> None:
    with pytest.raises(UsageError, match="A str is not a row"):
        rows_of(["a"])


def test_numbers_are_flush_right_and_words_flush_left() -> None:
    rows = [{"n": 1, "word": "a", "none": None, "flag": True}, {"n": None, "word": "b"}]
    assert Column("n").justified(rows) is Justify.RIGHT
    assert Column("word").justified(rows) is Justify.LEFT
    assert Column("none").justified(rows) is Justify.LEFT
    assert Column("flag").justified(rows) is Justify.LEFT
