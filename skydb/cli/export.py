"""``skydb export``: tables out of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.shell import JsonOption, shell_of


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)


def export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="A file .csv, .ecsv, .vot or .parquet.")],
    view: Annotated[
        str | None, typer.Option(help="View or table; ivoa_obscore when left out.")
    ] = None,
    sql: Annotated[str | None, typer.Option(help="One SELECT, in place of a view.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a view, or the answer to a SELECT, to a file.

    Units, UCDs and descriptions of documented columns go with it into ECSV, VOTable and
    parquet; NULL stays NULL; times are ISO 8601 in UTC.

    Example: skydb export skies.ecsv --view v_sky_values
    """
    from dataclasses import asdict

    shell = shell_of(context)
    with shell.services() as services:
        outcome = services.export.export(out, view=view, sql=sql)
    if as_json:
        shell.print_json(asdict(outcome))
    else:
        shell.stdout.print(f"{outcome.path}: {outcome.rows} rows", markup=False, highlight=False)
