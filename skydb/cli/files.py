"""``skydb ingest``, ``skydb inspect``, ``skydb findings``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import JsonOption, group, shell_of
from skydb.report import columns
from skydb.report.counting import counted

inspect = group("What the files say: the tutorial's tables 1.1 and 1.2.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(ingest)
    app.add_typer(inspect, name="inspect")
    app.command()(findings)


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories to search.")],
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Files read at the same time.", show_default="one a processor"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Record exposures, products, their versions and the archive's WCS solutions.

    Files are read where they are and never changed. One that cannot be used is
    reported and left out (exit code 5; 1 when none could be used, 4 when no file is there).
    Large batches are read by several processes; one writes.

    Example: skydb ingest mastDownload/
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        files = ledger.ingest(*paths, jobs=jobs)
    note = f"{counted(len(files), 'file')}, {files.rejected} rejected"
    shell.show("Ingest", files.rows, columns.INGEST, as_json=as_json, note=note)
    files.require_any(paths)
    shell.finish(files)


@inspect.command()
@selecting
def headers(context: typer.Context, chosen: Chosen, as_json: JsonOption = False) -> None:
    """Show the exposures: association, detector, filter, exposure time, and where they point.

    Example: skydb inspect headers
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        exposures = ledger.inspect.headers(**chosen.words())
    shell.present("Exposures", exposures, columns.HEADERS, as_json=as_json)
    if not as_json:
        shell.show("Pointings", exposures.rows, columns.POINTINGS)


@inspect.command()
@selecting
def wcs(
    context: typer.Context,
    chosen: Chosen,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Only products of this kind, e.g. drz.", autocompletion=words("kind of product")
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the active WCS of every product, with its RMS in mas and in pixels.

    Example: skydb inspect wcs --kind drz
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.inspect.wcs(kind or (), **chosen.words())
    shell.present("Active WCS", rows, columns.WCS, as_json=as_json)


def findings(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the problems found: downgrades, rejections, weak fits, islands.

    Example: skydb findings --json
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        rows = ledger.findings()
    note = f"{len(rows)} findings"
    shell.present("Findings", rows, columns.FINDINGS, as_json=as_json, note=note)
