"""Comparison across runs, dates and reprocessings: ``sky compare``, ``stats``, ``timeline``."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.align import align
from skydb.cli.completing import words
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.progress import drawn
from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns, columns_comparison
from skydb.report.sky_changes import tables_of_changes

if TYPE_CHECKING:
    from skydb.api.sky_comparison import SkyChanges, Timeline
    from skydb.cli.shell import Shell

Replays = Annotated[
    bool, typer.Option("--replays", help="Also runs that `skydb replay` made to compare.")
]

#: Under a table of differences.
_NOTE = (
    "relative: the difference less the median difference of all chips of both runs. Values of "
    "match are offsets from one image of their own run: only their relative difference counts."
)


def attach(sky: typer.Typer) -> None:
    """Add the commands of this module to the groups ``sky`` and ``align``."""
    for command in (compare, stats, timeline):
        sky.command()(selecting(command))
    align.command()(selecting(changes))


def compare(
    context: typer.Context,
    chosen: Chosen,
    runs: Annotated[
        list[int] | None,
        typer.Argument(
            help="Runs, 12 or run:12; those of the newest group when left out.",
            parser=run_number,
            metavar="[RUN]...",
        ),
    ] = None,
    across: Annotated[
        bool,
        typer.Option("--across", help="Compare each method with itself, run by run."),
    ] = False,
    between: Annotated[
        tuple[int, int] | None, typer.Option(help="Compare each method of two groups.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Compare every value with the one before it.")
    ] = False,
    replays: Replays = False,
    sigma: Annotated[
        bool, typer.Option("--sigma", help="Show the standard deviation of every value.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Directory for the plot, the mosaics and the blink GIF.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show MDRIZSKY of every chip, one column a method; or what changed between runs.

    The columns are the methods that really ran. Two runs of one method are compared with
    each other: value in each, difference, and its cause as far as the rows have it. So are
    two groups (--between), and all runs that ever were (--history).

    Example: skydb sky compare --history --visit bxl50
    """
    shell, named = shell_of(context), tuple(runs or ())
    with shell.ledger(progress=out is not None and not as_json) as ledger:
        asked = across or history or between is not None
        if asked or ledger.sky.have_a_method_in_common(*named):
            changes = ledger.sky.changes(
                *named, between=between, history=history, replays=replays, **chosen.words()
            )
            _show_changes(shell, changes, sigma=sigma, as_json=as_json)
            return
        skies = ledger.sky.compare(*named, **chosen.words())
        for picture in drawn(ledger, skies, out, "Drawing skies and mosaics"):
            shell.say(f"{picture}")
    shown = columns.of_methods_that_ran(
        columns.COMPARISON_SIGMA if sigma else columns.COMPARISON, skies.rows
    )
    shell.present("MDRIZSKY", skies, shown, as_json=as_json, note=skies.note)


def _show_changes(shell: Shell, changes: SkyChanges, *, sigma: bool, as_json: bool) -> None:
    if as_json:
        shell.print_json(changes.document())
    else:
        width = inf if shell.wide else shell.stdout.width
        *others, last = tables_of_changes(changes.rows, sigma=sigma, width=width)
        for one in others:
            shell.show(one.title, one.rows, one.columns, note=one.note)
        note = " ".join(filter(None, [last.note, _NOTE, *changes.notes]))
        shell.show(last.title, last.rows, last.columns, note=note)
    shell.finish(changes)


def stats(
    context: typer.Context,
    chosen: Chosen,
    by: Annotated[
        str,
        typer.Option(
            help="visit, filter, detector or proposal.", autocompletion=words("statistics")
        ),
    ] = "visit",
    method: Annotated[
        str | None,
        typer.Option(help="Only this sky method.", autocompletion=words("any method")),
    ] = None,
    replays: Replays = False,
    as_json: JsonOption = False,
) -> None:
    """Show the sky of every visit, filter, detector or proposal: median, scatter, spread.

    The newest value of every chip counts. Each unit has its own rows.

    Example: skydb sky stats --by filter --method match
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.sky.stats(by, method, replays=replays, **chosen.words())
    shell.present(f"Sky by {by}", rows, columns_comparison.SKY_STATISTICS, as_json=as_json)


def timeline(
    context: typer.Context,
    chosen: Chosen,
    replays: Replays = False,
    against: Annotated[
        str | None,
        typer.Option(
            help="Times of the plots: observed or processed.",
            show_default="observed, if several",
            autocompletion=words("times"),
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the two plots.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the sky and the alignment of an exposure or a visit against time.

    Example: skydb sky timeline --visit bxl50 --out figures/
    """
    shell = shell_of(context)
    with shell.ledger(progress=out is not None and not as_json) as ledger:
        points = ledger.sky.timeline(against=against, replays=replays, **chosen.words())
        for picture in drawn(ledger, points, out, "Drawing timelines"):
            shell.say(f"{picture}")
    if as_json:
        shell.print_json(points.document())
    else:
        _show_timeline(shell, points)
    shell.finish(points)


def _show_timeline(shell: Shell, points: Timeline) -> None:
    skies = [row for row in points if row.quantity == "mdrizsky"]
    fits = [row for row in points if row.quantity != "mdrizsky"]
    if skies or not fits:
        shell.show(
            f"MDRIZSKY over time: {points.label}", skies, columns_comparison.TIMELINE_OF_SKIES
        )
    if fits:
        shell.show(
            f"Alignment over time: {points.label}", fits, columns_comparison.TIMELINE_OF_FITS
        )


def changes(
    context: typer.Context,
    chosen: Chosen,
    since: Annotated[
        str | None, typer.Option(help="Only contents recorded on this date or later, UTC.")
    ] = None,
    min_mas: Annotated[float, typer.Option(help="Only shifts of so many mas or more.")] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """List exposures that the archive reprocessed: how far each moved, and why.

    No file is opened; `skydb align diff` measures two solutions on the pixels.

    Example: skydb align changes --since 2026-01-01 --min-mas 10
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.align.changes(since, min_mas=min_mas, **chosen.words())
    shell.present("Reprocessed", rows, columns_comparison.ALIGNMENT_CHANGES, as_json=as_json)
