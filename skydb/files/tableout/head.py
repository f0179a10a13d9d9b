"""Head and rows of a table for a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from skydb.domain.columns import Cell, TableColumn

Rows: TypeAlias = Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class TableHead:
    """Metadata before the rows of a table.

    Parameters
    ----------
    columns : sequence of TableColumn
        In order.
    name : str
        Of the table.
    rows : int
        How many there will be.
    origin : dict of str to str
        Where they come from: what asked, which program, when.
    is_raw : bool
        Whether texts that a spreadsheet would run stay as they are.
    """

    columns: Sequence[TableColumn]
    name: str
    rows: int
    origin: dict[str, str] = field(default_factory=dict)
    is_raw: bool = False
