"""``skydb export``: tables, and where things come from, out of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from skydb.cli import provenance
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import JsonOption, shell_of


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    export = typer.Typer(
        cls=TableByDefault,
        help="Tables and lineages out of the ledger. `export FILE` is `export table FILE`.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    export.command()(selecting(table))
    export.command()(provenance.prov)
    app.add_typer(export, name="export")


class TableByDefault(TyperGroup):
    """A group whose first command need not be named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Put ``table`` before what names no command."""
        # The context is of whatever click this typer brings, which has no public name.
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["table", *args]
        return list(super().parse_args(ctx, args))


def table(
    context: typer.Context,
    chosen: Chosen,
    out: Annotated[Path, typer.Argument(help="A file .csv, .ecsv, .vot or .parquet.")],
    view: Annotated[
        str | None, typer.Option(help="View or table; ivoa_obscore when left out.")
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
    from dataclasses import asdict

    from skydb.services.lookup import ExportStyle

    shell, style = shell_of(context), ExportStyle(is_raw=raw, as_is=as_is)
    with shell.services() as services:
        outcome = services.export.export(out, view=view, sql=sql, scope=chosen.scope(), style=style)
    if as_json:
        shell.print_json(asdict(outcome))
    else:
        shell.stdout.print(f"{outcome.path}: {outcome.rows} rows", markup=False, highlight=False)
