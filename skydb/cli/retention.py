"""``skydb runs pin``, ``purge``, ``delete``...: what is kept of sky runs."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.entries import make_entry
from skydb.cli.references import SkyRunArgument, run_number
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns_books

WhyOption = Annotated[str, typer.Option(help="The reason; it is kept.")]
AuthorOption = Annotated[str | None, typer.Option(help="Who says so; else the login name.")]


def attach(runs: typer.Typer, *, hidden: bool = False) -> None:
    """Add the commands to a group; hidden where they are under an old name only."""
    for command in (pin, unpin, purge, delete, undelete, abandon):
        runs.command(hidden=hidden)(command)
    runs.command("metrics-only", hidden=hidden)(metrics_only)


def pin(
    context: typer.Context,
    run: SkyRunArgument,
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Protect a sky run: it can be neither purged nor deleted.

    Example: skydb runs pin 12 --why "figure 3 of the paper"
    """
    make_entry(context, lambda ledger: ledger.runs.pin(run, why, author=author), as_json=as_json)


def unpin(
    context: typer.Context,
    run: SkyRunArgument,
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the protection of a sky run away.

    Example: skydb runs unpin 12 --why "the paper is out"
    """
    make_entry(context, lambda ledger: ledger.runs.unpin(run, why, author=author), as_json=as_json)


def metrics_only(
    context: typer.Context,
    run: SkyRunArgument,
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release the mosaic of a sky run: the next purge by age takes it, the values stay.

    Example: skydb runs metrics-only 12 --why "a trial"
    """
    make_entry(
        context, lambda ledger: ledger.runs.metrics_only(run, why, author=author), as_json=as_json
    )


def delete(
    context: typer.Context,
    run: SkyRunArgument,
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hide a sky run from views and comparisons; its rows and files stay.

    Example: skydb runs delete 12 --why "made with the wrong flat"
    """
    make_entry(context, lambda ledger: ledger.runs.delete(run, why, author=author), as_json=as_json)


def undelete(
    context: typer.Context,
    run: SkyRunArgument,
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a deleted sky run again.

    Example: skydb runs undelete 12 --why "it was another run that had the wrong flat"
    """
    make_entry(
        context, lambda ledger: ledger.runs.undelete(run, why, author=author), as_json=as_json
    )


def purge(
    context: typer.Context,
    runs: Annotated[
        list[int] | None, typer.Argument(help="Sky runs, 12 or run:12.", parser=run_number)
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(help="Instead of runs: those that ended longer ago, e.g. 90d.")
    ] = None,
    keep_latest: Annotated[
        int, typer.Option(help="With --older-than: newest runs of each method of a group to keep.")
    ] = 2,
    why: Annotated[str, typer.Option(help="The reason; it is kept.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go.")] = False,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete the mosaics of sky runs; values, checksums and all rows stay.

    By age, pinned runs are passed over, and runs released by `metrics-only` go whatever
    their age. Only files that skydb made are deleted.

    Example: skydb runs purge --older-than 90d --keep-latest 2 --dry-run
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        purged = ledger.runs.purge(
            *(runs or ()), older_than=older_than, keep_latest=keep_latest, why=why,
            dry_run=dry_run, author=author,
        )  # fmt: skip
    freed = sum(one.freed_bytes for one in purged)
    note = f"{freed:,} bytes {'would be freed' if dry_run else 'freed'}"
    shell.present("Purge", purged, columns_books.PURGED, as_json=as_json, note=note)


def abandon(
    context: typer.Context,
    run: Annotated[
        int,
        typer.Argument(
            help="What is left RUNNING, 12 or run:12; see `skydb todo`.",
            parser=run_number,
            metavar="RUN",
        ),
    ],
    why: WhyOption,
    author: AuthorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up a run, of any kind, whose process is gone: it has FAILED.

    What else that process had begun is interrupted. A run that goes on is refused.

    Example: skydb runs abandon 12 --why "the node went down"
    """
    make_entry(
        context, lambda ledger: ledger.runs.abandon(run, why, author=author), as_json=as_json
    )
