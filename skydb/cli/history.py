"""``skydb history``: runs that were made without skydb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.shell import FAILED, JsonOption, group, shell_of
from skydb.report import columns_history

history = group("Runs that were made without skydb.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(history, name="history")


@history.command("import")
def import_(
    context: typer.Context,
    directories: Annotated[
        list[Path], typer.Argument(help="Searched with all below it, or a log.", metavar="DIR...")
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
    such directory or file.

    A fit is `applied` only where the log shows that a header was written; a dry run is
    `proposed`, and what was applied later with the same numbers is linked to it.

    Example: skydb history import reprocessing-2019/ reprocessing-2021/
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        found = ledger.history.import_(*directories)
    note = found.counted()
    shell.show("Imported runs", found.rows, columns_history.IMPORTED, as_json=as_json, note=note)
    shell.say(*(found.remarks if found else ()))
    for directory in dict.fromkeys(map(str, directories)):
        shell.say(f"{directory}: {found.counted(directory)}")
    if found.has_failed:
        raise typer.Exit(FAILED)
    shell.flag(when=found.is_flagged)
