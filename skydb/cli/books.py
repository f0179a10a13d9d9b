"""``skydb books``: notes, flags, dismissals and bad deliveries, with author and reason."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli import retention
from skydb.cli.completing import words
from skydb.cli.entries import AuthorOption, WhyOption, make_entry
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import JsonOption, group, shell_of
from skydb.report import columns_books

books = group("The survey's books: notes and flags, with author and reason.")
deliveries = group("Days in which an archive is known to have served wrong files.")

SubjectArgument = Annotated[
    str,
    typer.Argument(
        help="A rootname, a visit (bxl50), a product's file, product:12, run:12 or solution:31."
    ),
]


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    # Runs have a group of their own; their names of old are still understood.
    retention.attach(books, hidden=True)
    books.add_typer(deliveries, name="deliveries")
    app.add_typer(books, name="books")


@books.command("list")
@selecting
def list_(
    context: typer.Context,
    chosen: Chosen,
    subject: Annotated[
        str | None,
        typer.Argument(
            help="Lines on this alone: a rootname, bxl50, a file's name, product:12, run:12 ..."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Only this kind: note, flag, pin, purge, delete, ...",
            autocompletion=words("kind of entry"),
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is written in the books, withdrawn lines included.

    Example: skydb books list bxl50
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        entries = ledger.books.list(subject, kind, **chosen.words())
    shell.present("Books", entries, columns_books.ENTRIES, as_json=as_json)


@books.command()
def note(
    context: typer.Context,
    subject: SubjectArgument,
    text: Annotated[str, typer.Argument(help="The note.")],
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write something down about an exposure, a visit, a product, a run or a solution.

    Example: skydb books note bxl50 "guide star lost, taken again in visit 53"
    """
    make_entry(
        context, lambda ledger: ledger.books.note(subject, text, author=author), as_json=as_json
    )


@books.command()
def flag(
    context: typer.Context,
    subject: SubjectArgument,
    label: Annotated[str, typer.Argument(help="One word to search for, e.g. satellite.")],
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that something is wrong with a subject, until the flag is withdrawn.

    Example: skydb books flag ibxl50clq satellite --why "a trail crosses the chip"
    """
    make_entry(
        context,
        lambda ledger: ledger.books.flag(subject, label, why, author=author),
        as_json=as_json,
    )


@books.command()
def ignore(
    context: typer.Context,
    subject: SubjectArgument,
    rule: Annotated[
        str,
        typer.Argument(
            help="Rule of `skydb todo`, e.g. never-matched.", autocompletion=words("rule")
        ),
    ],
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Silence a rule of `skydb todo` for a subject, until the line is withdrawn.

    Example: skydb books ignore bxl53 never-matched --why "overlaps nothing"
    """
    make_entry(
        context,
        lambda ledger: ledger.books.ignore(subject, rule, why, author=author),
        as_json=as_json,
    )


@books.command()
def withdraw(
    context: typer.Context,
    entry: Annotated[
        int, typer.Argument(metavar="ID", help="Number of a line; see `skydb books list`.")
    ],
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that a line of the books no longer holds; it stays on record.

    Example: skydb books withdraw 7 --why "the trail was masked"
    """
    make_entry(
        context, lambda ledger: ledger.books.withdraw(entry, why, author=author), as_json=as_json
    )


@deliveries.command("list")
def list_deliveries(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the days in which an archive is known to have served wrong files.

    Example: skydb books deliveries list
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.books.deliveries.list()
    shell.present("Bad deliveries", rows, columns_books.DELIVERIES, as_json=as_json)


@deliveries.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A new name.")],
    began: Annotated[str, typer.Option(help="First day, UTC, e.g. 2019-12-01.")],
    ended: Annotated[str, typer.Option(help="Last day, UTC, included.")],
    what: Annotated[str, typer.Option(help="What was wrong, and where that is written.")],
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter days in which an archive served wrong files; what came then is due again.

    Example: skydb books deliveries add flat --began 2024-05-01 --ended 2024-05-09 --what "bad flat"
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        delivery = ledger.books.deliveries.add(name, began, ended, what, author=author)
    shell.present("Bad delivery", delivery, columns_books.DELIVERIES, as_json=as_json)


@deliveries.command()
def drop(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a delivery.")],
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a bad delivery away; a line in the books says what it was.

    Example: skydb books deliveries drop flat --why "the files were right after all"
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        delivery = ledger.books.deliveries.drop(name, why, author=author)
    shell.present("Bad delivery", delivery, columns_books.DELIVERIES, as_json=as_json)
