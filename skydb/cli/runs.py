"""``skydb runs``: everything that ran, with parameters and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli import retention
from skydb.cli.completing import words
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, Shell, one_by_default, shell_of
from skydb.report import columns_runs
from skydb.report.counting import counted

if TYPE_CHECKING:
    from skydb.api.results import Row


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    runs = typer.Typer(
        cls=one_by_default("list", alone=True),
        help="List runs of every kind, show one, and decide what is kept. `runs` is `runs list`.",
        rich_markup_mode=None,
    )
    runs.command("list")(selecting(list_))
    runs.command()(show)
    retention.attach(runs)
    app.add_typer(runs, name="runs")


def list_(
    context: typer.Context,
    chosen: Chosen,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this kind: sky-run, alignment, acceptance ... Repeatable.",
            autocompletion=words("kind of run"),
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this state: succeeded, failed, running ... Repeatable.",
            autocompletion=words("status"),
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only what ran on this day or later, UTC: 2026-11-28 or with a time."),
    ] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Those that were deleted too.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=0, help="Most rows; more end with exit code 5. 0: all of them.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """List every activity of any kind, the newest first.

    Options that select exposures leave those that read, made, fetched, fitted or measured
    any of them. The kind and the state may be cut short: `--kind sky`.

    Example: skydb runs --kind sky-run --visit bxl50 --since 2026-11-01
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.runs(
            kind or (), status=status or (), since=since, deleted=deleted, **chosen.words()
        ).rows
    shown = rows[:limit] if limit else rows
    left = len(rows) - len(shown)
    note = counted(len(shown), "run") + (f", {left} more (--limit 0)" if left else "")
    told = shown if as_json else [_told(row) for row in shown]
    shell.show("Runs", told, columns_runs.RUNS, as_json=as_json, note=note)
    shell.flag(when=left > 0, sentence=f"{left} more runs are not shown; --limit 0 shows all.")


def show(
    context: typer.Context,
    run: Annotated[
        int,
        typer.Argument(help="A run of any kind, 12 or run:12.", parser=run_number, metavar="RUN"),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show parameters, inputs, outputs and findings of one run.

    Parameters are those that differ from its preset, or from the defaults; --json has all
    of them, and the software.

    Example: skydb runs show 12
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        record = ledger.runs.show(run)
    if as_json:
        shell.print_json(record.document())
    else:
        _show(shell, record.known)


def _told(row: Row) -> Row:
    """A row as people read it: inputs as a number of files, where they are known."""
    mosaic = "yes" if row["mosaic"] else "purged" if row["mosaic_purged_at"] else None
    inputs = len(row["inputs"]) or (None if row["imported_by"] else 0)
    return type(row)({**row, "inputs": inputs, "mosaic": mosaic})


def _show(shell: Shell, row: Row) -> None:
    title = f"Run {row['run']}: {row['kind']}"
    facts = {what: row[name] for name, what in columns_runs.FACTS.items()}
    known = [
        {"what": what, "value": f"{value:%Y-%m-%d %H:%M:%S}" if "UTC" in what else value}
        for what, value in facts.items()
        if value
    ]
    shell.show(title, known, columns_runs.FACT)
    given = [one for one in row["parameters"] if one["value"] != one["usual"]]
    parts = {**row, "parameters": given}
    for name, (heading, columns) in columns_runs.PARTS.items():
        if parts[name]:
            shell.show(heading, parts[name], columns)
