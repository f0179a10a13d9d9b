"""``skydb export``: tables, and where things come from, out of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli import provenance
from skydb.cli.completing import words
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.progress import working
from skydb.cli.shell import JsonOption, one_by_default, shell_of
from skydb.report.counting import counted


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    export = typer.Typer(
        cls=one_by_default("table"),
        help="Tables and lineages out of the ledger. `export FILE` is `export table FILE`.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    export.command()(selecting(table))
    export.command()(selecting(footprints))
    export.command()(provenance.prov)
    app.add_typer(export, name="export")


def table(
    context: typer.Context,
    chosen: Chosen,
    out: Annotated[Path, typer.Argument(help="A file .csv, .ecsv, .vot or .parquet.")],
    view: Annotated[
        str | None,
        typer.Option(
            help="View or table; ivoa_obscore when left out.", autocompletion=words("view")
        ),
    ] = None,
    sql: Annotated[str | None, typer.Option(help="One SELECT, in place of a view.")] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="CSV: leave texts that a spreadsheet would run as they are."),
    ] = False,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="With --sql: as `skydb sql --as-is`.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a view, or the answer to a SELECT, to a file.

    Units, UCDs and descriptions of documented columns go with it into ECSV, VOTable and
    parquet; NULL stays NULL; times are ISO 8601 in UTC. Options that select exposures leave
    the rows about them, and about what was made of any of them. In CSV a text that begins
    with =, +, -, @ or a control character gets an apostrophe before it, unless --raw is given.

    Example: skydb export skies.ecsv --view v_sky_values
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Writing rows"):
        done = ledger.export(out, view=view, sql=sql, raw=raw, as_is=as_is, **chosen.words())
    if as_json:
        shell.print_json(done.document())
    else:
        shell.stdout.print(f"{out}: {done['rows']} rows", markup=False, highlight=False)


def footprints(
    context: typer.Context,
    chosen: Chosen,
    out: Annotated[
        Path,
        typer.Argument(help="A file .reg (DS9), .moc.fits, .json, or a map .png, .pdf or .svg."),
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Products of this kind, e.g. drz; else each exposure's file. Repeatable.",
            autocompletion=words("kind of product"),
        ),
    ] = None,
    order: Annotated[
        int, typer.Option(help="MOC: HEALPix order of the smallest cells; 18 is 0.8 arcsec.")
    ] = 18,
    refcat: Annotated[
        str | None, typer.Option(help="On a map: sources of this catalogue, too.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the footprints of exposures, by their active WCS.

    Corners are ICRS. DS9 regions carry the name of the exposure and its chip; a MOC is the
    union of all; the JSON has every footprint with its file, WCS and corners in degrees. A
    picture (.png, .pdf, .svg) is a map of them, with the sources of a catalogue.

    Example: skydb export footprints field.reg --filter F160W
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Footprints"):
        done = ledger.export.footprints(
            out, kind=kind or (), order=order, refcat=refcat, **chosen.words()
        )
    if as_json:
        shell.print_json(done.document())
        return
    of = f"{counted(done.exposures, 'exposure')} or product{'s' * (done.exposures != 1)}"
    said = f"{out}: {counted(done['rows'], 'footprint')} of {of}"
    shell.stdout.print(said, markup=False, highlight=False, soft_wrap=True)
