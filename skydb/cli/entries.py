"""Printing one entry of the notes and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydb.report import columns_books

if TYPE_CHECKING:
    from skydb.api.results import Record
    from skydb.cli.shell import Shell


def show_entry(shell: Shell, entry: Record, *, as_json: bool) -> None:
    """Print an entry that was made."""
    shell.present("Books", entry, columns_books.ENTRIES, as_json=as_json)
