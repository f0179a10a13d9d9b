"""``skydb doctor``: check that this environment computes what it claims to."""

from __future__ import annotations

import typer

from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(doctor)


def doctor(context: typer.Context, as_json: JsonOption = False) -> None:
    """Check on tiny simulated fields that this environment computes what it claims to.

    Four different sky methods, right footprints, fits in the right units, a TweakBack
    that moves, and source extraction, through the real drizzlepac. The verdict is kept
    with the environment when there is a ledger. Exit code 1 when a check failed; each
    failure names its cause and its cure.

    Sky runs ask for this by themselves: SKYDB_SELFTEST=auto (once for a new environment,
    the default), always (before every run) or never (only when this command is called).

    Example: skydb doctor --json
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        if not ledger.exists:
            shell.say("There is no ledger here: the verdict is printed, not recorded.")
        checks = ledger.doctor()
    shell.present("Self-test of this environment", checks, columns.CHECKS, as_json=as_json)
