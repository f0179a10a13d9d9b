from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable
from hypothesis import given
from hypothesis import strategies as st

from skydb.api.answers import Answer, Status
from skydb.api.results import Result
from skydb.api.tables import as_qtable
from skydb.domain.vocabulary import SkyMethod
from skydb.sky.advice import MethodAdvice

SUFFIXES = {"mas": u.mas, "deg": u.deg, "pix": u.pix, "arcsec": u.arcsec, "s": u.s, "mjd": u.d,
            "arcsec2": u.arcsec**2}  # fmt: skip
numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


def column(name: str, values: list[object]) -> object:
    return as_qtable([{name: value} for value in values])[name]


def test_every_number_of_an_advice_has_the_unit_of_its_row() -> None:
    numbers = [one.name for one in fields(MethodAdvice) if "float" in str(one.type)]
    table = as_qtable([{**dict.fromkeys(numbers, 1.0), "unit": "electron/s"}])
    assert {name: str(table[name].unit) for name in numbers} == dict.fromkeys(
        ("residual_rms", "expected_rms", "distance", "sigma"), "electron / s"
    )


@pytest.mark.parametrize(("suffix", "unit"), SUFFIXES.items())
def test_a_name_that_ends_in_a_unit_has_it(suffix: str, unit: u.UnitBase) -> None:
    assert column(f"anything_{suffix}", [1, 2]).unit == unit


@pytest.mark.parametrize("name", ["rms", "visits", "s", "deg", "mas_x", "exposures"])
def test_any_other_name_has_none(name: str) -> None:
    assert not isinstance(column(name, [1.0]), u.Quantity)


@given(st.lists(st.none() | numbers, min_size=1, max_size=20), st.sampled_from(list(SUFFIXES)))
def test_values_of_a_quantity_come_back_and_missing_ones_are_masked(values, suffix) -> None:
    made = column(f"x_{suffix}", values)
    mask = np.broadcast_to(getattr(made, "mask", False), len(values))
    assert mask.tolist() == [value is None for value in values]
    assert made.unit == SUFFIXES[suffix]
    kept = [float(q.value) for q, missing in zip(made, mask, strict=True) if not missing]
    assert kept == [value for value in values if value is not None]


@given(
    st.one_of(
        st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1),
        st.lists(st.none() | st.booleans(), min_size=1),
        st.lists(st.none() | st.text(max_size=5).map(lambda t: t.rstrip("\0")), min_size=1),
        st.lists(st.none() | numbers, min_size=1),
    )
)
def test_values_without_a_unit_come_back_and_missing_ones_are_masked(values) -> None:
    made = column("anything", values)
    mask = np.broadcast_to(getattr(made, "mask", False), len(values))
    assert mask.tolist() == [value is None for value in values]
    kept = [made[i] for i in range(len(values)) if not mask[i]]
    assert kept == [value for value in values if value is not None]


def test_skies_that_share_a_unit_are_quantities_of_it() -> None:
    rows = [{"mdrizsky": 0.5, "unit": "electron/s"}, {"mdrizsky": None, "unit": "electron/s"}]
    assert as_qtable(rows)["mdrizsky"].unit == u.electron / u.s
    mixed = as_qtable([rows[0], {"mdrizsky": 60.0, "unit": "electron"}])
    assert not isinstance(mixed["mdrizsky"], u.Quantity)
    assert list(mixed["unit"]) == ["electron/s", "electron"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("match", "f"), ("rms_ra_mas", "f"), ("nmatches", "i"), ("wcs_name", "U"),
        ("component_value", "f"), ("component_significance", "f"), ("mag_max", "f"),
    ],
)  # fmt: skip
def test_a_column_of_which_all_is_missing_is_of_the_kind_of_its_name(name: str, kind: str) -> None:
    assert column(name, [None, None]).dtype.kind == kind


@pytest.mark.parametrize("counts", [[0, 0], [0, 1], [1, 2]])
def test_a_count_of_a_view_is_a_number_whatever_it_counts(counts: list[int]) -> None:
    rows = [{"visit": f"bxl{n}", "downgraded": count} for n, count in enumerate(counts)]
    by_sql = Answer.of(
        ["visit", "downgraded"], [tuple(row.values()) for row in rows],
        "SELECT visit, downgraded FROM v_visit_status",
    )  # fmt: skip
    for answer in (Status(rows), Status(rows)["visit", "downgraded"], by_sql):
        assert answer.table["downgraded"].dtype.kind == "i"
        assert answer["downgraded"].tolist() == counts
    assert Result(rows[:1]).table["downgraded"].dtype.kind in "bi"


def test_integers_beside_reals_are_reals() -> None:
    assert list(column("x", [1, None, 2.5])[[0, 2]]) == [1.0, 2.5]


def test_enums_become_their_values_and_documents_json() -> None:
    made = as_qtable([{"method": SkyMethod.GLOBALMIN_MATCH, "findings": ["a", {"b": None}]}])
    assert made["method"][0] == "globalmin+match"
    assert json.loads(made["findings"][0]) == ["a", {"b": None}]
    assert column("at", [datetime(2026, 1, 1, tzinfo=UTC)])[0] == "2026-01-01T00:00:00"


def test_no_rows_make_an_empty_table() -> None:
    assert len(as_qtable([])) == 0


def test_no_rows_of_known_columns_keep_their_names() -> None:
    made = as_qtable([], names=("rootname", "rms_ra_mas"))
    assert (len(made), made.colnames) == (0, ["rootname", "rms_ra_mas"])


def test_a_table_goes_to_pandas() -> None:
    made = as_qtable([{"rootname": "a", "rms_mas": 1.0}, {"rootname": "b", "rms_mas": None}])
    assert isinstance(made, QTable)
    frame = made.to_pandas()
    assert frame["rms_mas"].isna().tolist() == [False, True]
