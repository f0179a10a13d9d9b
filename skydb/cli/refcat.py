"""``skydb refcat``: the catalogues that exposures are aligned to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.progress import drawn
from skydb.cli.shell import JsonOption, Shell, group, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.api.results import Record

refcat = group("Reference catalogues.")

NameOption = Annotated[str, typer.Option(help="How commands will call it.")]
MotionOption = Annotated[
    str | None,
    typer.Option(
        metavar="keep|drop|bulk",
        help="What becomes of sources without a proper motion; bulk: by the median motion of the "
        "others. When left out they are dropped if the field moves by 2 mas or more.",
        autocompletion=words("without motion"),
    ),
]
BrightestOption = Annotated[float | None, typer.Option("--mag-min", help="Brightest magnitude.")]
FaintestOption = Annotated[float | None, typer.Option("--mag-max", help="Faintest magnitude.")]
#: Sources of a catalogue that people are shown; --json has all.
_SHOWN = 40
RefreshOption = Annotated[
    bool, typer.Option("--refresh", help="Ask the service also when its answer is known.")
]


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(refcat, name="refcat")


@refcat.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="ECSV, CSV, VOTable, FITS table or text.")],
    epoch: Annotated[
        float | None, typer.Option(help="Julian year of the positions; else that of the file.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name; else that of the file.")] = None,
    without_motion: MotionOption = None,
    mag_min: BrightestOption = None,
    mag_max: FaintestOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in a catalogue from a file, gzipped or not; a copy is kept.

    Proper motions (pmra, pmdec in mas/yr), where the file has them, take the sources
    to the epoch of each visit. Exit code 5 when rows were left out as repeated,
    or the unit of the motions cannot be right.

    Example: skydb refcat import gaia.ecsv --epoch 2016.0
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        catalog = ledger.refcat.import_(
            file, epoch, name, without_motion=without_motion, mag_min=mag_min, mag_max=mag_max
        )
    _show_obtained(shell, catalog, as_json=as_json)


@refcat.command()
def gaia(
    context: typer.Context,
    name: NameOption = "gaia",
    target: Annotated[
        str | None, typer.Option(help="Around the exposures of this TARGNAME in the ledger.")
    ] = None,
    ra: Annotated[float | None, typer.Option(help="Around this position, ICRS degrees.")] = None,
    dec: Annotated[float | None, typer.Option(help="Its declination, ICRS degrees.")] = None,
    radius: Annotated[
        float | None,
        typer.Option(help="Arcmin; else what covers the footprints, or 3 around a position."),
    ] = None,
    max_rows: Annotated[int, typer.Option(help="Most sources; the brightest are kept.")] = 50_000,
    mag_max: Annotated[
        float | None, typer.Option("--mag-max", "--mag-limit", help="Faintest G.")
    ] = None,
    mag_min: BrightestOption = None,
    without_motion: MotionOption = None,
    refresh: RefreshOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch Gaia DR3, by default around all footprints of the ledger.

    The positions stay at 2016.0; an alignment moves them to the epoch of each visit.
    Exit code 5 when there are more sources than were given.

    Example: skydb refcat gaia --name gaia --mag-max 20
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        catalog = ledger.refcat.gaia(
            name=name, target=target, ra=ra, dec=dec, radius=radius, max_rows=max_rows,
            without_motion=without_motion, mag_min=mag_min, mag_max=mag_max, refresh=refresh,
        )  # fmt: skip
    _show_obtained(shell, catalog, as_json=as_json)


@refcat.command()
def footprint(
    context: typer.Context,
    products: Annotated[
        list[str] | None, typer.Argument(help="Products; all drizzled ones when left out.")
    ] = None,
    name: NameOption = "footprint",
    epoch: Annotated[
        float | None, typer.Option(help="Julian year; else the mean of the exposures.")
    ] = None,
    mag_max: FaintestOption = None,
    mag_min: BrightestOption = None,
    without_motion: MotionOption = None,
    refresh: RefreshOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch drizzlepac's catalogue for the joint footprint, moved to an epoch by the service.

    Whether it was moved is measured. Exit code 5 when it was not, or that is unknown.

    Example: skydb refcat footprint --epoch 2013.025
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        catalog = ledger.refcat.footprint(
            *(products or ()), name=name, epoch=epoch, without_motion=without_motion,
            mag_min=mag_min, mag_max=mag_max, refresh=refresh,
        )  # fmt: skip
    _show_obtained(shell, catalog, as_json=as_json)


def _show_obtained(shell: Shell, catalog: Record, *, as_json: bool) -> None:
    note = "Known already; --refresh queries it again." if catalog.known.get("reused") else ""
    shell.present("Reference catalogue", catalog, columns.CATALOGS, as_json=as_json, note=note)


@refcat.command("list")
def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the reference catalogues.

    Example: skydb refcat list
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        catalogs = ledger.refcat.list()
    shell.present("Reference catalogues", catalogs, columns.CATALOGS, as_json=as_json)


@refcat.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the catalogue.")],
    epoch: Annotated[
        float | None,
        typer.Option(help="Julian year to place the sources at, as an alignment would."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG to draw the sources in.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the sources of a catalogue: positions, motions, magnitudes, and of which epoch they are.

    With --epoch they are where an alignment of that epoch would take them, and `use` says
    what became of those without a proper motion.

    Example: skydb refcat show gaia --epoch 2012.9 --plot gaia.png
    """
    shell = shell_of(context)
    with shell.ledger(progress=plot is not None and not as_json) as ledger:
        sources = ledger.refcat.show(name, epoch=epoch)
        for picture in drawn(ledger, sources, plot, "Drawing sources"):
            shell.say(f"Drew {picture}")
    more = max(0, len(sources) - _SHOWN)
    note = f"{more} more; --json shows all." if more else ""
    shown = sources.rows if as_json else sources.rows[:_SHOWN]
    shell.show(f"Sources of {name}", shown, columns.SOURCES, as_json=as_json, note=note)


@refcat.command()
def supersede(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="Name of the catalogue that is not to be used.")],
    new: Annotated[str, typer.Argument(help="Name of the one in its place.")],
    why: Annotated[str, typer.Option(help="The reason; it is kept.")],
    author: Annotated[str | None, typer.Option(help="Who says so; else the login name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put one catalogue in the place of another; `skydb todo` lists what was aligned to the old.

    Example: skydb refcat supersede gaia-dr2 gaia --why "DR3 has better proper motions"
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        catalog = ledger.refcat.supersede(old, new, why, author=author)
    note = f"In its place: {new}."
    shell.present("Superseded", catalog, columns.CATALOGS, as_json=as_json, note=note)
