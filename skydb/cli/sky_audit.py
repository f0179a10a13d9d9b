"""``skydb sky audit``: how well a run matched, measured without the run's own tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.inputs import Chosen, selecting
from skydb.cli.progress import drawn
from skydb.cli.references import SkyRunArgument
from skydb.cli.shell import JsonOption, Shell, shell_of
from skydb.report import columns


def attach(sky: typer.Typer) -> None:
    """Add the command to the group ``sky``."""
    sky.command()(selecting(audit))


def audit(
    context: typer.Context,
    chosen: Chosen,
    run: SkyRunArgument,
    out: Annotated[Path | None, typer.Option(help="Directory for the picture.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Directory of the simulated field: the answer is then the error of every sky, "
            "and how well masks of cosmic rays fit the hits."
        ),
    ] = None,
    per_chip: Annotated[
        bool, typer.Option("--per-chip", help="A row for every pair of chips, not exposures.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a run left between every pair of overlapping exposures.

    skydb measures the common sky of all pairs itself, once for each content of a file.
    All runs of the same exposures are ranked by the rms of what they left. What is left is
    named, with its size and significance: an exposure, a chip, or a gradient across an
    exposure. Exit code 5 when any of these is above 5 sigma, when another method ran than was
    asked for, or when the exposures fall into islands that share no sky, so that their skies
    have no common zero. Options that select exposures leave the pairs that any of them is in;
    the verdict on the run as a whole does not change.

    With --truth the answer has a row for each chip instead: what its sky is off, and how
    many of the pixels that cosmic rays hit, and of the clean ones, the run has masked.

    Example: skydb sky audit 4 --out figures/
    """
    shell = shell_of(context)
    if truth is not None:
        _against(shell, run, truth, as_json=as_json)
        return
    with shell.ledger(progress=not as_json) as ledger:
        audit = ledger.sky.audit(run, per_chip=per_chip, **chosen.words())
        for picture in drawn(ledger, audit, out, "Drawing residuals"):
            shell.say(f"{picture}")
    shown = columns.AUDIT_CHIPS if per_chip else columns.AUDIT
    shell.show(f"Residuals of run {run}", audit.rows, shown, as_json=as_json)
    if not as_json:
        shell.show("Runs, the best first", audit.ranking.rows, columns.AUDIT_RANKING)
    shell.finish(audit)


def _against(shell: Shell, run: int, truth: Path, *, as_json: bool) -> None:
    """Show a run beside the truth."""
    from skydb.simulate.audit import masks_in_words, truth_rows

    with shell.ledger(progress=not as_json) as ledger:
        found = ledger.sky.found(run)
    rows = truth_rows(found, truth)
    shell.show(f"Run {run} against the truth", rows, columns.TRUTH_AUDIT, as_json=as_json)
    if found.masks:
        shell.say(masks_in_words(found, truth))
