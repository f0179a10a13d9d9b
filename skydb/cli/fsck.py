"""``skydb fsck``: what does not agree with the ledger, and putting it right."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.progress import working
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns_books


def attach(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(fsck)


def fsck(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put right what can be; each is a finding.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare the content and the WCS of every file.")
    ] = False,
    gone: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A machine on which nothing of skydb runs any more."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the ledger with processes, files and headers, after a crash or at any time.

    Prints nothing when all is well. Without --repair nothing is changed; with it your files are
    never deleted. docs/reliability.md explains the problems.

    Example: skydb fsck --repair
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Looking at files"):
        problems = ledger.fsck(repair=repair, deep=deep, gone=gone or ())
    if problems or as_json:
        shell.show("Problems", problems.rows, columns_books.PROBLEMS, as_json=as_json)
    shell.finish(problems)
