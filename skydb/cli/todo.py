"""``skydb status`` and ``skydb todo``: how far everything is, and what is due."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns_books

if TYPE_CHECKING:
    from skydb.domain.todo import TodoRule

_Word = TypeVar("_Word", bound=StrEnum)


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(selecting(status))
    app.command()(selecting(todo))


def status(
    context: typer.Context,
    chosen: Chosen,
    by: Annotated[str, typer.Option(help="One row a visit, or a program.")] = "visit",
    as_json: JsonOption = False,
) -> None:
    """Show how many exposures were downloaded, aligned and matched, are flagged or stale.

    Stale is what stands on older content than there is, or on an environment that the
    self-test has failed. Of a selection its exposures are counted; flags and the last
    activity are those of the visit.

    Example: skydb status --by program
    """
    from skydb.services.bookkeeping import StatusBy

    asked = _named(StatusBy, by, "--by")
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.todo.status(asked, chosen.scope())
        dead = services.fsck.dead_runs()
    of_visit = asked is StatusBy.VISIT
    shown = columns_books.VISIT_STATUS if of_visit else columns_books.PROGRAM_STATUS
    shell.show("Status", rows, shown, as_json=as_json)
    if dead:
        # On stderr, so that the rows stay what they are.
        what = ", ".join(problem.subject for problem in dead)
        shell.say(f"Left running by processes that are gone: {what} (skydb fsck).")


def todo(
    context: typer.Context,
    chosen: Chosen,
    rule: Annotated[str | None, typer.Option(help="Only by this rule, e.g. never-matched.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is due, since when, and the command that would settle it.

    docs/books.md explains the rules; `skydb books ignore` silences one for a subject.

    Example: skydb todo --rule never-matched --proposal 12812
    """
    asked = rule_named(rule) if rule else None
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.todo.todo(chosen.scope(), asked)
        silenced = services.todo.silenced()
    note = f"{len(rows)} due"
    if silenced:
        note += f"; {silenced} silenced by lines of the books (skydb books list)"
    shell.show("Due", rows, columns_books.WHAT_IS_DUE, as_json=as_json, note=note)


def rule_named(text: str) -> TodoRule:
    """The rule of this name.

    Raises
    ------
    UsageError
        When there is none.
    """
    from skydb.domain.todo import TodoRule

    return _named(TodoRule, text, "rule")


def _named(vocabulary: type[_Word], text: str, what: str) -> _Word:
    from skydb.errors import UsageError

    try:
        return vocabulary(text)
    except ValueError as error:
        known = ", ".join(map(str, vocabulary))
        raise UsageError(f"{text!r} is no {what}.", advice=f"There are {known}.") from error
