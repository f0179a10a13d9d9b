"""Addresses of pages, and which value leads to which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

#: Name of the snapshot in addresses.
DATABASE = "ledger"

_ROOTNAME = re.compile(r"[a-z][a-z0-9]{8}")
_FILE = re.compile(r"([a-z][a-z0-9]{8})_[a-z0-9]{2,6}\.fits(\.gz)?")
_VISIT = re.compile(r"[a-z0-9]{5}")
_RUN = re.compile(r"run[: ](\d+)")
#: Columns with the number of something that ran.
_RUNS = frozenset({"run", "run_id", "activity_id", "replay_of", "imported_by", "superseded_run"})
_TARGETS = frozenset({"target", "target_name"})


def exposure(rootname: str) -> str:
    """Address of the page of an exposure."""
    return f"/exposure/{quote(rootname, safe='')}"


def visit(label: str) -> str:
    """Address of the page of a visit, by program and number (``bxl50``)."""
    return f"/visit/{quote(label, safe='')}"


def run(number: object) -> str:
    """Address of the page of a run."""
    return f"/run/{quote(str(number), safe='')}"


def field(target: str | None) -> str:
    """Address of the page of a field; None for the exposures without a target."""
    return "/field" if target is None else f"/field/{quote(target, safe='')}"


def table(name: str, **filters: object) -> str:
    """Address of a table, a view or a question of the cookbook, with values of its columns.

    A value of None or an empty one asks for the rows that have none there.
    """
    found = dict(
        (f"{column}__isblank", 1) if value in (None, "") else (column, value)
        for column, value in filters.items()
    )
    asked = f"?{urlencode(found)}" if found else ""
    return f"/{DATABASE}/{quote(name, safe='')}{asked}"


def href_of(column: str, value: object, row: Mapping[str, Any]) -> str | None:
    """Find the page that a value leads to.

    Parameters
    ----------
    column : str
        Name of its column.
    value : object
        What stands there.
    row : mapping
        The whole row: a visit is known with its program only.
    """
    if value is None or value == "":
        return None
    text = str(value)
    if column in _RUNS:
        return run(text) if text.isdigit() else None
    if column in _TARGETS:
        return field(text)
    if column in ("rootname", "exposure"):
        return exposure(text) if _ROOTNAME.fullmatch(text) else None
    if column in ("visit", "visit_label"):
        label = text if len(text) > 2 else f"{row.get('program') or ''}{text}"
        return visit(label) if _VISIT.fullmatch(label) else None
    if column in ("product", "filename", "subject"):
        return _of_subject(text)
    return None


def _of_subject(text: str) -> str | None:
    """Find the page of what is named in words, such as ``run:12`` or a file of an exposure."""
    file = _FILE.fullmatch(text)
    numbered = _RUN.fullmatch(text)
    if numbered:
        return run(numbered[1])
    if _ROOTNAME.fullmatch(text):
        return exposure(text)
    if file and not file[1][-1].isdigit():
        return exposure(file[1])
    return None
