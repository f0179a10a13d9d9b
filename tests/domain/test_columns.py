"""Columns of tables: numbers have units."""

from __future__ import annotations

import pytest

from skydb.domain.columns import ColumnKind, TableColumn


@pytest.mark.parametrize("kind", list(ColumnKind))
def test_a_unit_is_given_to_numbers_alone(kind: ColumnKind) -> None:
    column = TableColumn("rms", kind)
    has_unit = kind in (ColumnKind.NUMBER, ColumnKind.INTEGER)
    assert column.in_unit("mas").unit == ("mas" if has_unit else None)
    known = TableColumn("rms", kind, "deg")
    assert known.in_unit(None).unit == "deg"
    assert known.in_unit("mas").unit == ("mas" if has_unit else "deg")
