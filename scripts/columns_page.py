"""Write docs/columns.md from the registry of columns, and its words into docs/sql-views.md.

PYTHONPATH=. .venv/bin/python -m scripts.columns_page
"""

from __future__ import annotations

import re
from pathlib import Path

from skydb.store.columns import documented, quantities, shown_units

_DOCS = Path(__file__).resolve().parents[1] / "docs"
DOCUMENT = _DOCS / "columns.md"
VIEWS = _DOCS / "sql-views.md"

_HEAD = """# Names of columns

Written by `python -m scripts.columns_page` from `skydb/store/quantities.csv`; a test compares.
A name means the same wherever it stands: as a key of `--json`, as a column of a table of the
terminal, of a page, of a QTable and of an exported file, and in the [views](sql-views.md),
which say what they mean by it where that is more special.

* `see ...`: the unit is that of the row, in the column that is named. Where all rows have the
  same, tables of the terminal, QTables and exported files have it as the unit of the column;
  in headers `e-` stands for electrons.
* A name that is not here, such as one of `skydb sql`, has the unit that it ends in.

| name | unit | header | UCD | meaning |
|---|---|---|---|---|
"""


def document() -> str:
    """The whole page of names."""
    rows = (
        _row(one.name, one.documented_unit, one.header, one.ucd or "", one.meaning)
        for one in sorted(quantities().values(), key=lambda one: one.name)
    )
    return _HEAD + "\n".join(rows) + "\n"


def views_page(text: str) -> str:
    """The page of views with the units and meanings of the registry."""
    return "".join(map(_section, re.split(r"(?m)^(?=## )", text)))


def _section(text: str) -> str:
    view = text.partition("\n")[0].removeprefix("## ").strip()
    known = {column.name: column for column in documented().get(view, ())}
    units, has_ucd = shown_units(), "| UCD |" in text

    def rewritten(found: re.Match[str]) -> str:
        column = known.get(found[1])
        if column is None:
            return found[0]
        ucd = [column.ucd or ""] if has_ucd else []
        return _row(column.name, units[view, column.name], *ucd, column.description)

    return re.sub(r"(?m)^\| ([a-z0-9_]+) \|.*$", rewritten, text)


def _row(*cells: str) -> str:
    return re.sub(r"  +\|", " |", f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    VIEWS.write_text(views_page(VIEWS.read_text(encoding="utf-8")), encoding="utf-8")
