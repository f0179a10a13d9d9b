"""``skydb refcat``: the catalogues that exposures are aligned to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.shell import JsonOption, group, shell_of
from skydb.report import columns

refcat = group("Reference catalogues.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(refcat, name="refcat")


@refcat.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="ECSV, CSV, VOTable, FITS table or text.")],
    epoch: Annotated[float, typer.Option(help="Julian year of the positions.")],
    name: Annotated[str | None, typer.Option(help="Name; else that of the file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in a catalogue from a file; a copy is kept.

    Proper motions (pmra, pmdec in mas/yr), where the file has them, take the sources
    to the epoch of each visit.

    Example: skydb refcat import gaia.ecsv --epoch 2016.0
    """
    shell = shell_of(context)
    with shell.services() as services:
        row = services.refcat.import_file(file, epoch, name)
    if as_json:
        shell.print_json(row)
    else:
        shell.show("Reference catalogue", [row], columns.CATALOGS)


@refcat.command("list")
def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the reference catalogues.

    Example: skydb refcat list
    """
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.questions.catalogs()
    shell.show("Reference catalogues", rows, columns.CATALOGS, as_json=as_json)
