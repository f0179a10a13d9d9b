"""Advice on a statement that a database does not understand: the names that there are."""

from __future__ import annotations

import re
from difflib import get_close_matches

_USUAL = "`skydb sql` takes one SELECT; see the views in docs/sql-views.md."
_UNKNOWN_COLUMN = re.compile(r"no such column: (\S+)|column (\S+) does not exist")
_UNKNOWN_TABLE = re.compile(r"no such table: (\S+)|relation (\S+) does not exist")


def advice_on(statement: str = "", said: str = "") -> str:
    """Advice after a refusal of SQLite or PostgreSQL.

    Parameters
    ----------
    statement : str
        What was asked.
    said : str
        Why the database refused it, in its words.

    Returns
    -------
    str
        Of an unknown column the columns of the views that are asked, the nearest first; of an
        unknown view the nearest views; else the usual advice.
    """
    column, table = _UNKNOWN_COLUMN.search(said), _UNKNOWN_TABLE.search(said)
    if column:
        return _columns(_name(column), statement) or _USUAL
    return _tables(_name(table)) if table else _USUAL


def _name(found: re.Match[str]) -> str:
    return (found[1] or found[2]).strip("\"'").rpartition(".")[2].lower()


def _columns(name: str, statement: str) -> str:
    from skydb.store.columns import documented

    asked = set(re.findall(r"\w+", statement.lower()))
    listed = []
    for view, columns in documented().items():
        if view.lower() in asked:
            there = [one.name for one in columns]
            near = get_close_matches(name, there, n=3)
            listed.append(f"{view} has {', '.join(dict.fromkeys([*near, *there]))}.")
    return " ".join(listed)


def _tables(name: str) -> str:
    from skydb.store.views import view_names

    near = get_close_matches(name, view_names(), n=3, cutoff=0.5) or sorted(view_names())
    return f"Views: {', '.join(near)}; all are in docs/sql-views.md."
