"""Drawing of tables and foreign keys as SVG, with nothing but text.

Boxes stand in columns; a table that no column names yet stands in the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from sqlalchemy import Column, Table

#: Tables from left to right and from top to bottom, so that lines are short.
COLUMNS = tuple(
    names.split()
    for names in (
        "visits exposures products product_members sky_values book_entries",
        "file_locations product_versions chip_levels sky_overlaps downloads input_proofs",
        "chip_solutions alignment_solutions trust_reasons reference_catalogs header_backups",
        "environments activities processes run_attempts findings activity_used activity_generated"
        " self_test_checks",
        "alignment_runs acceptances visit_drizzles sky_runs sky_run_groups mosaics passbands"
        " presets bad_deliveries",
    )
)
#: Colours of the tables that others refer to; distinct for colour-blind readers (Okabe and Ito).
COLOURS = {
    "visits": "#a05a00",
    "exposures": "#d55e00",
    "products": "#b8860b",
    "product_versions": "#0072b2",
    "alignment_solutions": "#007a5a",
    "reference_catalogs": "#3f8f8f",
    "activities": "#8a3f74",
    "sky_runs": "#555555",
}
_OTHER = "#888888"

_WIDTH, _GAP, _LINE, _SPACE, _MARGIN = 218, 92, 18, 26, 20


@dataclass(frozen=True)
class Box:
    """A table at its place; y of the row of each key in ``rows``."""

    table: Table
    x: float
    y: float
    rows: dict[str, float]

    @property
    def rest(self) -> int:
        """Columns that are not shown."""
        return len(self.table.columns) - len(self.rows)

    @property
    def height(self) -> float:
        """Height of the box."""
        return _LINE * (1 + len(self.rows) + (self.rest > 0)) + 8


def picture(tables: Sequence[Table]) -> str:
    """Text of the SVG."""
    boxes = {box.table.name: box for box in _placed(tables)}
    width = max(box.x + _WIDTH for box in boxes.values()) + _MARGIN + 30
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    lines = [line for box in boxes.values() for line in _lines(box, boxes)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="DejaVu Sans, Arial, sans-serif" '
        'font-size="12" role="img">',
        "<title>Tables of the ledger and their foreign keys</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        *lines,
        *(part for box in boxes.values() for part in _drawn(box)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _placed(tables: Sequence[Table]) -> Iterator[Box]:
    named = {table.name: table for table in tables}
    listed = {name for column in COLUMNS for name in column}
    others = tuple(name for name in named if name not in listed)
    for number, names in enumerate((*COLUMNS[:-1], [*COLUMNS[-1], *others])):
        y: float = _MARGIN
        for name in names:
            if name in named:
                box = _box(named[name], _MARGIN + number * (_WIDTH + _GAP), y)
                yield box
                y += box.height + _SPACE


def _is_key(column: Column[object]) -> bool:
    return bool(column.primary_key or column.foreign_keys or column.unique)


def _box(table: Table, x: float, y: float) -> Box:
    keys = [column.name for column in table.columns if _is_key(column)]
    rows = {name: y + _LINE * (place + 1.5) + 4 for place, name in enumerate(keys)}
    return Box(table, x, y, rows)


def _lines(box: Box, boxes: dict[str, Box]) -> Iterator[str]:
    for column in box.table.columns:
        for key in column.foreign_keys:
            target = boxes[key.column.table.name]
            yield _line(box, box.rows[column.name], target)


def _line(box: Box, y: float, target: Box) -> str:
    """A curve from a key to the head of its table; a loop on the right where both are in line."""
    end = target.y + _LINE / 2 + 2
    if target.x == box.x:
        start_x = end_x = box.x + _WIDTH
        bend_a = bend_b = start_x + min(30 + abs(end - y) / 16, _GAP - 24)
    elif target.x > box.x:
        start_x, end_x = box.x + _WIDTH, target.x
        bend_a, bend_b = start_x + _GAP * 0.7, end_x - _GAP * 0.7
    else:
        start_x, end_x = box.x, target.x + _WIDTH
        bend_a, bend_b = start_x - _GAP * 0.7, end_x + _GAP * 0.7
    colour = COLOURS.get(target.table.name, _OTHER)
    return (
        f'<path d="M{start_x:g} {y:g}C{bend_a:g} {y:g} {bend_b:g} {end:g} {end_x:g} {end:g}" '
        f'fill="none" stroke="{colour}" stroke-width="1.3" stroke-opacity="0.75"/>'
        f'<circle cx="{start_x:g}" cy="{y:g}" r="2.6" fill="{colour}"/>'
    )


def _drawn(box: Box) -> Iterator[str]:
    name = box.table.name
    colour = COLOURS.get(name, _OTHER)
    frame = f'<rect x="{box.x:g}" y="{box.y:g}" width="{_WIDTH}" rx="4"'
    yield f'{frame} height="{box.height:g}" fill="#ffffff" stroke="{colour}" stroke-width="1.5"/>'
    yield f'{frame} height="{_LINE + 4}" fill="{colour}"/>'
    yield _text(box, box.y + 15, name, 'fill="#ffffff" font-weight="bold"')
    for column in box.table.columns:
        if column.name in box.rows:
            yield _key(box, column)
    if box.rest:
        yield _text(box, box.y + box.height - 9, f"{box.rest} more", 'fill="#666666"')


def _key(box: Box, column: Column[object]) -> str:
    weight = ' font-weight="bold"' if column.primary_key else ""
    mark = "" if column.primary_key or column.foreign_keys else " (unique)"
    return _text(box, box.rows[column.name] + 4, f"{column.name}{mark}", f'fill="#222222"{weight}')


def _text(box: Box, y: float, text: str, look: str) -> str:
    return f'<text x="{box.x + 8:g}" y="{y:g}" {look}>{escape(text)}</text>'
