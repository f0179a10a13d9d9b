"""Units of columns whose rows have theirs in another column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skydb.domain.columns import ColumnKind, TableColumn
from skydb.store.columns import field_of, vounit


@dataclass(frozen=True)
class SharedUnits:
    """Units of the columns of a table, found part by part in its rows.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    """

    names: Sequence[str]
    said: dict[str, set[object]] = field(default_factory=dict)

    def look_at(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take note of more rows."""
        for place, name in enumerate(self.names):
            beside = field_of(name).unit_beside
            if beside in self.names:
                unit = self.names.index(beside)
                found = {row[unit] for row in rows if row[place] is not None}
                self.said[name] = self.said.get(name, set()) | found

    def completed(self, column: TableColumn) -> TableColumn:
        """A column with the unit that all its values have; as it was where they differ."""
        said = self.said.get(column.name, set())
        unit = vounit(str(next(iter(said)))) if len(said) == 1 else None
        if unit is None or column.kind not in (ColumnKind.NUMBER, ColumnKind.INTEGER):
            return column
        return replace(column, unit=unit)
