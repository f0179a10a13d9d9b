"""Write docs/schema.md and docs/pictures/schema.svg from the entities; a test compares.

PYTHONPATH=. .venv/bin/python -m scripts.schema_page
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import JSON, Boolean, Column, DateTime, Enum, Float, Integer, String, Table
from sqlalchemy.types import TypeDecorator, TypeEngine

from scripts.schema_picture import picture
from skydb.domain import Base
from skydb.store.columns import quantities

_DOCS = Path(__file__).resolve().parents[1] / "docs"
DOCUMENT = _DOCS / "schema.md"
PICTURE = _DOCS / "pictures" / "schema.svg"

_HEAD = """# Schema

Written by `python -m scripts.schema_page` from the entities of `skydb.domain`; a test compares.
The tables are the same on SQLite and PostgreSQL. To ask questions use the [views](sql-views.md):
columns are only ever added to them, while tables may change with a migration.

![Tables and their foreign keys](pictures/schema.svg)

[The same picture alone](pictures/schema.svg), in its full size.

Each box is a table with its keys; the number at its foot counts the other columns. A line leads
from a foreign key to the table that it names, and has the colour of that table.

* Everything that ran is a row of `activities`; kinds with more to say have a table of their own
  with the same `id` (`sky_runs`, `alignment_runs`, `acceptances`, `visit_drizzles`).
* A file is a row of `product_versions`, known by its SHA-256; `file_locations` has the places
  where it lies.
* Rows are added and superseded. What is deleted is hidden.
"""

_WORDS: tuple[tuple[type[TypeEngine[object]], str], ...] = (
    (Boolean, "yes or no"),
    (Enum, "word"),
    (String, "text"),
    (DateTime, "time, UTC"),
    (Float, "number"),
    (Integer, "integer"),
    (JSON, "document"),
)

#: Names that a table means otherwise than the views do, or that mean something else in each.
_OTHERWISE = {"options", "source"}
_MEANINGS = {
    "id": "number of the row",
    "kind": "kind of the row or of the file, in one word",
    "role": "part that it had, in one word",
    "deleted_at": "when it was hidden, or its files were deleted; NULL while it is shown",
    "number": "its number, from 1",
    "extver": "chip: EXTVER of its SCI extension",
    "extver_a": "chip of the one",
    "extver_b": "chip of the other",
    "recipe": "fingerprint of how it was measured",
    "component": "name of the check",
    "log_path": "log of the tools, below the data root",
}


def page() -> str:
    """Text of the page."""
    return _HEAD + "".join(_section(table) for table in tables())


def tables() -> list[Table]:
    """Tables of the entities, by name."""
    return sorted(Base.metadata.tables.values(), key=lambda table: table.name)


def _section(table: Table) -> str:
    lines = ["", f"## {table.name}", "", *_sentences(table), ""]
    lines += ["| column | type | may be NULL | meaning |", "|---|---|---|---|"]
    lines += [_row(column) for column in table.columns]
    return "\n".join(lines) + "\n"


def _sentences(table: Table) -> Iterator[str]:
    """First lines of the entities of a table: the table's own, and its kinds."""
    mappers = [one for one in Base.registry.mappers if one.local_table is table]
    own = [
        one.class_
        for one in mappers
        if one.inherits is None or one.inherits.local_table is not table
    ]
    kinds = sorted(one.class_.__name__ for one in mappers if one.class_ not in own)
    for entity in own:
        yield f"{_first_line(entity)} Entity `skydb.domain.{entity.__name__}`."
    if kinds:
        yield f"Kinds without a table of their own: {', '.join(kinds)}."


def _first_line(entity: type) -> str:
    return (inspect.getdoc(entity) or "").splitlines()[0].replace("``", "`").replace("*", "\\*")


def _row(column: Column[object]) -> str:
    known = quantities().get(column.name)
    names = [f"[{key.column.table.name}](#{key.column.table.name})" for key in column.foreign_keys]
    meaning = known.meaning if known and column.name not in _OTHERWISE else ""
    if column.name in _MEANINGS:
        meaning = _MEANINGS[column.name]
    if names:
        meaning = f"row of {', '.join(names)}"
    unit = f", {known.unit}" if known and known.unit else ""
    is_null = "yes" if column.nullable else ""
    cells = f"| `{column.name}` | {_word(column.type)}{unit} | {is_null} | {meaning} |"
    return cells.replace("|  |", "| |").replace("|  |", "| |")


def _word(kind: TypeEngine[object]) -> str:
    plain = kind.impl if isinstance(kind, TypeDecorator) else kind
    plain = plain if isinstance(plain, TypeEngine) else plain()
    return next((word for one, word in _WORDS if isinstance(plain, one)), "value")


if __name__ == "__main__":
    DOCUMENT.write_text(page(), encoding="utf-8")
    PICTURE.write_text(picture(tables()), encoding="utf-8")
