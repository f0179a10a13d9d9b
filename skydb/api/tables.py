"""Rows as astropy tables, with the units that their column names carry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from astropy.table import QTable
    from astropy.units import UnitBase

_SUFFIXES = {
    "_mas_yr": "mas/yr",
    "_arcsec2": "arcsec2",
    "_arcsec": "arcsec",
    "_mas": "mas",
    "_deg": "deg",
}
_SUFFIXES |= {"_pix": "pix", "_mjd": "d", "_s": "s"}


#: Columns whose unit is the value of the column ``unit``.
IN_UNIT = frozenset(
    {
        *("localmin", "match", "globalmin_match", "globalmin", "user", "mdrizsky"),
        *("localmin_sigma", "match_sigma", "globalmin_match_sigma", "globalmin_sigma"),
        *("mdrizsky_sigma", "value", "value_a", "value_b", "sigma", "sigma_a", "sigma_b"),
        *("difference", "difference_relative", "offset", "difference_sigma", "before", "after"),
        *("residual_rms", "expected_rms", "error", "component_value", "component_sigma"),
        *("median", "scatter", "least", "greatest", "method_spread", "method_spread_max"),
        *("measured", "bar", "sky_error"),
    }
)


def as_qtable(rows: Sequence[dict[str, Any]], names: Sequence[str] = ()) -> QTable:
    """Make a table of rows that have the same keys.

    Numbers become columns that mask what is missing; a column whose name ends in a
    unit (``rms_ra_mas``), or whose unit is in the column ``unit`` and the same in all rows,
    becomes a quantity; lists and dicts become JSON text.

    Parameters
    ----------
    rows : sequence of dict
        The rows.
    names : sequence of str
        Their keys, where they are known even without a row.
    """
    from astropy.table import QTable

    names = list(rows[0]) if rows else names
    common = common_unit(rows)
    units = {name: unit_of(name) or (common if name in IN_UNIT else None) for name in names}
    return QTable({name: _column(name, [row[name] for row in rows], units[name]) for name in names})


def common_unit(rows: Sequence[dict[str, Any]]) -> UnitBase | None:
    """Unit that the column ``unit`` of all rows has; None when they differ or it is no unit."""
    import astropy.units as u

    units = {str(row.get("unit") or "") for row in rows}
    if len(units) != 1:
        return None
    try:
        return u.Unit(units.pop()) or None
    except ValueError:
        return None


def unit_of(name: str) -> UnitBase | None:
    """Unit that a column name ends in, or None."""
    import astropy.units as u

    for suffix, unit in _SUFFIXES.items():
        if name.endswith(suffix):
            return u.Unit(unit)
    return None


def _column(name: str, values: Sequence[Any], unit: UnitBase | None) -> Any:  # noqa: ANN401 - Column or Quantity
    from astropy.table import MaskedColumn
    from astropy.utils.masked import Masked

    plain = [_plain(value) for value in values]
    missing = np.array([value is None for value in plain])
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
