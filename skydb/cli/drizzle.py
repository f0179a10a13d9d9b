"""``skydb drizzle``: visit-level products made of exposures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli import inputs
from skydb.cli.shell import FAILED, JsonOption, key_values, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.cli.shell import Shell
    from skydb.store.queries import Row


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(drizzle)


@inputs.selecting
def drizzle(
    context: typer.Context,
    chosen: inputs.Chosen,
    preset: Annotated[
        str, typer.Option(help="hap, tutorial, or one of the ledger: skydb preset list.")
    ] = "hap",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="An AstroDrizzle NAME=VALUE: docs/options.md."),
    ] = None,
    method: Annotated[
        str, typer.Option(help="Sky to subtract: localmin, match, globalmin+match, globalmin.")
    ] = "localmin",
    strict: inputs.Strict = False,
    allow: inputs.Allow = None,
    explain_inputs: inputs.ExplainInputs = False,
    force: Annotated[
        bool, typer.Option("--force", help="Make again what was made before.")
    ] = False,
    selftest: Annotated[
        bool, typer.Option("--selftest/--no-selftest", help="Check a new environment first.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Make a DRZ or DRC of the exposures of each visit, filter and detector.

    For visits without a product of the archive, or redelivered ones. Cosmic rays are
    rejected as the preset says. What was made of the same files before is found, not made
    again. Of several visits one that fails does not end the others; exit code 5 then, or
    when something was flagged.

    Example: skydb drizzle --visit bxl50
    """
    from skydb.cli.sky import methods_named
    from skydb.drizzle.settings import require_options
    from skydb.errors import UsageError

    options = key_values(option or ())
    # What is wrong with them is said at once, before a database or a package is looked at.
    require_options(options)
    methods = methods_named(method)
    if len(methods) != 1:
        raise UsageError("A product has one sky.", advice="Name one method.")
    policy = inputs.policy_of(strict=strict, allow=allow)
    selection = chosen.selection()
    shell = shell_of(context)
    with shell.services(progress=not as_json) as services:
        if explain_inputs:
            inputs.show_inputs(shell, services.drizzle.explain(selection), as_json=as_json)
            return
        rows = services.drizzle.drizzle(
            selection, preset=preset, options=options, method=methods[0],
            force=force, selftest=selftest, policy=policy,
        )  # fmt: skip
    _show(shell, rows, as_json=as_json)


def _show(shell: Shell, rows: list[Row], *, as_json: bool) -> None:
    from skydb.cli.sky import near

    shown = rows if as_json else [{**row, "path": near(row["path"])} for row in rows]
    shell.show("Products", shown, columns.VISIT_DRIZZLES, as_json=as_json)
    for row in rows:
        for sentence in [*row["findings"], *([row["error"]] if row["error"] else [])]:
            shell.say(f"visit {row['visit']}, {row['filter']}: {sentence}")
    failed = [row for row in rows if row["status"] != "succeeded"]
    if len(failed) == len(rows):
        raise typer.Exit(FAILED)
    shell.flag(when=bool(failed) or any(row["findings"] for row in rows))
