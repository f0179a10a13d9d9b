"""``skydb drizzle``: visit-level products made of exposures."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli import completing, inputs, runoptions
from skydb.cli.shell import JsonOption, key_values, shell_of
from skydb.report import columns


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(drizzle)


@inputs.selecting
def drizzle(
    context: typer.Context,
    chosen: inputs.Chosen,
    preset: Annotated[
        str,
        typer.Option(
            help="hap, tutorial, or one of the ledger: skydb preset list.",
            autocompletion=completing.words("preset"),
        ),
    ] = "hap",
    option: runoptions.AstroDrizzleOption = None,
    method: Annotated[
        str,
        typer.Option(
            help="Sky to subtract: localmin, match, globalmin+match, globalmin.",
            autocompletion=completing.words("computed method"),
        ),
    ] = "localmin",
    strict: inputs.Strict = False,
    allow: inputs.Allow = None,
    explain_inputs: inputs.ExplainInputs = False,
    force: Annotated[
        bool, typer.Option("--force", help="Make again what was made before.")
    ] = False,
    selftest: runoptions.Selftest = True,
    as_json: JsonOption = False,
) -> None:
    """Make a DRZ or DRC of the exposures of each visit, filter and detector.

    For visits without a product of the archive, or redelivered ones. Cosmic rays are
    rejected as the preset says. What was made of the same files before is found, not made
    again. Of several visits one that fails does not end the others; exit code 5 then, or
    when something was flagged.

    Example: skydb drizzle --visit bxl50
    """
    words = chosen.run_words(strict=strict, allow=allow)
    options, shell = key_values(option or ()), shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        if explain_inputs:
            inputs.show_inputs(shell, ledger.drizzle_inputs(**words), as_json=as_json)
            return
        products = ledger.drizzle(
            preset=preset, options=options, method=method, force=force, selftest=selftest, **words
        )
    shell.present("Products", products, columns.VISIT_DRIZZLES, as_json=as_json)
