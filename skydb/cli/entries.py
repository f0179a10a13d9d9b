"""Printing one line of the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skydb.report import columns_books

if TYPE_CHECKING:
    from skydb.cli.shell import Shell


def show_entry(shell: Shell, row: dict[str, Any], *, as_json: bool) -> None:
    """Print a line that was written."""
    if as_json:
        shell.print_json(row)
    else:
        shell.show("Books", [row], columns_books.ENTRIES)
