"""``skydb align diff``, ``restore`` and ``export``: the ledger of every WCS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.align import align
from skydb.cli.references import SolutionArgument
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns


def attach(_: typer.Typer) -> None:
    """Add the commands of this module to the group ``align``, which has its place already."""
    for command in (diff, restore, export):
        align.command()(command)


def diff(
    context: typer.Context,
    a: SolutionArgument,
    b: SolutionArgument,
    as_json: JsonOption = False,
) -> None:
    """Measure how far two solutions of an image are apart, and name what may be the cause.

    Example: skydb align diff 12 31
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        found = ledger.align.diff(a, b)
    causes = [
        f"{cause}: {_in_words(one)} -> {_in_words(other)}"
        for cause, (one, other) in found.because.items()
    ]
    note = "; ".join([*causes, *filter(None, [found.assumed])]) or "No row names a cause."
    title = f"{found.product}: from {a} to {b}"
    shell.present(title, found, columns.WCS_DIFF, as_json=as_json, note=note)


def _in_words(said: object) -> str:
    """One side of a cause, without the brackets of a list."""
    parts = said if isinstance(said, (list, tuple)) else [said]
    return ", ".join(str(part) for part in parts if part is not None) or "-"


def restore(
    context: typer.Context,
    solution: SolutionArgument,
    as_json: JsonOption = False,
) -> None:
    """Write an earlier solution to a new version of its file, and measure it.

    No file of yours changes; exit code 1 when the WCS written is not the one asked for, 5 when
    it has a chip elsewhere than every other WCS of the file.

    Example: skydb align restore 12
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        restored = ledger.align.restore(solution)
    shell.present("Restored", restored, columns.RESTORED, as_json=as_json)


def export(
    context: typer.Context,
    solution: SolutionArgument,
    headerlet: Annotated[Path, typer.Option(help="File to write, e.g. x_hlet.fits.")],
    as_json: JsonOption = False,
) -> None:
    """Write a solution as a headerlet, which stwcs can apply and `skydb ingest` takes.

    Example: skydb align export 31 --headerlet ibxl50clq_hlet.fits
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        exported = ledger.align.export(solution, headerlet)
    shell.present("Headerlet", exported, columns.HEADERLET, as_json=as_json)
