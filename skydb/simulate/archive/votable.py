"""Results as VOTable 1.4 (TABLEDATA) and CSV, in the manner of Gaia's archive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

_UNITS = {
    "ra": "deg",
    "dec": "deg",
    "ra_error": "mas",
    "dec_error": "mas",
    "parallax": "mas",
    "parallax_error": "mas",
    "pmra": "mas.yr**-1",
    "pmdec": "mas.yr**-1",
    "pmra_error": "mas.yr**-1",
    "pmdec_error": "mas.yr**-1",
    "phot_g_mean_mag": "mag",
    "ref_epoch": "yr",
    "radial_velocity": "km.s**-1",
}
_OPEN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
    '<RESOURCE type="results">\n'
)
_CLOSE = "</RESOURCE>\n</VOTABLE>\n"


def votable(columns: Mapping[str, NDArray[Any]], *, overflow: bool = False) -> bytes:
    """A table, and whether rows were left out for the client's MAXREC."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [
        _OPEN + '<INFO name="QUERY_STATUS" value="OK"/>',
        "<TABLE>",
        *(_field(name, column) for name, column in columns.items()),
        "<DATA><TABLEDATA>",
        *("<TR>" + "".join(f"<TD>{_cell(value)}</TD>" for value in row) + "</TR>" for row in rows),
        "</TABLEDATA></DATA>",
        "</TABLE>",
        '<INFO name="QUERY_STATUS" value="OVERFLOW"/>' if overflow else "",
    ]
    return ("\n".join(lines) + _CLOSE).encode()


def votable_error(message: str) -> bytes:
    """A document that says only what went wrong."""
    info = f'<INFO name="QUERY_STATUS" value="ERROR">{escape(message)}</INFO>\n'
    return (_OPEN + info + _CLOSE).encode()


def csv(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """A table as CSV with a header."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(map(_cell, row)) for row in rows), ""]
    return "\n".join(lines).encode()


def _field(name: str, column: NDArray[Any]) -> str:
    kind = "long" if np.issubdtype(column.dtype, np.integer) else "double"
    unit = f' unit="{_UNITS[name]}"' if name in _UNITS else ""
    # Gaia's archive writes this ID in capitals and the name in small letters.
    identifier = name.upper() if name == "source_id" else name
    return f'<FIELD ID="{identifier}" name="{name}" datatype="{kind}"{unit}/>'


def _cell(value: float) -> str:
    """A number with all its digits; nothing for no value."""
    return "" if value != value else repr(value)
