"""Results as HTML, for notebooks: without a library that a reader of rows does not need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from skydb.domain.columns import ColumnKind
from skydb.store import columns

if TYPE_CHECKING:
    from skydb.store.columns import Quantity

#: Characters of a text that are shown; the rest is in its tooltip.
_LONGEST = 300
#: Characters of a checksum that are shown.
_DIGEST = 12
#: Entries of a list that are shown.
_LISTED = 12
#: Characters of a moment in ISO 8601 up to its second.
_SECOND = 19

_LEFT, _RIGHT = ' style="text-align:left"', ' style="text-align:right"'


def table(rows: Sequence[Mapping[str, Any]], names: Sequence[str], units: Mapping[str, str]) -> str:
    """Rows as a table: names as programs use them, units below them, numbers rounded.

    Columns in which no row has a value are named below the table.

    Parameters
    ----------
    rows : sequence of mapping
    names : sequence of str
        The columns.
    units : mapping of str to str
        Units of columns, where the rows say them.
    """
    shown = [name for name in names if not rows or any(_is_known(row.get(name)) for row in rows)]
    fields = {name: columns.field_of(name) for name in shown}
    sides = {name: _side(fields[name], [row.get(name) for row in rows]) for name in shown}
    heads = "".join(_head(field, sides[name], units) for name, field in fields.items())
    body = "".join(
        f"<tr>{''.join(_cell(row.get(name), fields[name], sides[name]) for name in shown)}</tr>"
        for row in rows
    )
    empty = [name for name in names if name not in shown]
    note = [f"Columns without a value: {', '.join(empty)}."] if empty else []
    return _scrolled(f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>") + paragraphs(note)


def listing(known: Mapping[str, Any]) -> str:
    """One thing as a table of names and values; what is not known is left out."""
    body = "".join(
        f"<tr><th{_LEFT}{_tip(field.meaning)}>{escape(name)}</th>"
        f"{_cell(value, field, _LEFT)}<td{_LEFT}>{escape(_unit(field, {}, known))}</td></tr>"
        for name, value in known.items()
        if _is_known(value)
        for field in [columns.field_of(name)]
    )
    return _scrolled(f"<tbody>{body}</tbody>")


def paragraphs(sentences: Iterable[str]) -> str:
    """Sentences, each a paragraph; what is between backticks is set as code."""
    marked = (re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(one)) for one in sentences)
    return "".join(f"<p>{one}</p>" for one in marked)


def text_of(value: Any, field: Quantity) -> str:  # noqa: ANN401 - whatever a row holds
    """A value as a table shows it, at its full length."""
    if value is None:
        return ""
    # SQLite has 0 and 1 for no and yes.
    if isinstance(value, bool) or (field.kind is ColumnKind.BOOLEAN and value in (0, 1)):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if field.kind is ColumnKind.TIME:
        return str(value)[:_SECOND].replace("T", " ")
    if isinstance(value, float):
        return format(value, field.format or ".6g")
    if isinstance(value, int):
        return format(value, "," if field.format == "," else "")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text_of(one, field)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return _listed(value, field)
    return str(value)


def _listed(values: Sequence[Any], field: Quantity) -> str:
    """The first entries; of things that have names themselves, how many and which names."""
    if values and isinstance(values[0], Mapping):
        return f"{len(values)} with {', '.join(values[0])}"
    more = [f"and {len(values) - _LISTED} more"] if len(values) > _LISTED else []
    return ", ".join([*(text_of(one, field) for one in values[:_LISTED]), *more])


def _cell(value: Any, field: Quantity, side: str) -> str:  # noqa: ANN401 - whatever a row holds
    whole = text_of(value, field)
    digest = field.name.endswith("sha256") or field.name == "checksum"
    longest = _DIGEST if digest else _LONGEST
    if len(whole) <= longest:
        return f"<td{side}>{escape(whole)}</td>"
    return f"<td{side}{_tip(whole)}>{escape(whole[:longest])}…</td>"


def _head(field: Quantity, side: str, units: Mapping[str, str]) -> str:
    unit = _unit(field, units, {})
    below = f'<br><span style="font-weight:normal">[{escape(unit)}]</span>' if unit else ""
    return f"<th{side}{_tip(field.meaning)}>{escape(field.name)}{below}</th>"


def _unit(field: Quantity, units: Mapping[str, str], beside: Mapping[str, Any]) -> str:
    """Unit as it is printed: that of all rows, or what the column beside it says."""
    said = units.get(field.name) or beside.get(field.unit_beside or "")
    return columns.printed_unit(str(said)) if said else field.shown_unit or ""


def _side(field: Quantity, values: Sequence[Any]) -> str:
    """Numbers to the right, all else to the left."""
    known = [value for value in values if value is not None]
    numbers = [isinstance(one, (int, float)) and not isinstance(one, bool) for one in known]
    is_number = field.kind is not ColumnKind.BOOLEAN and bool(known) and all(numbers)
    return _RIGHT if is_number else _LEFT


def _is_known(value: Any) -> bool:  # noqa: ANN401 - whatever a row holds
    return value is not None and not (isinstance(value, (list, tuple, dict)) and not value)


def _tip(text: str) -> str:
    return f' title="{escape(text)}"' if text else ""


def _scrolled(inside: str) -> str:
    """A table that scrolls by itself where the page is too narrow for it."""
    return f'<div style="overflow-x:auto"><table>{inside}</table></div>'
