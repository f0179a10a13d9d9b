"""``skydb sky advise``: which sky method suits the exposures."""

from __future__ import annotations

import typer

from skydb.cli import inputs
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns


def attach(sky: typer.Typer) -> None:
    """Add the command to the group ``sky``."""
    sky.command()(inputs.selecting(advise))


def advise(
    context: typer.Context,
    chosen: inputs.Chosen,
    file_version: inputs.VersionOption = None,
    file: inputs.FileOption = None,
    strict: inputs.Strict = False,
    allow: inputs.Allow = None,
    as_json: JsonOption = False,
) -> None:
    """Name the sky method that suits the exposures, with the numbers that say so.

    skydb measures the levels of all exposures and of their overlaps, once for each file
    version; no run and no mosaic is needed. One row per method: what it leaves in the
    overlaps, what noise alone would leave, and its estimated distance from the true skies.
    Exit code 5 when no method will do, when exposures fall into islands that share no sky,
    or when some have no good pixel.

    Example: skydb sky advise --filter F160W
    """
    words = chosen.run_words(version=file_version, file=file, strict=strict, allow=allow)
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        advice = ledger.sky.advise(**words)
    shell.present("Sky methods", advice, columns.ADVICE, as_json=as_json)
