"""``skydb sky display``: mosaics as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, shell_of

if TYPE_CHECKING:
    from skydb.domain.vocabulary import SkyMethod
    from skydb.report.images import Stretch
    from skydb.report.windows import Window


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
        typer.Option(help="Instead: this method of the run's group, or all. Repeatable."),
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
    stretch: Annotated[str, typer.Option(help="asinh or linear.")] = "asinh",
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
    from skydb.report.pages import sky_picture
    from skydb.report.sky_display import Wanted

    wanted = Wanted(vmin, vmax, _stretch(stretch), _window(crop), keep_level)
    methods = _methods(method or ())
    shell = shell_of(context)
    with shell.services() as services:
        made = sky_picture(services, runs, methods, wanted, out)
    if as_json:
        shell.print_json(made)
    else:
        shell.stdout.print(made["path"], markup=False, highlight=False, soft_wrap=True)


def _methods(texts: list[str] | tuple[str, ...]) -> tuple[SkyMethod, ...] | None:
    """Methods by name; None for all of them."""
    from skydb.domain.vocabulary import SkyMethod
    from skydb.errors import UsageError

    names = [name.strip() for text in texts for name in text.lower().split(",")]
    if "all" in names:
        return None
    try:
        return tuple(dict.fromkeys(SkyMethod(name) for name in names))
    except ValueError as error:
        known = ", ".join(SkyMethod)
        raise UsageError(f"{error}.", advice=f"Methods: {known}, all.") from error


def _stretch(text: str) -> Stretch:
    from skydb.errors import UsageError
    from skydb.report.images import Stretch

    try:
        return Stretch(text.lower())
    except ValueError as error:
        raise UsageError(f"Unknown stretch {text!r}.", advice="Use asinh or linear.") from error


def _window(crop: tuple[str, str, str] | None) -> Window | None:
    from skydb.errors import UsageError
    from skydb.report.windows import Window
    from skydb.sky.positions import parse_angle_deg, parse_dec_deg, parse_ra_deg

    if crop is None:
        return None
    size_deg = parse_angle_deg(crop[2])
    if not 0 < size_deg < 180:
        raise UsageError(f"Invalid size {crop[2]!r}.", advice="Use 60, 60arcsec or 1arcmin.")
    return Window(parse_ra_deg(crop[0]), parse_dec_deg(crop[1]), size_deg)
