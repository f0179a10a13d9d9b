"""``skydb status`` and ``skydb todo``: how far everything is, and what is due."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns_books


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(selecting(status))
    app.command()(selecting(todo))


def status(
    context: typer.Context,
    chosen: Chosen,
    by: Annotated[
        str,
        typer.Option(help="One row a visit, or a program.", autocompletion=words("status of")),
    ] = "visit",
    as_json: JsonOption = False,
) -> None:
    """Show how many exposures were downloaded, aligned and matched, are flagged or stale.

    Stale is what stands on older content than there is, or on an environment that the
    self-test has failed. Of a selection its exposures are counted; flags and the last
    activity are those of the visit.

    Example: skydb status --by program
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.status(by, **chosen.words())
    of_visit = by.strip().lower() == "visit"
    shown = columns_books.VISIT_STATUS if of_visit else columns_books.PROGRAM_STATUS
    shell.present("Status", rows, shown, as_json=as_json)
    if rows.dead_runs:
        # On stderr, so that the rows stay what they are.
        runs = ", ".join(rows.dead_runs)
        shell.say(f"Left running by processes that are gone: {runs} (skydb fsck).")


def todo(
    context: typer.Context,
    chosen: Chosen,
    rule: Annotated[
        str | None,
        typer.Option(help="Only by this rule, e.g. never-matched.", autocompletion=words("rule")),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, help="Most rows; more end with exit code 5. 0: all of them.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show what is due, since when, and the command that would settle it.

    docs/books.md explains the rules; `skydb books ignore` silences one for a subject.

    Example: skydb todo --rule never-matched --proposal 12812
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        due = ledger.todo(rule, limit=limit, **chosen.words())
    note = f"{len(due)} due"
    if due.silenced:
        note += f"; {due.silenced} left out by `skydb books ignore` (skydb books list)"
    shell.present("Due", due, columns_books.WHAT_IS_DUE, as_json=as_json, note=note)
    shell.flag(when=due.has_more, sentence="More is due than is shown; --limit 0 shows all.")
