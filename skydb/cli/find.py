"""``skydb find``: what was observed where."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import JsonOption, shell_of
from skydb.report.columns import FOUND
from skydb.report.counting import counted


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(selecting(find))


def find(
    context: typer.Context,
    chosen: Chosen,
    cone: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            help="Footprints that share sky with a circle: RA DEC R; R in arcsec, or with a unit "
            "(30arcsec, 2arcmin, 0.5deg)."
        ),
    ] = None,
    position: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Footprints that hold a position: RA DEC, degrees or sexagesimal."),
    ] = None,
    overlapping: Annotated[
        str | None,
        typer.Option(help="Footprints of others that share sky with this rootname, file or visit."),
    ] = None,
    polygon: Annotated[
        str | None,
        typer.Option(help="Footprints that share sky with a polygon: 'POLYGON ICRS RA DEC ...'."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find the chips that observed a piece of sky, by their active WCS, the nearest first.

    Exact: outlines on the sphere decide, also at RA 0 and at the poles.

    Example: skydb find --cone 05:41:00 -02:27:36 30arcsec --filter F160W
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.find(
            cone=cone, position=position, overlapping=overlapping, polygon=polygon, **chosen.words()
        )
    shell.present("Footprints", rows, FOUND, as_json=as_json, note=counted(len(rows), "chip"))
