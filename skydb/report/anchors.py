"""Fragments by which one part of a page links to a row of another."""

from __future__ import annotations

import re


def anchor_of(table: str, key: object) -> str:
    """Fragment of the row of a table that has this key.

    Parameters
    ----------
    table : str
        What its rows are, such as ``exposure``.
    key : object
        Value that identifies the row.
    """
    return f"row-{table}-{re.sub(r'[^a-z0-9]+', '-', str(key).lower()).strip('-')}"
