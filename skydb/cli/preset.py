"""``skydb preset``: options of AstroDrizzle under a name."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.shell import JsonOption, group, key_values, shell_of
from skydb.report import columns

preset = group("Presets: options of AstroDrizzle under a name.")

_Name = Annotated[str, typer.Argument(help="Name of the preset.")]


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(preset, name="preset")


@preset.command("list")
def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the presets that there are.

    Example: skydb preset list
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        presets = ledger.preset.list()
    shell.present("Presets", presets, columns.PRESETS, as_json=as_json)


@preset.command()
def show(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="tutorial, hap, one of the ledger, or default for none.",
            autocompletion=words("preset or default"),
        ),
    ],
    detector: Annotated[
        str | None,
        typer.Option(
            help="Such as IR or WFC3/UVIS; else that of the ledger.",
            autocompletion=words("detector"),
        ),
    ] = None,
    exposures: Annotated[int, typer.Option(min=1, help="How many there are.")] = 4,
    as_json: JsonOption = False,
) -> None:
    """Show the options of a preset, and where each comes from.

    HAP's are those that come with drizzlepac, by detector and number of exposures.

    Example: skydb preset show hap --detector UVIS --exposures 6
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        options = ledger.preset.show(name, detector=detector, exposures=exposures)
    shell.present(f"Preset {name}", options, columns.PRESET_OPTIONS, as_json=as_json)


@preset.command("set")
def set_(
    context: typer.Context,
    name: _Name,
    option: Annotated[
        list[str], typer.Option("--option", "-o", help="NAME=VALUE: docs/options.md.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Keep options under a name, instead of those that it had.

    Runs keep the values that they were made with, whatever becomes of the preset.

    Example: skydb preset set deep -o final_scale=0.06 -o final_pixfrac=0.8
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        options = ledger.preset.set(name, key_values(option))
    shell.present(f"Preset {name}", options, columns.PRESET_OPTIONS, as_json=as_json)


@preset.command()
def remove(context: typer.Context, name: _Name, as_json: JsonOption = False) -> None:
    """Forget a preset of the ledger.

    Example: skydb preset remove deep
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        removed = ledger.preset.remove(name)
    if as_json:
        shell.print_json(removed.document())
    else:
        shell.stdout.print(f"Removed preset {name}.")
