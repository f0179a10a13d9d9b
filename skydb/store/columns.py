"""The one registry of columns: what a name means wherever skydb shows or writes it.

``quantities.csv`` has every name once: kind, unit, header, number format, UCD, meaning.
``columns.csv`` has the columns of every SQL view in order, and what a view says otherwise.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain

from skydb.domain.columns import ColumnKind, TableColumn

#: Units in VOUnits; a unit that is missing here is not written.
_VOUNITS = {
    **{unit: unit for unit in ("deg", "arcmin", "arcsec", "mas", "arcsec2", "m", "s")},
    **{
        unit: unit
        for unit in ("pix", "kbyte", "mas/yr", "yr", "mag", "electron", "electron/s", "%")
    },
    **{"bytes": "byte", "MJD": "d", "days": "d"},
}

#: Units that a name ends in, for columns that are not documented; the longest first.
_SUFFIXES = {
    "_mas_yr": "mas/yr",
    "_arcsec2": "arcsec2",
    "_arcmin": "arcmin",
    "_arcsec": "arcsec",
    "_mas": "mas",
    "_deg": "deg",
    "_pix": "pix",
    "_mjd": "MJD",
    "_bytes": "bytes",
    "_m": "m",
    "_s": "s",
}

#: Unit of moments.
UTC = "UTC"

#: How units are printed that a table would be too wide with, or that are written otherwise.
_PRINTED = {"arcsec2": "arcsec²", "electron": "e-", "electron/s": "e-/s"}

#: Unit of a column whose rows have their units in another one.
_BESIDE = re.compile(r"see `(\w+)`")

#: In ``columns.csv``: the view has none, whatever the quantity has.
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Unit, header, format and meaning of a column, by its name.

    Parameters
    ----------
    name : str
        Its name: the key of JSON, the name in tables and views.
    kind : ColumnKind or None
        What its values are; None of a name that is not registered.
    documented_unit : str
        Unit in the words of the documentation: ``mas``, ``UTC``, ``exposures``, ``see `unit```.
    header : str
        What is printed above it.
    format : str
        Format specification of its numbers; empty for as they are.
    ucd : str or None
        Its meaning in the words of the IVOA (UCD1+).
    meaning : str
        Its meaning for people.
    """

    name: str
    kind: ColumnKind | None
    documented_unit: str
    header: str
    format: str = ""
    ucd: str | None = None
    meaning: str = ""

    @property
    def unit(self) -> str | None:
        """Unit as VOUnits spell it; None without one, or where it differs by row."""
        return vounit(self.documented_unit)

    @property
    def shown_unit(self) -> str | None:
        """Unit as it is printed below the header; counts and texts have none."""
        unit = self.documented_unit
        return printed_unit(unit) if unit == UTC or unit in _VOUNITS else None

    @property
    def unit_beside(self) -> str | None:
        """Name of the column that has the unit of each row; None when all have one."""
        found = _BESIDE.fullmatch(self.documented_unit)
        return found[1] if found else None


def vounit(words: str) -> str | None:
    """A unit in the spelling of the IVOA, or None for words that are no unit."""
    return _VOUNITS.get(words)


def printed_unit(words: str) -> str:
    """A unit as headers of tables have it."""
    return _PRINTED.get(words, words)


