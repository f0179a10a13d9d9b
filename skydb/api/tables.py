"""Rows as astropy tables, with the kinds and units that the registry of columns has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.domain.columns import ColumnKind, TableColumn
from skydb.store.columns import described, registered, units_among
from skydb.store.found_columns import ColumnSurvey, plain

if TYPE_CHECKING:
    from astropy.table import QTable

#: What stands, masked, for a value that is missing.
_NOTHING = {
    ColumnKind.STRING: "",
    ColumnKind.TIME: "",
    ColumnKind.INTEGER: 0,
    ColumnKind.NUMBER: 0.0,
    ColumnKind.BOOLEAN: False,
}


def as_qtable(
    rows: Sequence[dict[str, Any]],
    names: Sequence[str] = (),
    said: Mapping[str, str] | None = None,
    source: str = "",
    kinds: Mapping[str, ColumnKind] = MappingProxyType({}),
) -> QTable:
    """Make a table of rows that have the same keys.

    Kinds of columns are those of an exported file. Numbers become columns that mask what
    is missing; a column that has a unit (``rms_ra_mas``, or ``mdrizsky`` where all rows say
    the same in ``unit``) becomes a quantity; lists and dicts become JSON text.

    Parameters
    ----------
    rows : sequence of dict
        The rows.
    names : sequence of str
        Their keys, where they are known even without a row.
    said : mapping of str to str, optional
        Units that rows say in another column; found in the rows when left out.
    source : str, optional
        View or SELECT that the rows are of: a view may have another kind under a name.
    kinds : mapping of str to ColumnKind, optional
        Kinds of columns whose names have another one in the registry.
    """
    from astropy.table import QTable

    names = list(rows[0]) if rows else list(names)
    shared = units_among(names, rows) if said is None else said
    known = described(names, source) if source else map(registered, names)
    otherwise = {name: TableColumn(name, kind) for name, kind in kinds.items()}
    return QTable(
        {
            name: _column(
                name, [row[name] for row in rows], shared.get(name), otherwise.get(name, documented)
            )
            for name, documented in zip(names, known, strict=True)
        }
    )


def _column(
    name: str, values: Sequence[Any], unit: str | None, documented: TableColumn | None
) -> Any:  # noqa: ANN401 - Column or Quantity
    import astropy.units as u
    from astropy.table import MaskedColumn
    from astropy.utils.masked import Masked

    cells = [plain(value) for value in values]
    survey = ColumnSurvey(name, documented)
    survey.look_at(cells)
    column, convert = survey.column.in_unit(unit), survey.converted
    nothing = _NOTHING[column.kind]
    missing = np.array([cell is None for cell in cells], dtype=bool)
    filled = np.array(
        [nothing if cell is None else convert(cell) for cell in cells], dtype=type(nothing)
    )
    if column.unit is None:
        return MaskedColumn(filled, name=name, mask=missing) if missing.any() else filled
    quantity = filled.astype(float) * u.Unit(column.unit)
    return Masked(quantity, mask=missing) if missing.any() else quantity
