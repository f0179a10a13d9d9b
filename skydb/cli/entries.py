"""Commands that make one entry of the notes and flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.shell import shell_of
from skydb.report import columns_books

if TYPE_CHECKING:
    from skydb.api.ledger import Ledger
    from skydb.api.results import Record


WhyOption = Annotated[str, typer.Option(help="The reason; it is kept.")]
AuthorOption = Annotated[str | None, typer.Option(help="Who says so; else the login name.")]


def make_entry(context: typer.Context, make: Callable[[Ledger], Record], *, as_json: bool) -> None:
    """Make an entry in the ledger of a command, and print it."""
    shell = shell_of(context)
    with shell.ledger() as ledger:
        entry = make(ledger)
    shell.present("Books", entry, columns_books.ENTRIES, as_json=as_json)
