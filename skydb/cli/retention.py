"""``skydb runs pin``, ``purge``, ``delete``...: what is kept of sky runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated

import typer

from skydb.cli.entries import AuthorOption, WhyOption, make_entry
from skydb.cli.references import SkyRunArgument, run_number
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns_books

#: Decisions on one sky run: what each does, and an example of its reason.
_DECISIONS = {
    "pin": ("Protect a sky run: it can be neither purged nor deleted.", "figure 3 of the paper"),
    "unpin": ("Take the protection of a sky run away.", "the paper is out"),
    "delete": (
        "Hide a sky run from views and comparisons; its rows and files stay.",
        "made with the wrong flat",
    ),
    "undelete": (
        "Show a deleted sky run again.",
        "it was another run that had the wrong flat",
    ),
    "metrics-only": (
        "Release the mosaic of a sky run: the next purge by age takes it, the values stay.",
        "a trial",
    ),
}


def attach(runs: typer.Typer, *, hidden: bool = False) -> None:
    """Add the commands to a group; hidden where they are under an old name only."""
    for name in ("pin", "unpin"):
        runs.command(name, hidden=hidden)(_decision(name))
    runs.command(hidden=hidden)(purge)
    for name in ("delete", "undelete"):
        runs.command(name, hidden=hidden)(_decision(name))
    runs.command(hidden=hidden)(abandon)
    runs.command("metrics-only", hidden=hidden)(_decision("metrics-only"))


@cache
def _decision(name: str) -> Callable[..., None]:
    """Make the command of one decision, which an old name has too."""

    def decide(
        context: typer.Context,
        run: SkyRunArgument,
        why: WhyOption,
        author: AuthorOption = None,
        as_json: JsonOption = False,
    ) -> None:
        method = name.replace("-", "_")
        make_entry(
            context,
            lambda ledger: getattr(ledger.runs, method)(run, why, author=author),
            as_json=as_json,
        )

    does, reason = _DECISIONS[name]
    decide.__doc__ = f'{does}\n\nExample: skydb runs {name} 12 --why "{reason}"\n'
    return decide


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
