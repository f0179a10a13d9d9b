"""``skydb doctor``: check that this environment computes what it claims to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from skydb.cli.shell import FAILED, JsonOption, Shell, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.domain.selftest import CheckResult


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
    from skydb.domain.selftest import verdict_of
    from skydb.domain.vocabulary import Verdict

    shell = shell_of(context)
    results = _examine(shell, as_json=as_json)
    shell.show("Self-test of this environment", results, columns.CHECKS, as_json=as_json)
    if verdict_of(results) is not Verdict.PASSED:
        raise typer.Exit(FAILED)


def _examine(shell: Shell, *, as_json: bool) -> list[CheckResult]:
    from skydb.services.selftest import examine
    from skydb.simulate.tiny import TinyFields

    if _has_ledger(shell):
        with shell.services(progress=not as_json) as services:
            return services.doctor.run()
    shell.say("There is no ledger here: the verdict is printed, not recorded.")
    say = (lambda _: None) if as_json else shell.say
    return examine(TinyFields(), say=say)


def _has_ledger(shell: Shell) -> bool:
    from skydb.store.engine import resolve_url, sqlite_path

    path = sqlite_path(resolve_url(shell.db))
    return path is None or path.exists()
