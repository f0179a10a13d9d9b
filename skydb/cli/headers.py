"""``skydb restore-headers``: the way back from ``--write-headers``."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("restore-headers")(restore_headers)


def restore_headers(
    context: typer.Context,
    activity: Annotated[
        int,
        typer.Argument(
            help="The run that wrote them, 12 or run:12.", parser=run_number, metavar="RUN"
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Put back the headers of your own files that `--write-headers` had replaced.

    The files are then, byte for byte, what they were before.

    Example: skydb restore-headers 12
    """
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.headers.restore(activity)
    shell.show("Headers put back", rows, columns.HEADER_CHANGES, as_json=as_json)
