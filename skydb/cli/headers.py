"""Headers of the user's own files: ``sky write-headers``, and the way back from any writing."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.progress import working
from skydb.cli.references import SkyRunArgument, run_number
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("restore-headers")(restore_headers)


def attach_to_sky(sky: typer.Typer) -> None:
    """Add the commands that belong to sky runs to the group ``sky``."""
    sky.command("write-headers")(write_headers)
    sky.command("restore-headers")(restore_headers)


def write_headers(
    context: typer.Context,
    run: SkyRunArgument,
    as_json: JsonOption = False,
) -> None:
    """Write MDRIZSKY of one run into the headers of your own exposures.

    Beside it stand its error (SKYSIGMA), the method that ran (SKYMETH) and the run
    (SKYDBRUN). AstroDrizzle subtracts these skies with `skysub=False,
    skyuser="MDRIZSKY"`. All files are written or none; `skydb restore-headers` takes it
    back. A file that is not what the run used is left as it is and named (exit code 5).

    Example: skydb sky write-headers 4
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Writing headers"):
        written = ledger.sky.write_headers(run)
    title = f"Skies of run {run} in your files"
    shell.present(title, written, columns.SKY_CARDS, as_json=as_json)


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
    """Put back the headers of your own files that skydb had replaced.

    The files are then, byte for byte, what they were before.

    Example: skydb restore-headers 12
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Writing headers"):
        restored = ledger.restore_headers(activity)
    shell.present("Headers put back", restored, columns.HEADER_CHANGES, as_json=as_json)
