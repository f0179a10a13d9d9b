"""``skydb sql``: questions that no command thought of."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.shell import JsonOption, shell_of


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(sql)


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="One SELECT.")],
    as_json: JsonOption = False,
) -> None:
    """Answer a SELECT on tables and views; nothing can be written.

    Example: skydb sql "SELECT rootname, mdrizsky FROM v_sky_values WHERE downgraded"
    """
    shell = shell_of(context)
    with shell.services() as services:
        answer = services.questions.sql(statement)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    from skydb.report.tables import Column

    names = [Column(name, name, wraps=True) for name in answer.columns]
    shell.show("", rows, names, as_json=as_json, note=f"{len(rows)} rows")
