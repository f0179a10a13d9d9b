"""Kinds of columns are found from values, and are the same from both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from skydb.domain.columns import ColumnKind, TableColumn
from skydb.domain.vocabulary import SkyMethod
from skydb.store.found_columns import ColumnSurvey, plain

LATER = datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))


def surveyed(name: str, kind: ColumnKind | None, *values: object) -> ColumnSurvey:
    survey = ColumnSurvey(name, None if kind is None else TableColumn(name, kind))
    survey.look_at([plain(value) for value in values])
    return survey


@pytest.mark.parametrize(
    ("documented", "values", "kind"),
    [
        (ColumnKind.BOOLEAN, (0, None, 1), ColumnKind.BOOLEAN),
        (ColumnKind.BOOLEAN, (0, 2), ColumnKind.INTEGER),
        (ColumnKind.NUMBER, (1, 2), ColumnKind.NUMBER),
        (ColumnKind.INTEGER, (1, 2.5), ColumnKind.NUMBER),
        (ColumnKind.STRING, (1,), ColumnKind.INTEGER),
        (ColumnKind.TIME, ("2026-01-31T12:00:00", LATER), ColumnKind.TIME),
        (ColumnKind.TIME, ("2026-01-31T12:00:00", "late"), ColumnKind.STRING),
        (ColumnKind.INTEGER, (None,), ColumnKind.INTEGER),
        (None, (True, False), ColumnKind.BOOLEAN),
        (None, (1, 2.5), ColumnKind.NUMBER),
        (None, (True, 2), ColumnKind.STRING),
        (None, (None,), ColumnKind.STRING),
        (None, (Decimal("2"), Decimal("2.5")), ColumnKind.NUMBER),
    ],
)
def test_a_column_is_what_is_documented_where_its_values_are(documented, values, kind) -> None:
    assert surveyed("anything", documented, *values).kind is kind


def test_a_column_without_a_value_is_a_number_when_its_name_has_a_unit() -> None:
    column = surveyed("drift_in_y_mas", None, None).column
    assert (column.kind, column.unit) == (ColumnKind.NUMBER, "mas")


def test_moments_are_utc_without_a_zone() -> None:
    survey = surveyed("begun", ColumnKind.TIME, LATER, "2026-01-31T12:00:00+00:00", None)
    cells = [survey.converted(plain(one)) for one in (LATER, "2026-01-31T12:00:00+00:00", None)]
    assert cells == ["2026-01-31T12:00:00", "2026-01-31T12:00:00", None]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (SkyMethod.MATCH, "match"),
        ((1, "a"), '[1, "a"]'),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, '{"at": "2026-01-01 00:00:00+00:00"}'),
        (b"\x01\xff", "01ff"),
        (Decimal("3"), 3),
        (2**70, float(2**70)),
    ],
)
def test_a_value_becomes_plain(value, cell) -> None:
    assert plain(value) == cell
    assert type(plain(value)) is type(cell)