def _table(name: str) -> list[dict[str, str]]:
    text = (files("skydb") / "store" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def quantities() -> Mapping[str, Quantity]:
    """Every registered quantity by its name."""
    return {
        row["name"]: Quantity(
            row["name"],
            ColumnKind(row["kind"]),
            row["unit"],
            row["header"] or _stem(row["name"])[0].replace("_", " "),
            row["format"],
            row["ucd"] or None,
            row["meaning"],
        )
        for row in _table("quantities.csv")
    }


def field_of(name: str) -> Quantity:
    """Return the entry of a column by its name; an unregistered one has a unit at most.

    Parameters
    ----------
    name : str
        A registered name, or any other: its unit is what it ends in (``shift_y_mas``), and
        what ends in ``_at`` is a moment.
    """
    known = quantities().get(name)
    if known is not None:
        return known
    stem, unit = _stem(name)
    kind = ColumnKind.TIME if name.endswith("_at") else None
    return Quantity(name, kind, UTC if kind else unit, stem.replace("_", " "))


def unit_of(name: str) -> str | None:
    """Unit of a column by its name (``rms_ra_mas``), as VOUnits spell it, or None."""
    return field_of(name).unit


def units_among(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Units of columns whose rows say theirs in another column, where all say the same.

    Parameters
    ----------
    names : sequence of str
        Columns of a table.
    rows : sequence of mapping
        The table; a row without a value has no say.

    Returns
    -------
    dict
        Unit by column, as astropy spells it (``electron/s``); only of columns such as
        ``mdrizsky``.
    """
    units = {}
    for name in names:
        beside = field_of(name).unit_beside
        if beside is None:
            continue
        said = {row.get(beside) for row in rows if row.get(name) is not None}
        unit = shared_unit(said)
        if unit is not None:
            units[name] = unit
    return units


def shared_unit(said: Collection[object]) -> str | None:
    """The unit that all rows say, as VOUnits spell it; None where they differ."""
    return vounit(str(next(iter(said)))) if len(said) == 1 else None


def _stem(name: str) -> tuple[str, str]:
    """A name without the unit that it ends in, and that unit."""
    for suffix, unit in _SUFFIXES.items():
        if name.endswith(suffix) and len(name) > len(suffix):
            return name.removesuffix(suffix), unit
    return name, ""


@cache
def _view_rows() -> tuple[dict[str, str], ...]:
    """Columns of all views; what a view does not say itself is that of the quantity."""
    return tuple(map(_completed, _table("columns.csv")))


def _completed(row: dict[str, str]) -> dict[str, str]:
    known = quantities()[row["column"]]
    usual = {
        "kind": str(known.kind),
        "unit": known.documented_unit,
        "ucd": known.ucd or "",
        "meaning": known.meaning,
    }
    own = {name: "" if row[name] == _NONE else row[name] or usual[name] for name in usual}
    return {**row, **own}


@cache
def documented() -> Mapping[str, tuple[TableColumn, ...]]:
    """Columns of every view, in order, by view."""
    views: dict[str, list[TableColumn]] = {}
    for row in _view_rows():
        column = TableColumn(
            name=row["column"],
            kind=ColumnKind(row["kind"]),
            unit=vounit(row["unit"]),
            ucd=row["ucd"] or None,
            description=row["meaning"],
            utype=row["utype"] or None,
        )
        views.setdefault(row["view"], []).append(column)
    return {view: tuple(columns) for view, columns in views.items()}


def shown_units() -> Mapping[tuple[str, str], str]:
    """Units as the documentation writes them, by view and column."""
    return {(row["view"], row["column"]): row["unit"] for row in _view_rows()}


def described(names: Sequence[str], statement: str) -> list[TableColumn | None]:
    """Look up the documentation of the columns of an answer.

    Parameters
    ----------
    names : sequence of str
        Names of the columns.
    statement : str
        The SELECT; of the views that it names, the first with such a column counts,
        and after them any other view, and then the registry.

    Returns
    -------
    list
        None for a name that is not registered.
    """
    words = re.findall(r"[a-z_][a-z0-9_]*", statement.lower())
    views = documented()
    order = sorted(views, key=lambda view: words.index(view) if view in words else len(words))
    known: dict[str, TableColumn] = {}
    for column in chain.from_iterable(views[view] for view in order):
        known.setdefault(column.name, column)
    return [known.get(name) or registered(name) for name in names]


def registered(name: str) -> TableColumn | None:
    """Look up the documentation of a column in the registry; None for a name that is not there."""
    one = field_of(name)
    if one.kind is None:
        return None
    return TableColumn(name, one.kind, one.unit, one.ucd, one.meaning)
