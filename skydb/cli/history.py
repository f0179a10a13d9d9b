"""``skydb history``: runs that were made without skydb."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.shell import FAILED, JsonOption, Shell, group, shell_of
from skydb.report import columns_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydb.services.history import HistoryOutcome

history = group("Runs that were made without skydb.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(history, name="history")


@history.command("import")
def import_(
    context: typer.Context,
    directories: Annotated[
        list[Path], typer.Argument(help="Searched with all below it.", metavar="DIR...")
    ],
    as_json: JsonOption = False,
) -> None:
    """Record runs of AstroDrizzle and TweakReg from what they left in directories.

    Logs are found by what is in them, whatever they are called, gzipped or not: the logs
    themselves, trailers of runastrodriz, text that a console printed, and the outputs of
    Jupyter notebooks. HTML pages are refused. With the logs go
    shift files, match files and source lists beside them, and the HDRTAB of drizzled products.
    Files are read where they are; copies of the evidence are kept. Importing again records
    only what is new. Exit code 5 when a run was downgraded, or when something was left out
    or contradicts something else; 1 when there was nothing to record; 4 when there is no
    such directory.

    A fit is `applied` only where the log shows that a header was written; a dry run is
    `proposed`, and what was applied later with the same numbers is linked to it.

    Example: skydb history import reprocessing-2019/ reprocessing-2021/
    """
    shell = shell_of(context)
    with shell.services(progress=not as_json) as services:
        outcomes = services.history.import_dirs(directories)
    shell.show(
        "Imported runs", outcomes, columns_history.IMPORTED, as_json=as_json, note=_note(outcomes)
    )
    for outcome in outcomes:
        _explain(shell, outcome)
    for directory in dict.fromkeys(directories):
        _sum_up(shell, directory, [one for one in outcomes if one.directory == str(directory)])
    if not any(outcome.run is not None for outcome in outcomes):
        raise typer.Exit(FAILED)
    shell.flag(when=any(outcome.is_flagged for outcome in outcomes))


def _note(outcomes: Sequence[HistoryOutcome]) -> str:
    from skydb.services.history import HistoryStatus

    counts = [sum(one.status is status for one in outcomes) for status in HistoryStatus]
    return "{} new, {} known, {} skipped".format(*counts)


def _sum_up(shell: Shell, directory: Path, outcomes: Sequence[HistoryOutcome]) -> None:
    """Say on stderr what was found in one directory."""
    if any(outcome.run is not None for outcome in outcomes):
        shell.say(f"{directory}: {_note(outcomes)}")
    else:
        shell.say(f"{directory}: no run of AstroDrizzle or TweakReg was found.")


def _explain(shell: Shell, outcome: HistoryOutcome) -> None:
    """Say on stderr what the table has no room for."""
    who = f"run {outcome.run}" if outcome.run is not None else outcome.log
    if outcome.downgraded:
        shell.say(f"{who}: {outcome.requested_method} was asked for, {outcome.method} is what ran.")
    if outcome.reason:
        shell.say(f"{who}: {outcome.reason}")
    for finding in outcome.findings:
        shell.say(f"{who}: {finding}")
