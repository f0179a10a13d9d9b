"""``skydb sky advise``: which sky method suits the exposures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from skydb.cli import inputs
from skydb.cli.shell import JsonOption, Shell, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.services.skies import SelectionAdvice


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
    policy = inputs.policy_of(strict=strict, allow=allow)
    selection = chosen.selection(file_version or (), file or ())
    shell = shell_of(context)
    with shell.services(progress=not as_json) as services:
        found = services.advise.advise(selection, policy)
    shell.show("Sky methods", found.advice.rows, columns.ADVICE, as_json=as_json)
    _explain(shell, found)
    shell.flag(when=found.is_flagged)


def _explain(shell: Shell, found: SelectionAdvice) -> None:
    """Say on stderr what to use, and which problems the inputs have."""
    shell.say(found.advice.summary)
    for flag in found.flags:
        shell.say(f"{flag.guard}: {flag.subject}: {flag.message}")
    if found.left_out:
        shell.say(f"left out, without a good pixel: {', '.join(found.left_out)}")
