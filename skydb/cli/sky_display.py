"""``skydb sky display``: mosaics as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.progress import working
from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, shell_of


def attach(sky: typer.Typer) -> None:
    """Add the command to the group ``sky``."""
    sky.command()(display)


def display(
    context: typer.Context,
    runs: Annotated[
        list[int],
        typer.Argument(help="Sky runs, 12 or run:12.", parser=run_number, metavar="RUN..."),
    ],
    out: Annotated[
        Path, typer.Option(help="A directory, or a file .png, .pdf or .svg.", metavar="DIR|FILE")
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead: this method of the run's group, or all. Repeatable.",
            autocompletion=words("sky method", listed=True),
        ),
    ] = None,
    crop: Annotated[
        tuple[str, str, str] | None,
        typer.Option(help="A square: RA DEC SIZE; SIZE in arcsec, or with a unit (1arcmin)."),
    ] = None,
    vmin: Annotated[
        float | None, typer.Option(help="Value of the darkest colour, in the unit of the mosaic.")
    ] = None,
    vmax: Annotated[
        float | None, typer.Option(help="Value of the brightest colour, in the same unit.")
    ] = None,
    stretch: Annotated[
        str, typer.Option(help="asinh or linear.", autocompletion=words("stretch"))
    ] = "asinh",
    keep_level: Annotated[
        bool,
        typer.Option(
            "--keep-level",
            help="Do not subtract the median of each mosaic, as is done for several mosaics "
            "unless --vmin or --vmax is given.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw the mosaics of sky runs, one panel a method, all with one stretch.

    With compass, scale bar, axes on the sky and a colour bar in the unit of the images.

    Example: skydb sky display 12 --method all --crop 05:41:02 -02:27:30 60 --out figures/
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Drawing mosaics"):
        made = ledger.sky.display(
            *runs, method=method or (), vmin=vmin, vmax=vmax, stretch=stretch, crop=crop,
            keep_level=keep_level, out=out,
        )[0]  # fmt: skip
    if as_json:
        shell.print_json(made)
    else:
        shell.stdout.print(made.path, markup=False, highlight=False, soft_wrap=True)
