"""VOTable 1.4 (IVOA) with BINARY2, as TOPCAT, Aladin and astropy read it.

TABLEDATA does not distinguish an empty text from NULL, nor keep every blank and bit.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from skydb.domain.columns import Cell, ColumnKind, TableColumn
from skydb.files.tableout.head import Rows, TableHead

_TYPES = {
    ColumnKind.INTEGER: 'datatype="long"',
    ColumnKind.NUMBER: 'datatype="double"',
    ColumnKind.BOOLEAN: 'datatype="boolean"',
    ColumnKind.TIME: 'datatype="char" arraysize="*" xtype="timestamp"',
}
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
#: Characters that XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}

#: Bytes of one line of base64: whole groups of three.
_LINE = 57

Packer = Callable[[Cell], bytes]


def write_votable(path: Path, head: TableHead, parts: Iterable[Rows]) -> None:
    """Fields with units, UCDs, utypes and descriptions, then rows with marks of NULL.

    Parameters
    ----------
    path : Path
        The file.
    head : TableHead
        Columns, and where they come from.
    parts : iterable of rows
        All rows, some at a time.
    """
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in _opening(head))
        stream.writelines(_base64(_packed(part, head.columns) for part in parts))
        stream.write("    </STREAM>\n    </BINARY2>\n   </DATA>\n")
        stream.write("  </TABLE>\n </RESOURCE>\n</VOTABLE>\n")


def _opening(head: TableHead) -> Iterable[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation='
        '"http://www.ivoa.net/xml/VOTable/v1.3 http://www.ivoa.net/xml/VOTable/VOTable-1.4.xsd">'
    )
    yield ' <RESOURCE type="results">'
    yield '  <INFO name="QUERY_STATUS" value="OK"/>'
    for name, value in head.origin.items():
        yield f"  <INFO name={_attribute(name)} value={_attribute(value)}/>"
    yield '  <COOSYS ID="icrs" system="ICRS"/>'
    yield '  <TIMESYS ID="utc" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>'
    yield f'  <TABLE name={_attribute(head.name)} nrows="{head.rows}">'
    for number, column in enumerate(head.columns, start=1):
        yield from _field(column, number)
    yield '   <DATA>\n    <BINARY2>\n    <STREAM encoding="base64">'


def _field(column: TableColumn, number: int) -> Iterable[str]:
    parts = [f"name={_attribute(column.name)}", _type(column)]
    identity = column.name if _ID.fullmatch(column.name) else f"column_{number}"
    parts.insert(0, f"ID={_attribute(f'{identity}_{number}' if identity in _TAKEN else identity)}")
    for name in ("unit", "ucd", "utype"):
        value = getattr(column, name)
        if value:
            value = _UNKNOWN.sub(r"'\g<0>'", value) if name == "unit" else value
            parts.append(f"{name}={_attribute(value)}")
    reference = _frame(column)
    if reference:
        parts.append(f'ref="{reference}"')
    if not column.description:
        yield f"   <FIELD {' '.join(parts)}/>"
        return
    yield f"   <FIELD {' '.join(parts)}>"
    yield f"    <DESCRIPTION>{escape(_writable(column.description))}</DESCRIPTION>"
    yield "   </FIELD>"


#: Units that VOUnits do not know are put in quotes, as they say.
_UNKNOWN = re.compile(r"\belectron\b")

#: Identities that the frames have.
_TAKEN = ("icrs", "utc")


def _type(column: TableColumn) -> str:
    if column.kind is ColumnKind.STRING:
        return f'datatype="{"char" if column.is_ascii else "unicodeChar"}" arraysize="*"'
    return _TYPES[column.kind]


def _frame(column: TableColumn) -> str:
    """Choose the reference frame of positions and dates."""
    if column.ucd and column.ucd.startswith(("pos.eq", "pos.outline")):
        return "icrs"
    is_date = (
        column.unit == "d" and column.ucd and column.ucd.startswith(("time.start", "time.end"))
    )
    return "utc" if is_date else ""


def _base64(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines of base64 of bytes that come in chunks of any length."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % _LINE
        for first in range(0, whole, _LINE):
            yield base64.b64encode(rest[first : first + _LINE]).decode("ascii") + "\n"
        rest = rest[whole:]
    if rest:
        yield base64.b64encode(rest).decode("ascii") + "\n"


def _packed(rows: Rows, columns: Sequence[TableColumn]) -> bytes:
    packers = [_packer(column) for column in columns]
    return b"".join(
        _flags(row) + b"".join([pack(cell) for pack, cell in zip(packers, row, strict=True)])
        for row in rows
    )


def _flags(row: Sequence[Cell]) -> bytes:
    """One bit a cell, from the highest on: 1 is NULL."""
    length = (len(row) + 7) // 8
    bits = "".join(["1" if cell is None else "0" for cell in row])
    return int(bits.ljust(8 * length, "0"), 2).to_bytes(length, "big")


def _packer(column: TableColumn) -> Packer:
    if column.kind is ColumnKind.STRING and not column.is_ascii:
        return _unicode
    return _PACKERS[column.kind]


def _unicode(cell: Cell) -> bytes:
    data = str(cell or "").encode("utf-16-be")
    return struct.pack(">i", len(data) // 2) + data


def _ascii(cell: Cell) -> bytes:
    data = str(cell or "").encode("ascii")
    return struct.pack(">i", len(data)) + data


def _integer(cell: Cell) -> bytes:
    return struct.pack(">q", cell or 0)


def _number(cell: Cell) -> bytes:
    return struct.pack(">d", float("nan") if cell is None else cell)


def _truth(cell: Cell) -> bytes:
    return b"?" if cell is None else b"T" if cell else b"F"


_PACKERS: dict[ColumnKind, Packer] = {
    ColumnKind.STRING: _ascii,
    ColumnKind.TIME: _ascii,
    ColumnKind.INTEGER: _integer,
    ColumnKind.NUMBER: _number,
    ColumnKind.BOOLEAN: _truth,
}


def _attribute(text: str) -> str:
    return quoteattr(_writable(text), _ESCAPES)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
