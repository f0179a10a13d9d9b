"""Rows as astropy tables, with the units that their column names carry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.store import columns

if TYPE_CHECKING:
    from astropy.table import QTable
    from astropy.units import UnitBase


def as_qtable(rows: Sequence[dict[str, Any]], names: Sequence[str] = ()) -> QTable:
    """Make a table of rows that have the same keys.

    Numbers become columns that mask what is missing; a column whose name ends in a
    unit (``rms_ra_mas``) becomes a quantity; lists and dicts become JSON text.

    Parameters
    ----------
    rows : sequence of dict
        The rows.
    names : sequence of str
        Their keys, where they are known even without a row.
    """
    from astropy.table import QTable

    names = list(rows[0]) if rows else names
    return QTable({name: _column(name, [row[name] for row in rows]) for name in names})


def unit_of(name: str) -> UnitBase | None:
    """Unit of a column by its name; see :func:`skydb.store.columns.unit_of`."""
    import astropy.units as u

    unit = columns.unit_of(name)
    return None if unit is None else u.Unit(unit)


def _column(name: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 - Column or Quantity
    from astropy.table import MaskedColumn
    from astropy.utils.masked import Masked

    plain = [_plain(value) for value in values]
    missing = np.array([value is None for value in plain])
    unit = unit_of(name)
    known = [value for value in plain if value is not None]
    # A column of which nothing is known is what its name says.
    kind = type(known[0]) if known else (str if unit is None else float)
    filled = np.array(
        [kind() if value is None else value for value in plain], dtype=None if known else kind
    )
    if kind not in (int, float):
        unit = None
    if unit is None:
        return MaskedColumn(filled, name=name, mask=missing) if missing.any() else filled
    quantity = filled.astype(float) * unit
    return Masked(quantity, mask=missing) if missing.any() else quantity


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, default=str)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
