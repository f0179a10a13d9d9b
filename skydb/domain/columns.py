"""Descriptions of table columns: kind, unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class ColumnKind(StrEnum):
    """Kind of the values of a column."""

    STRING = "string"
    INTEGER = "integer"
    """Whole numbers of up to 64 bits."""
    NUMBER = "number"
    """Double precision."""
    BOOLEAN = "boolean"
    TIME = "time"
    """UTC, ISO 8601 with a T and without a zone."""


#: A value of a column of each kind; None is NULL.
Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column with the properties that are written to files.

    Parameters
    ----------
    name : str
        Its name.
    kind : ColumnKind
        What its values are.
    unit : str, optional
        In the spelling of the IVOA (VOUnits).
    ucd : str, optional
        Its meaning in the words of the IVOA (UCD1+).
    description : str
        Its meaning for people.
    utype : str, optional
        Where it stands in an IVOA data model.
    is_ascii : bool
        Whether all its texts are plain ASCII.
    """

    name: str
    kind: ColumnKind
    unit: str | None = None
    ucd: str | None = None
    description: str = ""
    utype: str | None = None
    is_ascii: bool = True

    def in_unit(self, unit: str | None) -> TableColumn:
        """The column with a unit, if it has numbers and there is a unit; else as it is."""
        if unit is None or self.kind not in (ColumnKind.NUMBER, ColumnKind.INTEGER):
            return self
        return replace(self, unit=unit)
