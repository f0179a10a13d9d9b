"""Every documented column of the SQL views: one table, that docs/sql-views.md is held to."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from skydb.domain.columns import ColumnKind, TableColumn

#: How people's words for units are spelled in VOUnits; other words are no units.
_VOUNITS = {
    **{unit: unit for unit in ("deg", "arcsec", "mas", "arcsec2", "m", "s", "pix", "kbyte")},
    **{"bytes": "byte", "MJD": "d", "days": "d", "%": "%"},
}

#: Units that a name ends in, for columns that are not documented; the longest first.
_SUFFIXES = {
    "_mas_yr": "mas/yr",
    "_arcsec2": "arcsec2",
    "_arcsec": "arcsec",
    "_mas": "mas",
    "_deg": "deg",
    "_pix": "pix",
    "_mjd": "d",
    "_bytes": "byte",
    "_m": "m",
    "_s": "s",
}


@cache
def documented() -> Mapping[str, tuple[TableColumn, ...]]:
    """Columns of every view, in order, by view."""
    text = (files("skydb") / "store" / "columns.csv").read_text(encoding="utf-8")
    views: dict[str, tuple[TableColumn, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        column = TableColumn(
            name=row["column"],
            kind=ColumnKind(row["kind"]),
            unit=_VOUNITS.get(row["unit"]),
            ucd=row["ucd"] or None,
            description=row["meaning"],
            utype=row["utype"] or None,
        )
        views[row["view"]] = (*views.get(row["view"], ()), column)
    return views


def shown_units() -> Mapping[tuple[str, str], str]:
    """Units as the documentation writes them, by view and column."""
    text = (files("skydb") / "store" / "columns.csv").read_text(encoding="utf-8")
    return {(row["view"], row["column"]): row["unit"] for row in csv.DictReader(text.splitlines())}


def described(names: Sequence[str], statement: str) -> list[TableColumn | None]:
    """What is documented of the columns of an answer.

    Parameters
    ----------
    names : sequence of str
        Names of the columns.
    statement : str
        The SELECT; of the views that it names, the first with such a column counts,
        and after them any other view.

    Returns
    -------
    list
        None for a column that no view has.
    """
    words = re.findall(r"[a-z_][a-z0-9_]*", statement.lower())
    views = documented()
    order = sorted(views, key=lambda view: words.index(view) if view in words else len(words))
    known: dict[str, TableColumn] = {}
    for view in order:
        for column in views[view]:
            known.setdefault(column.name, column)
    return [known.get(name) for name in names]


def unit_of(name: str) -> str | None:
    """Unit of a column by its name (``rms_ra_mas``), as VOUnits spell it, or None."""
    return next((unit for suffix, unit in _SUFFIXES.items() if name.endswith(suffix)), None)
