"""Rows as astropy tables, with the units that the registry of columns has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.store import columns

if TYPE_CHECKING:
    from astropy.table import QTable
    from astropy.units import UnitBase


def as_qtable(
    rows: Sequence[dict[str, Any]],
    names: Sequence[str] = (),
    said: Mapping[str, str] | None = None,
) -> QTable:
    """Make a table of rows that have the same keys.

    Numbers become columns that mask what is missing; a column that has a unit
    (``rms_ra_mas``, or ``mdrizsky`` where all rows say the same in ``unit``) becomes a
    quantity; lists and dicts become JSON text.

    Parameters
    ----------
    rows : sequence of dict
        The rows.
    names : sequence of str
        Their keys, where they are known even without a row.
    said : mapping of str to str, optional
        Units that rows say in another column; found in the rows when left out.
    """
    from astropy.table import QTable

    names = list(rows[0]) if rows else names
    shared = columns.units_among(names, rows) if said is None else said
    units = {name: _unit(shared.get(name) or columns.unit_of(name)) for name in names}
    return QTable({name: _column(name, [row[name] for row in rows], units[name]) for name in names})


def unit_of(name: str) -> UnitBase | None:
    """Unit of a column by its name; see :func:`skydb.store.columns.unit_of`."""
    return _unit(columns.unit_of(name))


def _unit(vounit: str | None) -> UnitBase | None:
    import astropy.units as u

    return None if vounit is None else u.Unit(vounit)


def _column(name: str, values: Sequence[Any], unit: UnitBase | None) -> Any:  # noqa: ANN401 - Column or Quantity
    from astropy.table import MaskedColumn
    from astropy.utils.masked import Masked

    plain = [_plain(value) for value in values]
    missing = np.array([value is None for value in plain])
    known = [value for value in plain if value is not None]
    # A column of which nothing is known is what its name says.
    kind = type(known[0]) if known else _kind_of(name, unit)
    filled = np.array(
        [kind() if value is None else value for value in plain], dtype=None if known else kind
    )
    if kind not in (int, float):
        unit = None
    if unit is None:
        return MaskedColumn(filled, name=name, mask=missing) if missing.any() else filled
    quantity = filled.astype(float) * unit
    return Masked(quantity, mask=missing) if missing.any() else quantity


def _kind_of(name: str, unit: UnitBase | None) -> type:
    kinds = {"number": float, "integer": int, "boolean": bool}
    return kinds.get(str(columns.field_of(name).kind), str if unit is None else float)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, default=str)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
